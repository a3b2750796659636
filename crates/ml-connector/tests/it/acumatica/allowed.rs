//! A connection that a person allows in a browser: its refresh token is good once, shared by every
//! process, and kept before it is used (acumatica sheet section 2).

use sandbox::emulator::Outcome;
use sandbox::in_process;
use serde_json::{Value, json};

use super::{BANK, CLEARING, CLIENT, RATE, World, closed};

const RETURN: &str = "https://localhost/ml-connector";

impl World {
    /// The application is registered with the flow Authorization Code.
    pub(super) fn by_browser(&self) -> String {
        let client = json!({"client_id": CLIENT, "client_secret": "sandbox-acumatica-secret",
            "redirect_uris": [RETURN], "grants": ["authorization_code"]});
        self.erp("/seed", &json!({ "clients": [client] }));
        let redirect = format!("redirect_uri={RETURN}");
        let grant = "grant=authorization_code";
        self.place.well(&[
            "connections",
            "add",
            "acumatica",
            "acu",
            "--set",
            grant,
            "--set",
            &redirect,
        ])
    }

    /// What the browser ends at after the person allowed it.
    fn browse(&self, said: &str) -> String {
        let request = http::Request::get(said).body(bytes::Bytes::new());
        let host = self._running.url("acumatica").expect("a URL");
        let request = request.expect("an address");
        match in_process::call(self.erp.as_ref(), self.now(), host, request) {
            Outcome::Respond(answer) => {
                let to = answer.headers().get("location").expect("it goes on");
                to.to_str().expect("text").to_owned()
            }
            _ => panic!("no answer"),
        }
    }

    /// A code is good for a minute: the clock goes as the person's does meanwhile.
    pub(super) fn allow(&self) {
        self.clock.set_rate(1);
        let authorise = ["connections", "authorise", "acu"];
        let ended = self.place.answering(&authorise, |address| self.browse(address));
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success(), "{told}");
        self.clock.set_rate(RATE);
    }

    fn tokens(&self) -> u64 {
        self.erp("/truth", &Value::Null)["tokens_issued"].as_u64().expect("a number")
    }
}

#[test]
fn slow_a_person_allows_the_connection_and_its_tokens_go_round() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    let said = world.by_browser();
    assert!(said.contains("Next: ml-connector connections authorise acu"), "{said}");
    let refused = world.place.run(&["connections", "ping", "acu"]);
    let told = String::from_utf8_lossy(&refused.stdout).into_owned();
    for words in ["nobody allowed this connection yet", "ml-connector connections authorise acu"] {
        assert!(told.contains(words), "{told}");
    }
    // An address of somebody else's attempt is not taken.
    let stolen = |_: &str| format!("{RETURN}?code=abc&state=theirs");
    let ended = world.place.answering(&["connections", "authorise", "acu"], stolen);
    let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && errors.contains("another attempt"), "{errors}");
    assert!(errors.contains("next: run the same command again"), "{errors}");
    let bare = |_: &str| RETURN.to_owned();
    let ended = world.place.answering(&["connections", "authorise", "acu"], bare);
    let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(4), "{errors}");
    assert!(
        errors.contains("acu is not allowed yet: there is no code in this address"),
        "{errors}"
    );
    let said = world.place.fails(&["connections", "authorise", "gc"], 2);
    assert!(said.contains("gc signs in by itself"), "{said}");
    world.allow();
    let told = world.place.well(&["connections", "ping", "acu"]);
    assert!(told.contains("sign-in by OAuth 2.0, authorization code"), "{told}");
    let first = world.tokens();
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoices[0]), closed());
    assert_eq!((world.balance(BANK), world.balance(CLEARING)), (world.paid_out(), 0));
    // Each day's command renewed what the day before had kept.
    assert!(world.tokens() > first + 2, "{} tokens", world.tokens());
    assert_eq!(world.erp("/truth", &Value::Null)["sessions"], json!([]));
}

#[test]
fn slow_processes_share_the_one_chain_whatever_ends_them() {
    let (world, _) = World::live(&["75.00"], &[]);
    world.by_browser();
    world.allow();
    for round in 0..12_u64 {
        // After an hour whoever begins finds a token that is over, and both at once. What is killed
        // finds one that is good: an answer that nobody could keep is lost for good.
        let killed = round % 3 == 2;
        world.minutes(if killed { 10 } else { 70 });
        let mut some: Vec<_> =
            (0..2).map(|_| world.place.begin(&["connections", "ping", "acu"])).collect();
        if killed {
            std::thread::sleep(std::time::Duration::from_millis(20 + 40 * round));
            some[0].kill().expect("it can be killed");
        }
        for child in some {
            let ended = child.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&ended.stdout).into_owned();
            assert!(!said.contains("invalid_grant"), "round {round}: {said}");
        }
    }
    world.place.well(&["connections", "ping", "acu"]);
}

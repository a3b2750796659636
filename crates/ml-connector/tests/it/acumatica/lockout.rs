//! A password that the ERP refuses is not sent again and again until the user is locked.

use serde_json::{Value, json};

use super::World;
use crate::world::text;

impl World {
    /// Sign-ins by cookie so far.
    fn logins(&self) -> u64 {
        let truth = self.erp("/truth", &Value::Null);
        truth["requests"]["POST /Demo/entity/auth/login"].as_u64().unwrap_or_default()
    }

    fn user(&self, password: &str) {
        let user = json!({"name": "mlconnector", "password": password});
        self.erp("/seed", &json!({"users": [user]}));
    }
}

#[test]
fn slow_a_server_with_a_wrong_password_does_not_lock_the_user() {
    let (world, _) = World::live(&["75.00"], &[]);
    let cookies = ["connections", "add", "acumatica", "acu", "--set", "client_id="];
    world.place.well(&[&cookies[..], &["--set", "tenant=Acme"]].concat());
    world.user("changed");
    let before = world.logins();
    let mut server = world.serve();
    // Many polls, each of which wants in.
    for _ in 0..12 {
        std::thread::sleep(std::time::Duration::from_millis(400));
        world.minutes(3);
    }
    assert!((1..=3).contains(&(world.logins() - before)), "{} tries", world.logins() - before);
    // What is entered anew is tried at once.
    world.place.write("password", b"changed");
    let entered = ["connections", "add", "acumatica", "acu", "--secret", "password=file:password"];
    world.place.well(&entered);
    let asked = world.logins();
    let more = (0..400).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        world.logins() > asked + 1
    });
    assert!(more, "it goes on by itself");
    super::seats::ask_to_stop(&mut server);
    world.place.json(&["connections", "ping", "acu"], 0);
}

/// Commands that a clock runs, one process each.
#[test]
fn slow_commands_with_a_wrong_password_try_it_once_an_hour_between_them() {
    for cookies in [true, false] {
        let (world, _) = World::live(&["75.00"], &[]);
        if cookies {
            let add = ["connections", "add", "acumatica", "acu", "--set", "client_id="];
            world.place.well(&[&add[..], &["--set", "tenant=Acme"]].concat());
        }
        world.clock.set_rate(1);
        world.user("changed");
        let before = world.sign_ins();
        let began = world.now();
        for _ in 0..4 {
            let said = world.place.fails(&["sync", "uk", "--timeout", "30"], 4);
            assert!(said.contains("the credentials are refused"), "{said}");
        }
        assert_eq!(world.sign_ins() - before, 1, "tried once");
        world.shows_refusal_since(began);
        // A person who asks has it tried, and what is mended there goes on at once.
        world.place.json(&["connections", "ping", "acu"], 4);
        assert_eq!(world.sign_ins() - before, 2);
        world.user("secret");
        world.place.json(&["connections", "ping", "acu"], 0);
        assert_eq!(world.place.json(&["status"], 0)["troubles"], json!({}));
        world.sync();
        world.user("changed");
        let before = world.sign_ins();
        world.place.fails(&["sync", "uk", "--timeout", "30"], 4);
        world.minutes(61);
        world.place.fails(&["sync", "uk", "--timeout", "30"], 4);
        assert_eq!(world.sign_ins() - before, 2, "once an hour");
        assert!(!world.place.json(&["status"], 3)["troubles"]["acu"].is_null());
        // Signed in again by itself, an hour later.
        world.user("secret");
        world.minutes(61);
        world.sync();
        assert_eq!(world.place.json(&["status"], 0)["troubles"], json!({}));
    }
}

impl World {
    /// Whoever looks after the fact is told that the connection is refused, since when, and what to do.
    fn shows_refusal_since(&self, began: jiff::Timestamp) {
        let shown = self.place.json(&["status"], 3);
        let trouble = &shown["troubles"]["acu"];
        let since: jiff::Timestamp = text(&trouble["since"]).parse().expect("a time");
        // Since the first of the refusals, not the last.
        let first = began..began + jiff::SignedDuration::from_secs(30);
        assert!(first.contains(&since), "{shown} {began}");
        assert!(text(&trouble["what"]).contains("the credentials are refused"), "{shown}");
        let said = self.place.run(&["status"]);
        assert_eq!(said.status.code(), Some(3));
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.contains(&since.strftime("acu fails since %F %T").to_string()), "{said}");
        assert!(said.contains("connections ping acu"), "{said}");
    }

    /// Passwords that were tried so far, either way.
    fn sign_ins(&self) -> u64 {
        let truth = self.erp("/truth", &Value::Null);
        let count = |path: &str| truth["requests"][path].as_u64().unwrap_or_default();
        count("POST /Demo/entity/auth/login") + count("POST /Demo/identity/connect/token")
    }
}

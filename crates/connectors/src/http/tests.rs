//! What the shared stack promises, against a scripted transport in virtual time.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::SignedDuration;
use ports::{Clock, PortError};
use secrecy::SecretString;
use serde_json::json;

use super::auth::{Authoriser, Bearer};
use super::backoff::{asked_wait, exhausted_wait};
use super::client::{Answer, Call, HttpClient, HttpSettings, Vendor, Verdict};
use super::hosts::{AllowedHosts, check_address};
use super::jitter::Jitter;
use super::paging::Mark;
use super::record::{redact_body, redact_path};
use super::testing::{
    JumpingClock, Keeper, Renewable, Script, no_answer, not_sent, reply, reply_with,
};
use super::throttle::{Gate, Throttle};
use super::transport::in_time;
use super::urls::{encode, is_id, with_query};

struct Bench {
    client: HttpClient,
    script: Arc<Script>,
    clock: Arc<JumpingClock>,
    keeper: Arc<Keeper>,
}

fn bench_with(script: Arc<Script>, authoriser: Arc<dyn Authoriser>, vendor: Vendor) -> Bench {
    let clock = JumpingClock::new();
    let keeper = Arc::new(Keeper::default());
    let settings = HttpSettings {
        connection: "acme".to_owned(),
        base_url: "https://api.example.com/v1/".parse().unwrap(),
        deadline: Duration::from_secs(30),
        rate_per_minute: Some(1000),
        concurrency: 4,
        read_attempts: 3,
    };
    let client =
        HttpClient::new(settings, script.clone(), clock.clone(), authoriser, keeper.clone())
            .with_vendor(vendor);
    Bench { client, script, clock, keeper }
}

fn bench(script: Arc<Script>) -> Bench {
    bench_with(script, Arc::new(Renewable::default()), Vendor::default())
}

fn write() -> Call {
    Call::write(Method::POST, "/payments", &json!({"amount": 1})).command("collect/5031/1")
}

async fn outcome(bench: &Bench, call: Call) -> String {
    match bench.client.send(call).await {
        Ok(answer) => format!("answer {}", answer.status.as_u16()),
        Err(PortError::Throttled { retry_after: None }) => "throttled".to_owned(),
        Err(PortError::Throttled { retry_after: Some(wait) }) => {
            format!("throttled for {} s", wait.as_secs())
        }
        Err(PortError::Unavailable(_)) => "unavailable".to_owned(),
        Err(PortError::OutcomeUnknown(_)) => "unknown".to_owned(),
        Err(PortError::Unauthorised(words)) => format!("unauthorised: {words}"),
        Err(other) => other.to_string(),
    }
}

/// One call against a script that must be used up exactly.
async fn check(replies: Vec<super::testing::ScriptReply>, call: Call, expected: &str) -> Bench {
    let bench = bench(Script::new(replies));
    assert_eq!(outcome(&bench, call).await, expected);
    bench.script.assert_over();
    bench
}

#[tokio::test]
async fn a_definitive_answer_comes_back_as_it_is() {
    for status in [200, 201, 204, 302, 400, 403, 404, 409, 410, 422] {
        check(vec![reply(status, "{}")], Call::get("/a"), &format!("answer {status}")).await;
        check(vec![reply(status, "{}")], write(), &format!("answer {status}")).await;
    }
}

#[tokio::test]
async fn the_path_is_joined_to_the_base_address_and_authorised() {
    let bench = check(vec![reply(200, "{}")], Call::get("/a?b=c"), "answer 200").await;
    assert_eq!(bench.script.lines(), ["GET /v1/a?b=c"]);
    assert_eq!(bench.script.header(0, "authorization").unwrap(), "Bearer token-0");
    // A path can not move to another host.
    let bench = check(vec![reply(200, "{}")], Call::get("@evil.example/x"), "answer 200").await;
    assert_eq!(bench.script.lines(), ["GET /v1/@evil.example/x"]);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let bench = check(vec![reply(401, ""), reply(200, "{}")], write(), "answer 200").await;
    assert_eq!(bench.script.header(1, "authorization").unwrap(), "Bearer token-1");
    check(vec![reply(401, ""), reply(401, "")], Call::get("/a"), "unauthorised: 401 Unauthorized")
        .await;
}

#[tokio::test]
async fn a_static_token_is_not_tried_again() {
    let token = Bearer::new(SecretString::from("planted-token"));
    let script = Script::new(vec![reply(401, "")]);
    let bench = bench_with(script, Arc::new(token), Vendor::default());
    assert_eq!(outcome(&bench, Call::get("/a")).await, "unauthorised: 401 Unauthorized");
    assert_eq!(bench.script.header(0, "authorization").unwrap(), "Bearer planted-token");
}

#[tokio::test]
async fn a_read_waits_for_the_end_of_the_rate_window() {
    // The other side's clock is an hour ahead of ours: only the difference counts.
    let window = [
        ("Date", "Fri, 20 Nov 2026 11:00:18 GMT"),
        ("RateLimit-Reset", "Fri, 20 Nov 2026 11:01:00 GMT"),
    ];
    let replies = vec![reply_with(429, &window, ""), reply(200, "{}")];
    let bench = check(replies, Call::get("/a"), "answer 200").await;
    let waited = bench.clock.seconds();
    assert!((42..=43).contains(&waited), "{waited}");
}

#[tokio::test]
async fn a_write_is_sent_again_after_429_only_within_its_time() {
    let soon = [("Retry-After", "5")];
    let bench = check(vec![reply_with(429, &soon, ""), reply(201, "{}")], write(), "answer 201");
    assert!((5..=6).contains(&bench.await.clock.seconds()));

    let late = [("Retry-After", "40")];
    let bench = check(vec![reply_with(429, &late, "")], write(), "throttled for 40 s").await;
    // The next write is told at once, and nothing is sent.
    assert_eq!(outcome(&bench, write()).await, "throttled for 40 s");
    assert_eq!(bench.clock.seconds(), 0);
    bench.clock.jump(SignedDuration::from_secs(15));
    assert_eq!(outcome(&bench, write()).await, "throttled for 25 s");
}

#[tokio::test]
async fn endless_429_ends() {
    let replies = (0..4).map(|_| reply(429, "")).collect();
    check(replies, Call::get("/a"), "throttled").await;
}

#[tokio::test]
async fn reads_are_tried_again_writes_are_unknown() {
    let read = || Call::get("/a");
    check(vec![reply(500, ""), reply(503, ""), reply(200, "{}")], read(), "answer 200").await;
    check(vec![reply(500, ""), no_answer(), not_sent()], read(), "unavailable").await;
    check(vec![reply(408, ""), reply(200, "{}")], read(), "answer 200").await;
    for failure in [reply(500, ""), reply(502, "<html>"), reply(408, ""), no_answer()] {
        check(vec![failure], write(), "unknown").await;
    }
    check(vec![not_sent()], write(), "unavailable").await;
}

#[tokio::test]
async fn an_exhausted_window_pauses_the_connection() {
    let headers = [
        ("RateLimit-Remaining", "0"),
        ("Date", "Fri, 20 Nov 2026 10:00:10 GMT"),
        ("RateLimit-Reset", "Fri, 20 Nov 2026 10:00:15 GMT"),
    ];
    let bench = bench(Script::new(vec![reply_with(200, &headers, "{}"), reply(200, "{}")]));
    assert_eq!(outcome(&bench, Call::get("/a")).await, "answer 200");
    assert_eq!(bench.clock.seconds(), 0);
    assert_eq!(outcome(&bench, Call::get("/a")).await, "answer 200");
    assert_eq!(bench.clock.seconds(), 5);
}

const PLANTED: [&str; 6] = [
    "planted-token",
    "GB33BUKB20201555555555",
    "Ada Lovelace",
    "ada@example.com",
    "55779911",
    "s3",
];

fn words_of(answer: &Answer) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    body.get("message")?.as_str().map(str::to_owned)
}

#[tokio::test]
async fn nothing_planted_is_recorded_or_said() {
    let vendor = Vendor {
        kept_fields: &["amount", "id", "message", "links", "customer"],
        request_id_header: "x-request-id",
        error_words: words_of,
        ..Vendor::default()
    };
    let answer = json!({
        "id": "PM1", "message": "no", "iban": PLANTED[1], "amount": 12,
        "customer": {"name": PLANTED[2], "id": "CU1"}, "links": [{"email": PLANTED[3]}],
        "session_token": PLANTED[5],
    });
    let script = Script::new(vec![
        reply_with(500, &[("X-Request-Id", "req-7")], &answer.to_string()),
        reply(200, "<html>planted-token</html>"),
    ]);
    let token = Bearer::new(SecretString::from(PLANTED[0]));
    let bench = bench_with(script, Arc::new(token), vendor);
    let body = json!({"account_number": PLANTED[4], "amount": 7, "nested": {"id": "X", "iban": 1}});
    let path = "/payments?email=ada%40example.com&customer=CU1&created_at%5Bgte%5D=now";
    let call = Call::write(Method::POST, path, &body).command("collect/1");
    let error = bench.client.send(call).await.unwrap_err();
    assert_eq!(error, PortError::OutcomeUnknown("500 Internal Server Error: no".to_owned()));
    bench.client.send(Call::get("/b")).await.unwrap();

    let kept = bench.keeper.kept();
    let all = serde_json::to_string(&kept).unwrap();
    for secret in PLANTED {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    assert_eq!(kept[0].status, Some(500));
    assert_eq!(kept[0].request_id.as_deref(), Some("req-7"));
    assert_eq!(kept[0].command.as_deref(), Some("collect/1"));
    assert_eq!(kept[0].path, "/payments?email=…&customer=CU1&created_at%5Bgte%5D=…");
    let request: serde_json::Value =
        serde_json::from_str(kept[0].request_body.as_ref().unwrap()).unwrap();
    assert_eq!(
        request,
        json!({"account_number": "…", "amount": 7, "nested": {"id": "X", "iban": "…"}})
    );
    assert_eq!(kept[1].response_body.as_deref(), Some("(26 bytes that are not JSON)"));
}

#[test]
fn a_long_list_is_recorded_in_part() {
    let records: Vec<_> = (0..500).map(|n| json!({"id": n, "email": "x"})).collect();
    let text = redact_body(json!(records).to_string().as_bytes(), &["id"]).unwrap();
    assert!(text.contains("480 more") && !text.contains("\"x\""), "{text}");
    assert_eq!(redact_body(b"", &[]), None);
    assert_eq!(redact_path("/a/b", &[]), "/a/b");
    assert_eq!(redact_path("/a?flag", &[]), "/a?flag");
}

#[tokio::test]
async fn no_minute_sees_more_than_the_rate() {
    let clock = JumpingClock::new();
    let throttle = Throttle::new(clock.clone(), Some(100));
    let mut sent = Vec::new();
    for _ in 0..400 {
        throttle.turn().await;
        sent.push(clock.now());
    }
    let most = sent
        .iter()
        .map(|from| {
            let within = |moment: &&jiff::Timestamp| {
                **moment >= *from && moment.duration_since(*from).as_secs() < 60
            };
            sent.iter().filter(within).count()
        })
        .max()
        .unwrap();
    assert!((95..=100).contains(&most), "{most}");
    // Close to the published rate: 400 requests in a little over three minutes and a burst.
    assert!(clock.seconds() < 260, "{}", clock.seconds());
}

#[tokio::test]
async fn a_clock_that_jumps_back_does_not_freeze() {
    let clock = JumpingClock::new();
    let throttle = Throttle::new(clock.clone(), Some(60));
    for _ in 0..10 {
        throttle.turn().await;
    }
    clock.jump(SignedDuration::from_hours(-24));
    let before = clock.seconds();
    throttle.turn().await;
    assert!(clock.seconds() - before < 5, "{}", clock.seconds() - before);
    throttle.pause(Duration::from_secs(30));
    clock.jump(SignedDuration::from_hours(-24));
    assert_eq!(throttle.paused(), Duration::from_secs(30));
}

#[tokio::test]
async fn concurrency_halves_and_recovers() {
    let gate = Arc::new(Gate::new(8));
    let places =
        [gate.enter().await.unwrap(), gate.enter().await.unwrap(), gate.enter().await.unwrap()];
    gate.halve();
    assert_eq!(gate.limit(), 4);
    // Answers to requests sent before say nothing new.
    gate.halve();
    assert_eq!(gate.limit(), 4);
    let fourth = gate.enter().await.unwrap();
    let fifth = gate.enter();
    let mut fifth = std::pin::pin!(fifth);
    assert!(futures::poll!(fifth.as_mut()).is_pending());
    drop(places);
    let fifth = fifth.await.unwrap();
    drop((fourth, fifth));
    for _ in 0..100 {
        gate.calm();
    }
    assert_eq!(gate.limit(), 8);
    let mut again = Vec::new();
    for _ in 0..8 {
        again.push(gate.enter().await.unwrap());
    }
    let ninth = gate.enter();
    assert!(futures::poll!(std::pin::pin!(ninth)).is_pending());
}

#[test]
fn requests_go_to_the_vendor_or_where_a_person_allowed() {
    let vendor = ["api.example.com", ".cloud.example.com"];
    let check = |address: &str, allowed: &[&str], expected: Result<(), &str>| {
        let allowed = AllowedHosts(allowed.iter().map(|host| (*host).to_owned()).collect());
        let result = check_address(&address.parse().unwrap(), &vendor, &allowed);
        match expected {
            Ok(()) => assert_eq!(result, Ok(()), "{address}"),
            Err(part) => {
                let error = result.expect_err(address).to_string();
                assert!(error.contains(part), "{address}: {error}");
            }
        }
    };
    check("https://api.example.com", &[], Ok(()));
    check("https://API.EXAMPLE.COM/v1", &[], Ok(()));
    check("https://a1.cloud.example.com", &[], Ok(()));
    check("https://cloud.example.com", &[], Err("not a host"));
    check("https://evilcloud.example.com.evil", &[], Err("not a host"));
    check("https://api.example.com.evil", &[], Err("not a host"));
    check("https://user:pw@api.example.com", &[], Err("user name"));
    check("http://api.example.com", &[], Err("https"));
    check("http://api.example.com", &["api.example.com"], Err("https"));
    check("http://127.0.0.1:9000", &[], Err("https"));
    check("https://127.0.0.1:9000", &[], Err("private"));
    check("https://10.1.2.3", &[], Err("private"));
    check("https://[::ffff:10.1.2.3]", &[], Err("private"));
    check("https://[fd00::1]", &[], Err("private"));
    check("https://8.8.8.8", &[], Err("not a host"));
    check("http://127.0.0.1:9000", &["127.0.0.1:9000"], Ok(()));
    check("http://127.0.0.1:9001", &["127.0.0.1:9000"], Err("https"));
    check("http://localhost:9000", &["localhost"], Ok(()));
    check("https://proxy.corp", &["proxy.corp"], Ok(()));
}

#[test]
fn waits_are_read_from_headers() {
    let now = super::testing::START.parse().unwrap();
    let headers = |pairs: &[(&'static str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect()
    };
    let check = |pairs: &[(&'static str, &str)], expected: Option<u64>| {
        assert_eq!(asked_wait(&headers(pairs), now).map(|wait| wait.as_secs()), expected);
    };
    check(&[], None);
    check(&[("retry-after", "7")], Some(7));
    check(&[("retry-after", "Fri, 20 Nov 2026 10:00:30 GMT")], Some(30));
    check(&[("ratelimit-reset", "Fri, 20 Nov 2026 10:01:00 GMT")], Some(60));
    check(&[("ratelimit-reset", "Fri, 20 Nov 2026 09:01:00 GMT")], Some(0));
    check(&[("ratelimit-reset", "12")], Some(12));
    check(&[("ratelimit-reset", "soon")], None);
    check(&[("retry-after", "999999")], Some(900));
    let left = |left: &str| {
        exhausted_wait(&headers(&[("ratelimit-remaining", left), ("ratelimit-reset", "9")]), now)
    };
    assert_eq!(left("0"), Some(Duration::from_secs(9)));
    assert_eq!(left("1"), None);
}

#[test]
fn jitter_is_bounded_and_repeatable() {
    let draw = |name: &str, moment: u64| -> Vec<u64> {
        let jitter = Jitter::new(name, moment);
        (0..50).map(|_| jitter.below(1000)).collect()
    };
    assert_eq!(draw("a", 1), draw("a", 1));
    assert_ne!(draw("a", 1), draw("b", 1));
    assert_ne!(draw("a", 1), draw("a", 2));
    let drawn = draw("a", 1);
    assert!(drawn.iter().all(|n| *n < 1000));
    assert!(drawn.iter().any(|n| *n < 300) && drawn.iter().any(|n| *n > 700));
    assert_eq!(Jitter::new("a", 1).below(0), 0);
}

#[test]
fn what_a_person_typed_stays_one_segment() {
    assert_eq!(encode("a/b?c=d&e f"), "a%2Fb%3Fc%3Dd%26e%20f");
    assert_eq!(
        with_query("/l", &[("created_at[gte]", "2026-01-01T00:00:00.000Z"), ("limit", "5")]),
        "/l?created_at%5Bgte%5D=2026-01-01T00%3A00%3A00.000Z&limit=5"
    );
    for id in ["PM000AKFMGN3K2", "MD01KS2N2K2WDMXSTVH7D4XN7825", "0-_x"] {
        assert!(is_id(id), "{id}");
    }
    for id in ["", "..", "a/b", "a b", "PM1?x=y", "é", &"x".repeat(129)] {
        assert!(!is_id(id), "{id}");
    }
}

#[test]
fn a_page_mark_is_read_back() {
    for until in [None, Some("2026-11-20T10:00:00.123Z".parse().unwrap())] {
        let mark = Mark { until, cursor: "PM|1".to_owned() };
        assert_eq!(Mark::parse(&mark.text()).unwrap(), mark);
    }
    assert!(Mark::parse("PM1").is_err());
    assert!(Mark::parse("yesterday|PM1").is_err());
}

/// Whoever waits is told what the other side failed at; a refusal is an answer, also where it comes
/// with 500.
#[tokio::test]
async fn only_what_is_no_answer_is_told_as_trouble() {
    use ports::exchange::Trouble;
    let verdict = |answer: &Answer| match answer.body.as_ref() {
        b"refused" => Verdict::Answer,
        b"slow" => Verdict::SlowDown,
        _ => Verdict::Failure,
    };
    let vendor = Vendor { verdict, ..Vendor::default() };
    for (first, told) in [
        (reply(500, "refused"), vec![]),
        (reply(422, ""), vec![]),
        (reply(401, ""), vec![]),
        (reply(500, "slow"), vec![Trouble::SlowDown]),
        (reply(429, ""), vec![Trouble::SlowDown]),
        (reply(503, ""), vec![Trouble::Fails]),
        (no_answer(), vec![Trouble::NoAnswer]),
    ] {
        let words = format!("{first:?}");
        let script = Script::new(vec![first, reply(200, "{}")]);
        let bench = bench_with(script, Arc::new(Renewable::default()), vendor);
        bench.client.send(Call::get("/payments")).await.unwrap();
        assert_eq!(bench.keeper.troubles(), told, "{words}");
    }
}

#[tokio::test]
async fn a_process_that_was_stopped_sends_nothing_when_it_goes_on() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let polls = AtomicU32::new(0);
    // Ready as soon as it is asked again, which is after the deadline.
    let exchange = std::future::poll_fn(|context| {
        if polls.fetch_add(1, Ordering::Relaxed) > 0 {
            return std::task::Poll::Ready(Ok(()));
        }
        std::thread::sleep(Duration::from_millis(20));
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    });
    let ended = in_time(Duration::from_millis(10), exchange).await;
    assert!(matches!(ended, Err(ports::transport::TransportError::NoAnswer(_))), "{ended:?}");
    assert_eq!(polls.load(Ordering::Relaxed), 1, "nothing goes on after its deadline");
    let in_good_time = in_time(Duration::from_secs(600), async { Ok(7) }).await;
    assert!(matches!(in_good_time, Ok(7)));
}

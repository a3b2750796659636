//! Starting and ending.

use tokio::net::TcpListener;
use tokio::net::TcpStream;

use super::*;

async fn check(emulators: Vec<Arc<dyn Emulator>>, ports: Ports, expected: &str) {
    let clock = Arc::new(VirtualClock::new(time(START), 0));
    let error = Harness::start(emulators, clock, ports).await.unwrap_err();
    assert_eq!(error.to_string(), expected);
}

fn toy(name: &'static str) -> Arc<dyn Emulator> {
    Arc::new(Toy::new(name, None))
}

#[tokio::test]
async fn bad_sets_and_addresses_are_refused() {
    check(vec![toy("red"), toy("red")], Ports::any(), "two emulators are called red").await;
    check(
        vec![toy("red")],
        Ports::any().on("192.0.2.1".parse().unwrap()),
        "the sandbox listens on loopback only, not on 192.0.2.1: \
         its control surface has no password",
    )
    .await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let expected = format!("cannot listen on 127.0.0.1:{port} for red");
    check(vec![toy("red")], Ports::from_first(port), &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_closes_the_ports_and_cuts_requests() {
    let fixture = Fixture::start().await;
    let address = fixture.url("red", "").replace("http://", "");
    assert_eq!(fixture.running.urls().map(|(name, _)| name).collect::<Vec<_>>(), ["red", "blue"]);
    let hanging = fixture.client.get(fixture.url("red", "/hang")).send();
    let shutdown = async {
        while fixture.red.state().handled.is_empty() {
            tokio::task::yield_now().await;
        }
        fixture.running.shutdown().await;
    };
    let (answer, ()) = tokio::join!(hanging, shutdown);
    assert!(answer.is_err());
    assert!(TcpStream::connect(address).await.is_err());
}

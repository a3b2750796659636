//! Deliveries that are slow, too long, cut off or garbled: refused without a trace (mission row C3).

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::binary::Place;

/// Longer than the server's own patience: a test that waits for it found a connection held open.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends the parts; gives everything that was answered until the server closed the connection.
/// `None`: it was still open when the patience ended.
fn answered(address: &str, parts: &[&[u8]], close: bool) -> Option<String> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    for part in parts {
        // The server may close while we still write: what it answered counts.
        let _ = stream.write_all(part);
    }
    if close {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let mut chunk = [0_u8; 1024];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&chunk[..count]),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) =>
            {
                return None;
            }
            // A reset ends it as well as a close.
            Err(_) => break,
        }
    }
    Some(String::from_utf8_lossy(&answer).into_owned())
}

const HEAD: &str = "POST /webhooks/gc HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
    webhook-signature: 0000000000000000000000000000000000000000000000000000000000000000\r\n";

fn head(more: &str) -> Vec<u8> {
    format!("{HEAD}{more}\r\n").into_bytes()
}

#[test]
fn slow_requests_that_never_come_whole_leave_no_trace() {
    let place = Place::with_processor();
    let server = place.serve();
    let before = place.well(&["audit", "export"]);
    let huge = vec![b'x'; 64 * 1024];
    let flood: Vec<&[u8]> = std::iter::repeat_n(huge.as_slice(), 80).collect();
    let too_long = head("content-length: 5242880\r\n");
    let claims = head("content-length: 99999999999\r\n");
    let garbled = head("transfer-encoding: chunked\r\n");
    let slow = head("content-length: 100\r\n");
    let flooded: Vec<&[u8]> = std::iter::once(too_long.as_slice()).chain(flood).collect();
    let endless = [vec![b'f'; 20_000], b"\r\n".to_vec()].concat();
    let many: String = (0..500).map(|n| format!("x-{n}: y\r\n")).collect();
    let crowded = head(&many);
    let doubled = head("content-length: 1\r\ncontent-length: 2\r\n");
    let cases: Vec<(&str, Vec<&[u8]>, bool, &str)> = vec![
        ("a slow body", vec![&slow, b"{"], false, "408"),
        ("slow headers", vec![b"POST /webhooks/gc HTTP/1.1\r\nhost:"], false, ""),
        ("nothing at all", vec![], false, ""),
        ("an oversized body", flooded, false, "413"),
        ("a length that nobody sends", vec![&claims], false, "413"),
        ("a body cut off", vec![&slow, b"{\"events\""], true, ""),
        ("chunks that are none", vec![&garbled, b"zz\r\nnonsense\r\n"], false, ""),
        ("a chunk without an end", vec![&garbled, &endless], true, ""),
        ("more headers than anybody needs", vec![&crowded], false, ""),
        ("no HTTP", vec![b"\x16\x03\x01\x02\x00\x01\x00\x01 hello\r\n\r\n"], false, ""),
        ("two lengths", vec![&doubled, b"x"], true, ""),
    ];
    let address = place.address.as_str();
    std::thread::scope(|scope| {
        for (what, parts, close, expected) in &cases {
            scope.spawn(move || {
                let answer = answered(address, parts, *close);
                let answer = answer.unwrap_or_else(|| panic!("{what}: held open"));
                let status = answer.lines().next().unwrap_or_default();
                assert!(!status.contains(" 2"), "{what}: {status:?}");
                assert!(status.contains(expected), "{what}: {status:?}");
            });
        }
    });
    let status = place.status();
    assert_eq!(status["inbox_waiting"], 0);
    assert_eq!(status["bad_signatures"], serde_json::json!({}), "no body came whole");
    drop(server);
    assert_eq!(place.json(&["webhooks", "list"], 0), serde_json::json!([]));
    assert_eq!(place.well(&["audit", "export"]), before);
}

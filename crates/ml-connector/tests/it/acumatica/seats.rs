//! Seats of the licence: every command gives back the one it took, and what a killed process left
//! delays the next one no longer than the server keeps it (acumatica sheet sections 2 to 4).

use std::process::{Child, Command};
use std::time::Duration;

use serde_json::{Value, json};

use super::{World, closed};

/// Looks at the server while it works.
const GLANCE: Duration = Duration::from_millis(50);
const GLANCES_MAX: usize = 400;

impl World {
    /// Seats that are taken, and how many were ever taken.
    fn seats(&self) -> (usize, u64) {
        let truth = self.erp("/truth", &Value::Null);
        let taken = truth["sessions"].as_array().expect("sessions").len();
        (taken, truth["sessions_opened"].as_u64().expect("a number"))
    }

    /// Until this many seats are taken.
    fn wait_for_seats(&self, wanted: usize) {
        for _ in 0..GLANCES_MAX {
            if self.seats().0 == wanted {
                return;
            }
            std::thread::sleep(GLANCE);
        }
        panic!("{wanted} seats are not taken: {:?}", self.seats());
    }

    pub(super) fn serve(&self) -> Child {
        let mut server = self.place.begin(&["serve"]);
        // Read on, so that it never waits for a reader.
        let (mut out, mut errors) = (server.stdout.take(), server.stderr.take());
        std::thread::spawn(move || {
            out.as_mut().map(|from| std::io::copy(from, &mut std::io::sink()))
        });
        std::thread::spawn(move || {
            errors.as_mut().map(|from| std::io::copy(from, &mut std::io::sink()))
        });
        server
    }

    /// No other process of this test holds a seat when it begins.
    fn licence(&self, seats: usize) {
        self.erp("/seed", &json!({"settings": {"api_users": seats}}));
    }
}

pub(super) fn ask_to_stop(server: &mut Child) {
    let id = server.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
    assert!(told.success());
    assert!(server.wait().expect("it ends").success(), "it ends in order");
}

#[test]
fn slow_every_command_gives_its_seat_back() {
    let (world, _) = World::live(&["75.00"], &[]);
    let (taken, before) = world.seats();
    assert_eq!(taken, 0, "connections, links and plan are over");
    assert!(before > 0, "they did sign in");
    world.sync();
    let (taken, after) = world.seats();
    assert_eq!(taken, 0);
    assert!(after > before, "it did sign in");
    // One that ends because its time is over, with requests under way.
    world.erp(
        "/faults",
        &json!({"add": [{"kind": "timeout_before", "path": "/invoice", "times": 50}]}),
    );
    world.place.run(&["sync", "uk", "--until-quiet", "--timeout", "1"]);
    assert_eq!(world.seats().0, 0);
}

#[test]
fn slow_a_server_that_is_asked_to_stop_gives_its_seat_back() {
    let (world, _) = World::live(&["75.00"], &[]);
    let mut server = world.serve();
    world.wait_for_seats(1);
    // Other commands beside it come and go; it connects anew when a connection changes.
    world.place.well(&["connections", "add", "acumatica", "acu", "--set", "concurrency=1"]);
    world.sync();
    world.wait_for_seats(1);
    ask_to_stop(&mut server);
    assert_eq!(world.seats().0, 0);
}

/// Two seats in all. Each killed process leaves one taken; the next waits until the server ended it.
#[test]
fn slow_killed_processes_take_the_seats_of_later_ones_for_minutes_only() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.licence(2);
    for _ in 0..2 {
        let taken = world.seats().0;
        let mut server = world.serve();
        world.wait_for_seats(taken + 1);
        server.kill().expect("it can be killed");
        server.wait().expect("it ends");
    }
    world.sync();
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoices[0]), closed());
    assert_eq!(world.seats().0, 0);
}

/// One seat in all, and no time for the server to end a session by itself. The tokens of a password
/// are the process's own; those that a person allowed are everybody's, and so is their session.
#[test]
fn slow_the_next_process_goes_on_in_the_session_that_a_killed_one_left() {
    let (world, _) = World::live(&["75.00"], &[]);
    world.licence(1);
    world.clock.set_rate(1);
    let killed = |world: &World| {
        let (_, before) = world.seats();
        let mut server = world.serve();
        let taken = (0..GLANCES_MAX).any(|_| {
            std::thread::sleep(GLANCE);
            world.seats().1 > before
        });
        assert!(taken, "it takes a seat");
        server.kill().expect("it can be killed");
        server.wait().expect("it ends");
    };
    killed(&world);
    let said = world.place.json(&["connections", "ping", "acu"], 4).to_string();
    assert!(said.contains("asks to slow down"), "{said}");
    world.minutes(11);
    world.by_browser();
    world.allow();
    world.clock.set_rate(1);
    killed(&world);
    let (taken, opened) = world.seats();
    assert_eq!(taken, 1, "it was left");
    world.place.json(&["connections", "ping", "acu"], 0);
    assert_eq!(world.seats(), (0, opened), "no other was opened, and this one was given back");
}

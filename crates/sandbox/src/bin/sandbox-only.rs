//! The sandbox without the rest of ml-connector, for tests with vendors' own clients: serves until
//! standard input closes.

use std::process::ExitCode;

use jiff::Timestamp;
use sandbox::harness::{Options, Ports, Stop, run};

/// Monday, 2 March 2026, 09:00 UTC: no bank holiday near, so that runs are alike.
const START: Timestamp = Timestamp::constant(1_772_442_000, 0);

const USAGE: &str = "usage: sandbox-only [--first-port N] [--start TIME] [--rate N] [--seed N] \
                     [--only NAME]...";

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => return fail(&format!("{problem}\n{USAGE}")),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    match runtime.block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let source = std::error::Error::source(&error);
            fail(&source.map_or(error.to_string(), |source| format!("{error}: {source}")))
        }
    }
}

fn fail(problem: &str) -> ExitCode {
    eprintln!("{problem}");
    ExitCode::FAILURE
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    // The clock is frozen by default: time moves only when a test says so.
    let mut options =
        Options { start: Some(START), rate: 0, stop: Stop::StdinCloses, ..Options::default() };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--first-port" => options.ports = Ports::from_first(value_of(&name, &value)?),
            "--start" => options.start = Some(value_of(&name, &value)?),
            "--rate" => options.rate = value_of(&name, &value)?,
            "--seed" => options.seed = value_of(&name, &value)?,
            "--only" => options.only.push(value),
            _ => return Err(format!("{name} is not known")),
        }
    }
    Ok(options)
}

fn value_of<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} can not be {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &str, expected: Result<&str, &str>) {
        let parsed = parse(arguments.split_whitespace().map(str::to_owned));
        let shown = parsed.map(|options| format!("{options:?}"));
        match (shown, expected) {
            (Ok(shown), Ok(part)) => assert!(shown.contains(part), "{shown}"),
            (shown, expected) => assert_eq!(shown.err().as_deref(), expected.err()),
        }
    }

    #[test]
    fn options_are_read() {
        check("", Ok("start: Some(2026-03-02T09:00:00Z), rate: 0, seed: 1, only: [], stop: Stdin"));
        check("--first-port 4000", Ok("first: 4000"));
        check("--only netsuite --only stripe", Ok(r#"only: ["netsuite", "stripe"]"#));
        check("--start 2026-04-01T00:00:00Z", Ok("start: Some(2026-04-01T00:00:00Z)"));
        check("--rate 60 --seed 7", Ok("rate: 60, seed: 7"));
        check("--rate -1", Err("--rate can not be -1"));
        check("--seed", Err("--seed needs a value"));
        check("--port 1", Err("--port is not known"));
    }
}

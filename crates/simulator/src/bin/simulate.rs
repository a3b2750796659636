//! Runs seeds from the command line and prints the story of the first that breaks a promise.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;
use simulator::faults::Fault;
use simulator::{Outcome, run};

/// Seeds of the simulated world.
#[derive(Debug, Parser)]
struct Arguments {
    /// One seed, with its story.
    #[arg(long, conflicts_with_all = ["seeds", "minutes"])]
    seed: Option<u64>,
    /// A range of seeds, as FIRST..END.
    #[arg(long, value_parser = range, conflicts_with = "minutes")]
    seeds: Option<std::ops::Range<u64>>,
    /// Seeds from --from on for this many minutes.
    #[arg(long)]
    minutes: Option<u64>,
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Go on after a broken promise, and print only what was broken.
    #[arg(long)]
    all: bool,
}

fn range(text: &str) -> Result<std::ops::Range<u64>, String> {
    let parts = text.split_once("..").ok_or("write FIRST..END")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    Ok(number(parts.0)?..number(parts.1)?)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.seed {
        let outcome = run(seed);
        println!("{}", outcome.story);
        return judged(&outcome);
    }
    let seeds = match (arguments.seeds, arguments.minutes) {
        (Some(seeds), _) => seeds,
        (None, Some(_)) => arguments.from..u64::MAX,
        (None, None) => 0..100,
    };
    explore(seeds, arguments.minutes, arguments.all)
}

#[expect(clippy::disallowed_methods, reason = "a shell: how long to explore is host time")]
fn explore(seeds: std::ops::Range<u64>, minutes: Option<u64>, all: bool) -> ExitCode {
    let begun = std::time::Instant::now();
    let mut counts: BTreeMap<Fault, u64> = BTreeMap::new();
    let (mut broken, mut looks, mut done) = (0_u32, 0, 0_u64);
    for seed in seeds {
        if minutes.is_some_and(|minutes| begun.elapsed().as_secs() >= minutes * 60) {
            break;
        }
        let outcome = run(seed);
        looks += outcome.looks;
        done += 1;
        for (fault, count) in &outcome.faults {
            *counts.entry(*fault).or_default() += count;
        }
        if !outcome.violations.is_empty() {
            broken += 1;
            if !all {
                println!("{}", outcome.story);
                return judged(&outcome);
            }
            println!("seed {seed}: {}", outcome.violations.join(" | "));
        }
    }
    println!("{done} seeds, {looks} looks, {broken} broken, {:?}", begun.elapsed());
    for fault in Fault::ALL {
        println!("{:>8}  {}", counts.get(fault).copied().unwrap_or(0), fault.words());
    }
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn judged(outcome: &Outcome) -> ExitCode {
    if outcome.violations.is_empty() {
        println!("seed {}: every promise was kept", outcome.seed);
        return ExitCode::SUCCESS;
    }
    for violation in &outcome.violations {
        println!("seed {}: {violation}", outcome.seed);
    }
    ExitCode::FAILURE
}

//! Runs seeds from the command line. A seed that breaks a promise is shrunk, and its shorter story
//! is printed.

use std::ops::Range;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use simulator::explore::{Bounds, Explored, explore};
use simulator::faults::Fault;
use simulator::focus::Focus;
use simulator::rows::Rows;
use simulator::wire::{self, Books};
use simulator::{Options, Outcome, run_with, shrink};

/// A third of a seed went into the system's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds of the simulated world.
#[derive(Debug, Parser)]
struct Arguments {
    /// One seed, with its story.
    #[arg(long, conflicts_with_all = ["seeds", "minutes"])]
    seed: Option<u64>,
    /// A range of seeds, as FIRST..END.
    #[arg(long, value_parser = range, conflicts_with = "minutes")]
    seeds: Option<Range<u64>>,
    /// Seeds from --from on for this many minutes.
    #[arg(long)]
    minutes: Option<u64>,
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How much of the real thing is under test.
    #[arg(long, value_enum, default_value_t = Depth::Model)]
    depth: Depth,
    /// Whose books the seeds at the wire have.
    #[arg(long, value_parser = books, default_value = Books::default().word())]
    books: Books,
    /// What the worlds make frequent; each seed chooses when not given.
    #[arg(long, value_parser = world)]
    world: Option<Focus>,
    /// Where the rows of seeds at model depth are kept; each seed knows when not given.
    #[arg(long, value_parser = rows)]
    store: Option<Rows>,
    /// Stories told at the same time; as many as there are cores when not given.
    #[arg(long)]
    threads: Option<usize>,
    /// Go on after a broken promise, and print only what was broken.
    #[arg(long)]
    all: bool,
    /// Prints which seed shows which deliberate defect first, --from a place in their list on.
    #[cfg(feature = "defects")]
    #[arg(long)]
    defects: bool,
    /// Plants one deliberate defect, by its words in the table; with one thread only.
    #[cfg(feature = "defects")]
    #[arg(long)]
    defect: Option<String>,
    /// Prints the whole story of a seed that breaks a promise, not a shorter one.
    #[arg(long)]
    whole: bool,
}

impl Arguments {
    /// What an exploration must have met.
    fn kinds(&self) -> Vec<Fault> {
        let first = self.seeds.as_ref().map_or(self.from, |seeds| seeds.start);
        match self.depth {
            Depth::Model => [Fault::ALL, Fault::OF_THE_WORLD].concat(),
            Depth::Wire => wire::kinds_from(first, self.books),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Depth {
    /// Both sides as small models at the level of the ports.
    Model,
    /// The real connectors against the emulators.
    Wire,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let parts = text.split_once("..").ok_or("write FIRST..END")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    Ok(number(parts.0)?..number(parts.1)?)
}

fn books(text: &str) -> Result<Books, String> {
    let words: Vec<&str> = Books::ALL.into_iter().map(Books::word).collect();
    Books::named(text).ok_or_else(|| format!("one of {}", words.join(", ")))
}

fn world(text: &str) -> Result<Focus, String> {
    let words: Vec<&str> = Focus::ALL.into_iter().map(Focus::word).collect();
    Focus::named(text).ok_or_else(|| format!("one of {}", words.join(", ")))
}

fn rows(text: &str) -> Result<Rows, String> {
    let words: Vec<&str> = Rows::ALL.into_iter().map(Rows::word).collect();
    Rows::named(text).ok_or_else(|| format!("one of {}", words.join(", ")))
}

impl Depth {
    fn run(self, seed: u64, books: Books, options: &Options) -> Outcome {
        match self {
            Depth::Model => run_with(seed, options),
            Depth::Wire => wire::run_on(seed, books),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Depth::Model => "model",
            Depth::Wire => "wire",
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(feature = "defects")]
    if arguments.defects {
        return print_defects(&arguments);
    }
    if let Some(seed) = arguments.seed {
        return tell(seed, &arguments);
    }
    let seeds = match (&arguments.seeds, arguments.minutes) {
        (Some(seeds), _) => seeds.clone(),
        (None, Some(_)) => arguments.from..u64::MAX,
        (None, None) => 0..100,
    };
    explore_all(seeds, &arguments)
}

/// How seeds are run.
fn options(arguments: &Arguments) -> Options {
    let defect = planted(arguments);
    Options { focus: arguments.world, rows: arguments.store, defect, ..Options::default() }
}

#[cfg(not(feature = "defects"))]
fn planted(_: &Arguments) -> Option<simulator::Defect> {
    None
}

/// The defect of the fakes that is asked for; one in the code is switched on.
#[cfg(feature = "defects")]
fn planted(arguments: &Arguments) -> Option<simulator::Defect> {
    simulator::defects::plant(arguments.defect.as_deref()?)
}

/// The story of one seed; the shorter one when it breaks a promise.
fn tell(seed: u64, arguments: &Arguments) -> ExitCode {
    let options = options(arguments);
    let outcome = arguments.depth.run(seed, arguments.books, &options);
    if outcome.violations.is_empty() {
        println!("{}", outcome.story);
        println!("seed {seed}: every promise was kept");
        return ExitCode::SUCCESS;
    }
    let shrunk = match arguments.depth {
        _ if arguments.whole => None,
        Depth::Model => shrink::shrink(seed, &options),
        Depth::Wire => shrink::shrink_wire(seed, arguments.books),
    };
    match shrunk {
        Some(shrunk) => {
            println!("{}", shrunk.outcome.story);
            println!("{} of {} moves and faults are left", shrunk.choices.len(), shrunk.before);
            print_broken(&shrunk.outcome);
        }
        None => println!("{}", outcome.story),
    }
    print_broken(&outcome);
    // Named, since a new focus changes which one a seed chooses.
    let focus = arguments.world.unwrap_or_else(|| Focus::of(seed)).word();
    #[cfg(feature = "defects")]
    if let Some(words) = &arguments.defect {
        println!("with the defect planted: {words}");
    }
    match arguments.depth {
        Depth::Model => println!("replay: simulate --seed {seed} --depth model --world {focus}"),
        Depth::Wire => {
            let books = arguments.books.word();
            println!("replay: simulate --seed {seed} --depth wire --books {books}");
        }
    }
    ExitCode::FAILURE
}

/// Seeds tried for each defect.
#[cfg(feature = "defects")]
const DEFECT_SEEDS: u64 = 2_500;

#[cfg(feature = "defects")]
fn print_defects(arguments: &Arguments) -> ExitCode {
    let first = usize::try_from(arguments.from).unwrap_or(0);
    let seeds = arguments.seeds.clone().unwrap_or(0..DEFECT_SEEDS);
    let mut unseen = 0_u32;
    println!("| defect | world | seeds | what is seen |");
    println!("| --- | --- | --- | --- |");
    for place in simulator::defects::all().into_iter().skip(first) {
        let seen = simulator::defects::find(place, seeds.clone());
        match seen.by {
            Some((seed, broken)) => {
                let (words, world) = (seen.words, seen.focus.word());
                println!("| {words} | {world} | {} | {broken} |", seed + 1);
            }
            None => {
                unseen += 1;
                println!("| {} | {} | - | nothing in {seeds:?} |", seen.words, seen.focus.word());
            }
        }
    }
    if unseen == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_broken(outcome: &Outcome) {
    for violation in &outcome.violations {
        println!("seed {}: {violation}", outcome.seed);
    }
}

#[expect(clippy::disallowed_methods, reason = "a shell: how long to explore is host time")]
fn explore_all(seeds: Range<u64>, arguments: &Arguments) -> ExitCode {
    let begun = std::time::Instant::now();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or(cores).max(1);
    let bounds = Bounds { seeds, threads, all: arguments.all };
    let seconds = arguments.minutes.map(|minutes| minutes * 60);
    let over = || seconds.is_some_and(|seconds| begun.elapsed().as_secs() >= seconds);
    let options = options(arguments);
    let explored =
        explore(&bounds, |seed| arguments.depth.run(seed, arguments.books, &options), over);
    for (seed, broken) in &explored.broken {
        println!("seed {seed}: {}", broken.join(" | "));
    }
    report(&explored, arguments, begun.elapsed());
    match explored.broken.keys().next() {
        Some(seed) if !arguments.all => tell(*seed, arguments),
        Some(_) => ExitCode::FAILURE,
        None => {
            let missing = explored.never_struck(&arguments.kinds());
            for fault in &missing {
                println!("never struck: {}", fault.words());
            }
            if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

fn report(explored: &Explored, arguments: &Arguments, took: std::time::Duration) {
    let per_minute = u128::from(explored.seeds) * 60_000 / took.as_millis().max(1);
    println!(
        "{} seeds at {} depth, {} looks, {} faults, {} broken, {took:?}, {per_minute} a minute",
        explored.seeds,
        arguments.depth.word(),
        explored.looks,
        explored.faults_in_all(),
        explored.broken.len(),
    );
    for fault in arguments.kinds() {
        let count = explored.faults.get(&fault).copied().unwrap_or(0);
        println!("{count:>10}  {}", fault.words());
    }
}

//! Runs seeds from the command line. A seed that breaks a promise is shrunk, and its shorter story
//! is printed. What does not go together is refused: no argument is left out in silence.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use simulator::explore::{Bounds, Explored, explore};
use simulator::faults::Fault;
use simulator::focus::Focus;
use simulator::further;
use simulator::rows::Rows;
use simulator::wire::{self, Books};
use simulator::{Options, Outcome, run_with, shrink};

#[cfg(feature = "defects")]
use simulator::defects;

/// A third of a seed went into the system's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Status of a process whose reader has gone, as shells give it for the signal of a closed pipe: what
/// nobody read succeeded in nothing.
const UNREAD: i32 = 141;

/// Seeds that are told when nothing says how many.
const SEEDS: u64 = 100;

/// More than a machine tells in a minute: explorations that begin at different minutes share few.
const SEEDS_PER_MINUTE: u64 = 20_000;

/// Prints a line, and ends quietly once nobody reads it any more.
macro_rules! say {
    ($($part:tt)*) => { say(format_args!($($part)*)) };
}

fn say(line: fmt::Arguments<'_>) {
    let Err(error) = writeln!(io::stdout(), "{line}") else { return };
    if error.kind() != io::ErrorKind::BrokenPipe {
        eprintln!("nothing can be printed: {error}");
    }
    std::process::exit(UNREAD);
}

/// Seeds of the simulated world.
#[derive(Debug, Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// One seed, with its story.
    #[arg(long, conflicts_with_all = ["seeds", "minutes", "all", "threads"])]
    seed: Option<u64>,
    /// A range of seeds, as FIRST..END.
    #[arg(long, value_parser = range, conflicts_with = "minutes")]
    seeds: Option<Range<u64>>,
    /// Seeds from --from on for this many minutes.
    #[arg(long, value_parser = minutes)]
    minutes: Option<u64>,
    /// The first seed of an exploration: when not given, the first one that has everything, and with
    /// --minutes one beyond it that nobody told before. Earlier seeds have poorer worlds, and are kept
    /// only so that their stories stay what they were.
    #[arg(long)]
    from: Option<u64>,
    /// How much of the real thing is under test.
    #[arg(long, value_enum, default_value_t = Depth::Model)]
    depth: Depth,
    #[arg(long, value_parser = books, help = books_help())]
    books: Option<Books>,
    /// What the worlds at model depth make frequent; each seed chooses when not given.
    #[arg(long, value_parser = world)]
    world: Option<Focus>,
    /// Where the rows of seeds at model depth are kept; each seed knows when not given.
    #[arg(long, value_parser = rows)]
    store: Option<Rows>,
    /// Stories told at the same time; as many as there are cores when not given.
    #[arg(long, value_parser = threads)]
    threads: Option<usize>,
    /// Go on after a broken promise, and print only what was broken.
    #[arg(long)]
    all: bool,
    /// Prints which seed shows which deliberate defect first, --from a place in their list on. Needs
    /// the feature `defects`.
    #[arg(long, conflicts_with_all = ["seed", "minutes", "world", "store", "all", "whole", "defect"])]
    defects: bool,
    /// Plants one deliberate defect, by its words in the table; with one thread only. Needs the
    /// feature `defects`.
    #[arg(long, value_parser = defect)]
    defect: Option<String>,
    /// Prints the whole story of a seed that breaks a promise, not a shorter one.
    #[arg(long)]
    whole: bool,
}

impl Arguments {
    /// What does not go together, in a sentence.
    fn refused(&self) -> Option<String> {
        let wire = self.depth == Depth::Wire;
        let defects = self.defects || self.defect.is_some();
        if defects && let Err(unable) = DEFECTS {
            return Some(unable.to_owned());
        }
        if defects && self.threads.is_some_and(|threads| threads > 1) {
            return Some("a defect is planted in one thread: --threads must be 1".to_owned());
        }
        if let Some(focus) = self.world.filter(|_| wire) {
            let world = focus.word();
            return Some(format!(
                "--world {world} goes with --depth model: a seed at the wire has one world"
            ));
        }
        if let Some(rows) = self.store.filter(|_| wire) {
            let store = rows.word();
            return Some(format!(
                "--store {store} goes with --depth model: rows at the wire are on SQLite"
            ));
        }
        if let Some(books) = self.books.filter(|_| !wire) {
            let books = books.word();
            return Some(format!(
                "--books {books} goes with --depth wire: the model has books of its own"
            ));
        }
        if self.from.is_some() && !self.defects && (self.seed.is_some() || self.seeds.is_some()) {
            return Some(
                "--from goes with --minutes: --seed and --seeds say where they begin".to_owned(),
            );
        }
        self.defect.as_deref().filter(|_| wire).and_then(only_in_fakes)
    }

    /// What is explored; `minute`: of the host's time, by which explorations differ.
    fn range(&self, minute: u64) -> Range<u64> {
        let newest = match self.depth {
            Depth::Model => further::NEWEST_FROM,
            Depth::Wire => wire::NEWEST_FROM,
        };
        match (&self.seeds, self.minutes) {
            (Some(seeds), _) => seeds.clone(),
            (None, Some(_)) => {
                let untold = newest.saturating_add(minute.saturating_mul(SEEDS_PER_MINUTE));
                self.from.unwrap_or(untold)..u64::MAX
            }
            (None, None) => {
                let first = self.from.unwrap_or(newest);
                first..first.saturating_add(SEEDS)
            }
        }
    }

    fn books(&self) -> Books {
        self.books.unwrap_or_default()
    }

    /// A defect is on in its thread alone.
    fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        if self.defect.is_some() { 1 } else { self.threads.unwrap_or_else(cores) }
    }

    /// What an exploration from this seed on must have met.
    fn kinds(&self, first: u64) -> Vec<Fault> {
        match self.depth {
            Depth::Model => [Fault::ALL, Fault::OF_THE_WORLD].concat(),
            Depth::Wire => wire::kinds_from(first, self.books()),
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
    let seeds = number(parts.0)?..number(parts.1)?;
    if seeds.is_empty() {
        Err("the range is empty: END is the first seed that is not told".to_owned())
    } else {
        Ok(seeds)
    }
}

fn minutes(text: &str) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(0) => Err("the range is empty: in no time no seed is told".to_owned()),
        other => other.map_err(|error| error.to_string()),
    }
}

fn books_help() -> String {
    format!("Whose books the seeds at the wire have: {} when not given", Books::default().word())
}

fn threads(text: &str) -> Result<usize, String> {
    let number: Option<usize> = text.parse().ok();
    number.filter(|threads| *threads > 0).ok_or_else(|| "a number from 1 on".to_owned())
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

#[cfg(not(feature = "defects"))]
const DEFECTS: Result<(), &str> = Err(
    "deliberate defects are not in this program: build it with `cargo run --release -p simulator \
     --features defects --bin simulate`",
);

#[cfg(feature = "defects")]
const DEFECTS: Result<(), &str> = Ok(());

/// Any words where no defect can be planted: that is said first.
#[cfg(not(feature = "defects"))]
fn defect(words: &str) -> Result<String, String> {
    Ok(words.to_owned())
}

#[cfg(feature = "defects")]
fn defect(words: &str) -> Result<String, String> {
    if defects::named(words).is_some() {
        return Ok(words.to_owned());
    }
    let all: Vec<&str> = defects::all().into_iter().map(defects::Place::words).collect();
    Err(format!("no defect has these words. One of:\n  {}", all.join("\n  ")))
}

#[cfg(not(feature = "defects"))]
fn only_in_fakes(_: &str) -> Option<String> {
    None
}

/// Why this defect can not be planted over the wire.
#[cfg(feature = "defects")]
fn only_in_fakes(words: &str) -> Option<String> {
    match defects::named(words)? {
        defects::Place::Code(_) => None,
        defects::Place::Fakes(_) => Some(format!(
            "\"{words}\" is a mistake of the fakes of --depth model: at the wire there are none"
        )),
    }
}

impl Depth {
    fn word(self) -> &'static str {
        match self {
            Depth::Model => "model",
            Depth::Wire => "wire",
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(refused) = arguments.refused() {
        Arguments::command().error(ErrorKind::ArgumentConflict, refused).exit();
    }
    #[cfg(feature = "defects")]
    if arguments.defects {
        return print_defects(&arguments);
    }
    match arguments.seed {
        Some(seed) => tell(seed, &arguments),
        None => explore_all(&arguments),
    }
}

/// How seeds are run.
fn options(arguments: &Arguments) -> Options {
    let defect = planted(arguments);
    Options { focus: arguments.world, rows: arguments.store, defect, ..Options::default() }
}

fn run(seed: u64, arguments: &Arguments, options: &Options) -> Outcome {
    match arguments.depth {
        Depth::Model => run_with(seed, options),
        Depth::Wire => wire::run_on(seed, arguments.books()),
    }
}

#[cfg(not(feature = "defects"))]
fn planted(_: &Arguments) -> Option<simulator::Defect> {
    None
}

/// The defect of the fakes that is asked for; one in the code is switched on.
#[cfg(feature = "defects")]
fn planted(arguments: &Arguments) -> Option<simulator::Defect> {
    defects::plant(defects::named(arguments.defect.as_deref()?)?)
}

/// The story of one seed; the shorter one when it breaks a promise.
fn tell(seed: u64, arguments: &Arguments) -> ExitCode {
    let options = options(arguments);
    let outcome = run(seed, arguments, &options);
    if outcome.violations.is_empty() {
        say!("{}", outcome.story);
        say!("seed {seed}: every promise was kept");
        return ExitCode::SUCCESS;
    }
    let shrunk = match arguments.depth {
        _ if arguments.whole => None,
        Depth::Model => shrink::shrink(seed, &options),
        Depth::Wire => shrink::shrink_wire(seed, arguments.books()),
    };
    match shrunk {
        Some(shrunk) => {
            say!("{}", shrunk.outcome.story);
            say!("{} of {} moves and faults are left", shrunk.choices.len(), shrunk.before);
            print_broken(&shrunk.outcome);
        }
        None => say!("{}", outcome.story),
    }
    print_broken(&outcome);
    // Named, since a new focus changes which one a seed chooses.
    let focus = arguments.world.unwrap_or_else(|| Focus::of(seed)).word();
    let defect = arguments.defect.as_ref().map(|words| format!(" --defect \"{words}\""));
    let defect = defect.unwrap_or_default();
    match arguments.depth {
        Depth::Model => {
            let store = arguments.store.map(|rows| format!(" --store {}", rows.word()));
            let store = store.unwrap_or_default();
            say!("replay: simulate --seed {seed} --depth model --world {focus}{store}{defect}");
        }
        Depth::Wire => {
            let books = arguments.books().word();
            say!("replay: simulate --seed {seed} --depth wire --books {books}{defect}");
        }
    }
    ExitCode::FAILURE
}

/// Seeds tried for each defect.
#[cfg(feature = "defects")]
const DEFECT_SEEDS: u64 = 2_500;
#[cfg(feature = "defects")]
const DEFECT_SEEDS_AT_WIRE: u64 = 300;

/// The tables of docs/simulator.md, as they are now.
#[cfg(feature = "defects")]
fn print_defects(arguments: &Arguments) -> ExitCode {
    let nth = usize::try_from(arguments.from.unwrap_or(0)).unwrap_or(0);
    let places = defects::all().into_iter().skip(nth);
    let unseen = match arguments.depth {
        Depth::Model => print_at_model(places, arguments),
        Depth::Wire => print_over_wire(places, arguments),
    };
    if unseen == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Gives how many are not seen.
#[cfg(feature = "defects")]
fn print_at_model(places: impl Iterator<Item = defects::Place>, arguments: &Arguments) -> u32 {
    let mut unseen = 0;
    say!("| defect | world | seeds | what is seen |");
    say!("| --- | --- | --- | --- |");
    for place in places {
        let (words, world) = (place.words(), defects::focus_of(place).word());
        let first = defects::first_seed(place);
        let seeds = arguments.seeds.clone().unwrap_or(first..first + DEFECT_SEEDS);
        match defects::find(place, seeds.clone()) {
            Some(seen) => {
                let nth = seen.seed.saturating_sub(first) + 1;
                say!("| {words} | {world} | {nth} | {} |", seen.gist);
            }
            None => {
                unseen += 1;
                say!("| {words} | {world} | - | nothing in {seeds:?} |");
            }
        }
    }
    unseen
}

/// Gives how many are not seen, of those that are not in the fakes of the other depth.
#[cfg(feature = "defects")]
fn print_over_wire(places: impl Iterator<Item = defects::Place>, arguments: &Arguments) -> u32 {
    let newest = wire::NEWEST_FROM..wire::NEWEST_FROM + DEFECT_SEEDS_AT_WIRE;
    let seeds = arguments.seeds.clone().unwrap_or(newest);
    let mut unseen = 0;
    say!("| defect | seed | what is seen |");
    say!("| --- | --- | --- |");
    for place in places {
        let defects::Place::Code(defect) = place else { continue };
        let words = place.words();
        match defects::find_over_wire(defect, arguments.books(), seeds.clone()) {
            Some(seen) => say!("| {words} | {} | {} |", seen.seed, seen.gist),
            None => {
                unseen += 1;
                say!("| {words} | - | nothing in {seeds:?} |");
            }
        }
    }
    unseen
}

fn print_broken(outcome: &Outcome) {
    for violation in &outcome.violations {
        say!("seed {}: {violation}", outcome.seed);
    }
}

/// Minutes of the host's time.
#[expect(clippy::disallowed_methods, reason = "a shell: explorations differ by when they begin")]
fn minute() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() / 60)
}

#[expect(clippy::disallowed_methods, reason = "a shell: how long to explore is host time")]
fn explore_all(arguments: &Arguments) -> ExitCode {
    let begun = std::time::Instant::now();
    let (seeds, threads) = (arguments.range(minute()), arguments.threads());
    let first = seeds.start;
    let bounds = Bounds { seeds, threads, all: arguments.all };
    let seconds = arguments.minutes.map(|minutes| minutes * 60);
    let over = || seconds.is_some_and(|seconds| begun.elapsed().as_secs() >= seconds);
    let options = options(arguments);
    let explored = explore(&bounds, |seed| run(seed, arguments, &options), over);
    for (seed, broken) in &explored.broken {
        say!("seed {seed}: {}", broken.join(" | "));
    }
    report(&explored, arguments, first, begun.elapsed());
    match explored.broken.keys().next() {
        Some(seed) if !arguments.all => tell(*seed, arguments),
        Some(_) => ExitCode::FAILURE,
        None => {
            let missing = explored.never_struck(&arguments.kinds(first));
            for fault in &missing {
                say!("never struck: {}", fault.words());
            }
            if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

fn report(explored: &Explored, arguments: &Arguments, first: u64, took: std::time::Duration) {
    let per_minute = u128::from(explored.seeds) * 60_000 / took.as_millis().max(1);
    say!(
        "{} seeds at {} depth from {first} on, {} looks, {} faults, {} broken, {took:?}, {per_minute} a \
         minute",
        explored.seeds,
        arguments.depth.word(),
        explored.looks,
        explored.faults_in_all(),
        explored.broken.len(),
    );
    for fault in arguments.kinds(first) {
        let count = explored.faults.get(&fault).copied().unwrap_or(0);
        say!("{count:>10}  {}", fault.words());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 3;

    /// What is explored with these arguments.
    fn check(arguments: &[&str], explored: Range<u64>) {
        let arguments = Arguments::parse_from([&["simulate"], arguments].concat());
        assert_eq!(arguments.refused(), None);
        assert_eq!(arguments.range(MINUTE), explored);
    }

    #[test]
    fn an_exploration_begins_where_worlds_have_everything() {
        let newest = wire::NEWEST_FROM;
        check(&["--depth", "wire"], newest..newest + SEEDS);
        check(&["--depth", "wire", "--minutes", "1"], newest + 60_000..u64::MAX);
        check(&["--depth", "wire", "--minutes", "1", "--from", "7"], 7..u64::MAX);
        check(&["--depth", "wire", "--from", "7"], 7..7 + SEEDS);
        check(&["--depth", "wire", "--seeds", "0..9"], 0..9);
        check(&[], further::NEWEST_FROM..further::NEWEST_FROM + SEEDS);
        check(&["--from", "7", "--minutes", "1"], 7..u64::MAX);
    }
}

//! The project's own commands: `cargo xtask test` (everything that must hold before a change
//! lands) and `cargo xtask tidy` (the rules that no compiler keeps). Nothing here is shipped.

mod files;
mod metadata;
mod scrub;
mod shell;
mod tally;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Development commands of ml-connector")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check; the last line is "N passed, N failed, N skipped"
    Test {
        /// Only formatting, lints, tidy and the quick tests: a few minutes, before each commit
        #[arg(long)]
        fast: bool,
        /// Only the steps whose name contains this text
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
    },
    /// Check the rules that no compiler keeps, and print the largest files and functions
    Tidy,
}

fn main() -> ExitCode {
    let root = files::root();
    let passed = match Arguments::parse().task {
        Task::Test { fast, only } => test::run(&root, fast, only.as_deref()),
        Task::Tidy => tidy::run(&root),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

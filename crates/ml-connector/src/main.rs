//! The one binary: the command line, and the wiring of store, connectors, engine and server.

mod cli;
mod clock;
mod commands;
mod config;
mod config_values;
mod connect;
mod demo;
mod failure;
mod instance;
mod logs;
mod output;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

/// The exit code of a program whose reader went away (128 + SIGPIPE).
const READER_GONE: i32 = 141;

/// A reader like `head` that closes early ends the program quietly instead of with a panic.
fn end_quietly_without_a_reader() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if let Some(why) = text.strip_prefix("failed printing to stdout: ") {
            if why.contains("Broken pipe") {
                std::process::exit(READER_GONE);
            }
            eprintln!("error: standard output can not be written: {why}");
            std::process::exit(i32::from(failure::code::FAILED));
        }
        default(panic);
    }));
}

/// A command line that can not be used is told in the form that it asks for; help and version are what
/// they are.
fn refuse(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args_os().take_while(|one| one != "--").any(|one| one == "--json");
    if !wants_json || !error.use_stderr() {
        error.exit();
    }
    let words = error.to_string();
    let words = words.trim().trim_start_matches("error: ");
    let failure = failure::Failure::usage(words);
    failure.print(true);
    failure.exit_code()
}

fn main() -> ExitCode {
    end_quietly_without_a_reader();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let json = cli.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(cli)) {
        Ok(code) => code,
        Err(failure) => {
            failure.print(json);
            failure.exit_code()
        }
    }
}

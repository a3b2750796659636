//! The one binary: the command line, and the wiring of store, connectors, engine and server.

mod cli;
mod clock;
mod commands;
mod config;
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

fn main() -> ExitCode {
    let cli = Cli::parse();
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

//! One file per command.

mod attention;
mod audit;
mod case_name;
pub mod connections;
mod delivery;
mod evidence;
mod foreign;
mod init;
mod links;
mod mandates;
mod mapping;
mod payouts;
mod plan;
mod policy_values;
mod sandbox;
mod serve;
mod show;
mod status;
mod stop;
mod sync;
mod verify;
mod webhooks;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::failure::Result;
use crate::instance::Instance;
use crate::logs;

/// Runs the command; gives the exit code when it is not about an error.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    let json = cli.json;
    match cli.command {
        Command::Completions { shell } => {
            let mut command = Cli::command();
            clap_complete::generate(shell, &mut command, "ml-connector", &mut std::io::stdout());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Sandbox(options) => return sandbox::run(&options).await,
        Command::Demo(options) => return crate::demo::run(&options, json).await,
        Command::Init { file } => {
            let named = file.or(cli.config);
            let file = named.unwrap_or_else(|| crate::config::DEFAULT_FILE.into());
            return init::run(&file, json).await;
        }
        _ => {}
    }
    let config = Config::read(cli.config.as_deref())?;
    logs::install(&config.logs, cli.verbose || matches!(cli.command, Command::Serve { .. }))?;
    let instance = Instance::open(config, false).await?.acting_as(cli.acting_as);
    let engine = std::sync::Arc::clone(&instance.engine);
    let ended = work(instance, cli.command, json).await;
    // However it ended: seats of a licence are few.
    crate::connect::sign_off(&engine.world()).await;
    ended
}

/// Runs a command on an opened instance.
async fn work(instance: Instance, command: Command, json: bool) -> Result<ExitCode> {
    let code = match command {
        Command::Serve { end_with_input } => serve::run(instance, end_with_input).await?,
        Command::Connections(command) => connections::run(&instance, command, json).await?,
        Command::Links(command) => links::run(&instance, command, json).await?,
        Command::Plan { link } => plan::run(&instance, &link, json).await?,
        Command::Sync { link, until_quiet, timeout } => {
            sync::run(&instance, &link, until_quiet, timeout, json).await?
        }
        Command::Status => status::run(&instance, json).await?,
        Command::Show { case } => show::run(&instance, &case, json).await?,
        Command::Evidence { case, out } => {
            evidence::run(&instance, &case, out.as_deref(), json).await?
        }
        Command::Mandates(command) => mandates::run(&instance, command, json).await?,
        Command::Foreign(command) => foreign::run(&instance, command, json).await?,
        Command::Attention(command) => attention::run(&instance, command, json).await?,
        Command::Payouts(command) => payouts::run(&instance, command, json).await?,
        Command::Verify { link } => verify::run(&instance, link.as_deref(), json).await?,
        Command::Audit(command) => audit::run(&instance, command, json).await?,
        Command::Stop => stop::run(&instance, true, json).await?,
        Command::Resume => stop::run(&instance, false, json).await?,
        Command::Webhooks(command) => webhooks::run(&instance, command, json).await?,
        Command::Init { .. }
        | Command::Demo(_)
        | Command::Sandbox(_)
        | Command::Completions { .. } => ExitCode::SUCCESS,
    };
    Ok(code)
}

//! `init`: a commented configuration, a master key and an empty database.

use std::path::Path;
use std::process::ExitCode;

use crate::config::{COMMENTED, Config};
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::{logs, output};

pub async fn run(file: &Path, json: bool) -> Result<ExitCode> {
    let made = !file.exists();
    if made {
        std::fs::write(file, COMMENTED)
            .map_err(Failure::file(format!("the configuration {}", file.display())))?;
    }
    let config = Config::read(Some(file))?;
    logs::install(&config.logs, false)?;
    let instance = Instance::open(config, true).await?;
    let folder = instance.config.store.folder.display().to_string();
    if json {
        output::json(&serde_json::json!({ "config": file, "folder": folder }));
    } else {
        let kept = if made { "" } else { "  (kept as it was)" };
        println!("configuration  {}{kept}", file.display());
        println!("database       {}", instance.config.database().display());
        println!("\nNext: ml-connector connections add …  (--help shows how)");
    }
    Ok(ExitCode::SUCCESS)
}

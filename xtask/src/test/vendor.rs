//! Runs the vendors' own client libraries against the sandbox: each folder `vendor/<system>` with
//! `check_python.py` or `check_node.mjs` is a step. The libraries live under `target/` only.

mod clients;
mod sandbox;

use std::fs;
use std::path::Path;

use super::step::{Outcome, Step};
use super::{count, debian};
use crate::shell;
use crate::tally::Tally;
use sandbox::Sandbox;

/// A language in which a vendor offers a client.
#[derive(Clone, Copy)]
struct Language {
    name: &'static str,
    /// The script of the check.
    script: &'static str,
    /// What the client needs from Debian.
    needs: &'static [debian::Need],
    /// Installs the client and makes the command that runs the script.
    prepare: fn(&Path, &str) -> Result<std::process::Command, String>,
}

const LANGUAGES: &[Language] = &[
    Language {
        name: "Python",
        script: "check_python.py",
        needs: debian::PYTHON,
        prepare: clients::python,
    },
    Language {
        name: "Node.js",
        script: "check_node.mjs",
        needs: debian::NODE,
        prepare: clients::node,
    },
];

/// A step for each system and language that has a check.
pub fn steps(root: &Path) -> Vec<Step> {
    let mut systems: Vec<String> = fs::read_dir(root.join("vendor"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    systems.sort();
    let mut steps = Vec::new();
    for system in systems {
        for language in LANGUAGES {
            let script = root.join("vendor").join(&system).join(language.script);
            if script.is_file() {
                let name = format!("{system} client for {}", language.name);
                let system = system.clone();
                steps.push(Step::full(name, root, move |root| {
                    run(root, &system, *language).map_or_else(Outcome::failed, Outcome::counted)
                }));
            }
        }
    }
    steps
}

fn run(root: &Path, system: &str, language: Language) -> Result<Tally, String> {
    debian::ensure(root, language.needs)?;
    let mut command = (language.prepare)(root, system)?;
    let sandbox = Sandbox::start(root)?;
    command.arg(sandbox.url(system)?);
    let finished = shell::run(&mut command).map_err(|error| error.to_string())?;
    sandbox.stop()?;
    match count::plain(&finished.output) {
        Some(tally) if finished.success || tally.failed > 0 => Ok(tally),
        Some(_) => Err("ended badly although no check failed".into()),
        None => Err("ended without a count".into()),
    }
}

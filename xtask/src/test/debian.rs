//! Programs that a step needs from Debian: installed when we may, else named exactly.

use std::path::Path;

use crate::shell;

/// A program, how to find out that it works, and the package that brings it.
pub struct Need {
    pub probe: &'static [&'static str],
    pub package: &'static str,
}

pub const PYTHON: &[Need] =
    &[Need { probe: &["python3", "-c", "import venv, ensurepip"], package: "python3-venv" }];

pub const NODE: &[Need] = &[
    Need { probe: &["node", "--version"], package: "nodejs" },
    Need { probe: &["npm", "--version"], package: "npm" },
];

/// Makes sure that everything is there.
///
/// # Errors
/// What to install, as a command.
pub fn ensure(root: &Path, needs: &[Need]) -> Result<(), String> {
    let missing = missing(needs, |probe| shell::probe(root, probe));
    if missing.is_empty() {
        return Ok(());
    }
    let advice = format!("install first: sudo apt-get install {}", missing.join(" "));
    if !is_root(root) || !shell::probe(root, &["apt-get", "--version"]) {
        return Err(advice);
    }
    let apt = |arguments: &[&str]| {
        let mut command = shell::command(root, "apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        shell::run(&mut command).is_ok_and(|finished| finished.success)
    };
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(&missing);
    let installed = apt(&["update"]) && apt(&install);
    if installed && self::missing(needs, |probe| shell::probe(root, probe)).is_empty() {
        Ok(())
    } else {
        Err(advice)
    }
}

fn missing(needs: &[Need], works: impl Fn(&[&str]) -> bool) -> Vec<&'static str> {
    needs.iter().filter(|need| !works(need.probe)).map(|need| need.package).collect()
}

fn is_root(root: &Path) -> bool {
    let output = shell::command(root, "id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::{NODE, missing};

    #[test]
    fn only_what_does_not_work_is_named() {
        assert_eq!(missing(NODE, |_| true), [""; 0]);
        assert_eq!(missing(NODE, |probe| probe[0] == "node"), ["npm"]);
        assert_eq!(missing(NODE, |_| false), ["nodejs", "npm"]);
    }
}

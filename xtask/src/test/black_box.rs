//! Long checks through the shipped binary. To add one, write a line in the table.

use std::path::Path;

use super::step::{Outcome, Step};
use crate::shell;

/// A command of the binary that must end well.
pub struct BlackBox {
    /// Arguments of `ml-connector`.
    pub arguments: &'static [&'static str],
    /// What a good end proves, in a few words.
    pub proves: &'static str,
}

/// The checks, in the order in which they run; none with `--fast`.
pub const BLACK_BOXES: &[BlackBox] = &[];

/// One step per check.
pub fn steps(root: &Path, checks: &'static [BlackBox]) -> Vec<Step> {
    checks
        .iter()
        .map(|check| {
            let name = format!("ml-connector {}", check.arguments.join(" "));
            Step::full(name, root, |root| run(root, check))
        })
        .collect()
}

fn run(root: &Path, check: &BlackBox) -> Outcome {
    println!("proves: {}", check.proves);
    let mut cargo = shell::cargo(root);
    cargo.args(["run", "--quiet", "--package", "ml-connector", "--"]).args(check.arguments);
    match shell::run(&mut cargo) {
        Ok(finished) if finished.success => Outcome::one(true),
        Ok(_) => Outcome::failed(format!("not proved: {}", check.proves)),
        Err(error) => Outcome::failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{BlackBox, steps};
    use crate::files;

    #[test]
    fn each_line_of_the_table_is_a_step_that_fast_leaves_out() {
        const TABLE: &[BlackBox] =
            &[BlackBox { arguments: &["demo", "--once"], proves: "the story ends well" }];
        let steps = steps(&files::root(), TABLE);
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].name, "ml-connector demo --once");
        assert!(!steps[0].quick);
    }
}

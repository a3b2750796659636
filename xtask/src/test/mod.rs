//! `cargo xtask test`: the steps in order, each with its time and result, then a summary. The
//! last line is always "N passed, N failed, N skipped".

mod black_box;
mod cargo;
mod count;
mod debian;
mod step;
mod vendor;

use std::path::Path;

use crate::tally::Tally;
use crate::tidy;
use step::{Outcome, Step, Stopwatch, seconds};

/// Runs all steps, only the quick ones, or only those whose name contains a text. Returns whether
/// nothing failed.
pub fn run(root: &Path, fast: bool, only: Option<&str>) -> bool {
    let is_chosen =
        |step: &Step| (step.quick || !fast) && only.is_none_or(|text| step.name.contains(text));
    let (now, left_out): (Vec<Step>, Vec<Step>) =
        steps(root, fast).into_iter().partition(is_chosen);
    let mut rows = Vec::new();
    for step in &now {
        println!("\n== {} ==", step.name);
        let watch = Stopwatch::start();
        let outcome = (step.run)();
        let milliseconds = watch.milliseconds();
        println!("-- {}: {} in {}", step.name, outcome.word(), seconds(milliseconds));
        rows.push((step.name.clone(), outcome, milliseconds));
    }
    for line in summary(&rows) {
        println!("{line}");
    }
    if !left_out.is_empty() {
        let names: Vec<_> = left_out.iter().map(|step| step.name.as_str()).collect();
        println!("left out as asked: {}", names.join(", "));
    }
    let total: Tally = rows.iter().map(|(_, outcome, _)| outcome.tally).sum();
    if rows.is_empty() {
        println!("no step has such a name");
    }
    println!("{total}");
    total.failed == 0 && !rows.is_empty()
}

/// Everything that must hold before a change lands, cheapest first.
fn steps(root: &Path, fast: bool) -> Vec<Step> {
    let mut steps = vec![
        Step::quick("formatting", root, cargo::formatting),
        Step::quick("clippy", root, cargo::clippy),
        Step::quick("tidy", root, |root| Outcome::one(tidy::run(root))),
        Step::quick("tests", root, move |root| cargo::tests(root, fast)),
        Step::full("deliberate defects", root, cargo::deliberate_defects),
        Step::full("doc tests", root, cargo::doc_tests),
        Step::quick("documentation", root, cargo::documentation),
    ];
    steps.extend(vendor::steps(root));
    steps.extend(black_box::steps(root, black_box::BLACK_BOXES));
    steps
}

fn summary(rows: &[(String, Outcome, u128)]) -> Vec<String> {
    let width = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0).max(4);
    let mut lines =
        vec![format!("\n{:width$}  result  passed  failed  skipped       time", "step")];
    for (name, outcome, milliseconds) in rows {
        let Tally { passed, failed, skipped } = outcome.tally;
        let (word, time) = (outcome.word(), seconds(*milliseconds));
        lines.push(format!(
            "{name:width$}  {word:6}  {passed:>6}  {failed:>6}  {skipped:>7}  {time:>9}"
        ));
        if let Some(reason) = &outcome.reason {
            lines.push(format!("{:width$}  {reason}", ""));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::step::Outcome;
    use super::summary;
    use crate::tally::Tally;

    #[test]
    fn the_summary_has_a_row_per_step_and_the_reasons() {
        let tests = Tally { passed: 812, failed: 0, skipped: 3 };
        let rows = [
            ("formatting".to_owned(), Outcome::one(true), 1_234),
            ("tests".to_owned(), Outcome::counted(tests), 62_001),
            ("clients".to_owned(), Outcome::failed("no python3"), 5),
        ];
        assert_eq!(
            summary(&rows),
            [
                "\nstep        result  passed  failed  skipped       time",
                "formatting  ok           1       0        0     1.23 s",
                "tests       ok         812       0        3    62.00 s",
                "clients     FAILED       0       1        0     0.00 s",
                "            no python3",
            ]
        );
    }
}

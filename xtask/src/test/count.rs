//! Reads how many tests passed from what the test runners print.

use crate::tally::Tally;

/// From Rust's own harness: `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2
/// filtered out; finished in …`, once per program. Nothing when no such line was printed.
pub fn libtest(output: &str) -> Option<Tally> {
    let results =
        output.lines().filter_map(|line| line.split_once("test result: ")?.1.split_once(". "));
    let tallies: Vec<Tally> = results.map(|(_, counts)| sum_of(counts.split(';'))).collect();
    (!tallies.is_empty()).then(|| tallies.into_iter().sum())
}

/// From nextest: `Summary [ 0.1s] 10 tests run: 9 passed (1 slow, 2 flaky), 1 failed, 2 skipped`.
pub fn nextest(output: &str) -> Option<Tally> {
    let line = output.lines().rev().find(|line| line.trim_start().starts_with("Summary ["))?;
    let (_, counts) = line.split_once(" run: ")?;
    Some(sum_of(without_parentheses(counts).split(',')))
}

/// From a program that ends with `N passed, N failed` (and perhaps `N skipped`).
pub fn plain(output: &str) -> Option<Tally> {
    let line = output.lines().rev().find(|line| !line.trim().is_empty())?;
    let is_count = |part: &str| {
        let mut words = part.split_whitespace();
        words.next().is_some_and(|n| n.parse::<u64>().is_ok())
            && matches!(words.next(), Some("passed" | "failed" | "skipped"))
    };
    let all = line.split(',').all(is_count) && line.contains("passed") && line.contains("failed");
    all.then(|| sum_of(line.split(',')))
}

/// Adds up parts such as "9 passed", "1 timed out" or "3 filtered out".
fn sum_of<'a>(parts: impl Iterator<Item = &'a str>) -> Tally {
    let mut tally = Tally::default();
    for part in parts {
        let Some((number, what)) = part.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what.trim() {
            "passed" => tally.passed += number,
            "failed" | "exec failed" | "timed out" | "failed due to being leaky" => {
                tally.failed += number;
            }
            "skipped" | "ignored" | "filtered out" => tally.skipped += number,
            _ => {}
        }
    }
    tally
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{libtest, nextest, plain};
    use crate::tally::Tally;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Option<Tally> {
        Some(Tally { passed, failed, skipped })
    }

    #[test]
    fn the_harness_is_summed_over_programs() {
        let output = "running 3 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.01s\n\
            \n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n";
        assert_eq!(libtest(output), tally(3, 2, 5));
        assert_eq!(libtest("error: could not compile"), None);
    }

    #[test]
    fn the_last_summary_of_nextest_counts() {
        let one = "     Summary [   0.012s] 12 tests run: 12 passed, 3 skipped\n";
        assert_eq!(nextest(one), tally(12, 0, 3));
        let two = "     Summary [   0.1s] 9/12 tests run: 5 passed (1 slow, 2 flaky), 2 failed, 1 exec failed, 1 timed out, 0 skipped\n        FAIL a\nerror: test run failed\n";
        assert_eq!(nextest(two), tally(5, 4, 0));
        let single = "     Summary [   0.1s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(nextest(single), tally(1, 0, 0));
        assert_eq!(nextest("error: could not compile"), None);
    }

    #[test]
    fn a_plain_program_ends_with_its_count() {
        assert_eq!(plain("ok a\nok b\n2 passed, 0 failed\n"), tally(2, 0, 0));
        assert_eq!(plain("1 passed, 1 failed, 4 skipped\n\n"), tally(1, 1, 4));
        assert_eq!(plain("2 passed, 0 failed\nTraceback"), None);
        assert_eq!(plain("all passed, none failed"), None);
        assert_eq!(plain(""), None);
    }
}

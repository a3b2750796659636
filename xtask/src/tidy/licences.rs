//! Whether the licence of each dependency lets the binary be given away under Apache-2.0.

use serde_json::Value;

use super::finding::Finding;
use crate::metadata::{array, text};

/// Licences that ask for no more than notices (SPDX names).
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages with another licence that were looked at: name, licence expression, why it is fine.
/// Empty so far; a line here needs a sentence.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Checks every package in `cargo metadata`.
pub fn check(packages: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in array(packages, "packages") {
        let (name, licence) = (text(package, "name"), text(package, "license"));
        let excepted = EXCEPTIONS.iter().any(|(n, l, _)| (*n, *l) == (name, licence));
        if !excepted && !is_allowed(licence) {
            let what = if licence.is_empty() { "no licence is declared" } else { licence };
            findings.push(Finding::new(format!("{name} {}", text(package, "version")), 0, what));
        }
    }
    findings
}

/// Whether an SPDX expression can be satisfied by allowed licences. The old `/` means OR.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { tokens: &tokens };
    parser.any() == Some(true) && parser.tokens.is_empty()
}

/// Recursive descent over the tokens of an expression; nothing is an expression it can not read.
struct Parser<'a> {
    tokens: &'a [&'a str],
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if *first == word => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn any(&mut self) -> Option<bool> {
        let mut allowed = self.all()?;
        while self.take("OR") {
            allowed |= self.all()?;
        }
        Some(allowed)
    }

    fn all(&mut self) -> Option<bool> {
        let mut allowed = self.one()?;
        while self.take("AND") {
            allowed &= self.one()?;
        }
        Some(allowed)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let inner = self.any()?;
            return self.take(")").then_some(inner);
        }
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        if self.take("WITH") {
            let (exception, rest) = self.tokens.split_first()?;
            self.tokens = rest;
            return Some(ALLOWED.contains(&format!("{first} WITH {exception}").as_str()));
        }
        Some(ALLOWED.contains(first))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{check, is_allowed};

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        for fine in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "ISC AND (Apache-2.0 OR ISC) AND MIT",
        ] {
            assert!(is_allowed(fine), "{fine}");
        }
        for refused in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MIT OR",
            "(MIT",
            "MIT MIT",
            "Custom",
            "AND",
            "GPL-2.0 WITH Classpath-exception-2.0",
        ] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }

    #[test]
    fn packages_without_a_fitting_licence_are_named() {
        let metadata = json!({"packages": [
            {"name": "a", "version": "1.0.0", "license": "MIT"},
            {"name": "b", "version": "2.0.0", "license": "AGPL-3.0"},
            {"name": "c", "version": "3.0.0", "license": null},
        ]});
        let found: Vec<_> = check(&metadata).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["b 2.0.0: AGPL-3.0", "c 3.0.0: no licence is declared"]);
    }
}

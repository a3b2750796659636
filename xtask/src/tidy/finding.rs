//! One place where a rule is broken.

use std::fmt;

/// Where and what. Line 0 means the whole file or folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    pub line: usize,
    pub message: String,
}

impl Finding {
    pub fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Finding { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.path, self.message)
        } else {
            write!(f, "{}:{}: {}", self.path, self.line, self.message)
        }
    }
}

/// The lines on which a rule over one file finds something, for tests.
#[cfg(test)]
pub fn lines_found(
    rule: fn(&crate::files::SourceFile) -> Vec<Finding>,
    path: &str,
    text: &str,
) -> Vec<usize> {
    let file = crate::files::SourceFile::new(path, text);
    rule(&file).iter().map(|finding| finding.line).collect()
}

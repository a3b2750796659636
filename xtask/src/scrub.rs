//! Tells code from comments and literals in Rust source, so that a rule about code is not
//! tripped by prose. It knows tokens, not grammar.

/// A Rust file taken apart. Both texts keep the line structure of the original.
pub struct Scrubbed {
    /// Comments and the contents of literals blanked.
    pub code: String,
    /// Comments blanked, literals kept.
    pub uncommented: String,
    /// String literals with the line on which each begins.
    pub strings: Vec<(usize, String)>,
}

impl Scrubbed {
    /// Identifiers and keywords in the code with their lines, from 1.
    pub fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().flat_map(|(index, line)| {
            line.split(|c| !is_word(c)).filter(|w| !w.is_empty()).map(move |w| (index + 1, w))
        })
    }

    /// Lines of the code that contain the text once white space is taken out.
    pub fn lines_with<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.lines().enumerate().filter_map(move |(index, line)| {
            let dense: String = line.split_whitespace().collect();
            dense.contains(text).then_some(index + 1)
        })
    }
}

/// Whether a character can be part of an identifier.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Takes a Rust file apart.
pub fn scrub(text: &str) -> Scrubbed {
    let mut scrubber = Scrubber {
        rest: text,
        line: 1,
        out: Scrubbed { code: String::new(), uncommented: String::new(), strings: Vec::new() },
    };
    while !scrubber.rest.is_empty() {
        scrubber.token();
    }
    scrubber.out
}

struct Scrubber<'a> {
    rest: &'a str,
    line: usize,
    out: Scrubbed,
}

impl Scrubber<'_> {
    fn token(&mut self) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.comment(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.comment(block_comment_len(rest));
        } else if rest.starts_with('"') {
            self.string(1, quoted_len(rest, '"'), 1);
        } else if rest.starts_with('\'') {
            match char_literal_len(rest) {
                Some(len) => self.literal(len),
                None => self.keep(1),
            }
        } else if rest.starts_with(is_word) {
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let raw = matches!(&rest[..word], "r" | "br" | "cr");
            match raw_string_len(&rest[word..]).filter(|_| raw) {
                Some((hashes, len)) => self.string(word + hashes + 1, word + len, hashes + 1),
                None => self.keep(word),
            }
        } else {
            self.keep(rest.chars().next().map_or(1, char::len_utf8));
        }
    }

    /// A string literal of `len` bytes whose content starts after `open` and ends before `close`.
    fn string(&mut self, open: usize, len: usize, close: usize) {
        // An unfinished literal at the end of a file has no closing quote; any content will do.
        let content = self.rest.get(open..len.saturating_sub(close)).unwrap_or_default().to_owned();
        self.out.strings.push((self.line, content));
        self.literal(len);
    }

    fn keep(&mut self, len: usize) {
        let (token, rest) = self.rest.split_at(len);
        self.out.code.push_str(token);
        self.out.uncommented.push_str(token);
        self.line += token.matches('\n').count();
        self.rest = rest;
    }

    fn literal(&mut self, len: usize) {
        let (token, rest) = self.rest.split_at(len);
        self.out.code.push_str(&blank(token));
        self.out.uncommented.push_str(token);
        self.line += token.matches('\n').count();
        self.rest = rest;
    }

    fn comment(&mut self, len: usize) {
        let (token, rest) = self.rest.split_at(len);
        self.out.code.push_str(&blank(token));
        self.out.uncommented.push_str(&blank(token));
        self.line += token.matches('\n').count();
        self.rest = rest;
    }
}

fn blank(token: &str) -> String {
    token.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

fn block_comment_len(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of a literal that begins with the quote and may contain escapes.
fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Length of a character literal, or nothing if the quote begins a lifetime.
fn char_literal_len(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        return Some(quoted_len(text, '\''));
    }
    let (at, second) = chars.next()?;
    (second == '\'').then_some(at + 1)
}

/// Of `#"…"#` after an `r`: how many hashes, and the length up to the end.
fn raw_string_len(text: &str) -> Option<(usize, usize)> {
    let hashes = text.find(|c| c != '#')?;
    let body = text[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let len = match body.find(&close) {
        Some(at) => hashes + 1 + at + close.len(),
        None => text.len(),
    };
    Some((hashes, len))
}

#[cfg(test)]
mod tests {
    use super::scrub;

    #[test]
    fn comments_and_literals_are_not_code() {
        let text = r####"//! f64 in prose
/* f64 /* nested f64 */ f64 */ fn a<'x>(b: &'x str) -> char {
    let s = "f64 \" f64"; // f64
    let r = r#"f64 "quoted" f64"#;
    let c = '"'; let d = '\''; let e = 'f';
    b"f64"; r#fn(s, r, c, d, e)
}
"####;
        let scrubbed = scrub(text);
        assert!(!scrubbed.code.contains("f64"), "{}", scrubbed.code);
        assert_eq!(scrubbed.code.lines().count(), text.lines().count());
        assert!(scrubbed.code.contains("fn a<'x>(b: &'x str)"));
        assert!(scrubbed.code.contains("r#fn(s, r, c, d, e)"));
        assert!(scrubbed.uncommented.contains("\"f64 \\\" f64\""));
        assert!(!scrubbed.uncommented.contains("prose"));
        assert_eq!(
            scrubbed.strings,
            [
                (3, "f64 \\\" f64".to_owned()),
                (4, "f64 \"quoted\" f64".to_owned()),
                (6, "f64".to_owned())
            ]
        );
    }

    #[test]
    fn words_know_their_line() {
        let scrubbed = scrub("use a::b_c;\n\nfn d() {}\n");
        let words: Vec<_> = scrubbed.words().collect();
        assert_eq!(words, [(1, "use"), (1, "a"), (1, "b_c"), (3, "fn"), (3, "d")]);
        assert_eq!(scrubbed.lines_with("d(){}").collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn unfinished_text_does_not_panic() {
        for text in ["\"", "'", "/*", "r#\"", "r", "'\\", "é\"é", "\"\\", "b'", "r###"] {
            scrub(text);
        }
    }
}

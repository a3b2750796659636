//! Cuts a query into tokens. What SuiteQL refuses at this level (brackets, semicolons, the Oracle
//! outer-join mark) is refused here (netsuite sheet sections 8.3 and 20, row 2).

use super::SqlError;
use rust_decimal::Decimal;
use std::str::FromStr;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A name or keyword, lower-case.
    Word(String),
    /// A name in double quotes, lower-case.
    Quoted(String),
    /// A string literal.
    Text(String),
    Number(Decimal),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 19] = [
    "<>", "!=", "<=", ">=", "||", "(", ")", ",", ".", "*", "+", "-", "/", "=", "<", ">", "?", "^=",
    "%",
];

/// Cuts a query into tokens.
pub fn tokens(text: &str) -> Result<Vec<Token>, SqlError> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let used = match first {
            '\'' => string(rest, &mut out)?,
            '"' => {
                let end = rest[1..].find('"').ok_or_else(SqlError::syntax)?;
                out.push(Token::Quoted(rest[1..=end].to_lowercase()));
                end + 2
            }
            c if c.is_ascii_digit() => number(rest, &mut out)?,
            c if c.is_ascii_alphabetic() || c == '_' => {
                let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
                let end = rest.find(|c: char| !fits(c)).unwrap_or(rest.len());
                out.push(Token::Word(rest[..end].to_lowercase()));
                end
            }
            _ => symbol(rest, &mut out)?,
        };
        rest = rest[used..].trim_start();
    }
    Ok(out)
}

fn string(rest: &str, out: &mut Vec<Token>) -> Result<usize, SqlError> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let end = rest[at..].find('\'').ok_or_else(SqlError::syntax)? + at;
        text.push_str(&rest[at..end]);
        if rest[end + 1..].starts_with('\'') {
            text.push('\'');
            at = end + 2;
            continue;
        }
        out.push(Token::Text(text));
        return Ok(end + 1);
    }
}

fn number(rest: &str, out: &mut Vec<Token>) -> Result<usize, SqlError> {
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let number = Decimal::from_str(&rest[..end]).map_err(|_| SqlError::syntax())?;
    out.push(Token::Number(number));
    Ok(end)
}

fn symbol(rest: &str, out: &mut Vec<Token>) -> Result<usize, SqlError> {
    let compact: String = rest.chars().filter(|c| !c.is_whitespace()).take(3).collect();
    if compact == "(+)" {
        return Err(SqlError::syntax());
    }
    let known = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
    let symbol = known.ok_or_else(SqlError::syntax)?;
    out.push(Token::Symbol(symbol));
    Ok(symbol.len())
}

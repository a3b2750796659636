//! Reads `$filter`: OData v3 as far as the contract-based API takes it (acumatica sheet section 7).

use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::values::decimal;
use rust_decimal::Decimal;

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Text(String),
    Number(Decimal),
    Bool(bool),
    /// `datetimeoffset'…'`, still text: its zone is the reader's matter.
    Moment(String),
    Guid(String),
    Null,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A field, or `Linked/Field`.
    Field(String),
    /// `cf.<Type>(f='View.Field')`.
    Custom(String),
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    /// Operand, operator (`eq` …), literal.
    Compare(Operand, String, Literal),
    /// `substringof`, `startswith` or `endswith`, the operand, the text.
    Function(String, Operand, String),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    Equals,
}

fn refuse(text: impl Into<String>) -> ApiError {
    ApiError::query("$filter", text)
}

/// Reads a filter.
pub fn parse(text: &str) -> Result<Expr> {
    let tokens = lex(text)?;
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let expr = parser.either()?;
    if parser.at < parser.tokens.len() {
        return Err(refuse(format!("Syntax error in '{text}'.")));
    }
    Ok(expr)
}

fn lex(text: &str) -> Result<Vec<Token>> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            ' ' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '=' => tokens.push(Token::Equals),
            '\'' => {
                let mut value = String::new();
                loop {
                    match (chars.get(at), chars.get(at + 1)) {
                        (Some('\''), Some('\'')) => {
                            value.push('\'');
                            at += 2;
                        }
                        (Some('\''), _) => break,
                        (Some(other), _) => {
                            value.push(*other);
                            at += 1;
                        }
                        (None, _) => return Err(refuse("Unterminated string literal.")),
                    }
                }
                at += 1;
                tokens.push(Token::Text(value));
            }
            _ => {
                let begin = at - 1;
                while chars.get(at).is_some_and(|c| !" (),='".contains(*c)) {
                    at += 1;
                }
                tokens.push(Token::Word(chars[begin..at].iter().collect()));
            }
        }
    }
    Ok(tokens)
}

const DEPTH_MAX: usize = 50;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek_word(&self) -> Option<&str> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn next(&mut self) -> Result<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| refuse("The filter ends too early."))
    }

    fn expect(&mut self, wanted: &Token) -> Result<()> {
        let found = self.next()?;
        if found == *wanted {
            return Ok(());
        }
        Err(refuse(format!("Syntax error: {wanted:?} expected, {found:?} found.")))
    }

    fn either(&mut self) -> Result<Expr> {
        let mut left = self.both()?;
        while self.peek_word() == Some("or") {
            self.at += 1;
            left = Expr::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expr> {
        let mut left = self.one()?;
        while self.peek_word() == Some("and") {
            self.at += 1;
            left = Expr::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Expr> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(refuse("The filter is nested too deeply."));
        }
        let expr = self.unguarded();
        self.depth -= 1;
        expr
    }

    fn unguarded(&mut self) -> Result<Expr> {
        if self.tokens.get(self.at) == Some(&Token::Open) {
            self.at += 1;
            let inner = self.either()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        match self.peek_word() {
            Some("not") => {
                self.at += 1;
                Ok(Expr::Not(Box::new(self.one()?)))
            }
            Some(name @ ("substringof" | "startswith" | "endswith")) => {
                let name = name.to_owned();
                self.at += 1;
                self.function(name)
            }
            _ => self.comparison(),
        }
    }

    fn function(&mut self, name: String) -> Result<Expr> {
        self.expect(&Token::Open)?;
        let (operand, text);
        if name == "substringof" {
            text = self.next()?;
            self.expect(&Token::Comma)?;
            operand = self.operand()?;
        } else {
            operand = self.operand()?;
            self.expect(&Token::Comma)?;
            text = self.next()?;
        }
        self.expect(&Token::Close)?;
        match text {
            Token::Text(text) => Ok(Expr::Function(name, operand, text)),
            _ => Err(refuse(format!("{name} takes a string literal."))),
        }
    }

    fn operand(&mut self) -> Result<Operand> {
        let Token::Word(name) = self.next()? else { return Err(refuse("A field is expected.")) };
        let Some(kind) = name.strip_prefix("cf.") else { return Ok(Operand::Field(name)) };
        let known = ["String", "Int", "Decimal", "Boolean", "DateTime", "Guid"];
        if !known.contains(&kind) {
            return Err(refuse(format!("cf.{kind} is not known.")));
        }
        self.expect(&Token::Open)?;
        self.expect(&Token::Word("f".to_owned()))?;
        self.expect(&Token::Equals)?;
        let Token::Text(path) = self.next()? else {
            return Err(refuse("cf takes f='View.Field'."));
        };
        self.expect(&Token::Close)?;
        Ok(Operand::Custom(path))
    }

    fn comparison(&mut self) -> Result<Expr> {
        let operand = self.operand()?;
        let Token::Word(operator) = self.next()? else {
            return Err(refuse("An operator is expected."));
        };
        if !["eq", "ne", "gt", "ge", "lt", "le"].contains(&operator.as_str()) {
            return Err(refuse(format!("The operator {operator} is not supported.")));
        }
        let literal = self.literal()?;
        Ok(Expr::Compare(operand, operator, literal))
    }

    fn literal(&mut self) -> Result<Literal> {
        let word = match self.next()? {
            Token::Text(text) => return Ok(Literal::Text(text)),
            Token::Word(word) => word,
            other => return Err(refuse(format!("A literal is expected, {other:?} found."))),
        };
        if let Some(Token::Text(text)) = self.tokens.get(self.at).cloned() {
            self.at += 1;
            return match word.as_str() {
                "datetimeoffset" => Ok(Literal::Moment(text)),
                "guid" => Ok(Literal::Guid(text)),
                other => Err(refuse(format!("The literal {other}'…' is not supported."))),
            };
        }
        match word.as_str() {
            "true" => Ok(Literal::Bool(true)),
            "false" => Ok(Literal::Bool(false)),
            "null" => Ok(Literal::Null),
            number => decimal(number.trim_end_matches(['M', 'm']))
                .map(Literal::Number)
                .ok_or_else(|| refuse(format!("The literal {number} is not supported."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused() {
        for (text, good) in [
            ("Type eq 'Invoice' and Balance gt 0M", true),
            ("(A eq 1 or B ne 'x''y') and not startswith(C,'q')", true),
            ("substringof('x', Description)", true),
            ("LastModifiedDateTime ge datetimeoffset'2025-03-01T08:00:00.000+00:00'", true),
            ("cf.String(f='Document.AttributeGCPAY') eq 'PM123'", true),
            ("MainContact/Email eq 'a@b.c'", true),
            ("Type eq 'Invoice", false),
            ("Type = 'Invoice'", false),
            ("Type eq", false),
            ("contains(Type, 'x')", false),
            ("Type eq Invoice", false),
            ("LastModifiedDateTime ge datetime'2025-03-01'", false),
            ("(Type eq 'x'", false),
        ] {
            assert_eq!(parse(text).is_ok(), good, "{text}");
        }
    }
}

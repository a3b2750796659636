//! The `q` filter of collections: `<field> <OPERATOR> [value] [AND|OR …]` with parentheses, AND
//! before OR (netsuite sheet section 5.11). Body fields only.

use super::errors::{ApiError, Result};
use super::kind::Kind;
use super::state::State;
use super::store::Record;
use super::values::{FieldKind, Val};
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::str::FromStr;

/// A parsed filter.
#[derive(Debug, PartialEq)]
pub enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Test { field: String, test: Test, negated: bool },
}

/// One comparison with its values.
#[derive(Debug, PartialEq)]
pub enum Test {
    Empty,
    Flag(bool),
    Is(String),
    Contain(String),
    StartWith(String),
    EndWith(String),
    Number(&'static str, Vec<Decimal>),
    Day(&'static str, Date),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Open,
    Close,
    List(Vec<String>),
}

fn refuse(text: impl std::fmt::Display) -> ApiError {
    ApiError::bad_param("q", format!("Invalid search query: {text}."))
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let until = |open: usize, close: char| {
            rest[open..].find(close).ok_or_else(|| refuse("unterminated value"))
        };
        let used = match first {
            '(' => {
                out.push(Token::Open);
                1
            }
            ')' => {
                out.push(Token::Close);
                1
            }
            '"' => {
                let end = until(1, '"')?;
                out.push(Token::Quoted(rest[1..=end].to_owned()));
                end + 2
            }
            '[' => {
                let end = until(1, ']')?;
                let items = rest[1..=end].split(',');
                let clean = |item: &str| item.trim().trim_matches('"').to_owned();
                out.push(Token::List(items.map(clean).collect()));
                end + 2
            }
            _ => {
                let end = rest.find([' ', '(', ')', '"', '[']).unwrap_or(rest.len());
                out.push(Token::Word(rest[..end].to_owned()));
                end
            }
        };
        rest = rest[used..].trim_start();
    }
    Ok(out)
}

struct Parser<'a> {
    state: &'a State,
    kind: &'a Kind,
    tokens: Vec<Token>,
    at: usize,
}

/// Reads a filter for a record type.
pub fn parse(state: &State, kind: &Kind, text: &str) -> Result<Filter> {
    let mut parser = Parser { state, kind, tokens: tokens(text)?, at: 0 };
    let filter = parser.either()?;
    if parser.at < parser.tokens.len() {
        return Err(refuse("unexpected text at its end"));
    }
    Ok(filter)
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, word: &str) -> bool {
        let next = self.tokens.get(self.at);
        let fits = matches!(next, Some(Token::Word(have)) if have.eq_ignore_ascii_case(word));
        self.at += usize::from(fits);
        fits
    }

    fn either(&mut self) -> Result<Filter> {
        let mut left = self.both()?;
        while self.takes("OR") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter> {
        let mut left = self.one()?;
        while self.takes("AND") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter> {
        match self.next() {
            Some(Token::Open) => {
                let inner = self.either()?;
                match self.next() {
                    Some(Token::Close) => Ok(inner),
                    _ => Err(refuse("a parenthesis is not closed")),
                }
            }
            Some(Token::Word(name)) => self.test(&name),
            _ => Err(refuse("a field name is missing")),
        }
    }

    fn test(&mut self, name: &str) -> Result<Filter> {
        let (field, kind) = self.field(name)?;
        let Some(Token::Word(operator)) = self.next() else {
            return Err(refuse("an operator is missing"));
        };
        let operator = operator.to_uppercase();
        let (operator, negated) = match operator.strip_suffix("_NOT") {
            Some(plain) => (plain.to_owned(), true),
            None => (operator, false),
        };
        if operator == "EMPTY" {
            return Ok(Filter::Test { field, test: Test::Empty, negated });
        }
        let values = match self.next() {
            Some(Token::Word(value) | Token::Quoted(value)) => vec![value],
            Some(Token::List(values)) => values,
            _ => return Err(refuse("a value is missing")),
        };
        let test = self.comparison(&kind, &operator, values)?;
        Ok(Filter::Test { field, test, negated })
    }

    fn field(&self, name: &str) -> Result<(String, FieldKind)> {
        let lower = name.to_lowercase();
        let special = match lower.as_str() {
            "id" | "internalid" => Some(("$id", FieldKind::Integer)),
            "externalid" => Some(("$externalId", FieldKind::Text)),
            "lastmodifieddate" => Some(("$modified", FieldKind::Date)),
            "createddate" | "datecreated" => Some(("$created", FieldKind::Date)),
            _ => None,
        };
        if let Some((field, kind)) = special {
            return Ok((field.to_owned(), kind));
        }
        let field = self
            .state
            .field(self.kind, name)
            .ok_or_else(|| refuse(format!("field {name} is not filterable")))?;
        Ok((field.name.to_string(), field.kind.clone()))
    }

    fn comparison(&self, kind: &FieldKind, operator: &str, values: Vec<String>) -> Result<Test> {
        let first = values.first().cloned().unwrap_or_default();
        let unsupported = || refuse(format!("operator {operator} does not fit the field"));
        Ok(match kind {
            FieldKind::Bool | FieldKind::UndepFunds if operator == "IS" => {
                Test::Flag(first.eq_ignore_ascii_case("true"))
            }
            FieldKind::Text => match operator {
                "IS" => Test::Is(first.to_lowercase()),
                "CONTAIN" => Test::Contain(first.to_lowercase()),
                "START_WITH" => Test::StartWith(first.to_lowercase()),
                "END_WITH" | "ENDWITH" => Test::EndWith(first.to_lowercase()),
                _ => return Err(unsupported()),
            },
            FieldKind::Date | FieldKind::Stamp => {
                let known = ["AFTER", "BEFORE", "ON", "ON_OR_AFTER", "ON_OR_BEFORE"];
                let operator =
                    known.iter().find(|known| **known == operator).ok_or_else(unsupported)?;
                let day = super::suiteql::dates::parse_account_date(&self.state.company, &first);
                Test::Day(
                    operator,
                    day.ok_or_else(|| refuse(format!("date {first} is not valid")))?,
                )
            }
            FieldKind::Number
            | FieldKind::Money
            | FieldKind::Integer
            | FieldKind::Ref(_)
            | FieldKind::Code(_) => {
                let known = [
                    "EQUAL",
                    "ANY_OF",
                    "BETWEEN",
                    "GREATER",
                    "GREATER_OR_EQUAL",
                    "LESS",
                    "LESS_OR_EQUAL",
                    "WITHIN",
                ];
                let operator =
                    known.iter().find(|known| **known == operator).ok_or_else(unsupported)?;
                let parsed: std::result::Result<Vec<Decimal>, _> =
                    values.iter().map(|value| Decimal::from_str(value)).collect();
                Test::Number(operator, parsed.map_err(|_| refuse("a value is not a number"))?)
            }
            _ => return Err(unsupported()),
        })
    }
}

impl Filter {
    /// Whether a record passes.
    pub fn holds(&self, state: &State, rec: &Record) -> bool {
        match self {
            Filter::And(left, right) => left.holds(state, rec) && right.holds(state, rec),
            Filter::Or(left, right) => left.holds(state, rec) || right.holds(state, rec),
            Filter::Test { field, test, negated } => {
                let value = value_of(state, rec, field);
                test.holds(value.as_ref()) != *negated
            }
        }
    }
}

fn value_of(state: &State, rec: &Record, field: &str) -> Option<Val> {
    let day = |at: jiff::Timestamp| Val::Date(at.to_zoned(state.zone.clone()).date());
    match field {
        "$id" => Some(Val::Num(rec.id.into())),
        "$externalId" => rec.external_id.clone().map(Val::Text),
        "$modified" => Some(day(rec.modified)),
        "$created" => Some(day(rec.created)),
        other => rec.fields.get(other).cloned(),
    }
}

impl Test {
    fn holds(&self, value: Option<&Val>) -> bool {
        let text = || match value {
            Some(Val::Text(text) | Val::Code(text)) => text.to_lowercase(),
            _ => String::new(),
        };
        match self {
            Test::Empty => value.is_none(),
            Test::Flag(wanted) => (value == Some(&Val::Bool(true))) == *wanted,
            Test::Is(wanted) => text() == *wanted,
            Test::Contain(wanted) => text().contains(wanted),
            Test::StartWith(wanted) => text().starts_with(wanted),
            Test::EndWith(wanted) => text().ends_with(wanted),
            Test::Number(operator, wanted) => {
                let number = match value {
                    Some(Val::Num(number)) => *number,
                    Some(Val::Ref(id)) => (*id).into(),
                    Some(Val::Code(code)) => match Decimal::from_str(code) {
                        Ok(number) => number,
                        Err(_) => return false,
                    },
                    _ => return false,
                };
                compare(operator, number, wanted)
            }
            Test::Day(operator, wanted) => match value {
                Some(Val::Date(day)) => match *operator {
                    "AFTER" => day > wanted,
                    "BEFORE" => day < wanted,
                    "ON" => day == wanted,
                    "ON_OR_AFTER" => day >= wanted,
                    _ => day <= wanted,
                },
                _ => false,
            },
        }
    }
}

fn compare(operator: &str, number: Decimal, wanted: &[Decimal]) -> bool {
    let first = wanted.first().copied().unwrap_or_default();
    match operator {
        "EQUAL" => number == first,
        "ANY_OF" => wanted.contains(&number),
        "GREATER" => number > first,
        "GREATER_OR_EQUAL" => number >= first,
        "LESS" => number < first,
        "LESS_OR_EQUAL" => number <= first,
        // BETWEEN and WITHIN take two bounds.
        _ => wanted.len() == 2 && number >= wanted[0] && number <= wanted[1],
    }
}

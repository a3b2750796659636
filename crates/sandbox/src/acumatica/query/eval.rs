//! Decides whether a record meets a filter. Texts are compared as the database compares them:
//! without regard to case and to trailing spaces.

use super::parser::{Expr, Literal, Operand};
use crate::acumatica::contract::{Entity, key_of};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::render::value_of;
use crate::acumatica::state::State;
use crate::acumatica::store::Record;
use crate::acumatica::values::{Val, date_in, moment_in, server_time};
use jiff::SignedDuration;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// What a comparison works on.
pub struct Scope<'a> {
    pub state: &'a State,
    pub entity: &'a Entity,
    pub year: u8,
}

/// The key of an operand; `None` for a field of a detail, which can not be filtered.
fn key(scope: &Scope<'_>, operand: &Operand) -> Result<Option<(String, String)>> {
    let name = match operand {
        Operand::Custom(path) => {
            let (view, field) = path.split_once('.').unwrap_or(("", path));
            return Ok(Some((key_of(&scope.entity.view, view, field), view.to_owned())));
        }
        Operand::Field(name) => name,
    };
    let unknown = || ApiError::query("$filter", format!("The {name} field cannot be found."));
    if let Some((outer, inner)) = name.split_once('/') {
        let part = scope.entity.part(outer, scope.year).ok_or_else(unknown)?;
        if part.detail {
            return Ok(None);
        }
        let (object, last) = inner.split_once('/').unwrap_or(("", inner));
        let fields = match part.inner.iter().find(|found| found.name == object) {
            Some(inner) => &inner.fields,
            None => &part.fields,
        };
        let field = fields.iter().find(|field| field.name == last).ok_or_else(unknown)?;
        return Ok(Some((field.key.clone(), field.view.clone())));
    }
    if scope.entity.part(name, scope.year).is_some_and(|part| part.detail) {
        return Ok(None);
    }
    let field = scope.entity.field(name, scope.year).ok_or_else(unknown)?;
    Ok(Some((field.key.clone(), field.view.clone())))
}

/// The views whose fields a filter joins with `and`. More than one, and the server may find
/// nothing.
pub fn views(scope: &Scope<'_>, expr: &Expr) -> Result<BTreeSet<String>> {
    Ok(match expr {
        Expr::And(left, right) | Expr::Or(left, right) => {
            let mut all = views(scope, left)?;
            all.extend(views(scope, right)?);
            all
        }
        Expr::Not(inner) => views(scope, inner)?,
        Expr::Compare(operand, ..) | Expr::Function(_, operand, _) => {
            key(scope, operand)?.map(|(_, view)| view).into_iter().collect()
        }
    })
}

/// Whether a record meets a filter.
pub fn matches(scope: &Scope<'_>, expr: &Expr, record: &Record) -> Result<bool> {
    match expr {
        Expr::And(left, right) => {
            Ok(matches(scope, left, record)? && matches(scope, right, record)?)
        }
        Expr::Or(left, right) => {
            Ok(matches(scope, left, record)? || matches(scope, right, record)?)
        }
        Expr::Not(inner) => Ok(!matches(scope, inner, record)?),
        Expr::Function(name, operand, text) => {
            let Some((key, _)) = key(scope, operand)? else { return Ok(false) };
            let value = match value_of(scope.state, record, &key) {
                Some(Val::Text(value)) => value.to_lowercase(),
                None => return Ok(false),
                Some(_) => return Err(incompatible(name)),
            };
            let text = text.to_lowercase();
            Ok(match name.as_str() {
                "substringof" => value.contains(&text),
                "startswith" => value.starts_with(&text),
                _ => value.trim_end().ends_with(&text),
            })
        }
        Expr::Compare(operand, operator, literal) => {
            let Some((key, _)) = key(scope, operand)? else { return Ok(false) };
            let value = value_of(scope.state, record, &key);
            if *literal == Literal::Null {
                return match operator.as_str() {
                    "eq" => Ok(value.is_none()),
                    "ne" => Ok(value.is_some()),
                    _ => Err(incompatible("null")),
                };
            }
            let Some(value) = value else { return Ok(false) };
            let order = compare(scope.state, &value, literal)?;
            Ok(match operator.as_str() {
                "eq" => order == Ordering::Equal,
                "ne" => order != Ordering::Equal,
                "gt" => order == Ordering::Greater,
                "ge" => order != Ordering::Less,
                "lt" => order == Ordering::Less,
                _ => order != Ordering::Greater,
            })
        }
    }
}

fn incompatible(what: &str) -> ApiError {
    let text = format!(
        "A binary operator with incompatible types was detected. Found operand types for {what}."
    );
    ApiError::Exception(500, text, "Microsoft.Data.OData.ODataException")
}

fn compare(state: &State, value: &Val, literal: &Literal) -> Result<Ordering> {
    let zone = state.zone();
    match (value, literal) {
        (Val::Text(value), Literal::Text(text) | Literal::Guid(text)) => {
            let fold = |text: &str| text.trim_end().to_lowercase();
            Ok(fold(value).cmp(&fold(text)))
        }
        (Val::Num(value), Literal::Number(number)) => Ok(value.cmp(number)),
        (Val::Int(value), Literal::Number(number)) => {
            Ok(rust_decimal::Decimal::from(*value).cmp(number))
        }
        (Val::Bool(value), Literal::Bool(flag)) => Ok(value.cmp(flag)),
        (Val::Stamp(value), Literal::Moment(text)) => {
            let moment = moment_in(text, &zone).ok_or_else(|| incompatible(text))?;
            let shift = SignedDuration::from_hours(state.settings.filter_shift_hours);
            let moment = moment.checked_add(shift).map_err(|_| incompatible(text))?;
            Ok(value.cmp(&server_time(moment)))
        }
        (Val::Date(value), Literal::Moment(text)) => {
            let date = date_in(text).ok_or_else(|| incompatible(text))?;
            Ok(value.cmp(&date))
        }
        (value, literal) => Err(incompatible(&format!("{value:?} and {literal:?}"))),
    }
}

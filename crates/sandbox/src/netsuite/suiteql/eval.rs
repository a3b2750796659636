//! Evaluates expressions on a row, or on a group of rows; conditions know true, false and unknown.

use super::SqlError;
use super::ast::{Compare, Expr, Math, Slot};
use super::columns;
use super::exec::Engine;
use super::functions;
use super::tables::{Row, Table};
use super::value::Sv;
use rust_decimal::Decimal;
use std::cmp::Ordering;

/// Where an expression is evaluated.
pub struct Env<'a> {
    /// The tables of the sources; `None` for a subquery in FROM.
    pub tables: &'a [Option<Table>],
    pub row: &'a [Row],
    /// The rows of the group, in a grouped select.
    pub group: Option<&'a [Vec<Row>]>,
    pub rownum: usize,
    pub outer: Option<&'a Env<'a>>,
}

impl Env<'_> {
    fn slot(&self, slot: Slot) -> Option<(&Option<Table>, &Row)> {
        let mut env = self;
        for _ in 0..slot.depth {
            env = env.outer?;
        }
        Some((env.tables.get(slot.source)?, env.row.get(slot.source)?))
    }
}

impl Engine<'_> {
    /// Whether a condition is true.
    pub fn holds(&self, expr: &Expr, env: &Env<'_>) -> Result<bool, SqlError> {
        Ok(self.truth(expr, env)? == Some(true))
    }

    /// True, false, or unknown.
    fn truth(&self, expr: &Expr, env: &Env<'_>) -> Result<Option<bool>, SqlError> {
        let company = self.context.company;
        match expr {
            Expr::And(a, b) => Ok(match self.truth(a, env)? {
                Some(false) => Some(false),
                left => match (left, self.truth(b, env)?) {
                    (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
            }),
            Expr::Or(a, b) => Ok(match self.truth(a, env)? {
                Some(true) => Some(true),
                left => match (left, self.truth(b, env)?) {
                    (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                },
            }),
            Expr::Not(inner) => Ok(self.truth(inner, env)?.map(|truth| !truth)),
            Expr::Compare(compare, a, b) => {
                let (a, b) = (self.eval(a, env)?, self.eval(b, env)?);
                Ok(a.compare(&b, company)?.map(|order| fits(*compare, order)))
            }
            Expr::IsNull { expr, not } => Ok(Some(self.eval(expr, env)?.is_null() != *not)),
            Expr::In { expr, list, not } => {
                let value = self.eval(expr, env)?;
                let mut values = Vec::new();
                for item in list {
                    values.push(self.eval(item, env)?);
                }
                Ok(self.is_in(&value, &values)?.map(|found| found != *not))
            }
            Expr::InQuery { expr, query, not } => {
                let value = self.eval(expr, env)?;
                let output = self.run(query, Some(env))?;
                let values: Vec<Sv> =
                    output.rows.iter().filter_map(|row| row.first().cloned()).collect();
                Ok(self.is_in(&value, &values)?.map(|found| found != *not))
            }
            Expr::Exists(query) => Ok(Some(!self.run(query, Some(env))?.rows.is_empty())),
            Expr::Like { expr, pattern, escape, not } => {
                let (value, pattern) = (self.eval(expr, env)?, self.eval(pattern, env)?);
                let escape = match escape {
                    Some(escape) => self.eval(escape, env)?.render(company),
                    None => None,
                };
                let escape = escape.and_then(|text| text.chars().next());
                let both = (value.render(company), pattern.render(company));
                let (Some(value), Some(pattern)) = both else { return Ok(None) };
                let pattern: Vec<char> = pattern.chars().collect();
                let value: Vec<char> = value.chars().collect();
                Ok(Some(like(&value, &pattern, escape) != *not))
            }
            Expr::Between { expr, low, high, not } => {
                let value = self.eval(expr, env)?;
                let low = value.compare(&self.eval(low, env)?, company)?;
                let high = value.compare(&self.eval(high, env)?, company)?;
                let inside = match (low.map(Ordering::is_ge), high.map(Ordering::is_le)) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                };
                Ok(inside.map(|inside| inside != *not))
            }
            _ => Err(SqlError::syntax()),
        }
    }

    fn is_in(&self, value: &Sv, values: &[Sv]) -> Result<Option<bool>, SqlError> {
        let mut unknown = value.is_null() && !values.is_empty();
        for other in values {
            match value.compare(other, self.context.company)? {
                Some(Ordering::Equal) => return Ok(Some(true)),
                Some(_) => {}
                None => unknown = true,
            }
        }
        Ok(if unknown { None } else { Some(false) })
    }

    /// The value of an expression.
    pub fn eval(&self, expr: &Expr, env: &Env<'_>) -> Result<Sv, SqlError> {
        match expr {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Param(at) => Ok(self.params.get(*at).cloned().unwrap_or(Sv::Null)),
            Expr::Rownum => Ok(Sv::Number(env.rownum.into())),
            Expr::Column { name, slot, .. } => Ok(self.column(env, *slot, name)),
            Expr::Negate(inner) => Ok(match self.eval(inner, env)?.number()? {
                Some(number) => Sv::Number(-number),
                None => Sv::Null,
            }),
            Expr::Math(math, a, b) => {
                let (a, b) = (self.eval(a, env)?, self.eval(b, env)?);
                self.math(*math, a, b)
            }
            Expr::Case { operand, arms, otherwise } => {
                self.case(operand.as_deref(), arms, otherwise.as_deref(), env)
            }
            Expr::Scalar(query) => {
                let output = self.run(query, Some(env))?;
                if output.rows.len() > 1 {
                    return Err(SqlError::new("Single-row subquery returns more than one row."));
                }
                let value = output.rows.first().and_then(|row| row.first().cloned());
                Ok(value.unwrap_or(Sv::Null))
            }
            Expr::CountAll => Ok(Sv::Number(env.group.map_or(0, <[_]>::len).into())),
            Expr::Call { name, args, distinct } if expr.is_aggregate() => {
                self.aggregate(name, &args[0], *distinct, env)
            }
            Expr::Call { name, args, .. } if name.starts_with("builtin.") => {
                Ok(self.builtin(name, &args[0], env))
            }
            Expr::Call { name, args, .. } => {
                let mut values = Vec::new();
                for arg in args {
                    values.push(self.eval(arg, env)?);
                }
                functions::call(&self.context, name, &values)
            }
            _ => Err(SqlError::syntax()),
        }
    }

    fn column(&self, env: &Env<'_>, slot: Option<Slot>, name: &str) -> Sv {
        match slot.and_then(|slot| env.slot(slot)) {
            Some((Some(table), row)) => columns::value(self.state, table, row, name),
            Some((None, Row::Computed(values))) => values.get(name).cloned().unwrap_or(Sv::Null),
            _ => Sv::Null,
        }
    }

    fn builtin(&self, name: &str, arg: &Expr, env: &Env<'_>) -> Sv {
        let Expr::Column { name: column, slot, .. } = arg else { return Sv::Null };
        let found = slot.and_then(|slot| env.slot(slot));
        let Some((Some(table), row)) = found else { return self.column(env, *slot, column) };
        if name == "builtin.df" {
            return columns::display(self.state, table, row, column);
        }
        match columns::value(self.state, table, row, column) {
            Sv::Status(kind, letter) => Sv::Text(format!("{kind}:{letter}")),
            other => other,
        }
    }

    fn case(
        &self,
        operand: Option<&Expr>,
        arms: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        env: &Env<'_>,
    ) -> Result<Sv, SqlError> {
        let operand = operand.map(|operand| self.eval(operand, env)).transpose()?;
        for (when, then) in arms {
            let holds = match &operand {
                Some(operand) => {
                    let order = operand.compare(&self.eval(when, env)?, self.context.company)?;
                    order == Some(Ordering::Equal)
                }
                None => self.holds(when, env)?,
            };
            if holds {
                return self.eval(then, env);
            }
        }
        otherwise.map_or(Ok(Sv::Null), |otherwise| self.eval(otherwise, env))
    }

    fn math(&self, math: Math, a: Sv, b: Sv) -> Result<Sv, SqlError> {
        if math == Math::Concat {
            let text = |value: &Sv| value.render(self.context.company).unwrap_or_default();
            return Ok(Sv::text(text(&a) + &text(&b)));
        }
        match (&a, &b, math) {
            (Sv::Day(day), days, Math::Add) | (days, Sv::Day(day), Math::Add)
                if !matches!(days, Sv::Day(_)) =>
            {
                let days = days.number()?;
                return days.map_or(Ok(Sv::Null), |days| functions::add_days(*day, days));
            }
            (Sv::Day(day), days, Math::Subtract) if !matches!(days, Sv::Day(_)) => {
                let days = days.number()?;
                return days.map_or(Ok(Sv::Null), |days| functions::add_days(*day, -days));
            }
            (Sv::Day(a), Sv::Day(b), Math::Subtract) => {
                let span = a.duration_since(*b).as_secs();
                return Ok(Sv::Number(Decimal::from(span) / Decimal::from(86_400)));
            }
            _ => {}
        }
        let (Some(a), Some(b)) = (a.number()?, b.number()?) else { return Ok(Sv::Null) };
        let result = match math {
            Math::Add => a.checked_add(b),
            Math::Subtract => a.checked_sub(b),
            Math::Multiply => a.checked_mul(b),
            _ => a.checked_div(b),
        };
        result.map(Sv::Number).ok_or_else(|| SqlError::new("Arithmetic error."))
    }

    fn aggregate(
        &self,
        name: &str,
        arg: &Expr,
        distinct: bool,
        env: &Env<'_>,
    ) -> Result<Sv, SqlError> {
        let Some(group) = env.group else {
            return Err(SqlError::new("Group function is not allowed here."));
        };
        let mut values = Vec::new();
        for row in group {
            let inner = Env { row, group: None, rownum: 0, tables: env.tables, outer: env.outer };
            let value = self.eval(arg, &inner)?;
            if !value.is_null() {
                values.push(value);
            }
        }
        if distinct {
            let mut seen = std::collections::BTreeSet::new();
            values.retain(|value| seen.insert(value.key()));
        }
        if name == "count" {
            return Ok(Sv::Number(values.len().into()));
        }
        if name == "min" || name == "max" {
            let function = if name == "max" { "greatest" } else { "least" };
            if values.is_empty() {
                return Ok(Sv::Null);
            }
            return functions::call(&self.context, function, &values);
        }
        let mut sum = Decimal::ZERO;
        for value in &values {
            sum += value.number()?.unwrap_or_default();
        }
        match (values.len(), name) {
            (0, _) => Ok(Sv::Null),
            (_, "sum") => Ok(Sv::Number(sum)),
            (count, _) => Ok(Sv::Number(sum / Decimal::from(count))),
        }
    }
}

fn fits(compare: Compare, order: Ordering) -> bool {
    match compare {
        Compare::Equal => order.is_eq(),
        Compare::Unequal => order.is_ne(),
        Compare::Less => order.is_lt(),
        Compare::LessEqual => order.is_le(),
        Compare::Greater => order.is_gt(),
        Compare::GreaterEqual => order.is_ge(),
    }
}

/// `%` stands for any text, `_` for one character.
fn like(value: &[char], pattern: &[char], escape: Option<char>) -> bool {
    match pattern.split_first() {
        None => value.is_empty(),
        Some((first, rest)) if Some(*first) == escape && !rest.is_empty() => {
            value.first() == Some(&rest[0]) && like(&value[1..], &rest[1..], escape)
        }
        Some(('%', rest)) => (0..=value.len()).any(|skip| like(&value[skip..], rest, escape)),
        Some(('_', rest)) => !value.is_empty() && like(&value[1..], rest, escape),
        Some((first, rest)) => value.first() == Some(first) && like(&value[1..], rest, escape),
    }
}

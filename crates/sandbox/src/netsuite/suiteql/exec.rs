//! Runs a bound query: joins by hashing where a condition allows it, filters as early as the
//! names permit, groups, orders, limits.

use super::SqlError;
use super::ast::{Compare, Expr, Item, Join, Order, Origin, Query, Select, Slot, Source};
use super::eval::Env;
use super::functions::Context;
use super::tables::{Row, Table};
use super::value::Sv;
use crate::netsuite::state::State;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most rows that a join may hold at once: a query beyond it is refused instead of run.
const ROWS_MAX: usize = 2_000_000;

/// The rows that a query gives, by output column.
#[derive(Debug, Clone)]
pub struct Output {
    pub names: Vec<String>,
    pub rows: Vec<Vec<Sv>>,
}

/// Runs queries against the account.
pub struct Engine<'a> {
    pub state: &'a State,
    pub context: Context<'a>,
    pub params: Vec<Sv>,
    /// Results of subqueries that depend on nothing around them.
    pub cache: RefCell<BTreeMap<usize, Arc<Output>>>,
}

/// Output values of a row with the values it is ordered by.
type Keyed = (Vec<Sv>, Vec<Sv>);

impl Engine<'_> {
    /// Runs a query inside `outer`.
    pub fn run(&self, query: &Query, outer: Option<&Env<'_>>) -> Result<Arc<Output>, SqlError> {
        if !query.correlated
            && let Some(known) = self.cache.borrow().get(&query.id)
        {
            return Ok(known.clone());
        }
        let order: &[Order] = if query.unions.is_empty() { &query.order } else { &[] };
        let (names, mut rows) = self.select(&query.first, order, outer)?;
        for (all, select) in &query.unions {
            rows.extend(self.select(select, &[], outer)?.1);
            if !all {
                distinct(&mut rows);
            }
        }
        if !query.unions.is_empty() {
            for (values, keys) in &mut rows {
                *keys =
                    query.order.iter().map(|order| output_value(order, &names, values)).collect();
            }
        }
        self.sort(&query.order, &mut rows)?;
        rows.truncate(query.fetch.unwrap_or(usize::MAX));
        let output =
            Arc::new(Output { names, rows: rows.into_iter().map(|(values, _)| values).collect() });
        if !query.correlated {
            self.cache.borrow_mut().insert(query.id, output.clone());
        }
        Ok(output)
    }

    fn select(
        &self,
        select: &Select,
        order: &[Order],
        outer: Option<&Env<'_>>,
    ) -> Result<(Vec<String>, Vec<Keyed>), SqlError> {
        let tables: Vec<Option<Table>> = select
            .from
            .iter()
            .map(|source| match &source.origin {
                Origin::Table(name) => Table::named(self.state, name),
                Origin::Query(_) => None,
            })
            .collect();
        let rows = self.joined(select, &tables, outer)?;
        let values: Vec<(&Expr, &String)> = select
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Value { expr, name } => Some((expr, name)),
                Item::Star(_) => None,
            })
            .collect();
        let names: Vec<String> = values.iter().map(|(_, name)| (*name).clone()).collect();
        let grouped = !select.group.is_empty()
            || values.iter().any(|(expr, _)| expr.has_aggregate())
            || select.having.as_ref().is_some_and(Expr::has_aggregate);
        let groups = if grouped {
            self.groups(select, &tables, rows, outer)?
        } else {
            rows.into_iter().map(|row| vec![row]).collect()
        };
        let mut out = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let env = Env {
                tables: &tables,
                row: group.first().map_or(&[], Vec::as_slice),
                group: grouped.then_some(group.as_slice()),
                rownum: index + 1,
                outer,
            };
            if let Some(having) = &select.having
                && !self.holds(having, &env)?
            {
                continue;
            }
            let row: Vec<Sv> =
                values.iter().map(|(expr, _)| self.eval(expr, &env)).collect::<Result<_, _>>()?;
            let mut keys = Vec::new();
            for order in order {
                keys.push(match order_output(order, &names) {
                    Some(at) => row.get(at).cloned().unwrap_or(Sv::Null),
                    None => self.eval(&order.expr, &env)?,
                });
            }
            out.push((row, keys));
        }
        if select.distinct {
            distinct(&mut out);
        }
        Ok((names, out))
    }

    /// The joined and filtered rows of a select.
    fn joined(
        &self,
        select: &Select,
        tables: &[Option<Table>],
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Vec<Row>>, SqlError> {
        let conditions: Vec<&Expr> =
            select.filter.as_ref().map(Expr::conjuncts).unwrap_or_default();
        let (limits, conditions): (Vec<&Expr>, Vec<&Expr>) =
            conditions.into_iter().partition(|condition| mentions_rownum(condition));
        let mut rows: Vec<Vec<Row>> = vec![Vec::new()];
        for (at, source) in select.from.iter().enumerate() {
            let due: Vec<&Expr> = conditions
                .iter()
                .copied()
                .filter(|condition| last_source(condition).min(select.from.len() - 1) == at)
                .collect();
            rows = self.join(rows, source, at, tables, &due, outer)?;
            let mut kept = Vec::new();
            for row in rows {
                let env = Env { tables, row: &row, group: None, rownum: 0, outer };
                let mut holds = true;
                for condition in &due {
                    holds = holds && self.holds(condition, &env)?;
                }
                if holds {
                    kept.push(row);
                }
            }
            rows = kept;
        }
        self.limit_by_rownum(rows, &limits, tables, outer)
    }

    /// ROWNUM counts the rows that pass, before they are ordered.
    fn limit_by_rownum(
        &self,
        rows: Vec<Vec<Row>>,
        limits: &[&Expr],
        tables: &[Option<Table>],
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Vec<Row>>, SqlError> {
        if limits.is_empty() {
            return Ok(rows);
        }
        let mut kept: Vec<Vec<Row>> = Vec::new();
        for row in rows {
            let env = Env { tables, row: &row, group: None, rownum: kept.len() + 1, outer };
            let mut holds = true;
            for limit in limits {
                holds = holds && self.holds(limit, &env)?;
            }
            if holds {
                kept.push(row);
            }
        }
        Ok(kept)
    }

    fn source_rows(&self, source: &Source, outer: Option<&Env<'_>>) -> Result<Vec<Row>, SqlError> {
        match &source.origin {
            Origin::Table(name) => Ok(Table::named(self.state, name)
                .map(|table| table.rows(self.state))
                .unwrap_or_default()),
            Origin::Query(query) => {
                let output = self.run(query, outer)?;
                let row = |values: &Vec<Sv>| {
                    let named = output.names.iter().cloned().zip(values.iter().cloned());
                    Row::Computed(Arc::new(named.collect()))
                };
                Ok(output.rows.iter().map(row).collect())
            }
        }
    }

    fn join(
        &self,
        left: Vec<Vec<Row>>,
        source: &Source,
        at: usize,
        tables: &[Option<Table>],
        due: &[&Expr],
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Vec<Row>>, SqlError> {
        let right = self.source_rows(source, outer)?;
        let mut on: Vec<&Expr> = source.on.as_ref().map(Expr::conjuncts).unwrap_or_default();
        let mut keys = on.clone();
        if source.join != Join::Left {
            keys.extend(due);
        }
        let key = keys.into_iter().find_map(|condition| hash_key(condition, at));
        let index = match key {
            Some((_, own)) if at > 0 => Some(self.index(&right, own, at, tables, outer)?),
            _ => None,
        };
        on.retain(|condition| !matches!(condition, Expr::Literal(_)));
        let mut out = Vec::new();
        for row in left {
            let env = Env { tables, row: &row, group: None, rownum: 0, outer };
            let candidates: Vec<usize> = match (&index, key) {
                (Some(index), Some((other, _))) => match self.eval(other, &env)?.key() {
                    Some(key) => index.get(&key).cloned().unwrap_or_default(),
                    None => Vec::new(),
                },
                _ => (0..right.len()).collect(),
            };
            let mut matched = false;
            for candidate in candidates {
                let mut joined = row.clone();
                joined.push(right[candidate].clone());
                let env = Env { tables, row: &joined, group: None, rownum: 0, outer };
                let mut holds = true;
                for condition in &on {
                    holds = holds && self.holds(condition, &env)?;
                }
                if holds {
                    matched = true;
                    out.push(joined);
                }
            }
            if !matched && source.join == Join::Left {
                let mut joined = row;
                joined.push(Row::Nothing);
                out.push(joined);
            }
            if out.len() > ROWS_MAX {
                return Err(SqlError::new("The query reads too many rows."));
            }
        }
        Ok(out)
    }

    /// Positions of the rows of a source by the value of one of its expressions.
    fn index(
        &self,
        rows: &[Row],
        expr: &Expr,
        at: usize,
        tables: &[Option<Table>],
        outer: Option<&Env<'_>>,
    ) -> Result<BTreeMap<String, Vec<usize>>, SqlError> {
        let mut index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut row = vec![Row::Nothing; at + 1];
        for (position, own) in rows.iter().enumerate() {
            row[at] = own.clone();
            let env = Env { tables, row: &row, group: None, rownum: 0, outer };
            if let Some(key) = self.eval(expr, &env)?.key() {
                index.entry(key).or_default().push(position);
            }
        }
        Ok(index)
    }

    fn groups(
        &self,
        select: &Select,
        tables: &[Option<Table>],
        rows: Vec<Vec<Row>>,
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Vec<Vec<Row>>>, SqlError> {
        if select.group.is_empty() {
            return Ok(vec![rows]);
        }
        let mut groups: BTreeMap<Vec<Option<String>>, Vec<Vec<Row>>> = BTreeMap::new();
        for row in rows {
            let env = Env { tables, row: &row, group: None, rownum: 0, outer };
            let mut key = Vec::new();
            for expr in &select.group {
                key.push(self.eval(expr, &env)?.key());
            }
            groups.entry(key).or_default().push(row);
        }
        Ok(groups.into_values().collect())
    }

    fn sort(&self, order: &[Order], rows: &mut [Keyed]) -> Result<(), SqlError> {
        let mut failed = None;
        rows.sort_by(|(_, a), (_, b)| {
            for ((order, a), b) in order.iter().zip(a).zip(b) {
                let ordering = match (a.is_null(), b.is_null()) {
                    (true, true) => Ordering::Equal,
                    // Nulls come last going up and first going down, as in Oracle.
                    (true, false) | (false, true) => {
                        let first = order.nulls_first.unwrap_or(order.descending);
                        if a.is_null() == first { Ordering::Less } else { Ordering::Greater }
                    }
                    (false, false) => match a.compare(b, self.context.company) {
                        Ok(Some(found)) if order.descending => found.reverse(),
                        Ok(found) => found.unwrap_or(Ordering::Equal),
                        Err(error) => {
                            failed = Some(error);
                            Ordering::Equal
                        }
                    },
                };
                if ordering != Ordering::Equal {
                    return ordering;
                }
            }
            Ordering::Equal
        });
        failed.map_or(Ok(()), Err)
    }
}

fn distinct(rows: &mut Vec<Keyed>) {
    let mut seen: BTreeSet<Vec<Option<String>>> = BTreeSet::new();
    rows.retain(|(values, _)| seen.insert(values.iter().map(Sv::key).collect()));
}

/// The output column that an ORDER BY term names, by name or by position.
fn order_output(order: &Order, names: &[String]) -> Option<usize> {
    match &order.expr {
        Expr::Column { table: None, name, slot: None } => {
            names.iter().position(|output| output == name)
        }
        Expr::Literal(Sv::Number(position)) => usize::try_from(*position).ok()?.checked_sub(1),
        _ => None,
    }
}

fn output_value(order: &Order, names: &[String], values: &[Sv]) -> Sv {
    order_output(order, names).and_then(|at| values.get(at).cloned()).unwrap_or(Sv::Null)
}

/// The last source of this query that a condition reads; subqueries may read any of them.
fn last_source(expr: &Expr) -> usize {
    match expr {
        Expr::Column { slot: Some(slot), .. } if slot.depth == 0 => slot.source,
        Expr::Exists(query) | Expr::Scalar(query) | Expr::InQuery { query, .. }
            if query.correlated =>
        {
            usize::MAX
        }
        other => other.parts().into_iter().map(last_source).max().unwrap_or_default(),
    }
}

fn mentions_rownum(expr: &Expr) -> bool {
    *expr == Expr::Rownum || expr.parts().into_iter().any(mentions_rownum)
}

/// Splits `other = own` where `own` is a column of source `at` and `other` one of an earlier source
/// or of a query around. Statuses equal two texts, so they are never looked up.
fn hash_key(condition: &Expr, at: usize) -> Option<(&Expr, &Expr)> {
    let Expr::Compare(Compare::Equal, a, b) = condition else { return None };
    let slot = |expr: &Expr| match expr {
        Expr::Column { slot: Some(slot), name, .. } if name != "status" => Some(*slot),
        _ => None,
    };
    let own = |slot: Slot| slot.depth == 0 && slot.source == at;
    let earlier = |slot: Slot| slot.depth > 0 || slot.source < at;
    let (left, right) = (slot(a)?, slot(b)?);
    if own(right) && earlier(left) {
        Some((a, b))
    } else if own(left) && earlier(right) {
        Some((b, a))
    } else {
        None
    }
}

//! Resolves the names of a query against its tables, before any row is read: unknown tables and
//! columns are refused also where there are no rows (netsuite sheet section 8.9).

use super::SqlError;
use super::ast::{Expr, Item, Origin, Query, Select, Slot};
use super::tables::Table;
use crate::netsuite::state::State;
use std::cell::Cell;

/// The sources of one query, inside the queries around it.
struct Scope<'a> {
    sources: Vec<(String, Vec<String>)>,
    parent: Option<&'a Scope<'a>>,
    /// Whether a name was found further out.
    reaches_out: Cell<bool>,
}

impl Scope<'_> {
    fn find(&self, table: Option<&str>, name: &str) -> Result<Slot, SqlError> {
        let mut scope = self;
        let mut depth = 0;
        loop {
            let fits = |(alias, columns): &(String, Vec<String>)| {
                table.is_none_or(|table| table == alias) && columns.iter().any(|c| c == name)
            };
            let mut found = (0..scope.sources.len()).filter(|at| fits(&scope.sources[*at]));
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => {
                    let text = format!("Field '{name}' is ambiguous.");
                    return Err(SqlError::new(text));
                }
                (Some(source), None) => {
                    self.mark(depth);
                    return Ok(Slot { depth, source });
                }
                (None, _) => {}
            }
            let Some(parent) = scope.parent else { return Err(self.unknown(table, name)) };
            scope = parent;
            depth += 1;
        }
    }

    /// Every query between the name and its source depends on what is around it.
    fn mark(&self, depth: usize) {
        let mut scope = Some(self);
        for _ in 0..depth {
            if let Some(inner) = scope {
                inner.reaches_out.set(true);
                scope = inner.parent;
            }
        }
    }

    fn unknown(&self, table: Option<&str>, name: &str) -> SqlError {
        let several = self.sources.len() > 1;
        let mut known: Vec<String> = Vec::new();
        for (alias, columns) in &self.sources {
            for column in columns {
                let shown = if several { format!("{alias}.{column}") } else { column.clone() };
                known.push(format!("{shown}={shown}"));
            }
        }
        known.sort();
        let wanted = table.map_or_else(|| name.to_owned(), |table| format!("{table}.{name}"));
        SqlError::new(format!(
            "Unknown identifier '{wanted}'. Available identifiers are: {{{}}}.",
            known.join(", ")
        ))
    }
}

/// Resolves a whole query and answers its output columns.
pub fn bind(state: &State, query: &mut Query) -> Result<Vec<String>, SqlError> {
    bind_query(state, query, None)
}

fn bind_query(
    state: &State,
    query: &mut Query,
    parent: Option<&Scope<'_>>,
) -> Result<Vec<String>, SqlError> {
    let mut reaches_out = false;
    let alone = query.unions.is_empty();
    let order = if alone { Some(&mut query.order) } else { None };
    let mut order_exprs: Vec<&mut Expr> =
        order.into_iter().flatten().map(|order| &mut order.expr).collect();
    let names = bind_select(state, &mut query.first, parent, &mut order_exprs, &mut reaches_out)?;
    for (_, select) in &mut query.unions {
        let other = bind_select(state, select, parent, &mut [], &mut reaches_out)?;
        if other.len() != names.len() {
            return Err(SqlError::new("The selects of a UNION differ in their columns."));
        }
    }
    query.correlated = reaches_out;
    Ok(names)
}

fn bind_select(
    state: &State,
    select: &mut Select,
    parent: Option<&Scope<'_>>,
    order: &mut [&mut Expr],
    reaches_out: &mut bool,
) -> Result<Vec<String>, SqlError> {
    let mut scope = Scope { sources: Vec::new(), parent, reaches_out: Cell::new(false) };
    for source in &mut select.from {
        let columns = match &mut source.origin {
            Origin::Table(name) => Table::named(state, name)
                .ok_or_else(|| SqlError::new(format!("Record '{name}' was not found.")))?
                .columns(state),
            Origin::Query(query) => bind_query(state, query, parent)?,
        };
        if scope.sources.iter().any(|(alias, _)| *alias == source.alias && !alias.is_empty()) {
            return Err(SqlError::syntax());
        }
        scope.sources.push((source.alias.clone(), columns));
        if let Some(on) = &mut source.on {
            bind_expr(state, on, &scope)?;
        }
    }
    expand_stars(select, &scope)?;
    let mut names = Vec::new();
    for item in &mut select.items {
        if let Item::Value { expr, name } = item {
            bind_expr(state, expr, &scope)?;
            names.push(name.clone());
        }
    }
    for expr in select.filter.iter_mut().chain(&mut select.group).chain(&mut select.having) {
        bind_expr(state, expr, &scope)?;
    }
    for expr in order {
        // A name in ORDER BY may be an output name; those win.
        let output =
            matches!(&**expr, Expr::Column { table: None, name, .. } if names.contains(name));
        if !output {
            bind_expr(state, expr, &scope)?;
        }
    }
    check_grouping(select)?;
    *reaches_out |= scope.reaches_out.get();
    Ok(names)
}

fn expand_stars(select: &mut Select, scope: &Scope<'_>) -> Result<(), SqlError> {
    let mut items = Vec::new();
    for item in std::mem::take(&mut select.items) {
        let Item::Star(wanted) = item else {
            items.push(item);
            continue;
        };
        let mut found = false;
        for (alias, columns) in &scope.sources {
            if wanted.as_ref().is_some_and(|wanted| wanted != alias) {
                continue;
            }
            found = true;
            for name in columns {
                let table = Some(alias.clone());
                let expr = Expr::Column { table, name: name.clone(), slot: None };
                items.push(Item::Value { expr, name: name.clone() });
            }
        }
        if !found {
            return Err(SqlError::syntax());
        }
    }
    select.items = items;
    Ok(())
}

fn bind_expr(state: &State, expr: &mut Expr, scope: &Scope<'_>) -> Result<(), SqlError> {
    match expr {
        Expr::Column { table, name, slot } => {
            *slot = Some(scope.find(table.as_deref(), name)?);
            Ok(())
        }
        Expr::Exists(query) | Expr::Scalar(query) => {
            bind_query(state, query, Some(scope)).map(|_| ())
        }
        Expr::InQuery { expr, query, .. } => {
            bind_expr(state, expr, scope)?;
            let names = bind_query(state, query, Some(scope))?;
            if names.len() == 1 { Ok(()) } else { Err(SqlError::syntax()) }
        }
        Expr::Literal(_) | Expr::Param(_) | Expr::Rownum | Expr::CountAll => Ok(()),
        Expr::Negate(a) | Expr::Not(a) | Expr::IsNull { expr: a, .. } => bind_expr(state, a, scope),
        Expr::Math(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
            bind_expr(state, a, scope)?;
            bind_expr(state, b, scope)
        }
        Expr::In { expr, list, .. } => {
            bind_expr(state, expr, scope)?;
            bind_all(state, list.iter_mut(), scope)
        }
        Expr::Like { expr, pattern, escape, .. } => {
            bind_expr(state, expr, scope)?;
            bind_expr(state, pattern, scope)?;
            bind_all(state, escape.as_deref_mut().into_iter(), scope)
        }
        Expr::Between { expr, low, high, .. } => {
            bind_all(state, [&mut **expr, &mut **low, &mut **high].into_iter(), scope)
        }
        Expr::Case { operand, arms, otherwise } => {
            bind_all(state, operand.as_deref_mut().into_iter(), scope)?;
            for (when, then) in arms {
                bind_expr(state, when, scope)?;
                bind_expr(state, then, scope)?;
            }
            bind_all(state, otherwise.as_deref_mut().into_iter(), scope)
        }
        Expr::Call { name, args, .. } => {
            let column = matches!(args.first(), Some(Expr::Column { .. }));
            if name.starts_with("builtin.") && !column {
                return Err(SqlError::new(format!("Function '{name}' needs a field.")));
            }
            bind_all(state, args.iter_mut(), scope)
        }
    }
}

fn bind_all<'e>(
    state: &State,
    exprs: impl Iterator<Item = &'e mut Expr>,
    scope: &Scope<'_>,
) -> Result<(), SqlError> {
    for expr in exprs {
        bind_expr(state, expr, scope)?;
    }
    Ok(())
}

/// In a grouped select every column outside an aggregate is one of the group.
fn check_grouping(select: &Select) -> Result<(), SqlError> {
    let values = select.items.iter().filter_map(|item| match item {
        Item::Value { expr, .. } => Some(expr),
        Item::Star(_) => None,
    });
    let shown: Vec<&Expr> = values.chain(&select.having).collect();
    let grouped = !select.group.is_empty() || shown.iter().any(|expr| expr.has_aggregate());
    if select.filter.as_ref().is_some_and(Expr::has_aggregate) {
        return Err(SqlError::new("Group function is not allowed here."));
    }
    if !grouped {
        return Ok(());
    }
    for expr in shown {
        check_grouped(expr, &select.group)?;
    }
    Ok(())
}

fn check_grouped(expr: &Expr, group: &[Expr]) -> Result<(), SqlError> {
    if expr.is_aggregate() || group.iter().any(|key| same(key, expr)) {
        return Ok(());
    }
    if let Expr::Column { name, slot, .. } = expr {
        let outer = slot.is_some_and(|slot| slot.depth > 0);
        let text = format!("Field '{name}' is not a GROUP BY expression.");
        return if outer { Ok(()) } else { Err(SqlError::new(text)) };
    }
    expr.parts().into_iter().try_for_each(|part| check_grouped(part, group))
}

/// Equal but for how columns are qualified.
fn same(a: &Expr, b: &Expr) -> bool {
    match (a, b) {
        (Expr::Column { name: a, slot: at, .. }, Expr::Column { name: b, slot: bt, .. }) => {
            a == b && at == bt
        }
        _ => a == b,
    }
}

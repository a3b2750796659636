//! SuiteQL texts, built from tables of columns. A column that an account does not have (a feature
//! off, a field not installed) is left out and asked for again later, so that one missing field
//! never stops the reading of the rest (netsuite sheet sections 8 and 20).

use std::collections::BTreeSet;

use super::refusal::UnknownName;

/// Rows per page: the most that NetSuite gives (netsuite sheet section 7).
pub const PAGE_ROWS: usize = 1_000;
/// Values in one IN list (netsuite sheet section 20, row 2).
pub const IN_VALUES_MAX: usize = 1_000;

/// One selected column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in the answer: lower case, as NetSuite gives names back.
    pub name: &'static str,
    pub expression: &'static str,
    /// The join it needs.
    pub join: Option<&'static str>,
    /// Left out where the account does not have it.
    pub optional: bool,
}

/// What is selected from where.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub from: &'static str,
    pub columns: &'static [Column],
}

/// A column that must be there.
#[must_use]
pub const fn must(name: &'static str, expression: &'static str) -> Column {
    Column { name, expression, join: None, optional: false }
}

/// A column that may be missing.
#[must_use]
pub const fn may(name: &'static str, expression: &'static str) -> Column {
    Column { name, expression, join: None, optional: true }
}

/// A column of ours, whose name is its expression but for the alias.
#[must_use]
pub const fn joined(name: &'static str, expression: &'static str, join: &'static str) -> Column {
    Column { name, expression, join: Some(join), optional: true }
}

impl Table {
    /// The query without the columns that are known to be missing. `tail`: everything from WHERE on.
    #[must_use]
    pub fn select(&self, missing: &BTreeSet<&'static str>, tail: &str) -> String {
        let kept: Vec<&Column> =
            self.columns.iter().filter(|column| !missing.contains(column.name)).collect();
        let list: Vec<String> =
            kept.iter().map(|column| format!("{} AS {}", column.expression, column.name)).collect();
        let mut joins: Vec<&str> = Vec::new();
        for join in kept.iter().filter_map(|column| column.join) {
            if !joins.contains(&join) {
                joins.push(join);
            }
        }
        let joins: String = joins.iter().map(|join| format!(" {join}")).collect();
        format!("SELECT {} FROM {}{joins} {tail}", list.join(", "), self.from)
    }

    /// The optional columns to leave out, now that the account did not know `unknown`.
    #[must_use]
    pub fn without(&self, unknown: &UnknownName) -> Vec<&'static str> {
        let concerned = |column: &&Column| {
            column.optional
                && match unknown {
                    UnknownName::Column(name) => {
                        has_word(column.expression, name)
                            || column.join.is_some_and(|join| has_word(join, name))
                    }
                    UnknownName::Table(name) => {
                        column.join.is_some_and(|join| has_word(join, name))
                    }
                }
        };
        self.columns.iter().filter(concerned).map(|column| column.name).collect()
    }
}

/// Whether an expression uses the identifier, whatever its case.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .any(|part| part.eq_ignore_ascii_case(word))
}

/// A text in single quotes, its own quotes doubled.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `1,2,3`. The ids were checked to be integers.
#[must_use]
pub fn id_list(ids: &[&str]) -> String {
    ids.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table {
        from: "transaction t",
        columns: &[
            must("id", "t.id"),
            may("rate", "t.exchangerate"),
            joined("subsidiary", "tl.subsidiary", "INNER JOIN transactionline tl ON x = y"),
        ],
    };

    #[test]
    fn a_missing_column_is_left_out_with_its_join() {
        let mut missing = BTreeSet::new();
        assert_eq!(
            TABLE.select(&missing, "WHERE t.id = 1"),
            "SELECT t.id AS id, t.exchangerate AS rate, tl.subsidiary AS subsidiary FROM \
             transaction t INNER JOIN transactionline tl ON x = y WHERE t.id = 1"
        );
        for (unknown, expected) in [
            (UnknownName::Column("exchangerate".to_owned()), vec!["rate"]),
            (UnknownName::Column("subsidiary".to_owned()), vec!["subsidiary"]),
            (UnknownName::Table("transactionline".to_owned()), vec!["subsidiary"]),
            (UnknownName::Column("id".to_owned()), vec![]),
        ] {
            assert_eq!(TABLE.without(&unknown), expected, "{unknown:?}");
        }
        missing.insert("subsidiary");
        assert_eq!(
            TABLE.select(&missing, ""),
            "SELECT t.id AS id, t.exchangerate AS rate FROM transaction t "
        );
    }

    #[test]
    fn quotes_can_not_end_a_literal() {
        assert_eq!(quoted("O'Hara"), "'O''Hara'");
    }
}

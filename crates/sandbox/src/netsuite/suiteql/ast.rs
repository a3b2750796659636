//! The syntax tree of a query.

use super::value::Sv;

/// A query with its set operations, order and row limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub first: Select,
    /// Further selects with `true` for UNION ALL.
    pub unions: Vec<(bool, Select)>,
    pub order: Vec<Order>,
    pub fetch: Option<usize>,
    /// Number of the query within its text, for the cache.
    pub id: usize,
    /// Whether it reads columns of an enclosing query (set while binding).
    pub correlated: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    pub distinct: bool,
    pub items: Vec<Item>,
    pub from: Vec<Source>,
    pub filter: Option<Expr>,
    pub group: Vec<Expr>,
    pub having: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `*` or `alias.*`.
    Star(Option<String>),
    Value {
        expr: Expr,
        name: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    First,
    Comma,
    Inner,
    Left,
    Cross,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub origin: Origin,
    pub alias: String,
    pub join: Join,
    pub on: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    Table(String),
    Query(Box<Query>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub expr: Expr,
    pub descending: bool,
    pub nulls_first: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Math {
    Add,
    Subtract,
    Multiply,
    Divide,
    Concat,
}

/// Where a bound column is found: how many queries out, which source there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub depth: usize,
    pub source: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Literal(Sv),
    /// `?`, by position.
    Param(usize),
    Column {
        table: Option<String>,
        name: String,
        slot: Option<Slot>,
    },
    Rownum,
    Negate(Box<Expr>),
    Math(Math, Box<Expr>, Box<Expr>),
    Compare(Compare, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    In {
        expr: Box<Expr>,
        list: Vec<Expr>,
        not: bool,
    },
    InQuery {
        expr: Box<Expr>,
        query: Box<Query>,
        not: bool,
    },
    Exists(Box<Query>),
    Scalar(Box<Query>),
    Like {
        expr: Box<Expr>,
        pattern: Box<Expr>,
        escape: Option<Box<Expr>>,
        not: bool,
    },
    Between {
        expr: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        not: bool,
    },
    IsNull {
        expr: Box<Expr>,
        not: bool,
    },
    Case {
        operand: Option<Box<Expr>>,
        arms: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Call {
        name: String,
        args: Vec<Expr>,
        distinct: bool,
    },
    /// `COUNT(*)`.
    CountAll,
}

pub const AGGREGATES: [&str; 5] = ["count", "sum", "min", "max", "avg"];

impl Expr {
    /// Whether the expression is itself an aggregate call.
    pub fn is_aggregate(&self) -> bool {
        match self {
            Expr::CountAll => true,
            Expr::Call { name, .. } => AGGREGATES.contains(&name.as_str()),
            _ => false,
        }
    }

    /// The direct parts of the expression (subqueries are not parts).
    pub fn parts(&self) -> Vec<&Expr> {
        match self {
            Expr::Literal(_)
            | Expr::Param(_)
            | Expr::Column { .. }
            | Expr::Rownum
            | Expr::Exists(_)
            | Expr::Scalar(_)
            | Expr::CountAll => Vec::new(),
            Expr::Negate(a) | Expr::Not(a) => vec![a],
            Expr::Math(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
                vec![a, b]
            }
            Expr::In { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
            Expr::InQuery { expr, .. } | Expr::IsNull { expr, .. } => vec![expr],
            Expr::Like { expr, pattern, escape, .. } => {
                let mut all: Vec<&Expr> = vec![expr, pattern];
                all.extend(escape.as_deref());
                all
            }
            Expr::Between { expr, low, high, .. } => vec![expr, low, high],
            Expr::Case { operand, arms, otherwise } => {
                let mut all: Vec<&Expr> = operand.as_deref().into_iter().collect();
                all.extend(arms.iter().flat_map(|(when, then)| [when, then]));
                all.extend(otherwise.as_deref());
                all
            }
            Expr::Call { args, .. } => args.iter().collect(),
        }
    }

    /// Whether an aggregate stands anywhere in the expression.
    pub fn has_aggregate(&self) -> bool {
        self.is_aggregate() || self.parts().into_iter().any(Expr::has_aggregate)
    }

    /// Splits a condition at its top-level ANDs.
    pub fn conjuncts(&self) -> Vec<&Expr> {
        match self {
            Expr::And(left, right) => {
                let mut all = left.conjuncts();
                all.extend(right.conjuncts());
                all
            }
            other => vec![other],
        }
    }
}

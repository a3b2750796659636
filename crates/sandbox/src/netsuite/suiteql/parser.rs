//! Parses queries: SELECT with joins, conditions, grouping, order, FETCH FIRST, UNION
//! (netsuite sheet section 8.3). What the dialect lacks is a syntax error.

use super::SqlError;
use super::ast::{Expr, Item, Join, Order, Origin, Query, Select, Source};
use super::lexer::{Token, tokens};

/// Words that end a name: they are never an alias.
const RESERVED: [&str; 29] = [
    "select", "from", "where", "group", "order", "having", "inner", "left", "right", "full",
    "join", "on", "and", "or", "not", "union", "fetch", "as", "by", "case", "when", "then", "else",
    "end", "in", "is", "like", "between", "cross",
];

pub struct Parser {
    tokens: Vec<Token>,
    at: usize,
    pub(super) params: usize,
    queries: usize,
    /// Subqueries being read right now.
    depth: usize,
}

/// Parses a query; answers it with the number of `?` in it.
pub fn parse(text: &str) -> Result<(Query, usize), SqlError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, params: 0, queries: 0, depth: 0 };
    let query = parser.query()?;
    if parser.at < parser.tokens.len() {
        return Err(SqlError::syntax());
    }
    Ok((query, parser.params))
}

impl Parser {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(have)) if have == word)
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(have)) if *have == symbol)
    }

    /// Whether the token after the next one is this symbol.
    pub(super) fn symbol_follows(&self, symbol: &str) -> bool {
        matches!(self.tokens.get(self.at + 1), Some(Token::Symbol(have)) if *have == symbol)
    }

    pub(super) fn takes(&mut self, word: &str) -> bool {
        let fits = self.is_word(word);
        self.at += usize::from(fits);
        fits
    }

    pub(super) fn takes_symbol(&mut self, symbol: &str) -> bool {
        let fits = self.is_symbol(symbol);
        self.at += usize::from(fits);
        fits
    }

    pub(super) fn need(&mut self, word: &str) -> Result<(), SqlError> {
        if self.takes(word) { Ok(()) } else { Err(SqlError::syntax()) }
    }

    pub(super) fn need_symbol(&mut self, symbol: &str) -> Result<(), SqlError> {
        if self.takes_symbol(symbol) { Ok(()) } else { Err(SqlError::syntax()) }
    }

    /// A query in parentheses whose opening one was taken.
    pub(super) fn subquery(&mut self) -> Result<Box<Query>, SqlError> {
        self.depth += 1;
        let query = self.query()?;
        self.depth -= 1;
        self.need_symbol(")")?;
        Ok(Box::new(query))
    }

    fn query(&mut self) -> Result<Query, SqlError> {
        self.queries += 1;
        let id = self.queries;
        let first = self.select()?;
        let mut unions = Vec::new();
        while self.takes("union") {
            let all = self.takes("all");
            unions.push((all, self.select()?));
        }
        let order = if self.takes("order") { self.order()? } else { Vec::new() };
        let fetch = self.fetch()?;
        Ok(Query { first, unions, order, fetch, id, correlated: false })
    }

    fn fetch(&mut self) -> Result<Option<usize>, SqlError> {
        if !self.takes("fetch") {
            return Ok(None);
        }
        if !self.takes("first") {
            self.need("next")?;
        }
        let Some(Token::Number(count)) = self.next() else { return Err(SqlError::syntax()) };
        if !self.takes("rows") {
            self.need("row")?;
        }
        self.need("only")?;
        usize::try_from(count).map(Some).map_err(|_| SqlError::syntax())
    }

    fn order(&mut self) -> Result<Vec<Order>, SqlError> {
        self.need("by")?;
        let mut all = Vec::new();
        loop {
            let expr = self.expr()?;
            let descending = self.takes("desc");
            if !descending {
                self.takes("asc");
            }
            let nulls_first = match self.takes("nulls") {
                true if self.takes("first") => Some(true),
                true => {
                    self.need("last")?;
                    Some(false)
                }
                false => None,
            };
            all.push(Order { expr, descending, nulls_first });
            if !self.takes_symbol(",") {
                return Ok(all);
            }
        }
    }

    fn select(&mut self) -> Result<Select, SqlError> {
        self.need("select")?;
        let distinct = self.takes("distinct");
        if !distinct {
            self.takes("all");
        }
        let mut items = Vec::new();
        loop {
            let item = self.item(items.len() + 1)?;
            items.push(item);
            if !self.takes_symbol(",") {
                break;
            }
        }
        self.need("from")?;
        let from = self.from()?;
        let filter = if self.takes("where") { Some(self.expr()?) } else { None };
        let mut group = Vec::new();
        if self.takes("group") {
            self.need("by")?;
            loop {
                group.push(self.expr()?);
                if !self.takes_symbol(",") {
                    break;
                }
            }
        }
        let having = if self.takes("having") { Some(self.expr()?) } else { None };
        Ok(Select { distinct, items, from, filter, group, having })
    }

    fn item(&mut self, number: usize) -> Result<Item, SqlError> {
        if self.takes_symbol("*") {
            return Ok(Item::Star(None));
        }
        let star = self.tokens.get(self.at + 2) == Some(&Token::Symbol("*"));
        if star && self.symbol_follows(".") {
            let Some(Token::Word(alias)) = self.next() else { return Err(SqlError::syntax()) };
            self.at += 2;
            return Ok(Item::Star(Some(alias)));
        }
        let expr = self.expr()?;
        let name = match self.alias()? {
            Some(alias) => alias,
            None => match &expr {
                Expr::Column { name, .. } => name.clone(),
                _ => format!("expr{number}"),
            },
        };
        Ok(Item::Value { expr, name })
    }

    /// `[AS] name`; quoted names are refused inside subqueries (sheet section 20, row 2).
    fn alias(&mut self) -> Result<Option<String>, SqlError> {
        let stated = self.takes("as");
        match self.peek() {
            Some(Token::Word(word)) if !RESERVED.contains(&word.as_str()) && word != "limit" => {
                let word = word.clone();
                self.at += 1;
                Ok(Some(word))
            }
            Some(Token::Quoted(name)) if self.depth == 0 => {
                let name = name.clone();
                self.at += 1;
                Ok(Some(name))
            }
            _ if stated => Err(SqlError::syntax()),
            _ => Ok(None),
        }
    }

    fn from(&mut self) -> Result<Vec<Source>, SqlError> {
        let mut all = vec![self.source(Join::First)?];
        let (mut commas, mut joins) = (false, false);
        loop {
            if self.takes_symbol(",") {
                commas = true;
                all.push(self.source(Join::Comma)?);
                continue;
            }
            let join = if self.takes("inner") || self.is_word("join") {
                Join::Inner
            } else if self.takes("left") {
                self.takes("outer");
                Join::Left
            } else if self.takes("cross") {
                Join::Cross
            } else {
                break;
            };
            self.need("join")?;
            joins = true;
            let mut source = self.source(join)?;
            if join != Join::Cross {
                self.need("on")?;
                source.on = Some(self.expr()?);
            }
            all.push(source);
        }
        // The two join styles do not mix (sheet section 20, row 2).
        if commas && joins { Err(SqlError::syntax()) } else { Ok(all) }
    }

    fn source(&mut self, join: Join) -> Result<Source, SqlError> {
        if self.takes_symbol("(") {
            let query = self.subquery()?;
            let alias = self.alias()?.unwrap_or_default();
            return Ok(Source { origin: Origin::Query(query), alias, join, on: None });
        }
        let Some(Token::Word(table)) = self.next() else { return Err(SqlError::syntax()) };
        if RESERVED.contains(&table.as_str()) {
            return Err(SqlError::syntax());
        }
        let alias = self.alias()?.unwrap_or_else(|| table.clone());
        Ok(Source { origin: Origin::Table(table), alias, join, on: None })
    }
}

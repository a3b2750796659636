//! Parses expressions and conditions.

use super::SqlError;
use super::ast::{Compare, Expr, Math};
use super::functions;
use super::lexer::Token;
use super::parser::Parser;
use super::value::Sv;

/// Most values in an IN list (sheet section 20, row 2).
const IN_VALUES_MAX: usize = 1000;

impl Parser {
    pub(super) fn expr(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.and()?;
        while self.takes("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.not()?;
        while self.takes("and") {
            left = Expr::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, SqlError> {
        if self.takes("not") { Ok(Expr::Not(Box::new(self.not()?))) } else { self.comparison() }
    }

    fn comparison(&mut self) -> Result<Expr, SqlError> {
        let left = self.sum()?;
        let symbols = [
            ("=", Compare::Equal),
            ("<>", Compare::Unequal),
            ("!=", Compare::Unequal),
            ("^=", Compare::Unequal),
            ("<=", Compare::LessEqual),
            (">=", Compare::GreaterEqual),
            ("<", Compare::Less),
            (">", Compare::Greater),
        ];
        for (symbol, compare) in symbols {
            if self.takes_symbol(symbol) {
                return Ok(Expr::Compare(compare, Box::new(left), Box::new(self.sum()?)));
            }
        }
        if self.takes("is") {
            let not = self.takes("not");
            self.need("null")?;
            return Ok(Expr::IsNull { expr: Box::new(left), not });
        }
        let not = self.takes("not");
        if self.takes("in") {
            return self.in_list(left, not);
        }
        if self.takes("like") {
            let pattern = Box::new(self.sum()?);
            let escape = if self.takes("escape") { Some(Box::new(self.sum()?)) } else { None };
            return Ok(Expr::Like { expr: Box::new(left), pattern, escape, not });
        }
        if self.takes("between") {
            let low = Box::new(self.sum()?);
            self.need("and")?;
            let high = Box::new(self.sum()?);
            return Ok(Expr::Between { expr: Box::new(left), low, high, not });
        }
        if not { Err(SqlError::syntax()) } else { Ok(left) }
    }

    fn in_list(&mut self, left: Expr, not: bool) -> Result<Expr, SqlError> {
        self.need_symbol("(")?;
        let expr = Box::new(left);
        if self.is_word("select") {
            let query = self.subquery()?;
            return Ok(Expr::InQuery { expr, query, not });
        }
        let mut list = Vec::new();
        loop {
            list.push(self.sum()?);
            if !self.takes_symbol(",") {
                break;
            }
        }
        self.need_symbol(")")?;
        if list.len() > IN_VALUES_MAX {
            return Err(SqlError::syntax());
        }
        Ok(Expr::In { expr, list, not })
    }

    fn sum(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.product()?;
        loop {
            let math = if self.takes_symbol("+") {
                Math::Add
            } else if self.takes_symbol("-") {
                Math::Subtract
            } else if self.takes_symbol("||") {
                Math::Concat
            } else {
                return Ok(left);
            };
            left = Expr::Math(math, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.unary()?;
        loop {
            let math = if self.takes_symbol("*") {
                Math::Multiply
            } else if self.takes_symbol("/") {
                Math::Divide
            } else {
                return Ok(left);
            };
            left = Expr::Math(math, Box::new(left), Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Result<Expr, SqlError> {
        if self.takes_symbol("-") {
            return Ok(Expr::Negate(Box::new(self.unary()?)));
        }
        self.takes_symbol("+");
        self.primary()
    }

    fn primary(&mut self) -> Result<Expr, SqlError> {
        if self.is_word("case") {
            self.takes("case");
            return self.case();
        }
        if self.is_word("exists") {
            self.takes("exists");
            self.need_symbol("(")?;
            return Ok(Expr::Exists(self.subquery()?));
        }
        match self.next() {
            Some(Token::Number(number)) => Ok(Expr::Literal(Sv::Number(number))),
            Some(Token::Text(text)) => Ok(Expr::Literal(Sv::text(text))),
            Some(Token::Symbol("?")) => {
                self.params += 1;
                Ok(Expr::Param(self.params - 1))
            }
            Some(Token::Symbol("(")) => {
                if self.is_word("select") {
                    return Ok(Expr::Scalar(self.subquery()?));
                }
                let inner = self.expr()?;
                self.need_symbol(")")?;
                Ok(inner)
            }
            Some(Token::Word(word)) => self.named(word),
            _ => Err(SqlError::syntax()),
        }
    }

    fn named(&mut self, word: String) -> Result<Expr, SqlError> {
        match word.as_str() {
            "null" => return Ok(Expr::Literal(Sv::Null)),
            "rownum" => return Ok(Expr::Rownum),
            "sysdate" | "current_date" | "systimestamp" | "current_timestamp" => {
                let name = if word.starts_with("current_d") { "sysdate" } else { &word };
                return Ok(Expr::Call { name: name.to_owned(), args: Vec::new(), distinct: false });
            }
            "select" | "from" | "where" | "and" | "or" | "on" | "with" => {
                return Err(SqlError::syntax());
            }
            _ => {}
        }
        // Date literals (DATE '2026-01-01') are refused (sheet section 20, row 2).
        if matches!(self.peek(), Some(Token::Text(_))) {
            return Err(SqlError::syntax());
        }
        if self.is_symbol("(") {
            return self.call(word);
        }
        if self.takes_symbol(".") {
            let Some(Token::Word(name)) = self.next() else { return Err(SqlError::syntax()) };
            if word == "builtin" {
                return self.call(format!("builtin.{name}"));
            }
            return Ok(Expr::Column { table: Some(word), name, slot: None });
        }
        Ok(Expr::Column { table: None, name: word, slot: None })
    }

    fn call(&mut self, name: String) -> Result<Expr, SqlError> {
        self.need_symbol("(")?;
        if name == "count" && self.takes_symbol("*") {
            self.need_symbol(")")?;
            return Ok(Expr::CountAll);
        }
        if name == "extract" {
            return self.extract();
        }
        if name == "cast" {
            return self.cast();
        }
        let distinct = self.takes("distinct");
        let mut args = Vec::new();
        if !self.is_symbol(")") {
            loop {
                args.push(self.expr()?);
                if !self.takes_symbol(",") {
                    break;
                }
            }
        }
        self.need_symbol(")")?;
        functions::check(&name, args.len())?;
        Ok(Expr::Call { name, args, distinct })
    }

    fn extract(&mut self) -> Result<Expr, SqlError> {
        let Some(Token::Word(unit)) = self.next() else { return Err(SqlError::syntax()) };
        if !["year", "month", "day"].contains(&unit.as_str()) {
            return Err(SqlError::syntax());
        }
        self.need("from")?;
        let expr = self.expr()?;
        self.need_symbol(")")?;
        let unit = Expr::Literal(Sv::Text(unit));
        Ok(Expr::Call { name: "extract".to_owned(), args: vec![unit, expr], distinct: false })
    }

    fn cast(&mut self) -> Result<Expr, SqlError> {
        let expr = self.expr()?;
        self.need("as")?;
        let Some(Token::Word(kind)) = self.next() else { return Err(SqlError::syntax()) };
        if self.takes_symbol("(") {
            while !self.is_symbol(")") {
                self.next().ok_or_else(SqlError::syntax)?;
            }
            self.need_symbol(")")?;
        }
        self.need_symbol(")")?;
        let name = match kind.as_str() {
            "number" | "integer" | "int" | "decimal" | "numeric" => "to_number",
            "varchar" | "varchar2" | "char" => "to_char",
            _ => return Err(SqlError::syntax()),
        };
        Ok(Expr::Call { name: name.to_owned(), args: vec![expr], distinct: false })
    }

    fn case(&mut self) -> Result<Expr, SqlError> {
        let operand = if self.is_word("when") { None } else { Some(Box::new(self.expr()?)) };
        let mut arms = Vec::new();
        while self.takes("when") {
            let when = self.expr()?;
            self.need("then")?;
            arms.push((when, self.expr()?));
        }
        let otherwise = if self.takes("else") { Some(Box::new(self.expr()?)) } else { None };
        self.need("end")?;
        if arms.is_empty() {
            Err(SqlError::syntax())
        } else {
            Ok(Expr::Case { operand, arms, otherwise })
        }
    }
}

//! The query parameters of reads: `$filter`, `$select`, `$expand`, `$custom`, `$top`, `$skip`
//! (acumatica sheet section 7).

mod eval;
mod parser;

pub use eval::{Scope, matches, views};
pub use parser::{Expr, parse};

use super::contract::Entity;
use super::errors::{ApiError, Result};
use super::http_io::Call;

/// What a read asks for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub filter: Option<Expr>,
    /// `None`: everything.
    pub select: Option<Vec<String>>,
    pub expand: Vec<String>,
    /// `View.Field`, or `Detail/View.Field`.
    pub custom: Vec<String>,
    pub top: Option<usize>,
    pub skip: usize,
}

fn list(text: Option<&str>) -> Vec<String> {
    let names = text.into_iter().flat_map(|text| text.split(','));
    names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

impl Options {
    /// Reads and checks the parameters against an entity. `$orderby` is ignored, as unknown
    /// parameters are.
    pub fn read(call: &Call<'_>, entity: &Entity, year: u8) -> Result<Options> {
        let count = |name: &str| -> Result<Option<usize>> {
            let Some(text) = call.param(name) else { return Ok(None) };
            let wrong = || ApiError::query(name, format!("The value '{text}' is not valid."));
            text.parse().map(Some).map_err(|_| wrong())
        };
        let select = call.param("$select").map(|text| list(Some(text)));
        let options = Options {
            filter: call.param("$filter").map(parse).transpose()?,
            select,
            expand: list(call.param("$expand")),
            custom: list(call.param("$custom")),
            top: count("$top")?,
            skip: count("$skip")?.unwrap_or(0),
        };
        options.check(entity, year)?;
        Ok(options)
    }

    fn check(&self, entity: &Entity, year: u8) -> Result<()> {
        for name in &self.expand {
            let (outer, inner) = name.split_once('/').unwrap_or((name, ""));
            let part = entity.part(outer, year);
            let known = part.is_some_and(|part| {
                inner.is_empty() || part.inner.iter().any(|found| found.name == inner)
            });
            if !known && name != "files" {
                let text = format!("The {name} entity cannot be expanded.");
                return Err(ApiError::query("$expand", text));
            }
        }
        for name in self.select.iter().flatten() {
            let (outer, _) = name.split_once('/').unwrap_or((name, ""));
            let system = ["id", "rowNumber", "note", "custom", "files", "NoteID"];
            let known = entity.field(outer, year).is_some() || entity.part(outer, year).is_some();
            if !known && !system.contains(&outer) {
                let text = format!("The {name} field cannot be found in {}.", entity.name);
                return Err(ApiError::query("$select", text));
            }
        }
        Ok(())
    }

    /// Whether a scalar field is to be shown.
    pub fn shows(&self, name: &str) -> bool {
        self.select.as_ref().is_none_or(|names| names.iter().any(|found| found == name))
    }

    /// Whether a part is to be shown: expanded, and selected where there is a selection and
    /// `strict` says so (section 21, row 11).
    pub fn shows_part(&self, name: &str, strict: bool) -> bool {
        let begins = |found: &String| {
            found == name || found.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
        };
        let selected = self.select.as_ref().is_none_or(|names| !strict || names.iter().any(begins));
        self.expand.iter().any(begins) && selected
    }

    /// Whether an inner object is to be shown.
    pub fn shows_inner(&self, outer: &str, inner: &str) -> bool {
        self.expand.iter().any(|name| name.split_once('/') == Some((outer, inner)))
    }

    /// Whether a field of a part is to be shown.
    pub fn shows_in_part(&self, part: &str, field: &str) -> bool {
        let Some(names) = &self.select else { return true };
        let mut inner = names.iter().filter_map(|name| name.strip_prefix(part)?.strip_prefix('/'));
        let whole = names.iter().any(|name| name == part);
        let mut any = false;
        let named = inner.by_ref().any(|name| {
            any = true;
            name == field
        });
        whole || named || !any
    }
}

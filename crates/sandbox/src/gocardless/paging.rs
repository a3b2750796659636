//! List requests: id cursors, limits, filters in both encodings (gocardless sheet section 3).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::config::UnknownFilters;
use super::errors::ApiError;

/// Rows of a page unless `limit` says otherwise.
const LIMIT_DEFAULT: usize = 50;
/// Most rows of a page.
const LIMIT_MAX: usize = 500;
/// Comparisons of a range filter.
const COMPARISONS: [&str; 4] = ["gt", "gte", "lt", "lte"];

/// The filters of one list request; multiple values of one name are kept together.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    values: BTreeMap<String, Vec<String>>,
    /// The page that is asked for.
    pub page: PageRequest,
}

/// Which page.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    after: Option<String>,
    before: Option<String>,
    limit: usize,
}

impl Filters {
    /// Reads the query of a list. `names` are the plain filters, `ranges` those with `[gt]` and
    /// so on.
    ///
    /// # Errors
    /// 400 `invalid_filters` for an unknown filter, 422 for a limit outside 1 to 500.
    pub fn read(
        query: &[(String, String)],
        names: &[&str],
        ranges: &[&str],
        unknown: UnknownFilters,
    ) -> Result<Self, ApiError> {
        let mut filters = Self::default();
        filters.page.limit = LIMIT_DEFAULT;
        for (name, value) in query {
            let plain = name.strip_suffix("[]").unwrap_or(name);
            match plain {
                "limit" => filters.page.limit = limit(value)?,
                "after" => filters.page.after = Some(value.clone()),
                "before" => filters.page.before = Some(value.clone()),
                _ if names.contains(&plain) || is_range(plain, ranges) => {
                    let texts = value.split(',').map(str::to_owned);
                    filters.values.entry(plain.to_owned()).or_default().extend(texts);
                }
                _ if unknown == UnknownFilters::Ignore => {}
                _ => return Err(invalid(format!("{name} is not a permitted filter"))),
            }
        }
        if filters.page.after.is_some() && filters.page.before.is_some() {
            return Err(invalid("after and before can not be used together"));
        }
        Ok(filters)
    }

    /// A filter of one value.
    ///
    /// # Errors
    /// 400 `invalid_filters` when there are several.
    pub fn one(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.values.get(name).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([value]) => Ok(Some(value)),
            Some([_, _, ..]) => Err(invalid(format!("{name} takes one value"))),
        }
    }

    /// A filter of any number of values, each out of `choices` (if there are any).
    ///
    /// # Errors
    /// 400 `invalid_filters` for a value that is not among them.
    pub fn many(&self, name: &str, choices: &[&str]) -> Result<Vec<&str>, ApiError> {
        let values: Vec<&str> =
            self.values.get(name).into_iter().flatten().map(String::as_str).collect();
        match values.iter().find(|value| !choices.is_empty() && !choices.contains(value)) {
            Some(value) => Err(invalid(format!("{value} is not a valid {name}"))),
            None => Ok(values),
        }
    }

    /// A filter that is true or false.
    ///
    /// # Errors
    /// 400 `invalid_filters` for anything else.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.one(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(invalid(format!("{name} must be true or false"))),
        }
    }

    /// Whether an instant is inside the range filter `name`.
    ///
    /// # Errors
    /// 400 `invalid_filters` for a bound that is no timestamp.
    pub fn instants(&self, name: &str) -> Result<impl Fn(Timestamp) -> bool + use<>, ApiError> {
        self.bounds(name, parse_with::<Timestamp>)
    }

    /// Whether a day is inside the range filter `name`.
    ///
    /// # Errors
    /// 400 `invalid_filters` for a bound that is no date.
    pub fn days(&self, name: &str) -> Result<impl Fn(Date) -> bool + use<>, ApiError> {
        self.bounds(name, parse_with::<Date>)
    }

    fn bounds<T: PartialOrd + Copy>(
        &self,
        name: &str,
        parse: fn(&str) -> Option<T>,
    ) -> Result<impl Fn(T) -> bool + use<T>, ApiError> {
        let bound = |comparison: &str| -> Result<Option<T>, ApiError> {
            let Some(text) = self.one(&format!("{name}[{comparison}]"))? else { return Ok(None) };
            parse(text).map(Some).ok_or_else(|| invalid(format!("{text} is not valid for {name}")))
        };
        let (above, from, below, to) = (bound("gt")?, bound("gte")?, bound("lt")?, bound("lte")?);
        Ok(move |value: T| {
            above.is_none_or(|bound| value > bound)
                && from.is_none_or(|bound| value >= bound)
                && below.is_none_or(|bound| value < bound)
                && to.is_none_or(|bound| value <= bound)
        })
    }

    /// Refuses filters that exclude each other.
    ///
    /// # Errors
    /// 400 `invalid_filters` when more than one is there.
    pub fn exclusive(&self, names: &[&str]) -> Result<(), ApiError> {
        let given = names.iter().filter(|name| self.values.contains_key(**name)).count();
        if given > 1 {
            return Err(invalid(format!("only one of {} can be used", names.join(", "))));
        }
        Ok(())
    }

    /// Whether the filter is there.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Values of filters of the form `metadata[key]`.
    pub fn keyed(&self, name: &str) -> Vec<(&str, &str)> {
        let prefix = format!("{name}[");
        self.values
            .iter()
            .filter_map(|(key, values)| {
                let key = key.strip_prefix(&prefix)?.strip_suffix(']')?;
                Some((key, values.first()?.as_str()))
            })
            .collect()
    }
}

fn parse_with<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// The 400 for lists.
pub fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::usage(400, "invalid_filters", message)
}

fn limit(text: &str) -> Result<usize, ApiError> {
    match text.parse::<usize>() {
        Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        Ok(_) | Err(_) => {
            Err(ApiError::usage(422, "invalid_type", "limit must be between 1 and 500"))
        }
    }
}

fn is_range(name: &str, ranges: &[&str]) -> bool {
    ranges.iter().any(|range| {
        let Some(inside) = name.strip_prefix(range).and_then(|rest| rest.strip_prefix('[')) else {
            return false;
        };
        inside
            .strip_suffix(']')
            .is_some_and(|inside| *range == "metadata" || COMPARISONS.contains(&inside))
    })
}

/// One page of `rows` (in list order) under `root`, with the cursors. `sequence` tells the place
/// of a cursor that is not among the rows any more.
///
/// # Errors
/// 400 `invalid_filters` for a cursor that was never an id of this resource.
pub fn page<T>(
    rows: &[(u64, &str, T)],
    request: &PageRequest,
    root: &str,
    sequence: impl Fn(&str) -> Option<u64>,
    render: impl Fn(&T) -> Value,
) -> Result<Value, ApiError> {
    let place = |cursor: &str, past_it: bool| -> Result<usize, ApiError> {
        if let Some(found) = rows.iter().position(|(_, id, _)| *id == cursor) {
            return Ok(if past_it { found + 1 } else { found });
        }
        let known = sequence(cursor).ok_or_else(|| invalid(format!("unknown cursor {cursor}")))?;
        Ok(rows.iter().take_while(|(row, _, _)| *row > known).count())
    };
    let (start, end) = match (&request.after, &request.before) {
        (Some(after), _) => {
            let start = place(after, true)?;
            (start, (start + request.limit).min(rows.len()))
        }
        (None, Some(before)) => {
            let end = place(before, false)?;
            (end.saturating_sub(request.limit), end)
        }
        (None, None) => (0, request.limit.min(rows.len())),
    };
    let shown = rows.get(start..end).unwrap_or_default();
    let after = shown.last().filter(|_| end < rows.len()).map(|(_, id, _)| *id);
    let before = shown.first().filter(|_| start > 0).map(|(_, id, _)| *id);
    let list: Vec<Value> = shown.iter().map(|(_, _, row)| render(row)).collect();
    Ok(json!({
        root: list,
        "meta": { "cursors": { "before": before, "after": after }, "limit": request.limit },
    }))
}

//! What a look saw of one record.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "sight", content = "value")]
pub enum Sight<T> {
    Found(T),
    /// A direct read says that it does not exist.
    Missing,
    /// It exists but can not be understood: a sentence naming the field.
    Odd(String),
    /// Not read in this look.
    NotRead,
}

impl<T> Sight<T> {
    #[must_use]
    pub fn found(&self) -> Option<&T> {
        match self {
            Sight::Found(value) => Some(value),
            Sight::Missing | Sight::Odd(_) | Sight::NotRead => None,
        }
    }
}

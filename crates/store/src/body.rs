//! What a fact says, kept as the text that is stored: most facts are only handed on and compared.

use std::sync::Arc;

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// The text of a JSON value: shared by whoever holds it, and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(Arc<str>);

impl Body {
    /// `None`: it can not be told as JSON.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Option<Body> {
        Some(Body(serde_json::to_string(value).ok()?.into()))
    }

    /// As it was stored.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn stored(text: String) -> serde_json::Result<Body> {
        serde_json::from_str::<IgnoredAny>(&text)?;
        Ok(Body(text.into()))
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What it means; `None`: it is of another form than this version's.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        // Numbers keep their digits, and what is told apart by a tag takes such ones from a value only.
        serde_json::from_str(&self.0).or_else(|_| serde_json::from_value(self.value())).ok()
    }

    /// For those who do not know its form.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// Nothing is told.
impl Default for Body {
    fn default() -> Body {
        Value::Null.into()
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Body {
        Body(value.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ids::{ErpCustomerId, ErpRefundId};
    use model::money::{Currency, Money};
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Tagged {
        Paid { amount: Money, refund: ErpRefundId },
    }

    #[test]
    fn what_was_told_is_read_again() {
        let paid = Tagged::Paid {
            amount: Money::new(1_234, Currency::GBP),
            refund: ErpRefundId::new("7"),
        };
        let body = Body::of(&paid).unwrap();
        assert_eq!(body.read::<Tagged>(), Some(paid));
        assert_eq!(body.read::<Money>(), None);
        assert_eq!(body.value()["refund"], json!("7"));
        let id = ErpCustomerId::new("C1");
        assert_eq!(Body::of(&id).unwrap().read(), Some(id));
        let exact: Value = serde_json::from_str("12.50").unwrap();
        assert_eq!(Body::of(&exact).unwrap().text(), "12.50");
    }

    #[test]
    fn what_is_stored_is_json() {
        assert_eq!(Body::stored("[1]".to_owned()).unwrap().value(), json!([1]));
        assert!(Body::stored("[1".to_owned()).is_err());
    }
}

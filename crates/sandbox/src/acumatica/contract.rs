//! The stock endpoint as data: which entity has which fields, where each comes from, and since
//! which endpoint version (acumatica sheet section 9; `contract.txt` lists them).

use super::values::Type;
use std::sync::OnceLock;

/// The endpoint versions that are served, oldest first (acumatica sheet section 1).
pub const VERSIONS: [&str; 5] =
    ["20.200.001", "22.200.001", "23.200.001", "24.200.001", "25.200.001"];

/// A scalar field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name in the endpoint.
    pub name: String,
    pub kind: Type,
    /// View of the form, without its ordinal; empty when the endpoint maps it to nothing.
    pub view: String,
    /// Where the value is kept; see [`key_of`].
    pub key: String,
    /// First endpoint year that has it.
    pub since: u8,
}

/// A linked object or a detail.
#[derive(Debug, Clone)]
pub struct Part {
    pub name: String,
    pub detail: bool,
    pub since: u8,
    pub fields: Vec<Field>,
    /// Linked objects inside (addresses).
    pub inner: Vec<Part>,
    /// The view that holds a detail's rows, lower case.
    pub view: String,
}

/// A top-level entity.
#[derive(Debug, Clone)]
pub struct Entity {
    pub name: String,
    pub screen: String,
    pub graph: String,
    /// The form's primary view.
    pub view: String,
    /// Names of the key fields, in the order of a path.
    pub keys: Vec<String>,
    pub since: u8,
    pub fields: Vec<Field>,
    pub parts: Vec<Part>,
    /// Declared actions, and the graph's action behind each.
    pub actions: Vec<(String, String)>,
}

impl Entity {
    /// A scalar field by its name in the endpoint, if this version has it.
    pub fn field(&self, name: &str, year: u8) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name && field.since <= year)
    }

    /// A detail or linked object by name, if this version has it.
    pub fn part(&self, name: &str, year: u8) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name && part.since <= year)
    }

    /// The type of what is kept under a key, as far as the contract tells.
    pub fn type_of(&self, key: &str) -> Option<Type> {
        let linked = self.parts.iter().filter(|part| !part.detail).flat_map(|part| &part.fields);
        let mut all = self.fields.iter().chain(linked);
        all.find(|field| field.key == key).map(|field| field.kind)
    }
}

/// Views that show the same record as the form's primary view.
const PRIMARY: [&str; 8] = [
    "CurrentDocument",
    "CurrentCustomer",
    "BAccount",
    "CurCustomerClassRecord",
    "PaymentMethodCurrent",
    "ItemSettings",
    "Document",
    "CAAdjRecords",
];

/// The key under which a record keeps `View.Field`: the field alone for the primary view, else
/// both, in lower case (the ordinal of a view does not count, section 21, row 16).
pub fn key_of(primary: &str, view: &str, field: &str) -> String {
    let view = view.split(':').next().unwrap_or_default().trim();
    let field = field.split(['$', '%']).next().unwrap_or_default();
    if view == primary || PRIMARY.contains(&view) {
        return field.to_lowercase();
    }
    format!("{view}.{field}").to_lowercase()
}

/// All entities of the endpoint.
pub fn entities() -> &'static [Entity] {
    static ALL: OnceLock<Vec<Entity>> = OnceLock::new();
    ALL.get_or_init(|| read(include_str!("contract.txt")))
}

/// An entity by name, if this version has it. Names are case-sensitive (section 1).
pub fn entity(name: &str, year: u8) -> Option<&'static Entity> {
    entities().iter().find(|entity| entity.name == name && entity.since <= year)
}

/// The year of a served version.
pub fn year_of(version: &str) -> Option<u8> {
    VERSIONS.contains(&version).then(|| version[..2].parse().ok())?
}

fn kind_of(letter: &str) -> Type {
    match letter {
        "N" => Type::Number,
        "B" => Type::Bool,
        "I" => Type::Integer,
        "T" => Type::Time,
        "G" => Type::Guid,
        _ => Type::Text,
    }
}

fn year(text: Option<&&str>) -> u8 {
    text.and_then(|text| text.parse().ok()).unwrap_or(20)
}

fn field(primary: &str, words: &[&str], in_row: bool) -> Field {
    let path = words.get(3).copied().unwrap_or("-");
    let (view, name) = path.split_once('.').unwrap_or_default();
    let view = view.split(':').next().unwrap_or_default();
    let key = if in_row {
        name.split(['$', '%']).next().unwrap_or_default().to_lowercase()
    } else {
        key_of(primary, view, name)
    };
    Field {
        name: words.get(1).copied().unwrap_or_default().to_owned(),
        kind: kind_of(words.get(2).copied().unwrap_or("S")),
        view: view.to_owned(),
        key: if path == "-" { String::new() } else { key },
        since: year(words.get(4)),
    }
}

fn read(text: &str) -> Vec<Entity> {
    let mut all: Vec<Entity> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((mark, name)) = words.first().zip(words.get(1)) else { continue };
        if *mark == "E" {
            all.push(header(&words));
            continue;
        }
        let Some(entity) = all.last_mut() else { continue };
        let primary = entity.view.clone();
        match *mark {
            "F" => entity.fields.push(field(&primary, &words, false)),
            "A" => {
                let graph = words.get(2).copied().unwrap_or_default();
                entity.actions.push(((*name).to_owned(), graph.to_owned()));
            }
            "D" | "L" => entity.parts.push(part(name, *mark == "D", year(words.get(4)))),
            "f" => {
                let Some(part) = entity.parts.last_mut() else { continue };
                let made = field(&primary, &words, part.detail);
                if part.view.is_empty() && part.detail {
                    part.view = made.view.to_lowercase();
                }
                part.fields.push(made);
            }
            "l" => {
                let since = entity.parts.last().map_or(20, |part| part.since);
                if let Some(outer) = entity.parts.last_mut() {
                    outer.inner.push(part(name, false, since));
                }
            }
            "g" => {
                let inner = entity.parts.last_mut().and_then(|part| part.inner.last_mut());
                if let Some(inner) = inner {
                    inner.fields.push(field(&primary, &words, false));
                }
            }
            _ => {}
        }
    }
    all
}

fn header(words: &[&str]) -> Entity {
    let word = |at: usize| words.get(at).copied().unwrap_or_default().to_owned();
    let keys = word(5);
    Entity {
        name: word(1),
        screen: word(2),
        graph: word(3),
        view: word(4),
        keys: keys.split(',').filter(|key| *key != "-").map(str::to_owned).collect(),
        since: year(words.get(6)),
        fields: Vec::new(),
        parts: Vec::new(),
        actions: Vec::new(),
    }
}

fn part(name: &str, detail: bool, since: u8) -> Part {
    Part {
        name: name.to_owned(),
        detail,
        since,
        fields: Vec::new(),
        inner: Vec::new(),
        view: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listing_is_read_whole() {
        assert_eq!(entities().len(), 17);
        let payment = entity("Payment", 24).unwrap();
        assert_eq!(payment.keys, ["Type", "ReferenceNbr"]);
        assert_eq!(payment.field("CustomerID", 20).unwrap().key, "customerid");
        assert!(payment.field("ExternalRef", 20).is_none());
        assert_eq!(payment.part("DocumentsToApply", 20).unwrap().view, "adjustments");
        assert!(payment.part("Charges", 22).is_none());
        assert!(entity("CashTransaction", 23).is_none());
        let customer = entity("Customer", 24).unwrap();
        let contact = customer.part("MainContact", 20).unwrap();
        assert_eq!(contact.fields[3].key, "defcontact.contactid");
        assert_eq!(contact.inner[0].fields.len(), 7);
        assert_eq!(year_of("26.200.001"), None);
    }

    #[test]
    fn invoices_and_payments_keep_the_same_things_under_the_same_keys() {
        let key = |entity_name: &str, name: &str| {
            entity(entity_name, 25).unwrap().field(name, 25).unwrap().key.clone()
        };
        assert_eq!(key("Invoice", "Customer"), key("Payment", "CustomerID"));
        assert_eq!(key("Invoice", "Amount"), key("Payment", "PaymentAmount"));
        assert_eq!(key("Invoice", "LinkBranch"), key("Payment", "BranchID"));
    }
}

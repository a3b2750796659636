//! Things that may be written in one place only: vendors' names, SQL, outbound HTTP, listening
//! sockets.

use super::finding::Finding;
use crate::files::SourceFile;

/// A path that is exempt from a rule, and why.
struct Exempt {
    prefix: &'static str,
    #[expect(dead_code, reason = "the reason is for the reader of this file")]
    because: &'static str,
}

const fn exempt(prefix: &'static str, because: &'static str) -> Exempt {
    Exempt { prefix, because }
}

fn is_exempt(file: &SourceFile, list: &[Exempt]) -> bool {
    list.iter().any(|exempt| file.path.starts_with(exempt.prefix))
}

const VENDORS: &[&str] = &["netsuite", "acumatica", "quickbooks", "gocardless", "stripe"];

/// Kinds of files in which a vendor's name would be a special case, not a description.
const CODE_EXTENSIONS: &[&str] = &["toml", "sql", "html", "css", "js", "mjs"];

const VENDOR_NAMES_ALLOWED: &[Exempt] = &[
    exempt("crates/connectors/", "the vendors' own folders"),
    exempt("crates/sandbox/", "their emulators"),
    exempt("crates/ml-connector/tests/", "black-box tests name the systems that they connect"),
    exempt("crates/ml-connector/src/demo", "the demo is a story with named systems"),
    exempt("crates/simulator/tests/", "worlds are made of named emulators"),
    exempt("crates/simulator/src/wire/systems/", "one folder per emulated system"),
    exempt("docs/", "pages for users of a given system"),
    exempt("netsuite/", "the project to install there"),
    exempt("vendor/", "checks with the vendors' own clients"),
    exempt("scenarios/", "stories with named systems"),
    exempt("benches/", "throughput against a vendor's published limit"),
    exempt("xtask/", "this list, and the check of the SDF project"),
];

/// Vendors' names in code, manifests and pages. Comments of Rust code may name the sheet that a
/// rule was taken from.
pub fn vendor_names(file: &SourceFile) -> Vec<Finding> {
    let text = match &file.rust {
        Some(rust) => &rust.uncommented,
        None if CODE_EXTENSIONS.contains(&file.extension()) => &file.text,
        None => return Vec::new(),
    };
    if is_exempt(file, VENDOR_NAMES_ALLOWED) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for vendor in VENDORS.iter().filter(|vendor| is_name_in(line, vendor)) {
            findings.push(Finding::new(&file.path, index + 1, format!("names {vendor}")));
        }
    }
    findings
}

/// Whether the name stands in the line in any case, alone or within a compound such as
/// `StripeClient`, but not within a longer lower-case word (`stripes`, `restriped`): one of the
/// names is also an ordinary word.
fn is_name_in(line: &str, name: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    lower.match_indices(name).any(|(at, _)| {
        let is_lower = |c: Option<char>| c.is_some_and(|c| c.is_lowercase());
        let before = line[..at].chars().next_back();
        let first = line[at..].chars().next();
        let after = line[at + name.len()..].chars().next();
        !(is_lower(after) || is_lower(before) && is_lower(first))
    })
}

const SQL_LIBRARIES: &[&str] =
    &["deadpool_postgres", "diesel", "refinery", "rusqlite", "sqlx", "tokio_postgres"];

const SQL_ALLOWED: &[Exempt] = &[
    exempt("crates/store/", "the only SQL of ours"),
    exempt("crates/connectors/", "a vendor's query language"),
    exempt("crates/sandbox/", "the emulated query language"),
    exempt("benches/", "the floor that the store is measured against"),
    exempt("xtask/", "the words of this rule"),
];

/// SQL statements in string literals, and database libraries.
pub fn sql(file: &SourceFile) -> Vec<Finding> {
    let Some(rust) = &file.rust else { return Vec::new() };
    if is_exempt(file, SQL_ALLOWED) {
        return Vec::new();
    }
    let statements = rust
        .strings
        .iter()
        .filter(|(_, content)| is_sql(content))
        .map(|(line, _)| Finding::new(&file.path, *line, "an SQL statement"));
    let libraries = rust
        .words()
        .filter(|(_, word)| SQL_LIBRARIES.contains(word))
        .map(|(line, word)| Finding::new(&file.path, line, format!("uses {word}")));
    statements.chain(libraries).collect()
}

fn is_sql(literal: &str) -> bool {
    let words: Vec<&str> = literal.split_whitespace().collect();
    let text = words.join(" ").to_lowercase();
    const STARTS: &[&str] = &[
        "insert into ",
        "insert or ",
        "delete from ",
        "create table",
        "create index",
        "create unique index",
        "alter table",
        "drop table",
        "pragma ",
    ];
    let select = text.starts_with("select ")
        && text.contains(" from ")
        && [" where ", "*", ",", "(", " limit "].iter().any(|mark| text.contains(mark));
    let update = text.starts_with("update ") && text.contains(" set ") && text.contains('=');
    select || update || STARTS.iter().any(|start| text.starts_with(start))
}

const OUTBOUND: &[&str] = &["TcpStream", "UnixStream", "isahc", "reqwest", "ureq"];

const OUTBOUND_ALLOWED: &[Exempt] = &[
    exempt("crates/connectors/src/http", "the one place that sends"),
    exempt("crates/sandbox/src/harness", "delivers the emulators' webhooks, to loopback"),
    exempt("crates/sandbox/src/bin", "starts the harness"),
    exempt("crates/sandbox/tests/", "speaks to the emulators as a client does"),
    exempt("crates/server/src/", "accepts connections: streams come from the listener"),
    exempt("crates/server/tests/", "speaks to the server as a browser does"),
    exempt("crates/ml-connector/src/demo", "drives the sandbox's control surface on loopback"),
    exempt("crates/ml-connector/src/doctor", "asks whether a port is free and a server answers"),
    exempt("crates/ml-connector/tests/", "speaks to the binary as users do"),
    exempt("benches/", "loads a server"),
    exempt("xtask/", "the words of this rule"),
];

/// Libraries and types that open connections.
pub fn outbound(file: &SourceFile) -> Vec<Finding> {
    banned_words(file, OUTBOUND, OUTBOUND_ALLOWED)
}

const LISTENING: &[&str] = &["TcpListener", "TcpSocket", "UdpSocket", "UnixListener"];

const LISTENING_ALLOWED: &[Exempt] = &[
    exempt("crates/server/", "webhooks, API and console"),
    exempt("crates/sandbox/", "emulators, on loopback"),
    exempt("benches/", "the bare server of the intake benchmark"),
    exempt("xtask/", "the words of this rule"),
];

/// Types that listen.
pub fn listening(file: &SourceFile) -> Vec<Finding> {
    banned_words(file, LISTENING, LISTENING_ALLOWED)
}

fn banned_words(file: &SourceFile, words: &[&str], allowed: &[Exempt]) -> Vec<Finding> {
    let Some(rust) = &file.rust else { return Vec::new() };
    if is_exempt(file, allowed) {
        return Vec::new();
    }
    rust.words()
        .filter(|(_, word)| words.contains(word))
        .map(|(line, word)| Finding::new(&file.path, line, format!("uses {word}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{listening, outbound, sql, vendor_names};
    use crate::tidy::finding::lines_found;

    #[test]
    fn vendor_names_stay_in_their_folders() {
        let text = "//! gocardless sheet section 9\nfn a() {\n  is(\"GoCardless\");\n}\nstruct NetSuiteId;\n";
        assert_eq!(lines_found(vendor_names, "crates/flows/src/a.rs", text), [3, 5]);
        assert_eq!(lines_found(vendor_names, "crates/connectors/src/a.rs", text), [0; 0]);
        assert_eq!(lines_found(vendor_names, "crates/ml-connector/src/demo/a.rs", text), [0; 0]);
        assert_eq!(lines_found(vendor_names, "crates/server/a.html", "<b>Acumatica</b>"), [1]);
        assert_eq!(lines_found(vendor_names, "README.md", "QuickBooks"), [0; 0]);
        let stripes = "fn a() { let stripes = 1; let a = \"Stripe\"; }";
        assert_eq!(lines_found(vendor_names, "crates/flows/src/a.rs", stripes), [1]);
        assert_eq!(lines_found(vendor_names, "crates/flows/src/a.rs", "let stripes;"), [0; 0]);
        let compound =
            "struct StripeClient;\nconst STRIPE_KEY: u8 = 1;\nlet my_stripe = 1;\nrestripe()";
        assert_eq!(lines_found(vendor_names, "crates/flows/src/a.rs", compound), [1, 2, 3]);
    }

    #[test]
    fn sql_stays_in_the_store() {
        let text = "fn a() {\n  \"select a, b\n   from c\";\n  \"Select a customer from the list\";\n}\n\"UPDATE t SET a = $1\"; use rusqlite::X;";
        assert_eq!(lines_found(sql, "crates/engine/src/a.rs", text), [2, 6, 6]);
        assert_eq!(lines_found(sql, "crates/store/src/a.rs", text), [0; 0]);
        assert_eq!(lines_found(sql, "crates/engine/src/a.rs", "// select * from t"), [0; 0]);
    }

    #[test]
    fn sockets_have_their_places() {
        let out = "use reqwest::Client; // reqwest";
        assert_eq!(lines_found(outbound, "crates/connectors/src/http/client.rs", out), [0; 0]);
        assert_eq!(lines_found(outbound, "crates/connectors/src/erp/x/client.rs", out), [1]);
        assert_eq!(lines_found(outbound, "crates/engine/src/a.rs", out), [1]);
        let listen = "fn a() { TcpListener::bind(b) }";
        assert_eq!(lines_found(listening, "crates/server/src/a.rs", listen), [0; 0]);
        assert_eq!(lines_found(listening, "crates/engine/src/a.rs", listen), [1]);
    }
}

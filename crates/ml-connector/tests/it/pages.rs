//! The pages that list what each system takes say what the binary says.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const BINARY: &str = env!("CARGO_BIN_EXE_ml-connector");

/// A field: whether it is a secret, and whether it is needed.
type Fields = BTreeMap<String, (bool, bool)>;

/// What `connections add --help` lists, by system.
fn told() -> BTreeMap<String, Fields> {
    let help = Command::new(BINARY).args(["connections", "add", "--help"]).output();
    let help = String::from_utf8(help.expect("it runs").stdout).expect("text");
    let (_, list) = help.split_once("What each system takes:").expect("the list");
    let mut systems: BTreeMap<String, Fields> = BTreeMap::new();
    let mut system = String::new();
    for line in list.lines() {
        if let Some((slug, _)) = line.split_once(" (").filter(|_| !line.starts_with(' ')) {
            slug.clone_into(&mut system);
            continue;
        }
        let field = line.strip_prefix("  --set ").map(|rest| (rest, false));
        let field = field.or(line.strip_prefix("  --secret ").map(|rest| (rest, true)));
        if let Some((rest, secret)) = field {
            let (name, rest) = rest.split_once("=…").expect("a name");
            let fields = systems.entry(system.clone()).or_default();
            fields.insert(name.to_owned(), (secret, !rest.contains("optional")));
        }
    }
    systems
}

/// What the tables of the page list, by the system in their head.
fn written(page: &str) -> BTreeMap<String, Fields> {
    let mut systems: BTreeMap<String, Fields> = BTreeMap::new();
    let mut system = String::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        match cells.as_slice() {
            [slug, "", ""] if !slug.is_empty() => (*slug).clone_into(&mut system),
            [names, kind, _, ..] if names.starts_with('`') && !system.is_empty() => {
                let of = (kind.contains("secret"), kind.contains("needed"));
                let names = names.split(',').map(|name| name.trim().trim_matches('`').to_owned());
                systems.entry(system.clone()).or_default().extend(names.map(|name| (name, of)));
            }
            [_, _, _, ..] => {}
            _ => system.clear(),
        }
    }
    systems
}

#[test]
fn the_configuration_page_lists_what_each_system_takes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating/configuration.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (told, written) = (told(), written(&page));
    assert!(told.len() >= 3, "{told:?}");
    for (system, fields) in &told {
        assert_eq!(written.get(system), Some(fields), "{system}");
    }
    assert_eq!(written.keys().collect::<Vec<_>>(), told.keys().collect::<Vec<_>>());
}

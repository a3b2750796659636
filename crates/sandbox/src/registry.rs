//! The emulators there are: one line each, in the order in which they are served.

use std::sync::Arc;

use crate::acumatica::{self, Acumatica};
use crate::emulator::Emulator;
use crate::gocardless::{self, GoCardless};
use crate::harness::HarnessError;
use crate::netsuite::{self, NetSuite};

/// Makes an emulator from a seed.
type Make = fn(u64) -> Arc<dyn Emulator>;

const EMULATORS: &[(&str, Make)] = &[
    ("acumatica", |seed| Arc::new(Acumatica::new(seed, acumatica::Config::default()))),
    ("gocardless", |seed| Arc::new(GoCardless::new(seed, gocardless::Config::default()))),
    ("netsuite", |seed| Arc::new(NetSuite::new(seed, netsuite::Config::default()))),
];

/// The names of all emulators, in the order in which they are served.
pub fn names() -> impl Iterator<Item = &'static str> {
    EMULATORS.iter().map(|(name, _)| *name)
}

/// The emulators named in `only`, or all when it is empty, made from `seed`, always in the same
/// order.
///
/// # Errors
/// A name that no emulator has.
pub fn emulators(seed: u64, only: &[String]) -> Result<Vec<Arc<dyn Emulator>>, HarnessError> {
    if let Some(name) = only.iter().find(|wanted| names().all(|name| name != wanted.as_str())) {
        let known = names().collect::<Vec<_>>().join(", ");
        return Err(HarnessError::UnknownName { name: name.clone(), known });
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
    Ok(EMULATORS.iter().filter(|(name, _)| wanted(name)).map(|(_, make)| make(seed)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(only: &[&str], expected: &[&str]) {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        let shown: Vec<&str> = match emulators(1, &only) {
            Ok(made) => made.iter().map(|emulator| emulator.name()).collect(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn emulators_are_chosen_by_name() {
        let all: Vec<&str> = names().collect();
        check(&[], &all);
        for name in all {
            check(&[name, name], &[name]);
        }
    }

    #[test]
    fn unknown_names_are_refused_with_the_known_ones() {
        let refused = emulators(1, &["gocardles".to_owned()]);
        let shown = refused.err().map(|error| error.to_string()).unwrap_or_default();
        let known: Vec<&str> = names().collect();
        let named = format!("there is no emulator gocardles; there are: {}", known.join(", "));
        assert!(shown.starts_with(&named), "{shown}");
    }
}

//! Which link serves an invoice: the customer's processor account field, then the currency. Two
//! candidates are for a person to decide (DESIGN.md section 2).

use model::ids::LinkId;
use model::money::Currency;
use model::policy::{Mode, Policy};
use model::reason::ReasonCode;

/// A link of the invoice's ERP account.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    pub link: &'a LinkId,
    /// What the ERP's field on the customer may name: the processor connection's id or account.
    pub processor_names: Vec<&'a str>,
    pub policy: &'a Policy,
}

/// The one link, or why there is none: `NoLink`, `CurrencyNotMapped` or `LinkAmbiguous`.
pub fn route<'a>(
    candidates: &[Candidate<'a>],
    named: Option<&str>,
    currency: Currency,
) -> Result<&'a LinkId, ReasonCode> {
    let named_ones: Vec<_> = candidates
        .iter()
        .filter(|one| named.is_none_or(|name| one.processor_names.contains(&name)))
        .collect();
    if named_ones.is_empty() {
        return Err(ReasonCode::NoLink);
    }
    let fitting: Vec<_> =
        named_ones.iter().filter(|one| one.policy.currencies.contains(&currency)).collect();
    // A link that is off takes nothing from one that works.
    let at_work: Vec<_> =
        fitting.iter().copied().filter(|one| one.policy.mode != Mode::Off).collect();
    let fitting = if at_work.is_empty() { fitting } else { at_work };
    match fitting.as_slice() {
        [] => Err(ReasonCode::CurrencyNotMapped),
        [one] => Ok(one.link),
        [one, ..] if model::defect!(LinkGuessed) => Ok(one.link),
        [_, ..] => Err(ReasonCode::LinkAmbiguous),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(named: Option<&str>, code: &str, expected: Result<&str, ReasonCode>) {
        let policy = |codes: &[&str]| Policy {
            currencies: codes.iter().map(|code| code.parse().unwrap()).collect(),
            ..Policy::default()
        };
        let (uk, eu, both) = (policy(&["GBP"]), policy(&["EUR"]), policy(&["EUR", "SEK"]));
        let ids: Vec<LinkId> = ["uk", "eu", "nordic"].map(LinkId::new).into();
        let candidates: Vec<_> = ids
            .iter()
            .zip([&uk, &eu, &both])
            .map(|(link, policy)| Candidate { link, processor_names: vec![link.as_str()], policy })
            .collect();
        let routed = route(&candidates, named, code.parse().unwrap());
        assert_eq!(routed.map(LinkId::as_str), expected, "{named:?} {code}");
    }

    #[test]
    fn a_link_that_is_off_takes_nothing_from_one_that_works() {
        let policy = |mode| Policy { currencies: vec![Currency::GBP], mode, ..Policy::default() };
        let ids = ["old", "new"].map(LinkId::new);
        let routed = |old: Mode, new: Mode| {
            let policies = [policy(old), policy(new)];
            let candidates: Vec<_> = ids
                .iter()
                .zip(&policies)
                .map(|(link, policy)| Candidate { link, processor_names: Vec::new(), policy })
                .collect();
            route(&candidates, None, Currency::GBP).map(|link| link.as_str().to_owned())
        };
        assert_eq!(routed(Mode::On, Mode::Off), Ok("old".to_owned()));
        assert_eq!(routed(Mode::Off, Mode::PostOnly), Ok("new".to_owned()));
        assert_eq!(routed(Mode::On, Mode::On), Err(ReasonCode::LinkAmbiguous));
        assert_eq!(routed(Mode::Off, Mode::Off), Err(ReasonCode::LinkAmbiguous));
    }

    #[test]
    fn a_named_account_wins_then_the_currency_decides() {
        check(None, "GBP", Ok("uk"));
        check(None, "SEK", Ok("nordic"));
        check(None, "EUR", Err(ReasonCode::LinkAmbiguous));
        check(Some("eu"), "EUR", Ok("eu"));
        check(Some("eu"), "GBP", Err(ReasonCode::CurrencyNotMapped));
        check(Some("nowhere"), "GBP", Err(ReasonCode::NoLink));
        check(None, "USD", Err(ReasonCode::CurrencyNotMapped));
    }
}

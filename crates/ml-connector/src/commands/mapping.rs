//! Whether a link's map of accounts and its exchange rates can work, as far as the ERP's own list of
//! accounts and what its API takes tell: said when they are entered, and not when the first payout waits
//! (DESIGN.md section 4, Link policy).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::ids::ConnectionId;
use model::money::Currency;
use model::policy::{Accounts, BankAccount, Deposits, Exchange, Policy};
use ports::Erp;
use ports::description::Description;
use ports::erp::{AccountUse as Use, Choice, ChoiceKind, NamedAccount};
use ports::health::HealthCheck;
use store::rows::Link;

use crate::failure::{Failure, Result};
use crate::instance::Instance;

/// Refuses a map, or rates, that can not work. `live`: the link is to go live, so the ERP must answer and
/// every currency must have its bank account.
pub async fn check(instance: &Instance, link: &Link, live: bool) -> Result<()> {
    if live {
        complete(&link.policy).map_err(Failure::Usage)?;
    }
    let world = instance.engine.world();
    let Some(erp) = world.erps.get(&link.erp) else { return Ok(()) };
    rates_are_taken(link, erp.description()).map_err(Failure::Usage)?;
    if named(&link.policy.accounts).is_empty() {
        return Ok(());
    }
    match erp.choices(ChoiceKind::Accounts).await {
        Ok(choices) => {
            fits(&link.policy, &choices, &|id| erp.listed_account(id)).map_err(Failure::Usage)?;
            judged(erp.as_ref(), &link.policy, live).await
        }
        Err(ports::PortError::Unsupported(_)) => Ok(()),
        Err(error) if live => Err(error.into()),
        Err(error) => {
            eprintln!("The accounts could not be compared with the ERP's list: {error}");
            Ok(())
        }
    }
}

/// Fixed rates go onto each document: an ERP that takes none there would refuse every receipt of money
/// that was collected.
fn rates_are_taken(link: &Link, erp: &Description) -> std::result::Result<(), String> {
    match link.policy.exchange {
        Exchange::Fixed(_) if !erp.takes_rates => Err(format!(
            "exchange.fixed: {} takes no exchange rate on a document through its API, so what link {id} \
             collects could not be booked with these rates. Leave them to the ERP: give no \
             exchange.fixed to \"links add\"; a link that has it: ml-connector links set {id} \
             exchange.fixed=",
            erp.name,
            id = link.id,
        )),
        Exchange::Fixed(_) | Exchange::ErpRate => Ok(()),
    }
}

/// What the ERP knows against single accounts; what it can not tell is said and refuses nothing.
async fn judged(erp: &dyn Erp, policy: &Policy, live: bool) -> Result<()> {
    let checks = match erp.check_accounts(&named(&policy.accounts)).await {
        Ok(checks) => checks,
        Err(error) if live => return Err(error.into()),
        Err(error) => {
            eprintln!("The accounts could not be looked at in the ERP: {error}");
            return Ok(());
        }
    };
    for check in checks.iter().filter(|check| !check.checked) {
        eprintln!("Not checked: {}: {}.", check.name, check.advice);
    }
    wrong(&checks).map_or(Ok(()), |why| Err(Failure::Usage(why)))
}

/// The failed checks in one sentence.
fn wrong(checks: &[HealthCheck]) -> Option<String> {
    let failed = checks.iter().filter(|check| !check.ok);
    let told: Vec<String> =
        failed.map(|check| format!("{}: {}", check.name, check.advice)).collect();
    if told.is_empty() { None } else { Some(told.join("; ")) }
}

/// Whether each link of an ERP's connection sets only rates that the ERP takes, and whether its accounts
/// still fit what the ERP lists, and what the connection itself uses them for.
pub async fn health_of_links(
    instance: &Instance,
    connection: &ConnectionId,
    erp: &Arc<dyn Erp>,
) -> Result<Vec<HealthCheck>> {
    let mut links = instance.store.links().await?;
    links.retain(|link| link.erp == *connection);
    let mut checks: Vec<HealthCheck> = links
        .iter()
        .filter_map(|link| {
            let why = rates_are_taken(link, erp.description()).err()?;
            Some(HealthCheck::failed(format!("exchange of link {}", link.id), why))
        })
        .collect();
    links.retain(|link| !named(&link.policy.accounts).is_empty());
    checks.extend(accounts_of(&links, erp).await);
    Ok(checks)
}

/// What is known against the accounts of these links.
async fn accounts_of(links: &[Link], erp: &Arc<dyn Erp>) -> Vec<HealthCheck> {
    let mut checks = Vec::new();
    if links.is_empty() {
        return checks;
    }
    // That the list can not be read is told by the check of its right.
    let Ok(choices) = erp.choices(ChoiceKind::Accounts).await else { return checks };
    for link in links {
        let name = format!("accounts of link {}", link.id);
        if let Err(why) = fits(&link.policy, &choices, &|id| erp.listed_account(id)) {
            checks.push(HealthCheck::failed(name, why));
            continue;
        }
        let judged = match erp.check_accounts(&named(&link.policy.accounts)).await {
            Ok(judged) => judged,
            Err(error) => {
                checks.push(HealthCheck::not_checked(name, error.to_string()));
                continue;
            }
        };
        checks.push(match wrong(&judged) {
            None => HealthCheck::passed(name),
            Some(why) => HealthCheck::failed(name, why),
        });
        let open = judged.into_iter().filter(|check| !check.checked);
        checks.extend(open.map(|check| HealthCheck {
            name: format!("{} (link {})", check.name, link.id),
            ..check
        }));
    }
    checks
}

/// Says of which subsidiaries or branches invoices will wait, where the ERP books receipts in one alone.
pub async fn tell_subsidiaries(instance: &Instance, link: &Link) {
    let world = instance.engine.world();
    let Some(erp) = world.erps.get(&link.erp) else { return };
    let mut told = BTreeSet::new();
    for currency in &link.policy.currencies {
        // A note: what can not be asked now shows in the plan.
        let Ok(Some(booked)) = erp.receipts_booked_in(*currency).await else { continue };
        let Ok(choices) = erp.choices(ChoiceKind::Subsidiaries).await else { continue };
        let all = choices.into_iter().filter_map(|one| one.subsidiary);
        let others: Vec<String> =
            all.filter(|one| *one != booked.subsidiary).map(|one| one.to_string()).collect();
        if !others.is_empty() {
            told.insert(format!(
                "Receipts in {currency} are booked in {}, so invoices of {} are not collected: {}.",
                booked.subsidiary,
                others.join(", "),
                booked.why
            ));
        }
    }
    told.iter().for_each(|line| eprintln!("{line}"));
}

/// What a live link needs whatever happens.
fn complete(policy: &Policy) -> std::result::Result<(), String> {
    if policy.currencies.is_empty() {
        return Err("the link has no currencies: links set … currencies=GBP".to_owned());
    }
    let by_creditor = policy.accounts.banks.keys().any(|key| key.parse::<Currency>().is_err());
    if policy.deposits == Deposits::LeftToPeople || by_creditor {
        return Ok(());
    }
    let missing = policy.currencies.iter().find(|one| policy.accounts.bank(None, **one).is_none());
    missing.map_or(Ok(()), |code| {
        Err(format!(
            "no bank account is mapped for {code}: links set … \
             accounts.banks.{code}.account=…"
        ))
    })
}

/// The accounts that a map names, each with its setting and what it is for.
fn named(accounts: &Accounts) -> Vec<NamedAccount> {
    let banks = accounts.banks.iter().map(|(key, bank)| NamedAccount {
        setting: format!("accounts.banks.{key}"),
        account: bank.account.clone(),
        purpose: Use::Bank,
        subsidiary: bank.subsidiary.clone(),
        currency: key.parse().ok(),
    });
    let mut all: Vec<NamedAccount> = banks.collect();
    let single = [
        ("undeposited", &accounts.undeposited, Use::Undeposited),
        ("exchange_clearing", &accounts.exchange_clearing, Use::Transit),
        ("fees", &accounts.fees, Use::Line),
        ("fee_tax", &accounts.fee_tax, Use::Line),
        ("app_fees", &accounts.app_fees, Use::Line),
        ("surcharges", &accounts.surcharges, Use::Line),
        ("chargebacks", &accounts.chargebacks, Use::Line),
        ("refunds", &accounts.refunds, Use::Line),
        ("rounding", &accounts.rounding, Use::Line),
        ("suspense", &accounts.suspense, Use::Suspense),
    ];
    for (name, account, purpose) in single {
        all.extend(account.as_ref().map(|id| NamedAccount {
            setting: format!("accounts.{name}"),
            account: id.clone(),
            purpose,
            subsidiary: None,
            currency: None,
        }));
    }
    all
}

/// `listed`: the id in the ERP's list of an id in the map.
fn fits(
    policy: &Policy,
    choices: &[Choice],
    listed: &dyn Fn(&str) -> &str,
) -> std::result::Result<(), String> {
    let by_id: BTreeMap<&str, &Choice> =
        choices.iter().map(|choice| (choice.id.as_str(), choice)).collect();
    // An ERP with undeposited funds of its own makes its deposits from these and from nowhere else.
    let has_own = choices.iter().any(|choice| choice.kind == "undeposited");
    for NamedAccount { setting: name, account, purpose, .. } in named(&policy.accounts) {
        let Some(choice) = by_id.get(listed(account.as_str())) else {
            return Err(format!(
                "{name} \"{account}\": the ERP has no such account in use; give the id that its list has{}",
                some_of(choices, purpose)
            ));
        };
        let wanted = match purpose {
            Use::Bank | Use::Transit if choice.kind == "undeposited" => {
                "the account that payouts reach, and on this one receipts wait for their payout: name the \
                 bank account here, or have receipts wait on another (the connection's settings)"
            }
            Use::Bank | Use::Transit if choice.kind != "bank" => "a bank account",
            Use::Undeposited if has_own && choice.kind != "undeposited" => {
                "the ERP's own undeposited funds (leave the setting out): its deposits take receipts \
                 from there and from nowhere else"
            }
            Use::Undeposited if choice.kind == "expense" => "a clearing account",
            Use::Suspense if matches!(choice.kind.as_str(), "expense" | "undeposited") => {
                "an account that can hold a receipt, for payments are matched later"
            }
            Use::Line if matches!(choice.kind.as_str(), "bank" | "undeposited") => {
                "an account for lines of a deposit"
            }
            Use::Bank | Use::Transit | Use::Undeposited | Use::Suspense | Use::Line => continue,
        };
        return Err(format!("{name} \"{account}\" is \"{}\": it must be {wanted}", choice.name));
    }
    for (key, bank) in &policy.accounts.banks {
        if let Some(choice) = by_id.get(listed(bank.account.as_str())) {
            bank_fits(key, bank, choice)?;
        }
    }
    can_be_received(policy, choices)
}

/// Where the ERP keeps what waits for a deposit apart by currency, each of the link's currencies has such
/// an account.
fn can_be_received(policy: &Policy, choices: &[Choice]) -> std::result::Result<(), String> {
    if policy.accounts.undeposited.is_some() {
        return Ok(());
    }
    let own = choices.iter().filter(|choice| choice.kind == "undeposited");
    let kept_in: Vec<Option<Currency>> = own.map(|choice| choice.currency).collect();
    if kept_in.is_empty() || kept_in.contains(&None) {
        return Ok(());
    }
    let missing = policy.currencies.iter().find(|one| !kept_in.contains(&Some(**one)));
    missing.map_or(Ok(()), |currency| {
        Err(format!(
            "the ERP connection has no clearing account in {currency}: receipts could not be recorded. \
             Name one in its settings (ml-connector connections add … --set clearing=…), or leave \
             {currency} out of the link's currencies"
        ))
    })
}

/// Accounts listed for a person to choose from.
const LISTED_MAX: usize = 4;

/// Some accounts that would do, by id and name.
fn some_of(choices: &[Choice], purpose: Use) -> String {
    let does = |choice: &&Choice| match purpose {
        Use::Bank | Use::Transit => choice.kind == "bank",
        Use::Undeposited => choice.kind == "undeposited",
        Use::Suspense => choice.kind == "other",
        Use::Line => choice.kind == "expense",
    };
    let listed: Vec<String> = choices
        .iter()
        .filter(does)
        .take(LISTED_MAX)
        .map(|choice| format!("{} ({})", choice.id, choice.name))
        .collect();
    if listed.is_empty() { String::new() } else { format!(", for example {}", listed.join(", ")) }
}

fn bank_fits(key: &str, bank: &BankAccount, choice: &Choice) -> std::result::Result<(), String> {
    let name = format!("accounts.banks.{key} \"{}\"", bank.account);
    let currency = key.parse::<Currency>().ok();
    if let (Some(wanted), Some(is)) = (currency, choice.currency)
        && wanted != is
    {
        return Err(format!("{name} is \"{}\", which is kept in {is}", choice.name));
    }
    match (&bank.subsidiary, &choice.subsidiary) {
        (Some(wanted), Some(is)) if wanted != is => Err(format!(
            "{name} is \"{}\", which belongs to subsidiary {is}, not {wanted}",
            choice.name
        )),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ids::SubsidiaryId;

    fn choices() -> Vec<Choice> {
        let rows = [
            ("116", "undeposited", None),
            ("210", "bank", Some(Currency::GBP)),
            ("211", "bank", Some(Currency::EUR)),
            ("640", "expense", None),
            ("651", "other", None),
        ];
        rows.into_iter()
            .map(|(id, kind, currency)| Choice {
                id: id.to_owned(),
                name: format!("account {id}"),
                kind: kind.to_owned(),
                currency,
                subsidiary: (kind == "bank").then(|| SubsidiaryId::new("2")),
            })
            .collect()
    }

    fn check(accounts: &str, choices: &[Choice], expected: std::result::Result<(), &str>) {
        let accounts: Accounts = toml::from_str(accounts).unwrap();
        let policy = Policy { accounts, ..Policy::default() };
        match (fits(&policy, choices, &|id| id), expected) {
            (Ok(()), Ok(())) => {}
            (Err(why), Err(part)) => assert!(why.contains(part), "{why:?} lacks {part:?}"),
            (got, expected) => panic!("{policy:?}: {got:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn accounts_of_the_wrong_kind_are_named() {
        let all = choices();
        check("fees = '640'\nsuspense = '651'\nbanks.GBP.account = '210'", &all, Ok(()));
        check("fees = '999'", &all, Err("no such account"));
        check("fees = '999'", &all, Err("for example 640 (account 640)"));
        check("banks.GBP.account = '999'", &all, Err("for example 210 (account 210), 211"));
        check("fees = '210'", &all, Err("accounts.fees"));
        check("banks.GBP.account = '640'", &all, Err("must be a bank account"));
        check("banks.GBP.account = '116'", &all, Err("on this one receipts wait"));
        check("banks.GBP.account = '211'", &all, Err("kept in EUR"));
        check("banks.BA000123.account = '211'", &all, Ok(()));
        check("banks.GBP = { account = '210', subsidiary = '2' }", &all, Ok(()));
        check("banks.GBP = { account = '210', subsidiary = '3' }", &all, Err("subsidiary 2"));
        check("suspense = '640'", &all, Err("can hold a receipt"));
        check("exchange_clearing = '651'", &all, Err("must be a bank account"));
    }

    #[test]
    fn receipts_wait_where_the_erp_deposits_from() {
        let all = choices();
        check("undeposited = '116'", &all, Ok(()));
        check("undeposited = '651'", &all, Err("leave the setting out"));
        // An ERP without funds of its own takes what is mapped.
        check("undeposited = '651'", &all[1..], Ok(()));
        check("undeposited = '640'", &all[1..], Err("a clearing account"));
    }

    #[test]
    fn each_currency_has_a_clearing_account_where_the_erp_has_one_for_each() {
        let mut all = choices();
        let check = |all: &[Choice], currencies: &str, expected: Option<&str>| {
            let text = format!("currencies = {currencies}\naccounts.fees = '640'");
            let policy: Policy = toml::from_str(&text).unwrap();
            match (fits(&policy, all, &|id| id), expected) {
                (Ok(()), None) => {}
                (Err(why), Some(part)) => assert!(why.contains(part), "{why:?} lacks {part:?}"),
                (got, expected) => panic!("{currencies}: {got:?}, expected {expected:?}"),
            }
        };
        check(&all, "['GBP', 'SEK']", None);
        all[0].currency = Some(Currency::GBP);
        check(&all, "['GBP']", None);
        check(&all, "['GBP', 'SEK']", Some("no clearing account in SEK"));
        check(&all[1..], "['GBP', 'SEK']", None);
    }

    #[test]
    fn a_live_link_has_a_bank_account_for_each_currency() {
        let check = |text: &str, expected: Option<&str>| {
            let policy: Policy = toml::from_str(text).unwrap();
            match (complete(&policy), expected) {
                (Ok(()), None) => {}
                (Err(why), Some(part)) => assert!(why.contains(part), "{why}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
        };
        check("currencies = []", Some("no currencies"));
        check("currencies = ['GBP', 'EUR']\naccounts.banks.GBP.account = '1'", Some("EUR"));
        check("currencies = ['GBP']\naccounts.banks.GBP.account = '1'", None);
        check("currencies = ['GBP']\naccounts.banks.BA1.account = '1'", None);
        check("currencies = ['GBP']\ndeposits = 'left_to_people'", None);
    }
}

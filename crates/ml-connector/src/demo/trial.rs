//! `sandbox` as a place to follow the first steps of the README: a small company on both sides, and the
//! commands that connect to it, ready to be copied.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sandbox::emulator::Emulator;
use sandbox::gocardless::DEFAULT_TOKEN;
use serde_json::{Value, json};

use super::company::{Company, Customer, Role, further_invoice};
use super::erp::{Pair, Stage};
use super::typed::program;
use crate::failure::{Failure, Result};
use crate::output::{COLUMNS, paragraph};

/// What the help of `sandbox` ends with.
pub const HELP: &str = "\
Once it listens it prints the address of each system, and every command from connecting to a booked
payout, ready to be copied; docs/operating/sandbox.md explains them. With --company there are two
customers, a mandate and three invoices, and the systems take:

  Acumatica   --url http://127.0.0.1:8500/Demo --allow-host
              --set site=http://127.0.0.1:8500/Demo --set user=mlconnector
              --set client_id=6f3b1c5e-0d0a-4f1e-9f55-2b7f0e9c1a11@Acme
              --set payment_method=GOCARDLESS
              --set 'clearing=GBP=10250 EUR=10251 SEK=10253 USD=10252'
              password demo-password-Vq83pn, client_secret demo-shared-secret-Lm20xz
  GoCardless  --url http://127.0.0.1:8501 --allow-host
              access_token sandbox-gocardless-read-write
  NetSuite    --url http://127.0.0.1:8502 --allow-host --set account=1234567_SB1
              --set client_id=demo-client --set certificate_id=demo-certificate
              --set time_zone=Europe/London; the certificate that \"--json connections add\"
              gives is uploaded by curl -d @FILE to
              http://127.0.0.1:8502/_sandbox/netsuite/certificate/demo-certificate

Time passes as on this machine, or faster with --rate, and jumps when told to:
  curl -d '{\"advance_seconds\": 86400}' http://127.0.0.1:8500/_sandbox/clock
The connector follows it with MLC_CLOCK__FOLLOW=http://127.0.0.1:8500/_sandbox/clock.";

/// Its name among the emulators, and in `connections add`.
const PROCESSOR: &str = "gocardless";

/// Stands where the reader puts what the plan printed.
const FIGURES: &str = "FIGURES OF THE PLAN";

/// Minor units of the first customer's invoices, and of the second's.
const AMOUNTS: [&[i64]; 2] = [&[12_000, 8_050], &[4_500]];

/// Two customers: one has a mandate, the other has none.
fn company() -> Company {
    let customer = |id: &str, name: &str, email: &str, role| Customer {
        id: id.to_owned(),
        name: name.to_owned(),
        email: email.to_owned(),
        currency: "GBP",
        role,
        mandate: None,
    };
    let customers = vec![
        customer("2001", "Alder Bakery", "accounts@alder-bakery.example", Role::Plain),
        customer("2002", "Birch Books", "accounts@birch-books.example", Role::Asked),
    ];
    Company { customers, invoices: Vec::new() }
}

/// Puts the company into an emulator, whichever it is.
pub fn settle(emulator: &dyn Emulator, now: Timestamp) -> Result<()> {
    let seed = |body: &Value| {
        let told = emulator.control(now, &Method::POST, "/seed", body);
        told.map_err(|error| Failure::Failed(format!("{}: {}", emulator.name(), error.0)))
    };
    let company = company();
    if emulator.name() == PROCESSOR {
        let customers = company.at_processor(DEFAULT_TOKEN)["customers"].clone();
        seed(&json!({ "customers": customers }))?;
    }
    let Some(stage) = stage_of(emulator.name()) else { return Ok(()) };
    seed(&stage.company(&company, &Value::Null)?)?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let mut invoices = Vec::new();
    for (customer, amounts) in company.customers.iter().zip(AMOUNTS) {
        let each = amounts.iter().map(|amount| further_invoice(customer, *amount, today));
        invoices.extend(each.map(|one| stage.invoice(&one)));
    }
    seed(&json!({ "invoices": invoices }))?;
    Ok(())
}

fn stage_of(name: &str) -> Option<Box<dyn Stage>> {
    // Only its texts are wanted, not what it draws by lot.
    Pair::ALL.into_iter().map(|pair| pair.stage(0)).find(|stage| stage.slug() == name)
}

/// How to connect to what is served: addresses, credentials, and the commands up to a booked payout.
#[must_use]
pub fn guide(urls: &BTreeMap<String, String>, has_company: bool) -> String {
    let mut text = vec![paragraph(
        "",
        "Everything here is emulated, and nothing leaves this machine. To try the commands on it, in \
         another terminal and an empty folder:",
    )];
    let Some(any) = urls.values().next() else { return String::new() };
    text.push(format!(
        "\n  export MLC_CLOCK__FOLLOW={any}/_sandbox/clock\n{}",
        typed(&[], &["init"])
    ));
    if let Some(url) = urls.get(PROCESSOR) {
        let add = [
            "connections add gocardless bank",
            &format!("--url {url}"),
            "--allow-host",
            "--secret access_token=env:TOKEN",
        ];
        let before = [format!("TOKEN={DEFAULT_TOKEN}")];
        text.push(format!("\nGoCardless:\n{}", typed(&before, &add)));
    }
    let erps = Pair::ALL.into_iter().filter_map(|pair| {
        let stage = pair.stage(0);
        let url = urls.get(stage.slug())?;
        Some(format!("{} as the ERP:\n{}", pair.name(), of_erp(stage.as_ref(), url)))
    });
    let erps: Vec<String> = erps.collect();
    text.push(format!("\n{}", erps.join("\n\nor ")));
    text.push(format!("\nThen:\n{}", afterwards(any)));
    if !has_company {
        text.push(format!(
            "\n{}",
            paragraph(
                "",
                "With --company there are two customers, a mandate and three invoices; without it \
                 there is nothing to collect yet."
            )
        ));
    }
    text.join("\n")
}

/// Adding an ERP and a link with its accounts.
fn of_erp(stage: &dyn Stage, url: &str) -> String {
    let secrets = stage.secrets();
    let before: Vec<String> =
        secrets.iter().map(|one| format!("{}={}", one.variable, one.text)).collect();
    let mut add = vec![
        format!("connections add {} erp", stage.slug()),
        format!("--url {}", stage.address(url)),
        "--allow-host".to_owned(),
    ];
    add.extend(stage.settings(url).iter().map(|setting| format!("--set {}", quoted(setting))));
    add.extend(secrets.iter().map(|one| format!("--secret {}=env:{}", one.name, one.variable)));
    let upload = stage.upload(url);
    if upload.is_some() {
        add.insert(0, "--json".to_owned());
        add.push("> certificate.json".to_owned());
    }
    let mut text = typed(&before, &refs(&add));
    if let Some(to) = upload {
        text.push_str(&format!("\n{}", broken("curl", &["-d @certificate.json", &to])));
    }
    let accounts = stage.accounts();
    let mut link = vec!["links add uk --erp erp --processor bank".to_owned()];
    let mut set = |key: &str, value: &str| link.push(format!("--set '{key}={value}'"));
    set("currencies", "[\"GBP\"]");
    set("time_zone", "\"Europe/London\"");
    let bank = accounts.banks.get("GBP").map_or("", String::as_str);
    for (key, account) in [
        ("accounts.banks.GBP.account", bank),
        ("accounts.fees", &accounts.fees),
        ("accounts.fee_tax", &accounts.fee_tax),
        ("accounts.rounding", &accounts.rounding),
        ("accounts.suspense", &accounts.suspense),
    ] {
        set(key, &format!("{account:?}"));
    }
    format!("{text}\n{}\n{}", typed(&[], &["connections ping"]), typed(&[], &refs(&link)))
}

/// From the plan to the booked payout.
fn afterwards(any: &str) -> String {
    let weeks = "'{\"advance_seconds\": 1209600}'";
    let sync = typed(&[], &["sync uk --until-quiet"]);
    [
        typed(&[], &["plan uk"]),
        typed(&[], &[&format!("links on uk --accept '{FIGURES}'")]),
        sync.clone(),
        broken("curl", &["-d", weeks, &format!("{any}/_sandbox/clock")]),
        sync,
        typed(&[], &["payouts list"]),
        typed(&[], &["verify"]),
    ]
    .join("\n")
}

/// A command of this program in lines that a shell joins again; `before` it: variables.
fn typed(before: &[String], parts: &[&str]) -> String {
    let program = program();
    let words = before.iter().chain(std::iter::once(&program)).map(String::as_str);
    let words: Vec<&str> = words.chain(parts.iter().copied()).collect();
    broken(words[0], &words[1..])
}

fn broken(first: &str, parts: &[&str]) -> String {
    let width = |text: &str| text.chars().count();
    let mut lines = Vec::new();
    let mut line = format!("  {first}");
    for part in parts {
        // A blank before the part, and a blank and a backslash after it.
        if width(&line) + width(part) + 3 > COLUMNS {
            lines.push(format!("{line} \\\n"));
            line = format!("    {part}");
        } else {
            line = format!("{line} {part}");
        }
    }
    lines.push(line);
    lines.concat()
}

fn refs(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// In quotes where a shell would split it.
fn quoted(setting: &str) -> String {
    if setting.contains(' ') { format!("'{setting}'") } else { setting.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_all_that_the_systems_take() {
        let ports = sandbox::registry::names().zip(8_500..);
        for (name, port) in ports {
            let url = format!("http://127.0.0.1:{port}");
            assert!(HELP.contains(&format!("--url {url}")), "{name}");
            let Some(stage) = stage_of(name) else { continue };
            let secrets = stage.secrets();
            let secrets = secrets.iter().map(|one| format!("{} {}", one.name, one.text));
            let upload = stage.upload(&url);
            for taken in stage.settings(&url).into_iter().chain(secrets).chain(upload) {
                assert!(HELP.contains(&taken), "{name}: {taken}");
            }
        }
        assert!(HELP.contains(DEFAULT_TOKEN));
    }

    #[test]
    fn the_guide_fits_the_narrowest_terminal_and_names_each_system() {
        let url = |name: &str, port: u16| (name.to_owned(), format!("http://127.0.0.1:{port}"));
        let urls = [url("acumatica", 8500), url(PROCESSOR, 8501), url("netsuite", 8502)];
        let text = guide(&urls.into_iter().collect(), true);
        for wanted in [
            "connections add netsuite erp",
            "connections add acumatica erp",
            "TOKEN=sandbox-gocardless-read-write",
            "http://127.0.0.1:8502/_sandbox/netsuite/certificate/",
            "http://127.0.0.1:8500/_sandbox/clock",
            "site=http://127.0.0.1:8500/Demo",
        ] {
            let joined = text.replace(" \\\n    ", " ");
            assert!(joined.contains(wanted), "{wanted}: {text}");
        }
    }
}

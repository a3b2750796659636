//! Setting up as a user would: a configuration, connections, pings, a link, a dry run, going live. All
//! through the real binary; people's part at the other side through the emulators' control surfaces.

use std::path::{Path, PathBuf};

use engine::plan::Plan;
use serde_json::{Value, json};
use store::{MasterKeySource, open_or_create};

use super::child::{ANY_PORT, Binary, Server};
use super::company::{CURRENCIES, Company};
use super::erp::Stage;
use super::ground::Ground;
use super::lots::Lots;
use super::truth::{list, text};
use super::wait::Watch;
use crate::cli::{Deliveries, Demo};
use crate::failure::{Failure, Result};

/// Name of the ERP connection.
pub const ERP: &str = "books";
/// Name of the processor connection.
pub const PROCESSOR: &str = "collect";
/// Name of the link.
pub const LINK: &str = "demo";

/// Secrets of emulated accounts; nothing real is behind them.
const TOKEN: &str = "demo-read-write-7dQm2x";
const WEBHOOK_SECRET: &str = "demo-webhook-secret-Zk41";
/// What must never be readable in anything the connector writes; the private key's first line too.
const SECRETS: [&str; 3] = [TOKEN, WEBHOOK_SECRET, "BEGIN PRIVATE KEY"];
const TOKEN_VARIABLE: &str = "DEMO_TOKEN";
const SECRET_VARIABLE: &str = "DEMO_WEBHOOK_SECRET";

/// What must never be readable, those of the ERP too.
pub fn secrets(stage: &dyn Stage) -> Vec<String> {
    let of_erp = stage.secrets();
    let of_erp = of_erp.iter().map(|secret| secret.text);
    SECRETS.into_iter().chain(of_erp).map(str::to_owned).collect()
}

/// A connector that is live beside its emulated systems.
pub struct Live {
    pub server: Server,
    pub watch: Watch,
    pub company: Company,
    /// The plan that was accepted, in its figures.
    pub accepted: String,
}

/// Makes everything up to the accepted plan; the server is not started yet.
pub async fn prepare(ground: &Ground, options: &Demo, folder: &Path) -> Result<Live> {
    let config = write_config(ground, folder)?;
    let of_processor = [(TOKEN_VARIABLE, TOKEN), (SECRET_VARIABLE, WEBHOOK_SECRET)];
    let of_erp = ground.stage().secrets();
    let of_erp = of_erp.iter().map(|secret| (secret.variable, secret.text));
    let secrets = of_processor.into_iter().chain(of_erp);
    let secrets = secrets.map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let binary = Binary::new(config, folder, secrets)?;
    // The published rate limits pass in virtual time too.
    ground.pace(options.speed);
    let config = binary.config.display().to_string();
    binary.run(&["init", &config]).await?;
    let mut lots = Lots::new(options.seed, "company");
    let mut company = Company::draw(options.customers, &mut lots);
    seed_processor(ground, &mut company)?;
    deliver(ground, options.webhooks)?;
    let connection = connect(ground, &binary).await?;
    ground.erp("/seed", &ground.stage().company(&company, &connection)?)?;
    let drawn = company.draw_invoices(options.invoices, ground.today(), &mut lots);
    let invoices: Vec<_> =
        drawn.iter().enumerate().map(|(nth, one)| one.invoice(nth, &company)).collect();
    let ids = ground.write_invoices(&invoices)?;
    company.keep_invoices(&drawn, ids);
    super::story::plan(ground, &company)?;
    binary.run(&["connections", "ping"]).await?;
    let policy = folder.join("policy.toml");
    std::fs::write(&policy, policy_text(ground.stage())).map_err(Failure::file("the policy"))?;
    let policy = policy.display().to_string();
    let add = ["links", "add", LINK, "--erp", ERP, "--processor", PROCESSOR, "--policy", &policy];
    binary.run(&add).await?;
    let plan: Plan = serde_json::from_value(binary.run(&["plan", LINK]).await?)
        .map_err(|error| Failure::Failed(format!("the plan: {error}")))?;
    let accepted = plan.figures();
    binary.run(&["links", "on", LINK, "--accept", &accepted]).await?;
    let store = open_or_create(
        &folder.join("data").join("ml-connector.sqlite"),
        &MasterKeySource::File(folder.join("data").join("master.key")),
    )?;
    let watch = Watch::new(store, options.seed, folder);
    Ok(Live { server: Server::new(binary), watch, company, accepted })
}

fn write_config(ground: &Ground, folder: &Path) -> Result<PathBuf> {
    let path = folder.join("ml-connector.toml");
    let data = folder.join("data");
    let text = format!(
        "[server]\nlisten = \"{ANY_PORT}\"\n\n[store]\nfolder = {:?}\n\n[logs]\nlevel = \"info\"\n\n\
         [clock]\nfollow = \"{}\"\n",
        data.display().to_string(),
        ground.clock_url()
    );
    std::fs::write(&path, text).map_err(Failure::file("the configuration"))?;
    Ok(path)
}

/// Registers the endpoint at the processor, as a person does in its dashboard.
pub fn register_webhooks(ground: &Ground, address: &str) -> Result<()> {
    let url = format!("http://{address}/webhooks/{PROCESSOR}");
    let endpoint = json!({ "webhook_endpoints": [{ "url": url, "secret": WEBHOOK_SECRET }] });
    ground.processor("/seed", &endpoint)?;
    Ok(())
}

fn seed_processor(ground: &Ground, company: &mut Company) -> Result<()> {
    let made = ground.processor("/seed", &company.at_processor(TOKEN))?;
    let known: Vec<usize> = company.known().map(|(n, _)| n).collect();
    for (n, mandate) in known.into_iter().zip(list(&made["mandates"])) {
        company.customers[n].mandate = Some(text(mandate));
    }
    Ok(())
}

/// Webhooks as the run wants them.
fn deliver(ground: &Ground, delivered: Deliveries) -> Result<()> {
    let faults = match delivered {
        Deliveries::AsSent => return Ok(()),
        Deliveries::Off => json!({"webhooks": {"off": true}}),
        Deliveries::Tripled => json!({"webhooks": {"extra_copies": 2, "shuffled": true}}),
    };
    ground.processor("/faults", &faults)?;
    Ok(())
}

/// Both connections; gives what was said about the ERP's.
async fn connect(ground: &Ground, binary: &Binary) -> Result<Value> {
    let stage = ground.stage();
    let at = ground.url(stage.slug());
    let (url, settings) = (stage.address(at), stage.settings(at));
    let secrets: Vec<String> = stage
        .secrets()
        .iter()
        .map(|secret| format!("{}=env:{}", secret.name, secret.variable))
        .collect();
    let mut add = vec!["connections", "add", stage.slug(), ERP, "--url", &url, "--allow-host"];
    add.extend(settings.iter().flat_map(|setting| ["--set", setting.as_str()]));
    add.extend(secrets.iter().flat_map(|secret| ["--secret", secret.as_str()]));
    let made = binary.run(&add).await?;
    let url = ground.url("gocardless").to_owned();
    let token = format!("access_token=env:{TOKEN_VARIABLE}");
    let secret = format!("webhook_secret=env:{SECRET_VARIABLE}");
    binary
        .run(&[
            "connections",
            "add",
            "gocardless",
            PROCESSOR,
            "--url",
            &url,
            "--allow-host",
            "--secret",
            &token,
            "--secret",
            &secret,
        ])
        .await?;
    Ok(made)
}

fn policy_text(stage: &dyn Stage) -> String {
    let accounts = stage.accounts();
    let codes: Vec<String> = CURRENCIES.iter().map(|(code, _)| format!("{code:?}")).collect();
    let text = format!(
        "collect = \"flagged\"\ntime_zone = \"Europe/London\"\ncurrencies = [{}]\n\
         mandate_request = \"link\"\n\n[retries]\ncount = 2\nfirst_after_days = 2\n\n[accounts]\n\
         fees = \"{}\"\nfee_tax = \"{}\"\nchargebacks = \"{}\"\nrefunds = \"{}\"\n\
         rounding = \"{}\"\nsuspense = \"{}\"\n",
        codes.join(", "),
        accounts.fees,
        accounts.fee_tax,
        accounts.chargebacks,
        accounts.refunds,
        accounts.rounding,
        accounts.suspense
    );
    text + &stage.banks()
}

//! The command line: every command, its arguments, and the help that teaches them.

use std::io::IsTerminal;
use std::path::PathBuf;

use crate::demo::erp::Pair;
use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "ml-connector",
    version,
    about = "Collects open ERP invoices through a payment processor and keeps the books right, \
             to the penny",
    after_help = "First steps:\n  \
        ml-connector demo                     see it work, without any account\n  \
        ml-connector init                     make a configuration, a key and a database\n  \
        ml-connector connections add SYSTEM my-erp …  an ERP and a processor, with credentials\n  \
        ml-connector connections add SYSTEM my-bank …\n  \
        ml-connector connections ping         prove every credential and permission\n  \
        ml-connector links add uk --erp my-erp --processor my-bank …\n  \
        ml-connector plan uk                  what would be collected, and what not, and why\n  \
        ml-connector links on uk …            go live by accepting that plan\n  \
        ml-connector serve                    do everything from then on\n\n\
        Exit codes: 0 well; 1 failed or not proved; 2 wrong usage or configuration; 3 something \
        waits for a person; 4 the other side can not be reached or refuses the credentials."
)]
pub struct Cli {
    /// The configuration file (default: ml-connector.toml, if it is there).
    #[arg(long, global = true, value_name = "FILE", env = "MLC_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print JSON instead of tables.
    #[arg(long, global = true)]
    pub json: bool,
    /// Who you are, for the audit trail (default: the name you are logged in with).
    #[arg(long = "as", global = true, value_name = "NAME", env = "MLC_USER")]
    pub acting_as: Option<String>,
    /// Log as the configuration's logs section says. Other commands than "serve" log errors only
    /// otherwise; RUST_LOG sets a
    /// filter for any.
    #[arg(long, short, global = true)]
    pub verbose: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// See it work, without any account: emulated systems, this program, a story of some weeks, and
    /// the proof at its end.
    Demo(Demo),
    /// Make a commented configuration, a master key and an empty database.
    Init {
        /// The configuration file to write (default: that of --config, else ml-connector.toml).
        file: Option<PathBuf>,
    },
    /// Run: take webhooks, poll, sweep, retry, post.
    Serve {
        /// End in order when standard input ends: whoever started it takes it along.
        #[arg(long)]
        end_with_input: bool,
    },
    /// Accounts of outside systems and their credentials.
    #[command(subcommand)]
    Connections(Connections),
    /// ERP and processor joined, with a policy.
    #[command(subcommand)]
    Links(Links),
    /// What a link would do now, and what it would not, and why. Changes nothing.
    Plan {
        /// The link.
        link: String,
    },
    /// Poll a link and work on what is due.
    Sync {
        /// The link.
        link: String,
        /// Work until nothing is due, and say what waits for what.
        #[arg(long)]
        until_quiet: bool,
        /// Seconds after which to stop all the same.
        #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
        timeout: u64,
    },
    /// Where everything stands.
    Status,
    /// The story of one case.
    Show {
        /// An invoice number or id, a payment, payout or refund; or a case like
        /// collection/ACCOUNT/INVOICE; or a delivery of "attention list".
        case: String,
    },
    /// Everything known of one case in one file, for a dispute.
    Evidence {
        /// An invoice number or id, a payment, payout or refund; or a case like
        /// collection/ACCOUNT/INVOICE.
        case: String,
        /// Write to a new file instead of printing.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// What only a person can resolve.
    #[command(subcommand)]
    Attention(Attention),
    /// Payments that name no invoice.
    #[command(subcommand)]
    Foreign(ForeignPayments),
    /// Mandates that are not authorised by a link.
    #[command(subcommand)]
    Mandates(Mandates),
    /// Payouts and their items.
    #[command(subcommand)]
    Payouts(Payouts),
    /// Compare processor, books and bank, payout by payout; check the audit chain.
    Verify {
        /// Only this link.
        #[arg(long)]
        link: Option<String>,
    },
    /// The audit trail.
    #[command(subcommand)]
    Audit(Audit),
    /// Stop everything at once: nothing is sent until it is lifted.
    Stop,
    /// Lift the stop.
    Resume,
    /// Serve the emulated systems on this machine.
    Sandbox(Sandbox),
    /// Help with deliveries while setting up and developing.
    #[command(subcommand)]
    Webhooks(Webhooks),
    /// Print completions for a shell.
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub enum Connections {
    /// Add an account, or replace its settings and secrets.
    Add(AddConnection),
    /// Have a person allow the connection in a browser, where its grant is authorization_code.
    Authorise {
        /// The connection.
        name: String,
    },
    /// Every connection.
    List,
    /// Prove credentials, permissions, fields and clocks against the real system.
    Ping {
        /// Only this one.
        name: Option<String>,
    },
    /// Take a connection away (refused while a link uses it).
    Remove {
        /// The connection.
        name: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = crate::commands::connections::systems())]
pub struct AddConnection {
    /// The system; an unknown name lists those there are.
    pub system: String,
    /// Your name for it.
    pub name: String,
    /// Another address than the vendor's (a vendor sandbox, an emulator).
    #[arg(long)]
    pub url: Option<String>,
    /// Allow the host of --url although it is not the vendor's.
    #[arg(long)]
    pub allow_host: bool,
    /// A setting, NAME=VALUE; NAME= takes it away. A wrong name lists the right ones.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    /// A secret; a wrong name lists the right ones. NAME=env:VARIABLE, NAME=file:PATH or NAME=- (asked for on standard input). Never
    /// the secret itself: it would stay in the shell's history.
    #[arg(long = "secret", value_name = "NAME=SOURCE")]
    pub secrets: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum Links {
    /// Join an ERP connection and a processor connection. The link starts switched off.
    Add {
        /// Your name for it.
        name: String,
        /// The ERP connection.
        #[arg(long)]
        erp: String,
        /// The processor connection.
        #[arg(long)]
        processor: String,
        /// Policy and maps as TOML ("links show" prints those of a link).
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Single values, KEY=VALUE: currencies=GBP,EUR, post_on=confirmed. A wrong key lists the right
        /// ones.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
    },
    /// Every link.
    List,
    /// One link's policy, as TOML.
    Show {
        /// The link.
        name: String,
    },
    /// Change policy values, KEY=VALUE; KEY= takes a value away. A wrong key lists the right ones.
    Set {
        /// The link.
        name: String,
        /// KEY=VALUE, dots for nested keys: accounts.fees=640. KEY= alone: the default again.
        #[arg(required = true, value_name = "KEY=VALUE")]
        settings: Vec<String>,
    },
    /// Go live by accepting a plan.
    On {
        /// The link.
        name: String,
        /// The plan's figures, as "plan" prints them; a plan that changed meanwhile is refused.
        #[arg(long, value_name = "FIGURES")]
        accept: String,
        /// Payouts that arrived earlier are never booked (YYYY-MM-DD; default today).
        #[arg(long, value_name = "DATE")]
        cut_over: Option<String>,
        /// Only book what happens to existing payments.
        #[arg(long)]
        post_only: bool,
        /// Go live although a connection lacks something: what rests on it waits for people then.
        #[arg(long)]
        anyway: bool,
    },
    /// Switch a link off; what is under way is only watched.
    Off {
        /// The link.
        name: String,
    },
    /// Take a link away.
    Remove {
        /// The link.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Attention {
    /// Everything that waits for a person, with its next step.
    List {
        /// Ignored items too.
        #[arg(long)]
        all: bool,
        /// Only this link's.
        #[arg(long)]
        link: Option<String>,
        /// Only items with this code.
        #[arg(long)]
        code: Option<String>,
    },
    /// Send again what was refused; retry a failed collection now. ALL for every case in the list.
    Retry {
        /// The case (or its invoice, payment, payout or refund), or ALL.
        case: String,
    },
    /// Let the next attempt be made (after a cancellation, a denial, a final failure, a reversal).
    Release {
        /// The case, or its invoice, payment, payout or refund.
        case: String,
    },
    /// Stop the retries of a failed collection.
    Stop {
        /// The case, or its invoice, payment, payout or refund.
        case: String,
    },
    /// Take an item off the list until its facts change.
    Ignore {
        /// The case, or its invoice, payment, payout or refund.
        case: String,
        /// The item's code, as listed.
        code: String,
    },
    /// You dealt with it elsewhere: leave it.
    Leave {
        /// The case, or its invoice, payment, payout or refund.
        case: String,
        /// The item's code, as listed.
        code: String,
    },
    /// Resolve what needs a choice.
    Resolve(Resolve),
}

#[derive(Debug, Args)]
pub struct Resolve {
    /// The case, or its invoice, payment, payout or refund.
    pub case: String,
    /// This payment collects the invoice.
    #[arg(long, value_name = "PAYMENT", group = "choice")]
    pub adopt: Option<String>,
    /// This payment has nothing to do with the invoice.
    #[arg(long, value_name = "PAYMENT", group = "choice")]
    pub not_ours: Option<String>,
    /// The processor's customer that is the right one.
    #[arg(long, value_name = "CUSTOMER", group = "choice")]
    pub customer: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum ForeignPayments {
    /// Payments that name no invoice, and where their money is.
    List {
        /// How many of each processor account, oldest first.
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// This payment pays this invoice. Refused with a sentence when it looks wrong: another payer, an
    /// invoice that is paid or collected already, more than is open.
    Match {
        /// The payment's id at the processor.
        payment: String,
        /// The invoice: its number, its internal id in the ERP, or its case.
        invoice: String,
        /// You know better: match them although it looks wrong.
        #[arg(long)]
        anyway: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Mandates {
    /// Make a mandate from bank details that you hold (authorised on paper or by telephone).
    Create(CreateMandate),
}

#[derive(Debug, Args)]
pub struct CreateMandate {
    /// The customer's internal id in the ERP, or its code.
    pub customer: String,
    /// The link (default: the one that is on and collects the currency).
    #[arg(long)]
    pub link: Option<String>,
    /// The debit scheme, such as bacs, sepa_core or ach (default: the one of the currency).
    #[arg(long)]
    pub scheme: Option<String>,
    /// The account's country, two letters, where the details do not say it.
    #[arg(long)]
    pub country: Option<String>,
    /// Read the details from this file instead of standard input: a JSON object, or NAME=VALUE lines
    /// (account_holder_name, account_number, branch_code, bank_code, iban, account_type, country_code,
    /// currency …). They are never given as arguments: these stay in the shell's history.
    #[arg(long, value_name = "FILE")]
    pub details: Option<PathBuf>,
    /// How the payer authorised it.
    #[arg(long, value_enum, default_value_t = AuthorisedBy::Paper)]
    pub authorised: AuthorisedBy,
    /// Go ahead without asking.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum AuthorisedBy {
    Paper,
    Telephone,
}

#[derive(Debug, Subcommand)]
pub enum Payouts {
    /// Every payout with how far it is booked.
    List,
    /// One payout: items, documents, bank lines.
    Show {
        /// The payout's id at the processor.
        payout: String,
    },
    /// The items of a payout, or of all, as CSV.
    Export {
        /// The payout's id at the processor.
        payout: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// The trail as JSON lines, oldest first.
    Export {
        /// Only rows after this number.
        #[arg(long, default_value_t = 0)]
        after: i64,
    },
    /// Check the chain from end to end.
    Verify,
}

#[derive(Debug, Args)]
#[command(after_help = crate::demo::trial::HELP)]
pub struct Sandbox {
    /// Put a small company into each system, as the first steps of the README need it.
    #[arg(long)]
    pub company: bool,
    /// First port; each emulated system takes the next one. 0: any free ports.
    #[arg(long, default_value_t = 8500)]
    pub port: u16,
    /// Virtual time at the start (RFC 3339; default: now).
    #[arg(long)]
    pub start: Option<String>,
    /// Virtual seconds per second.
    #[arg(long, default_value_t = 1)]
    pub rate: u32,
    /// Decides ids and whatever is drawn by lot.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Only these systems.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = crate::demo::HELP)]
pub struct Demo {
    /// Without pauses, to the end; the exit code says whether every promise held.
    #[arg(long)]
    pub once: bool,
    /// Decides everything that is drawn by lot.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Customers; 22 at least, so that every part is played.
    #[arg(long, default_value_t = 300)]
    pub customers: usize,
    /// Invoices; one for each customer at least.
    #[arg(long, default_value_t = 400)]
    pub invoices: usize,
    /// Kill the server (kill -9) at so many random moments of each story.
    #[arg(long, default_value_t = 0)]
    pub kills: u32,
    /// The systems that the story is told in (default: the first; with --once, both).
    #[arg(long, value_enum, value_name = "PAIR")]
    pub link: Option<Pair>,
    /// How webhooks arrive.
    #[arg(long, value_enum, default_value_t = Deliveries::AsSent)]
    pub webhooks: Deliveries,
    /// Virtual seconds per second while the connector works.
    #[arg(long, default_value_t = 300)]
    pub speed: u32,
    /// Keep configuration, database and logs here (default: a temporary folder, removed at the end).
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
}

impl Demo {
    /// Whether the story stops after each day: somebody is at the terminal and does not want it to its
    /// end.
    #[must_use]
    pub fn pauses(&self) -> bool {
        !self.once && std::io::stdin().is_terminal()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Deliveries {
    AsSent,
    /// None ever arrives.
    Off,
    /// Each three times, out of order.
    Tripled,
}

#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// How to register the endpoint at the processor, and whether deliveries arrive.
    Guide {
        /// The processor connection.
        connection: String,
    },
    /// The newest deliveries, and what in them could not be read.
    List {
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// You have seen what was odd in a delivery: take it off the list of what waits for a person.
    Dismiss {
        /// The delivery's number, as "attention list" and "webhooks list" show it; ALL for every one.
        #[arg(value_name = "NUMBER")]
        number: String,
    },
    /// Send a body to a running server as if the processor had, signed with the stored secret.
    Send {
        /// The processor connection.
        connection: String,
        /// A file with the body.
        file: PathBuf,
    },
}

//! The dry run: the same looks and decisions as in earnest, nothing sent and no case made (mission
//! rows C12 and C13).

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use model::case::CaseKey;
use model::command::{ProcessorWrite, Write};
use model::ids::{InvoiceId, LinkId};
use model::invoice::{Invoice, InvoiceStatus};
use model::money::Money;
use model::policy::Mode;
use model::reason::{Reason, ReasonCode, ReasonKind};
use ports::{Depth, Read, Seen};
use store::rows::{CaseContext, Claimed, DayTotals};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::look::{Batch, Looked};
use crate::world::{ErpPort, World};

/// What would happen if the link were switched on now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub collect: Vec<PlanLine>,
    /// Collected by a payment that exists already.
    pub under_way: Vec<PlanLine>,
    /// Would be sent to the processor, and refused for their amount; not among those to accept.
    #[serde(default)]
    pub refused: Vec<PlanLine>,
    pub skip: Vec<PlanLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLine {
    pub invoice: InvoiceId,
    pub number: String,
    pub customer: String,
    pub amount: Option<Money>,
    pub due_on: Option<Date>,
    /// What would be done, or why not.
    pub what: String,
    pub next_step: String,
}

impl Plan {
    /// Count, total per currency and oldest due date: what a person accepts to go live.
    #[must_use]
    pub fn figures(&self) -> String {
        let mut totals: BTreeMap<String, i64> = BTreeMap::new();
        for amount in self.collect.iter().filter_map(|line| line.amount) {
            *totals.entry(amount.currency.to_string()).or_default() += amount.minor;
        }
        let totals: Vec<String> = totals
            .iter()
            .filter_map(|(code, minor)| Some(Money::new(*minor, code.parse().ok()?)))
            .map(|total| format!("{}{}", total.to_major(), total.currency))
            .collect();
        let oldest = self.collect.iter().filter_map(|line| line.due_on).min();
        let oldest = oldest.map_or_else(|| "-".to_owned(), |on| on.to_string());
        let totals = if totals.is_empty() { "0".to_owned() } else { totals.join("+") };
        format!("{}:{totals}:{oldest}", self.collect.len())
    }

    fn add(&mut self, line: Option<(Place, PlanLine)>) {
        match line {
            Some((Place::Collect, line)) => self.collect.push(line),
            Some((Place::UnderWay, line)) => self.under_way.push(line),
            Some((Place::Refused, line)) => self.refused.push(line),
            Some((Place::Skip, line)) => self.skip.push(line),
            None => {}
        }
    }

    /// What would be collected so far, as the limits per run and day count it.
    fn taken(&self) -> DayTotals {
        let mut taken = DayTotals::default();
        self.collect.iter().for_each(|line| count(&mut taken, line));
        taken
    }
}

enum Place {
    Collect,
    UnderWay,
    Refused,
    Skip,
}

impl Engine {
    /// Looks at every open invoice of the link's ERP as if the link were on.
    pub async fn plan(&self, link: &LinkId) -> Result<Plan> {
        let world = self.world();
        let mut dry = World::clone(&world);
        let planned = dry
            .links
            .get_mut(link)
            .ok_or_else(|| EngineError::Setup(format!("there is no link {link}")))?;
        planned.policy.mode = Mode::On;
        planned.policy.cut_over_on = planned
            .policy
            .cut_over_on
            .or(Some(self.now().to_zoned(jiff::tz::TimeZone::UTC).date()));
        let connection = planned.erp.clone();
        let erp = dry
            .erp(&connection)
            .ok_or_else(|| EngineError::Setup(format!("link {link}: the ERP is not connected")))?;
        self.poll_for_plan(link).await?;
        let dry = Arc::new(dry);
        let mut plan = Plan::default();
        let mut page: Option<String> = None;
        loop {
            let answer = erp.port.open_invoices(page.as_deref()).await?;
            self.plan_page(&dry, &erp, link, answer.records, &mut plan).await?;
            page = answer.next;
            if page.is_none() {
                return Ok(plan);
            }
        }
    }

    async fn plan_page(
        &self,
        world: &World,
        erp: &ErpPort,
        link: &LinkId,
        records: Vec<Seen<InvoiceId, Invoice>>,
        plan: &mut Plan,
    ) -> Result<()> {
        let at = self.now();
        let mut batch = Batch::begun(self.store.next_seq().await?, at);
        let customers = records
            .iter()
            .filter_map(|seen| seen.read.found())
            .map(|invoice| invoice.customer.clone())
            .collect();
        self.add_customers(&mut batch, erp, customers).await?;
        for seen in &records {
            let case = CaseKey::collection(&erp.account, &seen.id);
            batch.hold(case, seen.read.clone());
        }
        if world.links.get(link).is_some_and(|link| link.policy.limits.count_up()) {
            // Each counts towards what the next one may still take.
            batch.planned = plan.taken();
            for seen in records {
                let line = self.plan_one(world, erp, link, seen, &batch).await?;
                if let Some((Place::Collect, line)) = &line {
                    count(&mut batch.planned, line);
                }
                plan.add(line);
            }
            return Ok(());
        }
        let batch = &batch;
        let lines: Vec<Result<Option<(Place, PlanLine)>>> = stream::iter(records)
            .map(|seen| async move { self.plan_one(world, erp, link, seen, batch).await })
            .buffered(self.settings.concurrency.max(1))
            .collect()
            .await;
        for line in lines {
            plan.add(line?);
        }
        Ok(())
    }

    /// The look's reason. A plan supposes that the link is on; while it is off, nothing is on its way.
    fn held(&self, link: &LinkId, looked: &Looked) -> Reason {
        let decision = &looked.decision;
        let off = self.world().links.get(link).is_some_and(|link| link.policy.mode == Mode::Off);
        match &decision.command {
            Some(command) if off && decision.reason.code.kind() == ReasonKind::Acting => {
                let name = command.write.name();
                let detail = format!("{name} waits until \"ml-connector links on {link}\"");
                Reason::new(ReasonCode::LinkOff, detail)
            }
            Some(_) | None => decision.reason.clone(),
        }
    }

    /// `None`: another link's invoice.
    async fn plan_one(
        &self,
        world: &World,
        erp: &ErpPort,
        link: &LinkId,
        seen: Seen<InvoiceId, Invoice>,
        batch: &Batch,
    ) -> Result<Option<(Place, PlanLine)>> {
        let key = CaseKey::collection(&erp.account, &seen.id);
        let stored = self.store.case(&key).await?;
        let context = match &stored {
            Some(row) => self.store.contexts(&[row.id]).await?.pop().unwrap_or_default(),
            None => CaseContext::default(),
        };
        let claimed = Claimed {
            id: stored.as_ref().map_or(0, |row| row.id),
            key,
            link: stored.and_then(|row| row.link),
            epoch: 0,
            hints: 0,
            lease_until: self.clock.lease_now(),
        };
        let mut looked =
            self.look_collection(world, &claimed, &context, batch, Depth::Cheap).await?;
        let would_collect = |write: Option<&Write>| {
            matches!(write, Some(Write::Processor(ProcessorWrite::Collect(_))))
        };
        if would_collect(looked.decision.command.as_ref().map(|command| &command.write)) {
            looked = self.look_collection(world, &claimed, &context, batch, Depth::Direct).await?;
        }
        if looked.link.as_ref().is_some_and(|served| served != link) {
            return Ok(None);
        }
        let decision = &looked.decision;
        let collects = would_collect(decision.command.as_ref().map(|command| &command.write));
        let under_way = matches!(
            decision.reason.code,
            ReasonCode::AtTheBank | ReasonCode::WaitingForPayout | ReasonCode::WaitingForItems
        );
        let refused = refusal(world, &looked);
        // Paid invoices that a query still shows say nothing to anybody; one that has a balance after all
        // says why that is not collected.
        let settled = decision.reason.code.kind() == ReasonKind::Settled;
        let invoice = seen.read.found();
        let open =
            invoice.is_some_and(|one| one.status == InvoiceStatus::Open && one.due.is_positive());
        let (what, next_step) = match (&decision.command, &refused) {
            (_, Some(why)) => (why.clone(), ReasonCode::AmountRefused.next_step()),
            (Some(command), None) if collects => {
                (collect_words(&command.write), decision.reason.code.next_step())
            }
            (Some(_) | None, None) => {
                let told = decision.attention.first().filter(|_| settled);
                let reason = told.cloned().unwrap_or_else(|| self.held(link, &looked));
                (reason.sentence(), reason.code.next_step())
            }
        };
        let line = line(seen, what, next_step);
        let place = match (collects, under_way, refused) {
            (_, _, Some(_)) => Place::Refused,
            (true, _, None) => Place::Collect,
            (false, true, None) => Place::UnderWay,
            (false, false, None) => Place::Skip,
        };
        Ok((!settled || collects || open).then_some((place, line)))
    }
}

/// Why the processor would refuse the payment that is planned, where that is known before it is asked.
fn refusal(world: &World, looked: &Looked) -> Option<String> {
    let command = looked.decision.command.as_ref()?;
    let Write::Processor(ProcessorWrite::Collect(collect)) = &command.write else { return None };
    let processor = world.processor(&looked.processor.as_ref()?.0)?;
    let usual = processor.port.usual_amounts(collect.amount.currency)?;
    let name = processor.port.description().name;
    if collect.amount.minor < usual.least.minor {
        return Some(format!(
            "would be refused: {} is less than {}, the least that {name} takes ({})",
            collect.amount, usual.least, usual.scheme
        ));
    }
    (collect.amount.minor > usual.most.minor).then(|| {
        format!(
            "would be refused: {} is more than {}, the most that {name} takes ({}) unless the account's \
             limit was raised",
            collect.amount, usual.most, usual.scheme
        )
    })
}

fn count(taken: &mut DayTotals, line: &PlanLine) {
    let Some(amount) = line.amount else { return };
    taken.count = taken.count.saturating_add(1);
    let held = taken.minor.entry(amount.currency.code().to_owned()).or_default();
    *held = held.saturating_add(amount.minor);
}

fn collect_words(write: &Write) -> String {
    match write {
        Write::Processor(ProcessorWrite::Collect(collect)) => {
            let when = collect
                .charge_on
                .map_or_else(|| "as early as possible".to_owned(), |on| format!("on {on}"));
            format!("collect {} {when}, mandate {}", collect.amount, collect.mandate)
        }
        Write::Processor(_) | Write::Erp(_) => String::new(),
    }
}

fn line(seen: Seen<InvoiceId, Invoice>, what: String, next_step: &str) -> PlanLine {
    let next_step = next_step.to_owned();
    match seen.read {
        Read::Found(invoice) => PlanLine {
            invoice: seen.id,
            number: invoice.number,
            customer: invoice.customer.to_string(),
            amount: Some(invoice.due),
            due_on: invoice.due_on,
            what,
            next_step,
        },
        Read::Missing | Read::Odd(_) => PlanLine {
            number: seen.id.to_string(),
            invoice: seen.id,
            customer: String::new(),
            amount: None,
            due_on: None,
            what,
            next_step,
        },
    }
}

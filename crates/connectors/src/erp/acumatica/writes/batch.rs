//! Batches: a payout's transfer from the clearing account to the bank, and journals (acumatica sheet
//! sections 9.6 and 11.7, option 2). Saved balanced, then released, each step found again.

use std::collections::BTreeMap;

use serde_json::json;

use model::command::{ErpWrite, RecordDeposit, RecordJournal, WriteAnswer};
use model::ids::{LedgerAccountId, ReceiptId};
use model::key::Key;
use model::money::Money;
use model::receipt::{ErpRefund, ReceiptPlace};
use ports::PortError;

use super::super::Acumatica;
use super::super::cash_accounts::ledger_account;
use super::super::client::{Ended, Outcome};
use super::super::journals::with_settings;
use super::super::mapping::batch::{self, Batch, BatchState, Head, Label, Line, Posted, Purpose};
use super::super::mapping::receipt::{self, PAYMENT, Phase, REFUND, RefundName};
use super::super::query::{Ask, all_of, any_of};
use super::super::reads::SLICE_MAX;
use super::super::reads::batches::{BATCH, batch_ask, in_deposit};
use super::super::reads::documents::stamp;
use super::super::wire::{Entity, wrapped};
use super::{adopted, begun_already, dropped, invalid, made, memo_text, no_rate, settle_refusal};
use ports::Read;

/// A batch that is to stand.
pub(super) struct BatchPlan<'a> {
    pub head: Head<'a>,
    pub lines: Vec<Line>,
    /// The write, for comparing with what is there.
    pub write: &'a ErpWrite,
}

impl Acumatica {
    /// The deposit of a payout, as one balanced batch.
    pub(super) async fn record_deposit(
        &self,
        key: &Key,
        write: &RecordDeposit,
    ) -> Result<WriteAnswer, PortError> {
        no_rate(write.exchange_rate)?;
        if write.total.minor < 0 {
            return Err(invalid(format!("a deposit brings money, not {}", write.total)));
        }
        let whole = ErpWrite::RecordDeposit(write.clone());
        // One that stands has taken its receipts: they can not be judged once more.
        match self.find_effect(key, &whole).await {
            Ok(None) | Err(PortError::OutcomeUnknown(_)) => {}
            Ok(Some(answer)) => return Ok(answer),
            Err(error) => return Err(error),
        }
        let lines = match self.deposit_lines(write).await {
            // A person was first since the batch was begun: nothing of it stays.
            Err(stale @ PortError::Stale(_)) => {
                self.discard_begun(key, Purpose::Deposit).await?;
                return Err(stale);
            }
            lines => lines?,
        };
        let payout = write.payout.as_ref().map(ToString::to_string);
        let label = Label {
            stamp: stamp(key),
            purpose: Purpose::Deposit,
            bank: Some(write.bank.to_string()),
            // Without a payout its one receipt names it (a reversal that clears itself).
            receipt: match (&payout, write.receipts.as_slice()) {
                (None, [only]) => Some(only.to_string()),
                _ => None,
            },
            payout,
            memo: memo_text(&write.memo, write.dated_on, write.true_date),
        };
        let head = Head {
            label: &label,
            dated_on: write.dated_on,
            currency: write.currency,
            branch: None,
        };
        self.stand_batch(key, BatchPlan { head, lines, write: &whole }).await
    }

    /// A journal.
    pub(super) async fn record_journal(
        &self,
        key: &Key,
        write: &RecordJournal,
    ) -> Result<WriteAnswer, PortError> {
        let zero = Money::zero(write.currency);
        let sum = write.lines.iter().try_fold(zero, |sum, line| {
            sum.checked_add(line.amount).map_err(|error| invalid(error.to_string()))
        })?;
        if !sum.is_zero() {
            return Err(invalid(format!("the journal's lines are {sum} out of balance")));
        }
        let label = Label {
            stamp: stamp(key),
            purpose: Purpose::Journal,
            bank: None,
            payout: write.payout.as_ref().map(ToString::to_string),
            receipt: None,
            memo: memo_text(&write.memo, write.dated_on, write.true_date),
        };
        let lines: Vec<Line> = write
            .lines
            .iter()
            .map(|line| Line::other(&line.account, line.amount, &line.memo))
            .collect();
        let head = Head {
            label: &label,
            dated_on: write.dated_on,
            currency: write.currency,
            branch: write.subsidiary.as_ref().map(ToString::to_string),
        };
        let whole = ErpWrite::RecordJournal(write.clone());
        self.stand_batch(key, BatchPlan { head, lines, write: &whole }).await
    }

    /// The lines of a deposit: bank, receipts out of clearing, refunds back into it, the rest.
    async fn deposit_lines(&self, write: &RecordDeposit) -> Result<Vec<Line>, PortError> {
        let mut lines = Vec::new();
        if !write.total.is_zero() {
            let reference = write.payout.as_ref().map(ToString::to_string).unwrap_or_default();
            lines.push(Line::bank(&write.bank, write.total, &reference));
        }
        let receipts = self.receipt_amounts(write).await?;
        for id in &write.receipts {
            let Some((account, amount)) = receipts.get(id) else {
                return Err(PortError::Stale(format!("receipt {id} does not stand any more")));
            };
            lines.push(Line::receipt(account, id, *amount));
        }
        for id in &write.refunds {
            let refund = self.refund_to_deposit(id).await?;
            let clearing = self.settings.clearing(write.currency).map_err(invalid)?.clone();
            let account = refund.account.clone().unwrap_or(clearing);
            lines.push(Line::refund(&account, &refund));
        }
        for line in &write.lines {
            let amount = Money::new(-line.amount.minor, line.amount.currency);
            lines.push(Line::other(&line.account, amount, &line.memo));
        }
        let sum = lines.iter().try_fold(Money::zero(write.currency), |sum, line| {
            sum.checked_add(line.amount).map_err(|error| invalid(error.to_string()))
        })?;
        if sum.is_zero() {
            return Ok(lines);
        }
        Err(invalid(format!("the deposit's lines are {sum} off its total of {}", write.total)))
    }

    /// What stands on the clearing account for each receipt now. One that has left it already, or
    /// that a person voided, makes the decision stale.
    async fn receipt_amounts(
        &self,
        write: &RecordDeposit,
    ) -> Result<BTreeMap<ReceiptId, (LedgerAccountId, Money)>, PortError> {
        let mut found = BTreeMap::new();
        for slice in write.receipts.chunks(SLICE_MAX) {
            let numbers: Vec<&str> = slice.iter().map(ReceiptId::as_str).collect();
            let filter =
                all_of(&["Type eq 'Payment'", &format!("({})", any_of("ReferenceNbr", &numbers))]);
            let select =
                "Type,ReferenceNbr,Status,PaymentAmount,CurrencyID,CashAccount,Description";
            let ask = Ask { select, custom: receipt::custom(), ..Ask::default() }.filter(filter);
            let rows = self.client.list(PAYMENT, &ask).await?;
            let deposits = self.deposits_of(rows.iter()).await?;
            for row in rows.iter().map(Entity) {
                let Some((id, account, amount)) = deposited_row(row).map_err(invalid)? else {
                    continue;
                };
                let left = receipt::is_deposited(row) || in_deposit(row, &deposits);
                if left || !self.stands(row, &id).await? {
                    let words = format!("receipt {id} is voided or deposited already");
                    return Err(PortError::Stale(words));
                }
                found.insert(id, (account, amount));
            }
        }
        Ok(found)
    }

    /// A payment that we voided may yet leave with its refund; a person's void took it away.
    async fn stands(&self, payment: Entity<'_>, id: &ReceiptId) -> Result<bool, PortError> {
        if receipt::phase(payment) != Ok(Phase::Voided) {
            return Ok(true);
        }
        let read = self.read_receipt(id).await?;
        Ok(read.found().is_some_and(|one| !one.voided && one.place == ReceiptPlace::Undeposited))
    }

    async fn refund_to_deposit(
        &self,
        id: &model::ids::ErpRefundId,
    ) -> Result<ErpRefund, PortError> {
        let name = RefundName::read(id).map_err(invalid)?;
        let gone = || PortError::Stale(format!("refund {id} does not stand any more"));
        let refund = match &name {
            RefundName::Document(number) => {
                let body = self.client.get(PAYMENT, &[REFUND, number], &Ask::default()).await?;
                let body = body.ok_or_else(gone)?;
                receipt::refund_from_entity(Entity(&body), true)
            }
            RefundName::Batch(number) => {
                let body = self.client.get(BATCH, &["GL", number], &batch_ask()).await?;
                let body = body.ok_or_else(gone)?;
                batch::from_entity(Entity(&body)).and_then(|batch| batch.refund(false, true))
            }
        };
        let refund = refund.map_err(invalid)?;
        if refund.voided { Err(gone()) } else { Ok(refund) }
    }

    /// Brings the batch to stand: whatever an earlier send left is gone on with.
    pub(super) async fn stand_batch(
        &self,
        key: &Key,
        plan: BatchPlan<'_>,
    ) -> Result<WriteAnswer, PortError> {
        let plan = self.placed(plan).await?;
        let carried = plan.carried();
        let stood = self.stand_batch_in_steps(key, plan).await;
        stood.map_err(|error| with_settings(error, &self.settings, &carried))
    }

    async fn stand_batch_in_steps(
        &self,
        key: &Key,
        plan: BatchPlan<'_>,
    ) -> Result<WriteAnswer, PortError> {
        let steps = self.begun();
        let number = match self.find_batch(key, plan.head.label.purpose).await? {
            Read::Found(batch) if batch.state == BatchState::Unreleased => {
                if same_lines(&batch, &plan) {
                    Some(batch.number)
                } else {
                    self.discard_batch(key, &batch.number).await?;
                    None
                }
            }
            Read::Found(batch) => {
                if let Some(why) = super::find::difference_of_batch(plan.write, &batch) {
                    return Err(invalid(format!("batch {} {why}", batch.number)));
                }
                return Ok(adopted(batch.number));
            }
            Read::Missing => None,
            Read::Odd(why) => return Err(invalid(why)),
        };
        let number = match number {
            Some(number) => number,
            None => self.insert_batch(key, &plan).await?,
        };
        self.time_left(&steps)?;
        self.release_batch(key, &number).await?;
        Ok(made(number))
    }

    async fn insert_batch(&self, key: &Key, plan: &BatchPlan<'_>) -> Result<String, PortError> {
        let body = batch::body(&plan.head, &plan.lines, &self.settings);
        match self.client.insert(BATCH, &batch_ask(), &body, key).await? {
            Outcome::Done(body) => {
                let entity = Entity(&body);
                let Some(number) = entity.text("BatchNbr").filter(|text| text != "<NEW>") else {
                    return Err(match self.find_batch(key, plan.head.label.purpose).await {
                        Ok(Read::Missing) => dropped("Journal Transactions (GL301000)"),
                        _ => PortError::OutcomeUnknown("the batch has no number".to_owned()),
                    });
                };
                let complete =
                    batch::from_entity(entity).is_ok_and(|batch| same_lines(&batch, plan));
                if complete {
                    return Ok(number);
                }
                // A 200 does not prove that every line was taken (acumatica sheet section 6).
                self.discard_batch(key, &number).await.map_err(begun_already)?;
                Err(invalid("the batch was saved with other lines than sent, and deleted again"))
            }
            Outcome::Refused(refusal) => {
                match self.find_batch(key, plan.head.label.purpose).await {
                    Ok(Read::Found(_)) | Err(_) => Err(PortError::OutcomeUnknown(format!(
                        "begun before; then {}",
                        refusal.detail
                    ))),
                    Ok(Read::Missing | Read::Odd(_)) => Err(refusal.into_error()),
                }
            }
        }
    }

    async fn discard_batch(&self, key: &Key, number: &str) -> Result<(), PortError> {
        match self.client.delete(BATCH, &["GL", number], key).await? {
            Outcome::Done(()) => Ok(()),
            Outcome::Refused(refusal) if refusal.is_missing() => Ok(()),
            Outcome::Refused(refusal) => Err(settle_refusal(refusal)),
        }
    }

    /// Takes back a batch that was saved and not released, if there is one.
    async fn discard_begun(&self, key: &Key, purpose: Purpose) -> Result<(), PortError> {
        match self.find_batch(key, purpose).await.map_err(begun_already)? {
            Read::Found(batch) if batch.state == BatchState::Unreleased => {
                self.discard_batch(key, &batch.number).await.map_err(begun_already)
            }
            Read::Found(_) | Read::Missing | Read::Odd(_) => Ok(()),
        }
    }

    async fn release_batch(&self, key: &Key, number: &str) -> Result<(), PortError> {
        let body = json!({
            "entity": { "Module": wrapped("GL"), "BatchNbr": wrapped(number) },
            "parameters": {},
        });
        let action = "ReleaseJournalTransaction";
        let ended =
            self.client.act(BATCH, action, &body, None, key).await.map_err(begun_already)?;
        let ask = Ask { select: "Module,BatchNbr,Status", ..Ask::default() };
        let now = self.client.get(BATCH, &["GL", number], &ask).await.map_err(begun_already)?;
        let gone = || PortError::OutcomeUnknown(format!("batch {number} is gone again"));
        let now = now.ok_or_else(gone)?;
        match batch::state(Entity(&now)).map_err(PortError::OutcomeUnknown)? {
            BatchState::Released | BatchState::Held | BatchState::Voided => return Ok(()),
            BatchState::Unreleased => {}
        }
        match ended {
            Ended::Done => Err(PortError::OutcomeUnknown(format!(
                "the release of batch {number} is said to be done and does not show"
            ))),
            Ended::Open(why) => Err(PortError::OutcomeUnknown(why)),
            Ended::Refused(refusal) if refusal.is_changed() => Err(settle_refusal(refusal)),
            Ended::Refused(refusal) => {
                self.discard_batch(key, number).await.map_err(begun_already)?;
                Err(refusal.into_error())
            }
        }
    }
}

/// A payment as a deposit takes it: released, or voided by us after it. `None`: not yet released.
fn deposited_row(
    entity: Entity<'_>,
) -> Result<Option<(ReceiptId, LedgerAccountId, Money)>, String> {
    match receipt::phase(entity)? {
        Phase::Released | Phase::Voided => {}
        Phase::Unreleased | Phase::Held => return Ok(None),
    }
    let amount = entity.required_money("PaymentAmount", receipt::currency(entity)?)?;
    let account = LedgerAccountId::new(entity.required("CashAccount")?);
    Ok(Some((ReceiptId::new(entity.required("ReferenceNbr")?), account, amount)))
}

/// The saved lines are those that were sent, whatever their order, and stand where they were to.
fn same_lines(batch: &Batch, plan: &BatchPlan<'_>) -> bool {
    let mut left: Vec<&Posted> = batch.lines.iter().collect();
    let all = plan.lines.iter().all(|line| {
        let account = ledger_account(line.account.as_str());
        let mut there = left.iter();
        let at = there.position(|one| {
            ledger_account(one.account.as_str()) == account
                && one.amount == line.amount
                && one.on.fits(&line.on)
        });
        at.map(|at| left.swap_remove(at)).is_some()
    });
    all && left.is_empty() && batch.dated_on == plan.head.dated_on
}

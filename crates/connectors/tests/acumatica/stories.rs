//! What a payout leaves in Acumatica's books, step by step.

use jiff::SignedDuration;
use model::invoice::InvoiceStatus;
use model::receipt::ReceiptPlace;
use ports::Clock;

use crate::world::{CLEARING, CUSTOMER, World, pounds};

#[tokio::test]
async fn an_open_invoice_is_listed_paid_and_read_back() {
    let world = World::new();
    let since = world.clock.now() - SignedDuration::from_mins(5);
    let invoice = world.invoice("INV-1", "240.00");
    let changed = world.erp.changed_invoices(since, None).await.unwrap();
    assert_eq!(changed.records.len(), 1);
    let open = world.read_invoice(&invoice).await;
    assert_eq!((open.due, open.status), (pounds(24_000), InvoiceStatus::Open));
    assert!(open.flagged, "{open:?}");
    let made = world.record("receipt", world.receipt(&invoice, 30_000, 24_000)).await.unwrap();
    assert!(!made.adopted);
    let receipt = world.read_receipt("receipt").await;
    assert_eq!((receipt.id.as_str(), receipt.customer.as_str()), (made.id.as_str(), CUSTOMER));
    assert_eq!((receipt.amount, receipt.unapplied), (pounds(30_000), pounds(6_000)));
    assert_eq!((receipt.place, receipt.applications.len()), (ReceiptPlace::Undeposited, 1));
    let paid = world.read_invoice(&invoice).await;
    assert_eq!((paid.due, paid.status), (pounds(0), InvoiceStatus::Paid));
    assert_eq!(world.balance(CLEARING), 30_000);
}

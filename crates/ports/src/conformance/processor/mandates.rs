//! Payers are asked for mandates by a request that is made once and links that may be made again;
//! a processor that can not do it says so.

use model::command::{InviteMandate, ProcessorWrite, RejectionCause, RequestMandate};
use model::key::Key;
use model::mandate::{MandateRequest, MandateRequestStatus};
use model::payment::metadata;

use super::expect::{adopted, found, made, not_done, ok, only, rejected, unsupported};
use super::world::World;
use crate::PortError;
use crate::conformance::subject::{Need, ProcessorSubject};

super::suite! {
    ProcessorSubject:
    requests_are_made_or_unsupported,
    a_request_is_made_once needs [Need::MandateRequests],
    the_key_with_another_request_is_refused needs [Need::MandateRequests],
    a_payer_authorises_by_any_of_the_links needs [Need::MandateRequests],
    an_unknown_request_takes_no_invitation,
}

fn key() -> Key {
    Key::new(&["request", "1007", "1"])
}

fn request(world: &World<'_>, erp_customer: &str) -> ProcessorWrite {
    let texts = [(metadata::CUSTOMER, erp_customer), (metadata::KEY, "request/1007/1")];
    ProcessorWrite::RequestMandate(RequestMandate {
        erp_customer: erp_customer.into(),
        customer: None,
        currency: world.currency,
        description: "Direct debit".to_owned(),
        metadata: texts.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
    })
}

fn invite(request: &str) -> ProcessorWrite {
    ProcessorWrite::InviteMandate(InviteMandate {
        erp_customer: "1007".into(),
        request: request.into(),
        company_name: Some("Brook & Sons".to_owned()),
        given_name: None,
        family_name: None,
        email: Some("ap@brook.example".to_owned()),
        country: Some("GB".to_owned()),
    })
}

async fn read(world: &World<'_>, id: &str) -> MandateRequest {
    found(only(ok(world.processor.mandate_requests(&[id.into()]).await)))
}

async fn requests_are_made_or_unsupported(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    match world.processor.write(&key(), &request(&world, "1007")).await {
        Ok(answer) => assert!(!answer.id.is_empty()),
        refused => {
            unsupported(refused);
            let invited = world.processor.write(&key(), &invite(&subject.unknown_id())).await;
            unsupported(invited);
        }
    }
}

async fn a_request_is_made_once(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let write = request(&world, "1007");
    assert_eq!(ok(world.processor.find(&key(), &write).await), None);
    let id = made(world.processor.write(&key(), &write).await);
    adopted(world.processor.write(&key(), &write).await, &id);
    let found = ok(world.processor.find(&key(), &write).await);
    assert_eq!(found.map(|answer| answer.id).as_ref(), Some(&id));
    let read = read(&world, &id).await;
    assert_eq!((read.status, read.mandate), (MandateRequestStatus::Pending, None));
    assert_eq!((read.erp_customer, read.currency), (Some("1007".into()), Some(world.currency)));
}

async fn the_key_with_another_request_is_refused(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = made(world.processor.write(&key(), &request(&world, "1007")).await);
    rejected(world.processor.write(&key(), &request(&world, "1008")).await);
    assert_eq!(read(&world, &id).await.erp_customer, Some("1007".into()));
}

async fn a_payer_authorises_by_any_of_the_links(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = made(world.processor.write(&key(), &request(&world, "1007")).await);
    let mut links = Vec::new();
    for nth in ["1", "2"] {
        let answer = world.processor.write(&Key::new(&["invite", nth]), &invite(&id)).await;
        links.extend(ok(answer).url);
    }
    assert!(links.iter().all(|link| link.starts_with("https://")), "{links:?}");
    assert_eq!(links.len(), 2, "an invitation without a link: {links:?}");
    assert_eq!(read(&world, &id).await.status, MandateRequestStatus::Pending);
    subject.authorise(&id);
    let read = read(&world, &id).await;
    assert_eq!(read.status, MandateRequestStatus::Fulfilled);
    let (Some(mandate), Some(customer)) = (read.mandate, read.customer) else {
        panic!("fulfilled without mandate or customer");
    };
    let mandate = found(only(ok(world.processor.mandates(&[mandate]).await)));
    assert_eq!((mandate.customer, mandate.currency), (customer, world.currency));
    assert!(mandate.status.usable(true), "{:?}", mandate.status);
}

async fn an_unknown_request_takes_no_invitation(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let told = world.processor.write(&key(), &invite(&subject.unknown_id())).await;
    match &told {
        Err(PortError::Unsupported(_)) => {}
        Err(PortError::Rejected(rejection)) => {
            assert_ne!(rejection.cause, RejectionCause::Permission, "{rejection:?}");
        }
        _ => not_done(told),
    }
}

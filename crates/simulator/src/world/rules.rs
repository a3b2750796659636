//! The links that people made, edited and removed, and the policies that each went by, as an onlooker keeps
//! them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::ids::LinkId;
use model::policy::{Mode, Policy};

/// The policies that links had.
#[derive(Debug, Default)]
pub struct Rules(Vec<Ruled>);

/// What a link went by for some time.
#[derive(Debug)]
struct Ruled {
    link: LinkId,
    policy: Policy,
    from: Timestamp,
    /// `None`: it still does.
    until: Option<Timestamp>,
}

impl Rules {
    /// The link has this policy from now on.
    pub fn ruled(&mut self, link: &LinkId, policy: &Policy, now: Timestamp) {
        self.removed(link, now);
        let (link, policy) = (link.clone(), policy.clone());
        self.0.push(Ruled { link, policy, from: now, until: None });
    }

    /// There is no such link any more.
    pub fn removed(&mut self, link: &LinkId, now: Timestamp) {
        let open = |one: &&mut Ruled| one.link == *link && one.until.is_none();
        self.0.iter_mut().filter(open).for_each(|one| one.until = Some(now));
    }

    /// Every policy that a link ever had.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.0.iter().map(|one| &one.policy)
    }

    /// Every policy that a link had at some time from then on.
    pub fn policies_since(&self, from: Timestamp) -> impl Iterator<Item = &Policy> {
        let lasted = move |one: &&Ruled| one.until.is_none_or(|until| until > from);
        self.0.iter().filter(lasted).map(|one| &one.policy)
    }

    /// Links that were on all the time from then on.
    pub fn on_since(&self, from: Timestamp) -> usize {
        let links: BTreeSet<&LinkId> = self.0.iter().map(|one| &one.link).collect();
        let all_on = |link: &&LinkId| {
            let mut known_to = from;
            let lasted =
                |one: &&Ruled| one.link == **link && one.until.is_none_or(|until| until > from);
            for one in self.0.iter().filter(lasted) {
                if one.from > known_to || one.policy.mode != Mode::On {
                    return false;
                }
                known_to = one.until.unwrap_or(Timestamp::MAX);
            }
            known_to == Timestamp::MAX
        };
        links.into_iter().filter(all_on).count()
    }

    /// The zone of the days of the link that was edited last.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        self.0.last().map_or(TimeZone::UTC, |one| zone_of(&one.policy))
    }

    /// When a day of the link's begins.
    #[must_use]
    pub fn day_begins(&self, day: Date) -> Option<Timestamp> {
        Some(day.to_zoned(self.zone()).ok()?.timestamp())
    }
}

/// The zone of the link's days.
#[must_use]
pub fn zone_of(policy: &Policy) -> TimeZone {
    TimeZone::get(&policy.time_zone).unwrap_or(TimeZone::UTC)
}

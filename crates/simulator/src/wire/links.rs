//! People edit the link while work is in flight, switch it off and on, or make it anew.

use engine::Engine;
use jiff::Timestamp;
use model::case::Actor;
use model::ids::LinkId;
use model::policy::Mode;
use store::StoreError;
use store::rows::Link;

use super::worker::{Site, Worker};
use crate::at_once::at_once;
use crate::moves::policies;
use crate::random::Random;

/// Edits in ten thousand that make the link anew.
const ANEW: u32 = 1_500;

/// Whom a change of the links reaches.
pub struct Crew<'a> {
    pub workers: &'a [Worker],
    pub console: &'a Engine,
    pub now: Timestamp,
}

/// One change of the only link; gives what was done, for the story.
///
/// # Errors
/// What the store refuses.
pub fn make(
    site: &mut Site,
    crew: &Crew<'_>,
    random: &mut Random,
) -> Result<Option<String>, String> {
    let Some(mut link) = site.connected.links.values().next().cloned() else { return Ok(None) };
    if random.chance(ANEW) {
        let name = policies::next_name(&link);
        let removed = at_once(site.store.remove_link(&link.id, &ada(), crew.now));
        removed.map_err(|error| refused(&error))?;
        site.connected.links.remove(&link.id);
        site.world.state().watched.rules.removed(&link.id, crew.now);
        let old = std::mem::replace(&mut link.id, LinkId::new(name.as_str()));
        link.version = 0;
        put(site, crew, link)?;
        return Ok(Some(format!("link {old} is removed and made anew as {name}")));
    }
    let what = policies::edit(&mut link.policy, random);
    put(site, crew, link)?;
    Ok(Some(format!("the link's policy is edited: {what}")))
}

/// Every link collects and posts again.
///
/// # Errors
/// What the store refuses.
pub fn switch_on(site: &mut Site, crew: &Crew<'_>) -> Result<(), String> {
    let off = |link: &&Link| link.policy.mode != Mode::On;
    let links: Vec<Link> = site.connected.links.values().filter(off).cloned().collect();
    for mut link in links {
        link.policy.mode = Mode::On;
        put(site, crew, link)?;
    }
    Ok(())
}

fn put(site: &mut Site, crew: &Crew<'_>, mut link: Link) -> Result<(), String> {
    let put = at_once(site.store.put_link(&link, &ada(), crew.now));
    link.version = put.map_err(|error| refused(&error))?;
    site.world.state().watched.rules.ruled(&link.id, &link.policy, crew.now);
    site.connected.links.insert(link.id.clone(), link);
    for worker in crew.workers {
        worker.reload(&site.connected.links);
    }
    let mut seen = engine::World::clone(&crew.console.world());
    seen.links.clone_from(&site.connected.links);
    crew.console.set_world(seen);
    at_once(crew.console.hint_open()).map(drop).map_err(|error| error.to_string())
}

fn refused(error: &StoreError) -> String {
    format!("the link can not be kept: {error}")
}

fn ada() -> Actor {
    Actor::Person("ada".to_owned())
}

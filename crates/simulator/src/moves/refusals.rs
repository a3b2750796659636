//! The ERP refuses documents for good: a customer is on hold, or a script of the bookkeepers' wants a
//! field filled in, until somebody mends that.

use model::ids::ErpCustomerId;

use crate::faults::Fault;
use crate::random::Random;
use crate::world::World;

pub fn make(world: &World, random: &mut Random) -> Option<String> {
    let ids: Vec<ErpCustomerId> = world.state().books.customers.keys().cloned().collect();
    let id = random.pick(&ids)?;
    let mut state = world.state();
    let refusing = &mut state.books.refusing;
    Some(match random.below(6) {
        0..=2 => {
            world.faults().note(Fault::RefusedForGood);
            refusing.customers.insert(id.clone());
            format!("documents of customer {id} are refused from now on")
        }
        3 => {
            world.faults().note(Fault::RefusedForGood);
            refusing.deposits = true;
            "deposits are refused from now on".to_owned()
        }
        4 => {
            refusing.deposits = false;
            "deposits are taken again".to_owned()
        }
        _ => {
            refusing.customers.remove(id);
            format!("documents of customer {id} are taken again")
        }
    })
}

/// Nothing is refused any more.
pub fn lift(world: &World) {
    world.state().books.refusing = Default::default();
}

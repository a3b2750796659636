//! What every implementation of a port must do, as tests against the port alone: one suite for ERPs
//! and one for processors. An implementation hands in a subject: itself, with the means to act as
//! people and banks do over there and to cause trouble. A case panics where a promise is broken.

pub mod erp;
mod expect;
pub mod processor;
mod run;
mod subject;

pub use erp::run_erp;
pub use processor::run_processor;
pub use run::{Case, Report, Skipped};
pub use subject::{Chart, ErpSubject, Need, NewInvoice, Posted, ProcessorSubject, Trouble};

/// Lists the cases of a file, each with what a subject must be able to do for it. One that is not
/// listed is dead code, which the build refuses.
macro_rules! suite {
    ($subject:ident: $($name:ident $(needs [$($need:expr),*])?,)*) => {
        pub(in crate::conformance) const CASES:
            &[$crate::conformance::Case<dyn $crate::conformance::$subject>] =
            &[$($crate::conformance::Case {
                name: concat!(module_path!(), "::", stringify!($name)),
                needs: &[$($($need),*)?],
                run: |subject| Box::pin($name(subject)),
            },)*];
    };
}
use suite;

//! What the engine needs of the outside: an ERP, a processor, a clock, a transport. Implementations
//! live in `connectors`, in the simulator's fakes and in the shells.

pub mod bank_details;
pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod description;
pub mod erp;
pub mod error;
pub mod exchange;
pub mod health;
pub mod keeper;
pub mod memory;
pub mod processor;
pub mod read;
pub mod transport;

pub use bank_details::{BankDetails, DetailsFor};
pub use clock::Clock;
pub use description::{Description, Guard};
pub use erp::Erp;
pub use error::PortError;
pub use processor::Processor;
pub use read::{Depth, Page, Read, Seen};

//! NetSuite's records and rows to the model's nouns, and back. Pure: whatever can not be understood
//! becomes a sentence that names the field.

pub mod customer;
pub mod documents;
pub mod invoice;
pub mod receipt;

//! Deliberate mistakes of the fakes themselves, to prove that the promises can be seen broken. Those of the
//! crates under test are `model::defects`.

/// A deliberate mistake of a fake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// The processor makes a second payment for a repeated key.
    KeysIgnored,
    /// The ERP makes a second document for a repeated external id.
    StampsIgnored,
    /// The ERP's direct reads of invoices show what they owed when they were written.
    DuesFrozen,
    /// The ERP posts a penny too much on the bank account and tells nobody.
    BankOff,
    /// The processor's port sends every payment once more under a key of its own.
    PortRepeats,
}

impl Defect {
    pub const ALL: &'static [Defect] = &[
        Defect::KeysIgnored,
        Defect::StampsIgnored,
        Defect::DuesFrozen,
        Defect::BankOff,
        Defect::PortRepeats,
    ];

    /// What is wrong, in the words of the table.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Defect::KeysIgnored => "the processor ignores idempotency keys",
            Defect::StampsIgnored => "the ERP ignores external ids",
            Defect::DuesFrozen => "direct reads show what was due at the beginning",
            Defect::BankOff => "a penny too much on the bank account",
            Defect::PortRepeats => "the port sends every payment twice",
        }
    }
}

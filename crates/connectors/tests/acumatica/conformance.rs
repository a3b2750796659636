//! The suite that every ERP port must pass, on Acumatica's connector and emulator.

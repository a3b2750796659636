//! Tests of the Acumatica connector, against scripted answers.

mod mapping;

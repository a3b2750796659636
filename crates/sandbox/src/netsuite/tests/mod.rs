//! Tests of the emulator, by subject.

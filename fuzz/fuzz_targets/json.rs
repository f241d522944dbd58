//! Bytes as the JSON body of a call.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| interdict_fuzz::json(bytes));

//! Bytes as a file of entries in NDJSON.

#![no_main]

use interdict_domain::import::ImportFormat;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| interdict_fuzz::rows(ImportFormat::Ndjson, bytes));

//! Texts as identifiers of the kind `device`.

#![no_main]

use interdict_domain::identifier::Kind;

libfuzzer_sys::fuzz_target!(|text: &str| interdict_fuzz::identifier(Kind::Device, text));

//! What a decision does to each identifier, and what it writes in each answer, in nanoseconds.
//!
//! Deliberately not here: the index, which the decision crate measures.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark may give up")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Kind, Pepper, email, phone};
use interdict_domain::ids::{CustomerId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::pan::holds_pan;

const TYPICAL: &str = "adaeze.okafor@gmail.com";
const LOWER: &str = "adaeze.okafor+shop@example.com";
const MIXED: &str = "Adaeze.Okafor+Shop@Example.com";
const ABROAD: &str = "adaeze.ökafor@bücher.example";

/// A sink of fixed size, so that formatting is measured without allocation.
struct Sink(usize);

impl std::fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 += black_box(text).len();
        Ok(())
    }
}

fn emails(c: &mut Criterion) {
    let pepper = Pepper::from_bytes([7; 32]);
    let key = |value: &str| pepper.key(MerchantNumber(1), Kind::Email, value);
    let mut group = c.benchmark_group("email");
    for (name, text) in [("typical", TYPICAL), ("lower", LOWER), ("mixed", MIXED), ("abroad", ABROAD)] {
        group.bench_function(format!("normalise/{name}"), |b| b.iter(|| email::normalise(black_box(text))));
        group.bench_function(format!("both/{name}"), |b| {
            b.iter(|| email::normalise(black_box(text)).map(|value| key(&value)));
        });
    }
    group.bench_function("key", |b| b.iter(|| key(black_box(LOWER))));
    // The floor under every key: one block of keyed BLAKE3.
    group.bench_function("floor", |b| b.iter(|| blake3::keyed_hash(&[7; 32], black_box(LOWER.as_bytes()))));
    group.finish();
}

fn others(c: &mut Criterion) {
    let mut group = c.benchmark_group("normalise");
    group.bench_function("phone", |b| b.iter(|| phone::normalise(black_box("+2348012345678"))));
    for (kind, text) in [
        (Kind::Ip, "203.0.113.7"),
        (Kind::Device, "dev_9f86d081884c7d659a2feaa0c55ad015"),
        (Kind::Iban, "DE89370400440532013000"),
        (Kind::Bin, "42424242"),
        (Kind::Country, "NG"),
        (Kind::MerchantRef, "customer-20931"),
    ] {
        group.bench_function(kind.as_str(), |b| b.iter(|| kind.normalise(black_box(text))));
    }
    group.finish();
    let prose = "Chargeback after delivery was confirmed; the courier has a signature. ".repeat(14);
    let numbers = "order 1029 of 2026-11-20, 3 parcels, 12.50 each; ".repeat(20);
    c.bench_function("pan/prose of 980 bytes", |b| b.iter(|| holds_pan(black_box(&prose))));
    c.bench_function("pan/numbers in 980 bytes", |b| b.iter(|| holds_pan(black_box(&numbers))));
}

fn written(c: &mut Criterion) {
    let id: CustomerId = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV".parse().unwrap();
    let moment = Timestamp::from_micros(1_795_232_613_123_456);
    let mut group = c.benchmark_group("write");
    group.bench_function("ksuid encode", |b| b.iter(|| black_box(id.ksuid()).encode()));
    group.bench_function("ksuid decode", |b| {
        b.iter(|| Ksuid::decode(black_box("2R0uWz4tu9wxTMBXxj9CJfSE9vV")));
    });
    group.bench_function("customer id", |b| b.iter(|| write!(Sink(0), "{}", black_box(id))));
    group.bench_function("timestamp", |b| b.iter(|| write!(Sink(0), "{}", black_box(moment))));
    group.finish();
}

criterion_group!(benches, emails, others, written);
criterion_main!(benches);

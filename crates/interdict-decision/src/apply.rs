//! Index + fact → index.
//!
//! Every fact says what is now so, not what changed: a replay changes nothing. Readers go on
//! meanwhile, and no block may vanish for a moment. Hence the order inside each step: what speaks
//! against somebody is put before it is taken away elsewhere, and what cannot be done under one lock
//! is made visible at once ([`crate::index`]'s moments).

use interdict_domain::change::{CustomerFact, EntryFact, Fact, RangeFact};
use interdict_domain::ids::CustomerId;

use crate::index::{Applying, CustomerRecord, EntryRecord, Index, Interner, OwnKeys, Texts};

impl Index {
    /// Folds in the facts of one change. Readers see all of them or none; of a change that is about nothing but
    /// entries, they see each entry before or after.
    ///
    /// One thread applies. A second would wait for the first, but then nobody could say which of two
    /// changes of the same customer is the later.
    pub fn apply(&self, facts: &[Fact]) {
        self.fold(&mut self.applying.lock(), facts);
    }

    /// The same for a change with its place in the feed, up to which everything has been applied then. Whether
    /// the index holds what a database held at that moment, [`Self::settle`] says.
    pub fn apply_change(&self, sequence: i64, facts: &[Fact]) {
        let applying = &mut *self.applying.lock();
        self.fold(applying, facts);
        self.reach(applying, sequence);
        applying.unsettle(sequence);
    }

    fn fold(&self, applying: &mut Applying, facts: &[Fact]) {
        // Here, because inside of a moment readers would wait for it.
        applying.read_before(self, facts);
        match facts {
            [] => {}
            [fact] if !self.spans_shards(fact) => self.apply_one(&mut applying.interner, fact),
            // An import's: each entry stands for itself, and readers would wait for a thousand of them.
            facts if facts.iter().all(is_of_entries_alone) && !is_a_move(facts) => {
                for fact in facts {
                    self.apply_one(&mut applying.interner, fact);
                }
            }
            facts => self.moments.change(|| {
                for fact in facts {
                    // Again: those before it may have moved where it goes. Nearly always there is nothing left.
                    applying.read_before(self, std::slice::from_ref(fact));
                    self.apply_one(&mut applying.interner, fact);
                }
            }),
        }
    }

    /// Whether a reader between two of its lookups could miss a block while this is applied: when a
    /// customer leaves a key.
    fn spans_shards(&self, fact: &Fact) -> bool {
        match fact {
            Fact::EntryPut(_)
            | Fact::EntryRemoved { .. }
            | Fact::ClockAdvanced { .. }
            | Fact::OutageChosen { .. }
            | Fact::RowsImported(_) => false,
            Fact::CustomerRemoved(_) => true,
            Fact::CustomerPut(fact) => {
                let held = self.customers.find(fact.id, |_, record| record.keys).unwrap_or_default();
                let wanted = [&fact.email, &fact.phone, &fact.merchant_ref];
                held.0
                    .iter()
                    .zip(wanted)
                    .any(|(held, wanted)| held.is_some() && *held != wanted.as_ref().map(|linked| linked.key))
            }
        }
    }

    fn apply_one(&self, interner: &mut Interner, fact: &Fact) {
        match fact {
            Fact::EntryPut(fact) => self.put_entry(interner, fact),
            Fact::EntryRemoved { id, key } => interner.release(self.keys.remove_entry(*key, *id)),
            Fact::CustomerPut(fact) => self.put_customer(interner, fact),
            Fact::CustomerRemoved(id) => self.remove_customer(interner, *id),
            Fact::ClockAdvanced { merchant, ahead_s } => self.clocks.put(*merchant, *ahead_s),
            Fact::OutageChosen { merchant, outage } => self.outages.put(*merchant, *outage),
            Fact::RowsImported(_) => {}
        }
    }

    fn put_entry(&self, interner: &mut Interner, fact: &EntryFact) {
        if let Some(RangeFact { merchant, reach }) = fact.range {
            self.ranges.put(merchant, reach);
        }
        if let Some(former) = fact.former {
            self.ranges.put_former(former, fact.kind);
        }
        let texts = interner.intern(Texts {
            first: fact.reason.clone(),
            second: fact.public_message.clone(),
            max_amount: fact.max_amount,
        });
        let replaced = self.keys.put_entry(fact.key, &EntryRecord::new(fact), texts);
        interner.release(replaced);
    }

    fn put_customer(&self, interner: &mut Interner, fact: &CustomerFact) {
        let texts = interner.intern(Texts {
            first: fact.restrict_reason.clone(),
            second: fact.list_reason.clone(),
            max_amount: None,
        });
        let record = CustomerRecord::new(fact, texts);
        let (wanted, marked) = (record.keys, record.is_marked());
        let Some((position, replaced)) = self.customers.put(record) else { return };
        // First the new links, then away with the old ones: the customer is always found somewhere.
        for (_, key) in wanted.iter() {
            self.keys.link(key, position, marked);
        }
        let held = replaced.as_ref().map_or(OwnKeys::default(), |replaced| replaced.keys);
        for (_, key) in held.iter().filter(|(_, key)| !wanted.contains(*key)) {
            self.keys.unlink(key, position);
        }
        interner.release(replaced.and_then(|replaced| replaced.texts));
    }

    fn remove_customer(&self, interner: &mut Interner, id: CustomerId) {
        let Some((position, keys)) = self.customers.find(id, |position, held| (position, held.keys)) else {
            return;
        };
        for (_, key) in keys.iter() {
            self.keys.unlink(key, position);
        }
        interner.release(self.customers.remove(id).and_then(|removed| removed.texts));
    }
}

/// Whether a fact leaves every customer where it is.
fn is_of_entries_alone(fact: &Fact) -> bool {
    matches!(fact, Fact::EntryPut(_) | Fact::EntryRemoved { .. } | Fact::RowsImported(_))
}

/// Whether an entry stands elsewhere from now on: nobody is to see it twice.
fn is_a_move(facts: &[Fact]) -> bool {
    matches!(facts, [Fact::EntryPut(put), Fact::EntryRemoved { id, .. }] if put.id == *id)
}

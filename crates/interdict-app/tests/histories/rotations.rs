//! A rotation of the pepper in the middle of a random history changes no answer, and the history goes on as any other.

use std::time::Duration;

use interdict_app::store::StorageError;
use interdict_decision::oracle::Oracle;
use interdict_domain::identifier::Pepper;
use interdict_domain::mode::Mode;
use interdict_test_support::wait_until;
use proptest::prelude::*;

use crate::calls::{Call, call};
use crate::judged::{assert_as_the_oracle, verdicts};
use crate::support::peppers::pepper;
use crate::{World, configuration};

impl World {
    /// Everything goes on under another pepper.
    fn rotate(&mut self, pepper: &Pepper) {
        self.shop.rotation_to(pepper).run(&mut |_, _| {}).unwrap();
        self.shop.app = self.shop.reopened_under(pepper).unwrap();
        // What was said before speaks of keys that are none any more.
        let mut oracle = Oracle::default();
        let read = self.shop.service().store().read_blocking(|view| {
            view.for_each_fact(&mut |fact| oracle.apply(&fact))?;
            view.revision()
        });
        self.told = read.map_err(|error: StorageError| error).unwrap();
        self.oracle = oracle;
    }

    fn assert_sound(&mut self, pepper: &Pepper) {
        self.tell_oracle();
        let service = self.shop.service();
        assert_as_the_oracle(service, &self.oracle, self.shop.now(), &self.customers);
        assert!(service.compare_with_store().unwrap().is_equal(), "memory and tables");
        assert!(service.compare_with_feed().unwrap().is_equal(), "tables and feed");
        assert_eq!(service.store().verify_chain(&mut |_| {}).unwrap().fault, None);
        let anew = self.shop.reopened_under(pepper).unwrap();
        assert_eq!(anew.service(Mode::Test).fingerprint(), service.fingerprint(), "loaded anew");
    }
}

fn calls(most: usize) -> impl Strategy<Value = Vec<Call>> {
    proptest::collection::vec(call(), 1..most)
}

proptest! {
    #![proptest_config(configuration())]

    #[test]
    fn a_rotation_changes_no_answer(first in calls(40), second in calls(30), third in calls(20)) {
        let mut world = World::new();
        let mut peppers = vec![pepper()];
        for (number, calls) in (8..).zip([first, second, third]) {
            for call in calls {
                world.make(call);
            }
            let present = peppers.last().unwrap().clone();
            if peppers.len() > 1 {
                world.assert_sound(&present);
            }
            let now = world.shop.now();
            let before = verdicts(world.shop.service(), now, &world.customers);
            let next = present.rotated([number; 32]);
            let beside = world.shop.reopened_under(&present).unwrap();
            world.rotate(&next);
            prop_assert_eq!(verdicts(world.shop.service(), now, &world.customers), before);
            world.assert_sound(&next);
            // Whoever missed it hears of it, and decides nothing as if it were fresh.
            let stale = || !beside.service(Mode::Test).readiness().fresh;
            wait_until(stale, Duration::from_secs(20)).unwrap();
            peppers.push(next);
        }
    }
}

//! What is told of the sample shop: seven payments, one for each step of the decision order.

use std::fmt::Write as _;

use interdict_app::NewMerchant;
use interdict_app::decision::{ORDER, Tier};
use interdict_domain::mode::Mode;
use interdict_domain::scopes::Initiator;

use super::cast;
use super::shop;
use super::till::Till;

/// One payment of the story.
pub struct Scene {
    /// The step that decides.
    pub tier: Tier,
    /// Who starts the payment.
    pub initiator: Initiator,
    /// What names the payer: the field and its value.
    pub payer: (&'static str, &'static str),
    /// What is to be seen.
    pub text: &'static str,
}

const fn scene(tier: Tier, payer: (&'static str, &'static str), text: &'static str) -> Scene {
    Scene { tier, initiator: Initiator::Customer, payer, text }
}

/// The story.
pub const SCENES: [Scene; 7] = [
    scene(
        Tier::Restriction,
        ("customer", cast::ODUS_CUSTOMER),
        "Chidi is restricted: what he starts is blocked. With \"merchant\" as initiator his renewals go on.",
    ),
    scene(Tier::Blacklisted, ("merchantRef", "shop-1002"), "Mallory is blacklisted after three chargebacks."),
    scene(
        Tier::HardBlock,
        ("merchantRef", "shop-1003"),
        "Ngozi is whitelisted, but her mailbox was taken over: its hard block entry beats the whitelist.",
    ),
    scene(
        Tier::Whitelisted,
        ("merchantRef", "shop-1004"),
        "Grace is whitelisted, and that beats the soft block entry of her email.",
    ),
    scene(
        Tier::AllowEntry,
        ("email", cast::EXEMPT),
        "The press has no account here. Its email is on the allow list, which beats a soft block entry.",
    ),
    scene(
        Tier::SoftBlock,
        ("email", cast::SUSPECT),
        "A bargain hunter is softly blocked, and told in friendly words.",
    ),
    scene(Tier::Default, ("email", cast::STRANGER), "Of somebody new nothing is known: allowed."),
];

/// The story as text, with lines to paste.
pub fn tell(shop: &NewMerchant, till: &Till, base_url: &str) -> String {
    let keys = shop.keys(Mode::Test);
    let mut text = format!(
        "A sample shop in test mode: the same people, lists and keys each time, and gone when this ends.

  secret key       {secret}
  publishable key  {}
  everything       {base_url}/docs
  dashboard        {base_url}/dashboard
                   sign in as {} with the password {}

May they pay, now, this way? Seven payments, one for each step of the order. Paste them into another window:

  ask() {{ curl -s {base_url}/v1/decisions -H 'Authorization: Bearer {secret}' \\
           -H 'Content-Type: application/json' -d \"$1\"; echo; }}
",
        keys.publishable.secret,
        shop::OWNER,
        shop::PASSWORD,
        secret = keys.secret.secret,
    );
    for (scene, rule) in SCENES.iter().zip(&ORDER) {
        let (field, value) = scene.payer;
        let _ = writeln!(
            text,
            "\n{}. {}\n   ask '{{\"initiator\": \"{}\", \"{field}\": \"{value}\"}}'   # {} {}",
            scene.tier.number(),
            scene.text,
            scene.initiator.as_str(),
            rule.outcome.as_str(),
            rule.code.as_str(),
        );
    }
    tell_of_money(&mut text, till, base_url, &keys.secret.secret);
    let _ = writeln!(
        text,
        "\nAnd why? Add \"explain\": true. Lift Chidi's restriction, and ask again:
  curl -s {base_url}/customers/{}/restrictions -H 'Authorization: Bearer {}' \\
       -H 'Content-Type: application/json' -d '{{\"restrictCit\": false, \"restrictMit\": false}}'

Also in the shop: blocks that are over, that begin next week, that count for renewals only; a household
that shares one email; somebody who was erased and stays blocked. See {base_url}/v1/entries. Somebody is blocked as a
person, and came back with another device, which waits for your word: {base_url}/v1/persons/suggestions.
",
        cast::ODUS_CUSTOMER,
        keys.secret.secret
    );
    text
}

/// Payments that obey: the same decision, and a till that listens to it.
fn tell_of_money(text: &mut String, till: &Till, base_url: &str, secret: &str) {
    let Till { payments, subscriptions, subscription, subscriber, paid, checkout } = till;
    let _ = writeln!(
        text,
        "
The shop has {payments} payments and {subscriptions} subscriptions, and they obey. No money moves in test mode.

  do_() {{ curl -s {base_url}$1 -H 'Authorization: Bearer {secret}' \\
           -H 'Content-Type: application/json' -d \"$2\"; echo; }}

a. Chidi is restricted, and cannot pay:
   do_ /payments '{{\"amount\": 500000, \"currency\": \"NGN\", \"customer\": \"{chidi}\", \"confirm\": true}}'   # 403 customer_restricted
b. A stranger's payment comes back as a chargeback, and the stranger is on the blacklist:
   do_ /payments/{paid}/record-chargeback '{{\"blacklistCustomer\": true}}'   # 200
c. So the stranger's next one is refused:
   do_ /payments '{{\"amount\": 500000, \"currency\": \"NGN\", \"email\": \"{stranger}\", \"confirm\": true}}'   # 403 identifier_blacklisted
d. Grace's renewals are blocked, and a month passes:
   do_ /customers/{subscriber}/restrictions '{{\"restrictMit\": true}}'   # 200
   do_ /v1/test-clock/advance '{{\"seconds\": 2678400}}'   # 200
e. Her subscription stays active, is not charged, and says why:
   curl -s {base_url}/v1/subscriptions/{subscription} -H 'Authorization: Bearer {secret}'; echo
f. A page to pay on, for a browser or a phone:
   {base_url}/pay/{checkout}",
        chidi = cast::ODUS_CUSTOMER,
        stranger = cast::STRANGER,
    );
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use interdict_app::store::CustomerFilter;
    use interdict_app::{App, PaymentAttempt, Presented};
    use interdict_domain::identifier::{Kind, Pepper};

    use super::super::seed::Seed;
    use super::super::shop;
    use super::*;
    use crate::application::{self, Wanted};

    fn filled() -> (tempfile::TempDir, App, NewMerchant) {
        let folder = tempfile::tempdir().unwrap();
        let seed = Arc::new(Seed::new());
        let pepper = Pepper::from_bytes(seed.bytes());
        let file = folder.path().join("pepper");
        let app = application::open_with(folder.path(), &file, pepper, Wanted::DecisionsOnData).unwrap();
        let shop = shop::fill(&app, &seed).unwrap();
        while !app.is_ready() {
            std::thread::sleep(Duration::from_millis(1));
        }
        (folder, app, shop)
    }

    fn tier(app: &App, shop: &NewMerchant, initiator: Initiator, payer: (&str, &str)) -> Tier {
        let (field, value) = payer;
        let customer = (field == "customer").then(|| value.parse().unwrap());
        let identifiers: Vec<Presented<'_>> = Kind::parse(field)
            .map(|kind| Presented { kind, value: value.into(), verified: true })
            .into_iter()
            .collect();
        let attempt = PaymentAttempt {
            initiator,
            customer,
            identifiers: &identifiers,
            money: None,
            explain: false,
            dry_run: true,
        };
        let merchant = shop.merchant.number;
        app.service(Mode::Test)
            .decide(merchant, app.clock().now(), &attempt, |decision, _| decision.tier)
            .unwrap()
    }

    #[test]
    fn each_scene_is_decided_by_its_tier() {
        let (_folder, app, shop) = filled();
        for (scene, rule) in SCENES.iter().zip(&ORDER) {
            assert_eq!(scene.tier, rule.tier, "the scenes stand in the order of the tiers");
            assert_eq!(tier(&app, &shop, scene.initiator, scene.payer), scene.tier, "{}", scene.text);
        }
        let also = |initiator, email| tier(&app, &shop, initiator, ("email", email));
        let renewal = tier(&app, &shop, Initiator::Merchant, ("customer", cast::ODUS_CUSTOMER));
        assert_eq!(renewal, Tier::Default);
        assert_eq!(also(Initiator::Customer, "family.eze@example.com"), Tier::Blacklisted);
        assert_eq!(also(Initiator::Customer, "gone@example.com"), Tier::HardBlock);
        assert_eq!(also(Initiator::Customer, "cooling.off@example.com"), Tier::HardBlock);
        assert_eq!(also(Initiator::Customer, "forgiven@example.com"), Tier::Default);
        assert_eq!(also(Initiator::Customer, "last.warning@example.com"), Tier::Default);
        assert_eq!(also(Initiator::Merchant, "only.checkout@example.com"), Tier::Default);
        assert_eq!(also(Initiator::Merchant, "only.renewals@example.com"), Tier::HardBlock);
    }

    #[test]
    fn the_shop_is_the_same_each_time() {
        let (_one, app, first) = filled();
        let (_two, _, second) = filled();
        assert_eq!(first.test.secret.secret, second.test.secret.secret);
        let number = first.merchant.number;
        let filter = CustomerFilter {
            query: None,
            list_status: None,
            restricted: None,
            email: None,
            now: app.clock().now(),
        };
        let count = app
            .service(Mode::Test)
            .store()
            .read_blocking(|view| view.merchant(number).count_customers(&filter));
        let customers = count.unwrap();
        assert!(customers >= 60, "{customers}");
        let id = |text: &str| format!("{text}2R0uWz4tu9wxTMBXxj9CJfSE9vV");
        let till = Till {
            payments: 1,
            subscriptions: 1,
            subscription: id("sub_").parse().unwrap(),
            subscriber: id("cus_").parse().unwrap(),
            paid: id("pay_").parse().unwrap(),
            checkout: "cs_test_0".to_owned(),
        };
        let told = tell(&first, &till, "http://127.0.0.1:8080");
        assert_eq!(told.matches("ask '").count(), SCENES.len());
    }
}

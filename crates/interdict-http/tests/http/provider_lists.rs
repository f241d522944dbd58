//! `/v1/gateway/lists`: the merchant's lists on Stripe's own, against a Stripe that behaves as its documentation says.
//!
//! Deliberately not here: the pace (a test takes the steps that the server takes one a second), and steps that are cut or
//! meet another node's ([`crate::provider_list_faults`]).

use interdict_app::{App, StripeAddress};
use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::radar::{FakeRadar, ListFault};
use crate::shop::{Api, Engine, Shop};

pub const EMAILS: &str = "interdict_block_email";
pub const ADA: &str = "ada@example.com";
pub const BEN: &str = "ben@example.com";
/// More than a test needs.
const STEPS_MAX: usize = 200;

/// A shop whose live payments go to a Stripe of ours.
pub async fn open(engine: Engine) -> (Shop, FakeRadar) {
    let fake = FakeRadar::start().await;
    let shop = Shop::open_on(engine, StripeAddress { base_url: fake.url(), return_url: None }).await;
    let body = json!({"secretKey": "sk_live_51NeverAtRest0000"}).to_string().into_bytes();
    shop.live().send("PUT", "/v1/gateway", Some(body)).await.expect(200);
    (shop, fake)
}

pub async fn mirror(shop: &Shop, mirroring: &str) -> Value {
    let body = json!({ "mirroring": mirroring }).to_string().into_bytes();
    shop.live().send("PUT", "/v1/gateway/lists", Some(body)).await.expect(200)
}

pub async fn status(shop: &Shop) -> Value {
    shop.live().get("/v1/gateway/lists").await.expect(200)
}

pub async fn step(shop: &Shop) {
    step_of(&shop.app).await;
}

pub async fn step_of(node: &App) {
    node.service(Mode::Live).mirror_lists().await.unwrap();
}

/// Steps until nothing is left to do.
pub async fn settle(shop: &Shop) -> Value {
    settle_by(shop, &shop.app).await
}

/// The same, by the steps of a node.
pub async fn settle_by(shop: &Shop, node: &App) -> Value {
    for _ in 0..STEPS_MAX {
        step_of(node).await;
        let status = status(shop).await;
        if !matches!(status["state"].as_str().unwrap(), "working" | "failing") {
            // One more: nothing is done twice.
            step_of(node).await;
            return status;
        }
        shop.clock.advance(1);
    }
    panic!("the lists are never in step: {}", status(shop).await);
}

pub async fn block(api: &Api, value: &str) -> String {
    api.entry(json!({"list": "block", "kind": "email", "value": value})).await
}

pub async fn unlist(api: &Api, entry: &str) {
    assert!(api.delete(&format!("/v1/entries/{entry}")).await.status < 300);
}

async fn nothing_is_sent_to_anybody_unless_it_is_wanted(engine: Engine) {
    let (shop, fake) = open(engine).await;
    block(&shop.live(), ADA).await;
    step(&shop).await;
    assert_eq!(fake.asked("GET").await + fake.asked("POST").await, 0);
    let off = status(&shop).await;
    assert_eq!((&off["mirroring"], &off["state"]), (&json!("off"), &json!("off")));
    let body = json!({"mirroring": "block"}).to_string().into_bytes();
    shop.secret().send("PUT", "/v1/gateway/lists", Some(body)).await.expect(422);
}

async fn what_is_blocked_here_is_on_the_list_there_until_it_is_blocked_no_more(engine: Engine) {
    let (shop, fake) = open(engine).await;
    let api = shop.live();
    let ada = block(&api, ADA).await;
    mirror(&shop, "block").await;
    let first = settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [ADA]);
    assert_eq!((&first["state"], &first["counts"]["inStep"]), (&json!("in_step"), &json!(1)), "{first}");
    assert_eq!(first["lists"][0]["alias"], EMAILS);
    assert_eq!(fake.lists(), [(EMAILS.to_owned(), "email".to_owned())]);
    block(&api, BEN).await;
    assert_eq!(status(&shop).await["state"], "working");
    step(&shop).await;
    assert_eq!(fake.values(EMAILS), [ADA, BEN]);
    unlist(&api, &ada).await;
    step(&shop).await;
    assert_eq!(fake.values(EMAILS), [BEN]);
    assert_eq!(status(&shop).await["counts"]["inStep"], 1);
    assert_eq!(fake.asked("DELETE").await, 1);
}

async fn each_kind_has_its_list_and_what_no_list_can_say_is_left_out_and_counted(engine: Engine) {
    let (shop, fake) = open(engine).await;
    let api = shop.live();
    for (kind, value) in [
        ("email", ADA),
        ("emailDomain", "spam.example"),
        ("ip", "192.0.2.7"),
        ("ip", "192.0.2.0/24"),
        ("bin", "424242"),
        ("bin", "42424242"),
        ("cardFingerprint", "Xt5EWLLDS7FJjR1c"),
        ("country", "KP"),
        ("phone", "+4930123456"),
    ] {
        api.entry(json!({"list": "block", "kind": kind, "value": value})).await;
    }
    api.entry(json!({"list": "block", "kind": "email", "value": BEN, "scopes": ["mit"]})).await;
    api.entry(json!({"list": "allow", "kind": "email", "value": "cy@example.com"})).await;
    let limits = json!({"maxAmount": 100, "currency": "EUR"});
    api.entry(json!({"list": "allow", "kind": "email", "value": "di@example.com", "limits": limits})).await;
    mirror(&shop, "block").await;
    let blocked = settle(&shop).await;
    assert_eq!(blocked["counts"]["inStep"], 6, "{blocked}");
    let left_out = json!({"noValue": 0, "scopes": 1, "limits": 0, "range": 2, "kind": 1});
    assert_eq!(blocked["counts"]["leftOut"], left_out);
    assert_eq!(fake.values("interdict_block_ip"), ["192.0.2.7"]);
    assert_eq!(fake.values("interdict_block_bin"), ["424242"]);
    assert_eq!(fake.values("interdict_block_card_fingerprint"), ["Xt5EWLLDS7FJjR1c"]);
    assert_eq!(fake.values("interdict_block_email_domain"), ["spam.example"]);
    assert_eq!(fake.lists().len(), 6);
    mirror(&shop, "block_and_allow").await;
    let both = settle(&shop).await;
    assert_eq!((&both["counts"]["inStep"], &both["counts"]["leftOut"]["limits"]), (&json!(7), &json!(1)));
    assert_eq!(fake.values("interdict_allow_email"), ["cy@example.com"]);
    mirror(&shop, "block").await;
    settle(&shop).await;
    assert_eq!(fake.values("interdict_allow_email"), Vec::<String>::new());
}

async fn an_entry_is_there_while_it_is_in_force(engine: Engine) {
    let (shop, fake) = open(engine).await;
    mirror(&shop, "block").await;
    settle(&shop).await;
    let window = json!({"list": "block", "kind": "email", "value": ADA, "startsAt": shop.clock.in_seconds(1_000),
        "expiresAt": shop.clock.in_seconds(2_000)});
    shop.live().entry(window).await;
    let waiting = settle(&shop).await;
    assert_eq!((&waiting["counts"]["waiting"], fake.values(EMAILS).len()), (&json!(1), 0));
    shop.clock.advance(1_000);
    step(&shop).await;
    assert_eq!(fake.values(EMAILS), [ADA]);
    shop.clock.advance(1_000);
    step(&shop).await;
    assert_eq!(fake.values(EMAILS), Vec::<String>::new());
}

async fn who_is_erased_leaves_the_list_there(engine: Engine) {
    let (shop, fake) = open(engine).await;
    let api = shop.live();
    let customer = api.customer(json!({"email": ADA})).await;
    block(&api, ADA).await;
    mirror(&shop, "block").await;
    settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [ADA]);
    api.delete(&format!("/v1/customers/{customer}")).await.expect(200);
    assert_eq!(api.code_for(ADA).await, "identifier_blacklisted", "the block stays here");
    let erased = settle(&shop).await;
    assert_eq!(fake.values(EMAILS), Vec::<String>::new());
    assert_eq!(
        (&erased["counts"]["inStep"], &erased["counts"]["leftOut"]["noValue"]),
        (&json!(0), &json!(1))
    );
}

async fn limits_and_faults_of_stripes_are_waited_out_with_longer_and_longer_pauses(engine: Engine) {
    let (shop, fake) = open(engine).await;
    let api = shop.live();
    mirror(&shop, "block").await;
    settle(&shop).await;
    let [ada, _] = [block(&api, ADA).await, block(&api, BEN).await];
    fake.fails_with([ListFault::Instead(500), ListFault::Instead(500)]);
    step(&shop).await;
    let failing = status(&shop).await;
    assert_eq!(failing["state"], "failing");
    assert_eq!(failing["retryAt"], shop.clock.in_seconds(2));
    assert!(failing["problem"].as_str().unwrap().contains("500"), "{failing}");
    let asked = fake.asked("POST").await + fake.asked("GET").await;
    shop.clock.advance(1);
    step(&shop).await;
    assert_eq!(fake.asked("POST").await + fake.asked("GET").await, asked, "it is not asked before that");
    shop.clock.advance(1);
    fake.fails_with([ListFault::Instead(503)]);
    step(&shop).await;
    assert_eq!(status(&shop).await["retryAt"], shop.clock.in_seconds(4));
    shop.clock.advance(4);
    let well = settle(&shop).await;
    assert_eq!((fake.values(EMAILS), &well["problem"]), (vec![ADA.to_owned(), BEN.to_owned()], &Value::Null));
    // The connector asks three times by itself.
    fake.fails_with([ListFault::Instead(429), ListFault::Instead(429), ListFault::Instead(429)]);
    unlist(&api, &ada).await;
    step(&shop).await;
    let limited = status(&shop).await;
    assert!(limited["problem"].as_str().unwrap().contains("rate limit"), "{limited}");
    shop.clock.advance(2);
    settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [BEN]);
}

async fn what_somebody_else_put_there_is_left_alone(engine: Engine) {
    let (shop, fake) = open(engine).await;
    fake.puts_by_hand(EMAILS, "email", ADA);
    fake.puts_by_hand(EMAILS, "email", "hand@example.com");
    let ada = block(&shop.live(), ADA).await;
    mirror(&shop, "block").await;
    let there = settle(&shop).await;
    assert_eq!((&there["counts"]["alreadyThere"], &there["strangers"]), (&json!(1), &json!(2)), "{there}");
    unlist(&shop.live(), &ada).await;
    mirror(&shop, "emptied").await;
    let emptied = settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [ADA, "hand@example.com"]);
    assert_eq!(emptied["counts"]["alreadyThere"], 0);
}

async fn what_somebody_took_away_by_hand_is_put_there_again(engine: Engine) {
    let (shop, fake) = open(engine).await;
    let api = shop.live();
    block(&api, ADA).await;
    block(&api, BEN).await;
    mirror(&shop, "block").await;
    settle(&shop).await;
    fake.takes_by_hand(ADA);
    fake.puts_by_hand(EMAILS, "email", "hand@example.com");
    step(&shop).await;
    assert_eq!(fake.values(EMAILS).len(), 2, "nobody looks at each step");
    shop.clock.advance(6 * 3_600);
    step(&shop).await;
    let compared = settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [ADA, BEN, "hand@example.com"]);
    assert_eq!((&compared["repaired"], &compared["strangers"]), (&json!(1), &json!(1)), "{compared}");
    fake.deletes_list(EMAILS);
    let shop = shop.restart().await;
    step(&shop).await;
    let anew = settle(&shop).await;
    assert_eq!((fake.values(EMAILS), &anew["repaired"]), (vec![ADA.to_owned(), BEN.to_owned()], &json!(2)));
}

async fn switched_off_what_is_there_stays_and_what_ends_goes(engine: Engine) {
    let (shop, fake) = open(engine).await;
    let api = shop.live();
    let ada = block(&api, ADA).await;
    block(&api, BEN).await;
    mirror(&shop, "block").await;
    settle(&shop).await;
    mirror(&shop, "off").await;
    block(&api, "cy@example.com").await;
    settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [ADA, BEN]);
    unlist(&api, &ada).await;
    settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [BEN]);
    mirror(&shop, "emptied").await;
    let emptied = settle(&shop).await;
    assert_eq!((fake.values(EMAILS).len(), &emptied["counts"]["inStep"]), (0, &json!(0)), "{emptied}");
    mirror(&shop, "block").await;
    settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [BEN, "cy@example.com"]);
}

async fn many_are_brought_there_page_by_page_at_a_pace_and_a_new_block_does_not_wait_for_them(
    engine: Engine,
) {
    let (shop, fake) = open(engine).await;
    let api = shop.live();
    let rows: Vec<String> = (0..250).map(|number| format!("e{number:03}@example.com")).collect();
    let csv = rows.join("\n");
    let live = api.with("content-type", "text/csv");
    let file = format!("email\n{csv}").into_bytes();
    live.send("POST", "/v1/imports?list=block", Some(file)).await.expect(202);
    let service = std::sync::Arc::clone(shop.app.service(Mode::Live));
    tokio::task::spawn_blocking(move || service.work_on_imports()).await.unwrap().unwrap();
    mirror(&shop, "block").await;
    step(&shop).await;
    let before = fake.values(EMAILS).len();
    step(&shop).await;
    assert_eq!(fake.values(EMAILS).len() - before, 20, "twenty requests a step");
    block(&api, ADA).await;
    step(&shop).await;
    assert!(fake.values(EMAILS).contains(&ADA.to_owned()));
    // A restart goes on where it was, and the comparison goes over three pages.
    let shop = shop.restart().await;
    let full = settle(&shop).await;
    assert_eq!((fake.values(EMAILS).len(), &full["counts"]["inStep"]), (251, &json!(251)));
    shop.clock.advance(6 * 3_600);
    step(&shop).await;
    let compared = settle(&shop).await;
    assert_eq!((&compared["repaired"], &compared["strangers"]), (&json!(0), &json!(0)), "{compared}");
    assert_eq!(fake.asked("POST").await, 252);
}

async fn a_value_that_stripe_does_not_take_is_counted_and_never_said(engine: Engine) {
    let (shop, fake) = open(engine).await;
    fake.refuses(ADA);
    block(&shop.live(), ADA).await;
    block(&shop.live(), BEN).await;
    mirror(&shop, "block").await;
    let refused = settle(&shop).await;
    assert_eq!((&refused["counts"]["refused"], &refused["counts"]["inStep"]), (&json!(1), &json!(1)));
    let problem = refused["problem"].as_str().unwrap();
    assert!(problem.contains("is not what is wanted") && !problem.contains("ada"), "{problem}");
    let asked = fake.asked("POST").await;
    shop.clock.advance(86_400);
    settle(&shop).await;
    assert!(fake.asked("POST").await > asked, "it is offered again after a day");
}

async fn without_a_key_people_are_told_what_is_missing(engine: Engine) {
    let fake = FakeRadar::start().await;
    let shop = Shop::open_on(engine, StripeAddress { base_url: fake.url(), return_url: None }).await;
    block(&shop.live(), ADA).await;
    mirror(&shop, "block").await;
    step(&shop).await;
    let told = status(&shop).await;
    assert_eq!(
        (&told["state"], &told["problem"]),
        (&json!("failing"), &json!("the merchant has named no gateway"))
    );
}

macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::shop::Engine::Sqlite).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::shop::Engine::Postgres).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;

on_both_engines!(
    nothing_is_sent_to_anybody_unless_it_is_wanted,
    what_is_blocked_here_is_on_the_list_there_until_it_is_blocked_no_more,
    each_kind_has_its_list_and_what_no_list_can_say_is_left_out_and_counted,
    an_entry_is_there_while_it_is_in_force,
    who_is_erased_leaves_the_list_there,
    limits_and_faults_of_stripes_are_waited_out_with_longer_and_longer_pauses,
    what_somebody_else_put_there_is_left_alone,
    what_somebody_took_away_by_hand_is_put_there_again,
    switched_off_what_is_there_stays_and_what_ends_goes,
    many_are_brought_there_page_by_page_at_a_pace_and_a_new_block_does_not_wait_for_them,
    a_value_that_stripe_does_not_take_is_counted_and_never_said,
    without_a_key_people_are_told_what_is_missing,
);

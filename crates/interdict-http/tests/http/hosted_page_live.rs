//! The page to pay on in live mode: Stripe's own field for cards is in it, and a browser pays with it.
//!
//! Deliberately not here: Stripe's field itself. A script of the tests' own stands where Stripe's is, on a
//! TLS server that the browser takes for js.stripe.com.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use interdict_app::StripeAddress;
use interdict_http::server::tls::{TlsFiles, acceptor};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::fake::FakeStripe;
use crate::shop::{Reply, Shop};

const KEY: &str = "pk_live_51Public";
/// A browser's first start is slow on a busy machine.
const BROWSER_PATIENCE: Duration = Duration::from_mins(2);
/// As much of Stripe's script as the page uses. Its field is filled in and the form sent by themselves, and
/// the number stays in here.
const STRIPE_SCRIPT: &str = r#"
let ready;
window.Stripe = (key) => ({
  elements: () => ({ create: (kind) => ({
    mount: (place) => {
      document.querySelector(place).textContent = "4242 4242 4242 4242";
      setTimeout(() => { ready(); document.querySelector('#pay button:enabled').click(); }, 50);
    },
    on: (what, then) => { if (what === "ready") { ready = then; } },
  }) }),
  createPaymentMethod: async ({ type, card }) =>
    key === "pk_live_51Public" && type === "card" && card
      ? { paymentMethod: { id: "pm_card_visa" } }
      : { error: { message: "not the key" } },
});
"#;

async fn set(shop: &Shop, body: Value) -> Reply {
    shop.live().send("PUT", "/v1/gateway", Some(body.to_string().into_bytes())).await
}

async fn open() -> (Shop, FakeStripe) {
    let fake = FakeStripe::start().await;
    let shop = Shop::open_with(StripeAddress { base_url: fake.url(), return_url: None }).await;
    set(&shop, json!({"secretKey": "sk_live_51NeverAtRest0000"})).await.expect(200);
    (shop, fake)
}

async fn page(shop: &Shop) -> String {
    let sale = json!({"amount": 2_000, "currency": "EUR", "customerEmail": "ada@example.com"});
    let session = shop.live().session(sale).await;
    format!("/pay/{}", session["token"].as_str().unwrap())
}

#[tokio::test]
async fn without_the_key_for_it_the_page_says_that_it_takes_no_cards() {
    let (shop, _fake) = open().await;
    let shown = shop.anonymous().get(&page(&shop).await).await;
    let text = shown.text();
    assert!(text.contains("does not take cards") && !text.contains("<form"), "{text}");
    assert!(!shown.header("content-security-policy").unwrap().contains("stripe"));
}

#[tokio::test]
async fn with_it_the_page_lets_in_stripe_and_nobody_else() {
    let (shop, fake) = open().await;
    let set = set(&shop, json!({"publishableKey": KEY})).await.expect(200);
    assert_eq!((&set["publishableKey"], &set["keyLastFour"]), (&json!(KEY), &json!("0000")));
    let path = page(&shop).await;
    let shown = shop.anonymous().get(&path).await;
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self' https://js.stripe.com "), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("default-src 'none'"), "{policy}");
    let text = shown.text();
    assert_eq!(text.matches("<script src=").count(), text.matches("<script").count(), "{text}");
    assert!(text.contains(&format!("data-stripe-key=\"{KEY}\"")), "{text}");
    let script = shop.anonymous().get("/pay/card.js").await;
    assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript")));
    let browser = shop.anonymous().with("content-type", "application/x-www-form-urlencoded");
    // A form without the token that Stripe's field makes charges nothing.
    let refused = browser.post_text(&path, "paymentMethod=").await;
    assert!(refused.text().contains("paymentMethod") && fake.charges() == 0, "{}", refused.text());
    let paid = browser.post_text(&path, "paymentMethod=pm_card_visa").await;
    assert!(paid.text().contains("This is paid.") && !paid.text().contains("<script"), "{}", paid.text());
    assert_eq!(fake.charges(), 1);
}

#[tokio::test]
async fn a_payer_whose_bank_asks_is_sent_there() {
    let (shop, fake) = open().await;
    set(&shop, json!({"publishableKey": KEY})).await.expect(200);
    let bank = "https://hooks.stripe.com/redirect/authenticate/src_1";
    let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": bank}});
    fake.confirms_as(200, json!({"status": "requires_action", "next_action": action}));
    let browser = shop.anonymous().with("content-type", "application/x-www-form-urlencoded");
    let sent = browser.post_text(&page(&shop).await, "paymentMethod=pm_card_visa").await;
    assert_eq!((sent.status, sent.header("location")), (303, Some(bank)));
    assert_eq!(fake.charges(), 0);
}

#[tokio::test]
async fn only_a_publishable_key_of_live_mode_is_taken() {
    let (shop, _fake) = open().await;
    for wrong in ["pk_test_51Public", "sk_live_51Secret", "pk_live_", "pk_live_\"><script>"] {
        let refused = set(&shop, json!({ "publishableKey": wrong })).await;
        assert_eq!(refused.paths(), ["publishableKey"], "{wrong}");
    }
    let body = json!({ "publishableKey": KEY }).to_string().into_bytes();
    let refused = shop.secret().send("PUT", "/v1/gateway", Some(body)).await;
    assert_eq!(refused.paths(), ["publishableKey"]);
}

#[tokio::test]
async fn a_browser_pays_with_a_card() {
    let (shop, fake) = open().await;
    set(&shop, json!({"publishableKey": KEY})).await.expect(200);
    let stripe = serve_script().await;
    let shown = browse(&format!("{}{}", shop.url(), page(&shop).await), stripe).await;
    assert!(shown.contains("This is paid."), "{shown}");
    assert_eq!(fake.charges(), 1);
    let confirmed = fake.seen().await.into_iter().filter_map(|seen| seen.form.get("payment_method").cloned());
    assert!(confirmed.into_iter().any(|method| method == "pm_card_visa"));
}

/// The page as Debian's Chromium has it in the end, scripts and all, with a phone's width.
async fn browse(url: &str, stripe: SocketAddr) -> String {
    let profile = tempfile::tempdir().unwrap();
    let browser = tokio::process::Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--window-size=360,800", "--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--host-resolver-rules=MAP js.stripe.com {stripe}"))
        .args(["--ignore-certificate-errors", url])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let shown = tokio::time::timeout(BROWSER_PATIENCE, browser).await.expect("the browser ends");
    let shown = shown.expect("on Debian: apt-get install -y chromium");
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    String::from_utf8(shown.stdout).unwrap()
}

/// Answers every request with the script, as js.stripe.com would.
async fn serve_script() -> SocketAddr {
    let certified = rcgen::generate_simple_self_signed(["js.stripe.com".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let acceptor = acceptor(&TlsFiles { cert, key }).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let answer = service_fn(|_: Request<Incoming>| async {
                    let script = Response::builder().header("content-type", "text/javascript");
                    Ok::<_, Infallible>(script.body(STRIPE_SCRIPT.to_owned()).unwrap())
                });
                let http = Builder::new(TokioExecutor::new());
                let _ = http.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    address
}

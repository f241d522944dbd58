//! A whole service over a temporary folder: two merchants with keys of every sort, and a client for
//! each address of the loopback network.
//!
//! Deliberately not here: the accept loop with services of the tests' own (`support`).

#![allow(dead_code, reason = "each test target uses a part of it")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use interdict_app::{
    App, AppOptions, DataPlace, DecisionLogOptions, NewKey, NewKeyOptions, NewMerchant, UseCaseError,
    revoke_key, store,
};
use interdict_domain::actor::Actor;
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::credential::{CredentialKind, Permission, Permissions};
use interdict_domain::identifier::Pepper;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_http::middleware::metrics::Metrics;
use interdict_http::server::{ServerOptions, serve};
use interdict_http::{Http, HttpOptions};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The same moment always: 2026-11-20T00:00:00Z.
const NOW: Timestamp = Timestamp::from_micros(1_795_132_800_000_000);
const PATIENCE: Duration = Duration::from_secs(20);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

/// Splitmix64: never the same twice, and always the same series.
struct Series(AtomicU64);

impl Random for Series {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// One answer.
pub struct Answered {
    pub status: u16,
    pub body: Value,
}

/// The service, and the merchant that the tests speak for.
pub struct Shop {
    pub address: SocketAddr,
    pub merchant: NewMerchant,
    pub other: NewMerchant,
    app: Arc<App>,
    folder: tempfile::TempDir,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Shop {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = AppOptions {
            take_over: false,
            decision_log: Some(DecisionLogOptions { retention: Duration::from_hours(720) }),
            max_staleness: interdict_app::MAX_STALENESS,
            stripe: interdict_app::StripeAddress::default(),
            data: DataPlace::Folder(folder.path().to_path_buf()),
            pepper: Pepper::from_bytes([7; 32]),
            clock: Arc::new(Still),
            random: Arc::new(Series(AtomicU64::new(1))),
            durability: store::Durability::Full,
            lease_term: None,
            with_index: true,
        };
        let app = Arc::new(App::open(&options).unwrap());
        let new = |name| {
            apart(|| app.write_core(Actor::cli(), move |core, by| NewMerchant::create(core, by, name)))
        };
        let (merchant, other) = (new("Shop").unwrap(), new("Other").unwrap());
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (shutdown, told) = oneshot::channel::<()>();
        let http = Http::new(Arc::clone(&app), Metrics::new(), HttpOptions::default());
        let task = tokio::spawn(serve(listener, ServerOptions::default(), http, async {
            told.await.ok();
        }));
        let shop = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            merchant,
            other,
            app,
            folder,
            shutdown,
            task,
        };
        shop.ready().await;
        shop
    }

    async fn ready(&self) {
        let client = Self::client(1);
        for _ in 0..2_000 {
            if self.send(&client, "GET", "/readyz", None, None).await.status == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the service is not ready");
    }

    /// A client at 127.0.0.`last`: failed credentials are counted by address.
    pub fn client(last: u8) -> reqwest::Client {
        reqwest::Client::builder()
            .local_address(Some(Ipv4Addr::new(127, 0, 0, last).into()))
            .timeout(PATIENCE)
            .no_proxy()
            .build()
            .unwrap()
    }

    /// One more key of the merchant's, in test mode.
    pub fn key(&self, kind: CredentialKind, permissions: Permissions, life: Life) -> NewKey {
        let options = NewKeyOptions {
            merchant: self.merchant.merchant.number,
            mode: Mode::Test,
            kind,
            name: "a test's".to_owned(),
            permissions,
            expires_at: (life == Life::Expired).then(|| Timestamp::from_micros(NOW.micros() - 1)),
        };
        apart(|| {
            self.app.write_core(Actor::cli(), move |core, by| {
                let key = NewKey::generate(options, by.now, by.random);
                key.save(core, by)?;
                if life == Life::Revoked {
                    revoke_key(core, by, key.credential.id, by.now)?;
                }
                Ok::<_, UseCaseError>(key)
            })
        })
        .unwrap()
    }

    /// The number that Idenza calls `subscriber_id`.
    pub fn number(&self) -> MerchantNumber {
        self.merchant.merchant.number
    }

    /// The merchant's own secret key of test mode.
    pub fn secret(&self) -> &str {
        &self.merchant.keys(Mode::Test).secret.secret
    }

    pub async fn send(
        &self,
        client: &reqwest::Client,
        method: &str,
        path: &str,
        bearer: Option<&str>,
        body: Option<&Value>,
    ) -> Answered {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = client.request(method, format!("http://{}{path}", self.address));
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        request = match body {
            None => request,
            // A text is a file.
            Some(Value::String(text)) => request.header("content-type", "text/csv").body(text.clone()),
            Some(body) => request.json(body),
        };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        Answered { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    /// A dry run of a file of one entry, and its id.
    pub async fn import(&self, client: &reqwest::Client, email: &str) -> String {
        let request = client.post(format!("http://{}/v1/imports?list=block&dryRun=true", self.address));
        let request = request.bearer_auth(self.secret()).header("content-type", "text/csv");
        let response = request.body(format!("email\n{email}\n")).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 202);
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        body["id"].as_str().unwrap().to_owned()
    }

    /// A token for a new client of the merchant's, and the client's id and secret.
    pub async fn token(&self) -> (String, String, String) {
        let key = self.key(CredentialKind::Oauth, Permissions::ALL, Life::Good);
        let (id, secret) = (key.credential.id.to_string(), key.secret);
        let body = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
        let sold = self.send(&Self::client(1), "POST", "/v1/oauth/token", None, Some(&body)).await;
        assert_eq!(sold.status, 200);
        (sold.body["access_token"].as_str().unwrap().to_owned(), id, secret)
    }

    pub async fn close(self) {
        self.shutdown.send(()).unwrap();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }
}

/// The command line's way of writing waits, which the runtime's threads must not.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap()
}

/// Whether a key works.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Good,
    Revoked,
    Expired,
}

/// Every permission but one.
pub fn all_but(without: Permission) -> Permissions {
    let others = Permission::ALL.iter().filter(|one| **one != without);
    others.fold(Permissions::NONE, |set, one| set.with(*one))
}

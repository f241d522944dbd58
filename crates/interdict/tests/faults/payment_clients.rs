//! Clients that pay, reverse and sign up, and repeat each request under its key until it has an answer,
//! whatever happens to the server meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use interdict_domain::ids::PaymentId;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::payment_answers::{Answers, Told, Wish};

/// Between two tries of a request that another one holds up.
const RETRY: Duration = Duration::from_millis(3);
/// Payments that any client may reverse: few, so that clients meet.
const REVERSIBLE_MAX: usize = 64;

/// Splitmix64.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to `sides` - 1.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let sides = u64::try_from(from.len()).unwrap();
        if sides == 0 { None } else { from.get(usize::try_from(self.roll(sides)).unwrap()) }
    }
}

/// What all clients of a folder know.
pub struct Shop {
    pub key: String,
    pub plan: String,
    pub customers: Vec<String>,
    /// Payments that succeeded, and their amounts.
    pub reversible: Mutex<Vec<(PaymentId, i64)>>,
}

#[derive(Clone, Debug)]
struct Request {
    path: String,
    key: String,
    body: Value,
    wish: Wish,
}

pub struct Client {
    name: String,
    count: u64,
    dice: Dice,
    outstanding: Option<Request>,
    last: Option<Request>,
    pub answers: Answers,
}

/// What came of a request.
enum Came {
    Answer(u16, Value),
    /// The server had none, yet.
    Later,
    /// The server is gone.
    Gone,
}

pub fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap()
}

/// A call that makes something, and its id.
pub async fn create(address: SocketAddr, key: &str, path: &str, body: &Value) -> String {
    let request = http().post(format!("http://{address}{path}")).bearer_auth(key).json(body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201, "{path}");
    answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

impl Client {
    pub fn new(name: String, dice: Dice) -> Self {
        Self { name, count: 0, dice, outstanding: None, last: None, answers: Answers::default() }
    }

    /// Asks for one thing after another until the server dies.
    pub async fn run(mut self, shop: Arc<Shop>, address: SocketAddr) -> Self {
        let http = http();
        while self.step(&http, &shop, address).await {}
        self
    }

    /// Repeats what has no answer until it has one.
    pub async fn finish(mut self, shop: Arc<Shop>, address: SocketAddr) -> Self {
        let http = http();
        while self.outstanding.is_some() {
            assert!(self.step(&http, &shop, address).await, "the server ended");
        }
        self
    }

    /// One request; false when the server is gone.
    async fn step(&mut self, http: &reqwest::Client, shop: &Shop, address: SocketAddr) -> bool {
        let request = match self.outstanding.take() {
            Some(request) => request,
            None => self.wish(shop),
        };
        self.outstanding = Some(request.clone());
        self.answers.unanswered = vec![request.wish.clone()];
        let came = if self.dice.roll(8) == 0 {
            // The same twice at once: a client whose patience ended before the server did.
            let both = tokio::join!(
                send(http, address, &shop.key, &request),
                send(http, address, &shop.key, &request)
            );
            vec![both.0, both.1]
        } else {
            vec![send(http, address, &shop.key, &request).await]
        };
        let is_gone = came.iter().any(|came| matches!(came, Came::Gone));
        let answers = came.into_iter().filter_map(|came| match came {
            Came::Answer(status, body) => Some((status, body)),
            Came::Later | Came::Gone => None,
        });
        for (status, body) in answers {
            self.hear(shop, &request, status, &body);
        }
        if is_gone {
            return false;
        }
        if self.outstanding.is_some() {
            tokio::time::sleep(RETRY).await;
        }
        true
    }

    fn wish(&mut self, shop: &Shop) -> Request {
        if let Some(last) = self.last.clone().filter(|_| self.dice.roll(12) == 0) {
            return last;
        }
        self.count += 1;
        let key = format!("{}-{}", self.name, self.count);
        let metadata = json!({ "key": key });
        let reversible = shop.reversible.lock().clone();
        match (self.dice.roll(20), self.dice.pick(&reversible).copied()) {
            (0, _) => {
                let customer = self.dice.pick(&shop.customers).unwrap();
                let body = json!({ "customerId": customer, "planId": shop.plan, "metadata": metadata,
                                   "paymentMethodId": "pm_test_success" });
                Request { path: "/v1/subscriptions".to_owned(), key, body, wish: Wish::SignUp }
            }
            (1..=5, Some((payment, whole))) => {
                let amount = 1 + i64::try_from(self.dice.roll(u64::try_from(whole).unwrap() / 2)).unwrap();
                let (path, body) = (format!("/payments/{payment}/reverse"), json!({ "amount": amount }));
                Request { path, key, body, wish: Wish::Reverse { payment, amount } }
            }
            (roll, _) => {
                let amount = 100 + i64::try_from(self.dice.roll(10_000)).unwrap();
                let method = if roll == 19 { "pm_test_declined" } else { "pm_test_success" };
                let mut body = json!({ "amount": amount, "currency": "NGN", "confirm": true,
                                       "paymentMethod": method, "metadata": metadata });
                if roll.is_multiple_of(2) {
                    body["customer"] = self.dice.pick(&shop.customers).unwrap().as_str().into();
                } else {
                    body["email"] = format!("{}@example.com", self.name).into();
                }
                Request { path: "/payments".to_owned(), key, body, wish: Wish::Pay { amount } }
            }
        }
    }

    fn hear(&mut self, shop: &Shop, request: &Request, status: u16, body: &Value) {
        let id = body["id"].as_str().unwrap_or_default();
        let told = match (&request.wish, status) {
            (Wish::Pay { amount }, 201) => Told::Payment {
                id: id.parse().unwrap(),
                amount: *amount,
                status: body["status"].as_str().unwrap().to_owned(),
            },
            (Wish::Reverse { payment, amount }, 200) => Told::Reversal { payment: *payment, amount: *amount },
            // Another client has left too little of it.
            (Wish::Reverse { .. }, 409 | 422) => Told::Refused,
            (Wish::SignUp, 201) => Told::SignUp { id: id.parse().unwrap() },
            _ => panic!("{request:?} was answered with {status}: {body}"),
        };
        if let Told::Payment { id, amount, status } = &told
            && status == "succeeded"
            && !self.answers.told.contains_key(&request.key)
        {
            let mut reversible = shop.reversible.lock();
            if reversible.len() >= REVERSIBLE_MAX {
                reversible.remove(0);
            }
            reversible.push((*id, *amount));
        }
        self.answers.keep(&request.key, told);
        self.answers.unanswered.clear();
        self.last = self.outstanding.take().or(self.last.take());
    }
}

async fn send(http: &reqwest::Client, address: SocketAddr, key: &str, request: &Request) -> Came {
    let sent = http
        .post(format!("http://{address}{}", request.path))
        .bearer_auth(key)
        .header("idempotency-key", &request.key)
        .json(&request.body)
        .send()
        .await;
    let Ok(response) = sent else { return Came::Gone };
    let status = response.status().as_u16();
    // Somebody else has the payment right now: the same request gets another answer soon.
    let is_passing = response.headers().contains_key("retry-after");
    let Ok(body) = response.json::<Value>().await else { return Came::Gone };
    if status >= 500 || is_passing {
        return Came::Later;
    }
    Came::Answer(status, body)
}

//! An issuer of OpenID Connect on this machine: it lets everybody in whom a test names, checks what a real one checks
//! (client, redirect, PKCE), and signs, or lies, as it is told.
//!
//! It is called `localhost`, and Interdict `127.0.0.1`: two sites to a browser, as an issuer and a dashboard are.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// What it calls Interdict.
pub const CLIENT: &str = "interdict-tests";
/// The id of no key.
const NONE: &str = "none";
/// Far from here, and not too far for a number.
const LONG_S: i64 = 3_600;

type Alteration = Arc<dyn Fn(&mut Value) + Send + Sync>;
type Fields = HashMap<String, String>;

/// A key that it signs with.
#[derive(Clone)]
pub struct Key {
    id: String,
    algorithm: Algorithm,
    encoding: EncodingKey,
}

impl Key {
    /// A new one, ES256.
    pub fn ec(id: &str) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let encoding = EncodingKey::from_ec_der(&key.serialize_der());
        Self { id: id.to_owned(), algorithm: Algorithm::ES256, encoding }
    }

    /// The one of RSA that is at hand (making one takes long), RS256.
    pub fn rsa(id: &str) -> Self {
        let der = STANDARD.decode(include_str!("rsa.txt").replace('\n', "")).unwrap();
        Self { id: id.to_owned(), algorithm: Algorithm::RS256, encoding: EncodingKey::from_rsa_der(&der) }
    }

    /// The client's own name as a secret, HS256: what an issuer must not sign with.
    pub fn secret(id: &str, secret: &str) -> Self {
        let encoding = EncodingKey::from_secret(secret.as_bytes());
        Self { id: id.to_owned(), algorithm: Algorithm::HS256, encoding }
    }

    /// No signature at all.
    pub fn none() -> Self {
        Self { id: NONE.to_owned(), ..Self::secret("", "none") }
    }

    fn public(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.encoding, self.algorithm).unwrap()).unwrap();
        jwk["kid"] = json!(self.id);
        jwk["use"] = json!("sig");
        jwk
    }

    fn sign(&self, claims: &Value) -> String {
        if self.id == NONE {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            return format!("{}.{}.", part(&json!({ "alg": "none" })), part(claims));
        }
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding).unwrap()
    }
}

/// What a code stands for.
struct Grant {
    challenge: String,
    nonce: String,
    redirect: String,
}

/// How it behaves.
pub struct Manners {
    /// What it says of whoever comes.
    pub email: Value,
    /// Whether it has verified that.
    pub email_verified: Value,
    /// What is done to the claims before they are signed.
    pub alteration: Option<Alteration>,
    /// With what it signs.
    pub key: Key,
    /// Which keys it shows.
    pub shown: Vec<Key>,
    /// The secret that it wants of Interdict.
    pub secret: Option<String>,
    /// It answers everything with 503.
    pub is_down: bool,
    /// How often it was asked for its document.
    pub document_asked: usize,
    grants: HashMap<String, Grant>,
}

/// A running one.
pub struct Issuer {
    url: String,
    server: MockServer,
    manners: Arc<Mutex<Manners>>,
}

impl Issuer {
    /// One that has verified the email of the owner of the first start.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(MockServer::start());
        let url = format!("http://localhost:{}", server.address().port());
        let key = Key::ec("first");
        let manners = Arc::new(Mutex::new(Manners {
            email: json!("owner@interdict.local"),
            email_verified: json!(true),
            alteration: None,
            shown: vec![key.clone()],
            key,
            secret: None,
            is_down: false,
            document_asked: 0,
            grants: HashMap::new(),
        }));
        let (own_url, own) = (url.clone(), Arc::clone(&manners));
        let answer = move |request: &Request| answer(&own_url, &mut own.lock().unwrap(), request);
        runtime.block_on(Mock::given(any()).respond_with(answer).mount(&server));
        Self { url, server, manners }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets it behave otherwise.
    pub fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.manners.lock().unwrap());
    }

    /// Lets it alter the claims of its tokens.
    pub fn alter(&self, alteration: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.behave(|manners| manners.alteration = Some(Arc::new(alteration)));
    }

    /// How often it was asked for its document.
    pub fn document_asked(&self) -> usize {
        self.manners.lock().unwrap().document_asked
    }

    /// What its page does when somebody clicks: the address, at Interdict, that it sends the browser back to.
    pub fn let_in(&self, address: &str) -> String {
        let query = address.split_once('?').unwrap().1;
        back(&self.url, &mut self.manners.lock().unwrap(), &fields(query))
    }
}

fn fields(text: &str) -> Fields {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn answer(url: &str, manners: &mut Manners, request: &Request) -> ResponseTemplate {
    if manners.is_down {
        return ResponseTemplate::new(503);
    }
    match request.url.path() {
        "/.well-known/openid-configuration" => {
            manners.document_asked += 1;
            ResponseTemplate::new(200).set_body_json(json!({
                "issuer": url,
                "authorization_endpoint": format!("{url}/authorize?audience=dashboard"),
                "token_endpoint": format!("{url}/token"),
                "jwks_uri": format!("{url}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "a new one"],
            }))
        }
        "/keys" => {
            let keys: Vec<_> = manners.shown.iter().map(Key::public).collect();
            ResponseTemplate::new(200).set_body_json(json!({ "keys": keys }))
        }
        "/authorize" => {
            let back = back(url, manners, &fields(request.url.query().unwrap_or_default()));
            let page = format!(
                "<!doctype html><html lang=\"en\"><title>Company</title><main><h1>Company</h1>\
                 <p><a href=\"{}\">Let me in</a></p></main></html>",
                back.replace('&', "&amp;")
            );
            ResponseTemplate::new(200).set_body_raw(page, "text/html")
        }
        "/token" => token(url, manners, request),
        _ => ResponseTemplate::new(404),
    }
}

/// Gives a code for what a browser brought.
fn back(url: &str, manners: &mut Manners, asked: &Fields) -> String {
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], CLIENT);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["audience"], "dashboard", "what stood in the address stays");
    assert!(asked["scope"].split(' ').all(|scope| ["openid", "email"].contains(&scope)));
    let code = format!("code-{}", manners.grants.len());
    let grant = Grant {
        challenge: asked["code_challenge"].clone(),
        nonce: asked["nonce"].clone(),
        redirect: asked["redirect_uri"].clone(),
    };
    manners.grants.insert(code.clone(), grant);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("code", &code).append_pair("state", &asked["state"]).append_pair("iss", url);
    format!("{}?{}", asked["redirect_uri"], query.finish())
}

fn token(url: &str, manners: &mut Manners, request: &Request) -> ResponseTemplate {
    let refused = |why: &str| ResponseTemplate::new(400).set_body_json(json!({ "error": why }));
    let asked = fields(std::str::from_utf8(&request.body).unwrap());
    if let Some(secret) = &manners.secret {
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
        if request.headers.get("authorization").is_none_or(|shown| shown.to_str().unwrap() != basic) {
            return ResponseTemplate::new(401).set_body_json(json!({ "error": "invalid_client" }));
        }
    } else if asked.get("client_id").is_none_or(|client| client != CLIENT) {
        return refused("invalid_client");
    }
    // A code is good once.
    let Some(grant) = manners.grants.remove(&asked["code"]) else { return refused("invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(asked["code_verifier"].as_bytes()));
    if challenge != grant.challenge || asked["redirect_uri"] != grant.redirect {
        return refused("invalid_grant");
    }
    let now = now_s();
    let mut claims = json!({
        "iss": url,
        "aud": CLIENT,
        "sub": "of the issuer's own",
        "exp": now + LONG_S,
        "iat": now,
        "nonce": grant.nonce,
        "email": manners.email,
        "email_verified": manners.email_verified,
    });
    if let Some(alteration) = &manners.alteration {
        alteration(&mut claims);
    }
    ResponseTemplate::new(200).set_body_json(json!({
        "access_token": "nothing that we use",
        "token_type": "Bearer",
        "expires_in": 60,
        "id_token": manners.key.sign(&claims),
    }))
}

#[allow(clippy::disallowed_methods, reason = "an issuer has a clock")]
fn now_s() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

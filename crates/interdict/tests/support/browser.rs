//! A browser as far as pages without scripts need one: forms, cookies, no redirects, and an Origin.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use reqwest::header::{COOKIE, LOCATION, ORIGIN, REFERER, SET_COOKIE};
use tokio::runtime::Runtime;

use crate::support::{Place, Server};

/// A password that is good enough.
pub const GOOD: &str = "correct horse battery";

/// Makes somebody with [`GOOD`] as password.
pub fn make_user(place: &Place, email: &str, role: &str) {
    let mut command =
        place.process(&format!("user create --merchant 1 --email {email} --role {role} --json"));
    let mut process =
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(GOOD.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success());
}

/// What came back.
pub struct Page {
    pub status: u16,
    pub location: String,
    pub body: String,
}

impl Page {
    /// Checks the status, and says what came instead.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {}", self.location, self.body);
        self
    }

    /// Checks that it shows a text.
    pub fn shows(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "{text} is not in {}", self.body);
        self
    }

    /// Checks that it does not.
    pub fn hides(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text} is in {}", self.body);
        self
    }

    /// What stands between two texts.
    pub fn between(&self, before: &str, after: &str) -> String {
        let rest = self.body.split_once(before).unwrap_or_else(|| panic!("no {before} in {}", self.body)).1;
        rest.split_once(after).unwrap().0.to_owned()
    }

    /// A hidden field of the form with an action.
    pub fn field(&self, action: &str, name: &str) -> String {
        let form = self.between(&format!("action=\"{action}"), "</form>");
        let rest = form.split_once(&format!("name=\"{name}\" value=\"")).unwrap().1;
        rest.split_once('"').unwrap().0.to_owned()
    }
}

/// One browser, signed in or not.
pub struct Browser {
    runtime: Runtime,
    client: reqwest::Client,
    base: String,
    /// What servers let it keep, by name.
    pub cookies: BTreeMap<String, String>,
    /// The page on which it says that it was before.
    pub came_from: Option<String>,
}

impl Browser {
    /// One that nobody signed in with.
    pub fn new(server: &Server) -> Self {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_mins(1))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0");
        Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            client: client.build().unwrap(),
            base: server.url(),
            cookies: BTreeMap::new(),
            came_from: None,
        }
    }

    /// One in which somebody signed in by the form.
    pub fn of(server: &Server, email: &str, password: &str) -> Self {
        let mut browser = Self::new(server);
        browser.sign_in(&[("email", email), ("password", password)]).expect(303);
        browser
    }

    /// One in which the owner of the first start signed in.
    pub fn of_owner(place: &Place, server: &Server) -> Self {
        Self::of(server, "owner@interdict.local", &owner_password(place))
    }

    /// Sends the form.
    pub fn sign_in(&mut self, fields: &[(&str, &str)]) -> Page {
        self.post("/dashboard/sign-in", fields)
    }

    /// A page.
    pub fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.base));
        self.send(request)
    }

    /// Sends a form of a page of ours.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let origin = self.base.clone();
        self.post_from(&origin, path, fields)
    }

    /// Sends a form of a page of any site.
    pub fn post_from(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = self.client.post(format!("{}{path}", self.base)).header(ORIGIN, origin).form(fields);
        self.send(request)
    }

    fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request.header(COOKIE, cookies.join("; "));
        if let Some(address) = &self.came_from {
            request = request.header(REFERER, address);
        }
        let (page, cookies) = self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
            let location = response.headers().get(LOCATION).map(text).unwrap_or_default();
            let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().map(text).collect();
            let status = response.status().as_u16();
            (Page { status, location, body: response.text().await.unwrap() }, cookies)
        });
        for cookie in cookies {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        page
    }
}

/// Turns the second factor on for whoever is signed in, and gives a recovery code.
pub fn enroll_second_factor(browser: &mut Browser) -> String {
    let page = browser.post("/dashboard/account/second-factor", &[("once", "a")]).expect(200);
    let code = authenticator_code(&page.between("class=\"shown-once\">", "<"));
    let page = browser.post("/dashboard/account/second-factor/confirm", &[("code", &code)]).expect(200);
    let codes = page.between("class=\"codes\">", "</ol>");
    codes.split("<li>").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

/// What an authenticator shows now.
#[allow(clippy::disallowed_methods, reason = "codes go by the clock of the server under test")]
pub fn authenticator_code(secret: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let secret = totp_rs::Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    let totp =
        totp_rs::Builder::new().with_secret(secret).with_account_name("owner").with_issuer(Some("Interdict"));
    totp.build().unwrap().generate(now).to_string()
}

/// The password that the first start showed.
pub fn owner_password(place: &Place) -> String {
    let text = std::fs::read_to_string(place.data("first-run.txt")).unwrap();
    let line = text.lines().find(|line| line.trim_start().starts_with("password")).unwrap();
    line.split_whitespace().last().unwrap().to_owned()
}

//! A node, by what it says to everybody: whether it is ready, how far it is, and what its last comparison of
//! memory and database found.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use interdict_app::App;
use interdict_app::store::StorageError;
use interdict_domain::mode::Mode;

use super::Check;
use crate::failure::misuse;

const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes. Metrics take some ten thousands.
const ANSWER_MAX: u64 = 4 << 20;
/// How often a node that is behind is asked again, and how soon: two seconds in all.
const LOOKS_MAX: u32 = 20;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

const ASK_THE_LOG: &str = "its log says why; compare again with `kill -USR1` to its process";

/// Where a node is.
pub struct Node {
    url: String,
    /// Host and port.
    authority: String,
}

impl Node {
    /// Reads `http://host:port`.
    pub fn parse(url: &str) -> Result<Self> {
        let url = url.trim_end_matches('/');
        match url.strip_prefix("http://") {
            Some(authority) if authority.contains(':') && !authority.contains(['/', '?', '#', '@', ' ']) => {
                Ok(Self { url: url.to_owned(), authority: authority.to_owned() })
            }
            _ => Err(misuse(format!("--node must be like http://10.0.0.7:8080, and is \"{url}\""))),
        }
    }

    /// Asks it, and compares what it says with the database, if that can be read.
    pub fn look_at(&self, app: Option<&App>, checks: &mut Vec<Check>) {
        match self.get("/readyz") {
            Ok((200, _)) => checks.push(Check::passed(self.title("readiness"), "ready")),
            Ok((_, body)) => checks.push(Check::failed(
                self.title("readiness"),
                format!("not ready: {}", body.trim()),
                "while it loads, wait; otherwise its log says why",
            )),
            Err(error) => {
                let next = "start it, or correct its address";
                return checks.push(Check::failed(self.title("readiness"), format!("{error:#}"), next));
            }
        }
        for mode in Mode::ALL {
            checks.push(self.progress(app, mode));
            checks.push(self.comparison(app, mode));
            checks.push(self.decision_log(mode));
        }
    }

    fn title(&self, what: &str) -> String {
        format!("{what} of {}", self.url)
    }

    /// How far it is: a moment later it must have reached what the database held before.
    fn progress(&self, app: Option<&App>, mode: Mode) -> Check {
        let title = self.title(&format!("{} index", mode.as_str()));
        let head = app.map(|app| {
            app.service(mode).store().read_blocking(|view| -> Result<i64, StorageError> { view.revision() })
        });
        let head = head.and_then(Result::ok);
        let mut looks = 0;
        loop {
            let revision = match self.metric("interdict_index_revision", mode) {
                Ok(revision) => revision,
                Err(error) => {
                    return Check::failed(title, format!("{error:#}"), "is it a node of Interdict?");
                }
            };
            let behind = head.map_or(0, |head| head - revision.unwrap_or(0));
            match revision {
                Some(revision) if behind <= 0 => {
                    let place =
                        head.map_or("; how far the database is, nobody knows", |_| ", nothing behind");
                    return Check::passed(title, format!("at change {revision}{place}"));
                }
                _ if looks < LOOKS_MAX => std::thread::sleep(LOOK_AGAIN),
                _ => {
                    let found = format!("{behind} changes behind the database");
                    return Check::failed(
                        title,
                        found,
                        "is it on another database? Its log says whether it hears the feed",
                    );
                }
            }
            looks += 1;
        }
    }

    /// What its last comparison found.
    fn comparison(&self, app: Option<&App>, mode: Mode) -> Check {
        let title = self.title(&format!("{} comparison", mode.as_str()));
        let metric = |name: &str| self.metric(&format!("interdict_index_{name}"), mode);
        let asked = || -> Result<_> {
            let failures = metric("comparison_failures_total")?.unwrap_or(0);
            let compared = metric("compared_timestamp_seconds")?;
            let before = metric("differences_total")?.unwrap_or(0);
            Ok((failures, before, compared, metric("compared_revision")?, metric("compared_different")?))
        };
        let (failures, before, compared, revision, different) = match asked() {
            Ok(answers) => answers,
            Err(error) => return Check::failed(title, format!("{error:#}"), ASK_THE_LOG),
        };
        match (compared, different) {
            (Some(at), Some(0)) => {
                let age_s = app.map(|app| app.clock().now().micros().div_euclid(1_000_000) - at);
                let ago = age_s.map_or(String::new(), |age_s| format!(", {} minutes ago", age_s / 60));
                let before = match before {
                    0 => String::new(),
                    before => format!("; {before} buckets have differed since its start, and were healed"),
                };
                let revision = revision.unwrap_or(0);
                Check::passed(
                    title,
                    format!("memory and database held the same at change {revision}{ago}{before}"),
                )
            }
            (Some(_), Some(different)) => Check::failed(
                title,
                format!(
                    "{different} buckets differed at change {}: it was to load everything anew",
                    revision.unwrap_or(0)
                ),
                ASK_THE_LOG,
            ),
            _ if failures > 0 => Check::failed(title, "none came to an end since its start", ASK_THE_LOG),
            _ => Check::passed(title, "none since its start: ask for one with `kill -USR1` to its process"),
        }
    }

    /// What its log of decisions has lost. A full queue is how a storm ends; a write that fails wants somebody to look.
    fn decision_log(&self, mode: Mode) -> Check {
        let title = self.title(&format!("{} decision log", mode.as_str()));
        let text = match self.metrics() {
            Ok(text) => text,
            Err(error) => return Check::failed(title, format!("{error:#}"), "is it a node of Interdict?"),
        };
        let written = number(&text, "interdict_decision_log_written_total", mode);
        let lost = |reason: &str| number_for(&text, "interdict_decision_log_lost_total", mode, reason);
        match (written, lost("queue_full"), lost("write_failed")) {
            (_, _, Some(failed)) if failed > 0 => Check::failed(
                title,
                format!("{failed} decisions could not be written since its start"),
                "its log says why: is the disk full, or the database away?",
            ),
            (Some(written), Some(0), _) => {
                Check::passed(title, format!("{written} decisions were written since its start, none lost"))
            }
            (Some(written), Some(lost), _) => Check::passed(
                title,
                format!("{written} decisions were written since its start, for {lost} there was no room"),
            ),
            _ => Check::passed(title, "it has none"),
        }
    }

    /// A number of this mode, if there is one.
    fn metric(&self, name: &str, mode: Mode) -> Result<Option<i64>> {
        Ok(number(&self.metrics()?, name, mode))
    }

    fn metrics(&self) -> Result<String> {
        let (status, text) = self.get("/metrics")?;
        if status != 200 {
            bail!("/metrics answers {status}");
        }
        Ok(text)
    }

    /// One request over a connection of its own: the status and the body.
    fn get(&self, path: &str) -> Result<(u16, String)> {
        let unreachable = || format!("{} cannot be reached", self.url);
        let address = self.authority.to_socket_addrs().with_context(unreachable)?.next();
        let address = address.with_context(unreachable)?;
        let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).with_context(unreachable)?;
        stream.set_read_timeout(Some(TIMEOUT)).with_context(unreachable)?;
        // Of the older version: the answer is never in chunks, and the connection ends with it.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.authority)
            .with_context(unreachable)?;
        let mut answer = Vec::new();
        stream.take(ANSWER_MAX).read_to_end(&mut answer).with_context(unreachable)?;
        parse(&String::from_utf8_lossy(&answer)).context("the answer is not HTTP")
    }
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// A metric that has no label but the mode.
fn number(text: &str, name: &str, mode: Mode) -> Option<i64> {
    let start = format!("{name}{{mode=\"{}\"}} ", mode.as_str());
    text.lines().find_map(|line| line.strip_prefix(&start)?.trim().parse().ok())
}

/// A metric that says a reason, too.
fn number_for(text: &str, name: &str, mode: Mode, reason: &str) -> Option<i64> {
    let start = format!("{name}{{mode=\"{}\",reason=\"{reason}\"}} ", mode.as_str());
    text.lines().find_map(|line| line.strip_prefix(&start)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_by_scheme_host_and_port() {
        for good in ["http://10.0.0.7:8080", "http://node-1:80/", "http://[::1]:8080"] {
            assert!(Node::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["10.0.0.7:8080", "https://node-1:8443", "http://node-1", "http://a:b@c:1/", "http://a:1/x"]
        {
            assert!(Node::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_metric_is_found_by_its_whole_name_and_mode() {
        let text = "interdict_index_revision_more{mode=\"test\"} 1\ninterdict_index_revision{mode=\"live\"} 2\n\
                    interdict_index_revision{mode=\"test\"} 3\n";
        assert_eq!(number(text, "interdict_index_revision", Mode::Test), Some(3));
        assert_eq!(number(text, "interdict_index_revision", Mode::Live), Some(2));
        assert_eq!(number(text, "interdict_index", Mode::Live), None);
    }

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        assert_eq!(
            parse("HTTP/1.0 503 Service Unavailable\r\na: b\r\n\r\nbody"),
            Some((503, "body".to_owned()))
        );
        assert_eq!(parse("nothing"), None);
    }
}

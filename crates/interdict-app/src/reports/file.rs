//! A report as a file of CSV, page by page, with no cell that a spreadsheet would take for a formula.

use std::borrow::Cow;
use std::io::Write;

use csv::Writer;
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::entry::Entry;
use interdict_domain::ids::Ksuid;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::text::Reason;
use interdict_storage::{EntryRow, StorageError, View};

use super::ends::{Ends, ended, ending};
use super::never_matched::never_matched;
use crate::blocked_attempts::Attempted;
use crate::formula_safe::cell;
use crate::good_customers::RefusedCustomer;
use crate::service::Service;

/// Rows of a page.
const PAGE: i64 = 1_000;
const DAY_S: i64 = 86_400;

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFile {
    /// Entries of so many days that never matched.
    NeverMatched(i64),
    /// What has ended.
    Expired,
    /// What ends within so many days.
    Ending(i64),
    /// Good customers who were refused.
    GoodCustomersBlocked,
}

/// Why a file ends early.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store's.
    #[error("the report cannot be read")]
    Storage(#[from] StorageError),
    /// Nobody takes any more.
    #[error("the file cannot be written")]
    Io(#[from] std::io::Error),
}

type Place = Option<(Timestamp, Ksuid)>;
type Rows = Vec<Vec<String>>;

impl ReportFile {
    const fn head(self) -> &'static [&'static str] {
        match self {
            Self::NeverMatched(_) => &["id", "list", "kind", "value", "reason", "createdAt", "expiresAt"],
            Self::Expired | Self::Ending(_) => {
                &["endsAt", "id", "list", "kind", "value", "reason", "hitCount", "lastHitAt"]
            }
            Self::GoodCustomersBlocked => &[
                "customer",
                "name",
                "email",
                "succeededPayments",
                "lastBlockedAt",
                "payment",
                "decision",
                "code",
            ],
        }
    }
}

impl Service {
    /// Writes a report. For a thread that may wait.
    pub fn write_report(
        &self,
        merchant: MerchantNumber,
        report: ReportFile,
        file: &mut dyn Write,
    ) -> Result<(), ReportError> {
        let mut csv = Writer::from_writer(file);
        let failed = |error: csv::Error| ReportError::Io(std::io::Error::other(error));
        csv.write_record(report.head()).map_err(failed)?;
        let mut place = None;
        loop {
            let (rows, next) = self.report_page(merchant, report, place)?;
            for row in rows {
                csv.write_record(row.iter().map(|text| safe(text).into_owned())).map_err(failed)?;
            }
            if next.is_none() {
                break;
            }
            place = next;
        }
        csv.flush()?;
        Ok(())
    }

    fn report_page(
        &self,
        merchant: MerchantNumber,
        report: ReportFile,
        place: Place,
    ) -> Result<(Rows, Place), StorageError> {
        let (now, merchant_now) = (self.clock.now(), self.merchant_now(merchant));
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let store = &self.store;
        Ok(match report {
            ReportFile::NeverMatched(days) => {
                let by = now.plus_seconds(-days * DAY_S);
                let found = store
                    .read_blocking(|view| never_matched(&view.merchant(merchant), None, by, place, PAGE))?;
                let last = found.last().filter(|_| found.len() == page);
                let next = last.map(|row| (row.entry.created_at, row.entry.id.ksuid()));
                (found.iter().map(of_unmatched).collect(), next)
            }
            ReportFile::Expired => {
                let read = |view: &View<'_>| ended(&view.merchant(merchant), merchant_now, place, PAGE);
                of_ends(&store.read_blocking(read)?, page)
            }
            ReportFile::Ending(days) => {
                let window = (merchant_now, merchant_now.plus_seconds(days * DAY_S));
                let read = |view: &View<'_>| ending(&view.merchant(merchant), window, place, PAGE);
                of_ends(&store.read_blocking(read)?, page)
            }
            ReportFile::GoodCustomersBlocked => {
                let found = self.good_customers_refused_blocking(merchant, place, page)?;
                (found.customers.iter().map(of_refused).collect(), found.next)
            }
        })
    }
}

/// Nothing stays nothing.
fn safe(text: &str) -> Cow<'_, str> {
    if text.is_empty() { Cow::Borrowed(text) } else { cell(text) }
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn reason_of(reason: Option<&Reason>) -> String {
    text(reason.map(Reason::as_str))
}

fn listed(entry: &Entry) -> [String; 5] {
    [
        entry.id.to_string(),
        entry.list().as_str().to_owned(),
        entry.kind.as_str().to_owned(),
        text(entry.value.as_deref()),
        reason_of(entry.reason.as_ref()),
    ]
}

fn of_unmatched(row: &EntryRow) -> Vec<String> {
    let dates = [row.entry.created_at.to_string(), text(row.entry.window.until())];
    listed(&row.entry).into_iter().chain(dates).collect()
}

fn of_ends(found: &[Ends], page: usize) -> (Rows, Place) {
    let row = |one: &Ends| {
        let listed = match one {
            Ends::Entry(row) => {
                let hits = [row.hits.to_string(), text(row.last_hit_at)];
                listed(&row.entry).into_iter().chain(hits).collect()
            }
            Ends::Customer(customer) => status_of(customer),
        };
        std::iter::once(one.place().0.to_string()).chain(listed).collect()
    };
    let last = found.last().filter(|_| found.len() == page);
    (found.iter().map(row).collect(), last.map(Ends::place))
}

fn status_of(customer: &Customer) -> Vec<String> {
    let list = match customer.standing.status {
        ListStatus::Blacklisted => "block",
        ListStatus::Whitelisted => "allow",
        ListStatus::Normal => "",
    };
    vec![
        customer.id.to_string(),
        list.to_owned(),
        "customer".to_owned(),
        text(customer.profile.email.as_ref().map(|email| email.as_str().to_owned())),
        reason_of(customer.standing.reason.as_ref()),
        String::new(),
        String::new(),
    ]
}

fn of_refused(row: &RefusedCustomer) -> Vec<String> {
    let profile = &row.customer.profile;
    let (payment, decision) = match row.refused.what {
        Attempted::Payment(id) => (id.to_string(), String::new()),
        Attempted::Decision(id) => (String::new(), id.to_string()),
    };
    vec![
        row.customer.id.to_string(),
        text(profile.full_name()),
        text(profile.email.as_ref().map(|email| email.as_str().to_owned())),
        row.payments.to_string(),
        row.refused.at.to_string(),
        payment,
        decision,
        row.refused.code.clone(),
    ]
}

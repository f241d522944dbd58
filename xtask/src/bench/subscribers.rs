//! A data folder with many subscriptions of one plan. The first is signed up over HTTP; the others are copies of its
//! rows, written past the service, each with a customer of its own.
//!
//! Deliberately not here: changes and earlier payments. A renewal reads neither.

use anyhow::{Context as _, Result, ensure};
use interdict_domain::identifier::{Kind, Pepper};
use interdict_domain::merchant::MerchantNumber;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::data::{Data, email, ksuid, mix, open, pepper};
use super::server::{Cores, Server, interdict};
use super::{Bench, client};

/// The first word of the subscribers' emails.
pub const NAME: &str = "subscriber";
/// Ids begin at a day after the service's own.
const FIRST_AT_MS: u64 = 1_800_000_000_000;
/// Signed up some time in the hour before the first one, in another order than that of their ids.
const SIGNED_UP_WITHIN_US: u64 = 3_600_000_000;
/// What moves with the moment of the sign-up.
const TIMES: [&str; 4] = ["anchor", "current_period_start", "current_period_end", "due_at"];

/// A row as the service wrote it.
struct Row {
    table: &'static str,
    cells: Vec<(String, Value)>,
}

/// Signs one up over HTTP, and copies it until there are so many. Nobody serves the folder meanwhile or afterwards.
pub fn fill(bench: &Bench, data: &Data, subscriptions: u64) -> Result<()> {
    let server = interdict(bench, &data.folder, Cores::Every)?;
    sign_up(&server, data)?;
    drop(server);
    let mut connection = open(&data.folder)?;
    let pepper = pepper(&data.folder)?;
    let transaction = connection.transaction()?;
    let mut rows = [read_row(&transaction, "customer")?, read_row(&transaction, "subscription")?];
    for number in 1..subscriptions {
        for row in &mut rows {
            let mut copy = Row { table: row.table, cells: row.cells.clone() };
            renew(&mut copy, number, &pepper, data.merchant)?;
            insert(&transaction, &copy)?;
        }
    }
    transaction.commit()?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").context("the log cannot be cut")?;
    Ok(())
}

fn sign_up(server: &Server, data: &Data) -> Result<()> {
    let create = |path: &str, body: &str| -> Result<String> {
        let answer = client::post(server.port, path, &data.secret, body)?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == 201, "{path} answered with {}: {text}", answer.status);
        let document: serde_json::Value = serde_json::from_str(&text)?;
        let id = document.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
        Ok(id.to_owned())
    };
    let customer = create("/v1/customers", &format!(r#"{{"email":"{}"}}"#, email(NAME, 0)))?;
    let plan = create("/v1/plans", r#"{"name":"bench","amount":1999,"currency":"EUR","interval":"week"}"#)?;
    let body =
        format!(r#"{{"customerId":"{customer}","planId":"{plan}","paymentMethodId":"pm_test_success"}}"#);
    create("/v1/subscriptions", &body)?;
    Ok(())
}

fn read_row(connection: &Connection, table: &'static str) -> Result<Row> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table} LIMIT 1"))?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let cells = statement.query_row([], |row| {
        names.into_iter().enumerate().map(|(index, name)| Ok((name, row.get(index)?))).collect()
    });
    Ok(Row { table, cells: cells.with_context(|| format!("{table} has no row"))? })
}

/// Gives a copy what is another's in another's row.
fn renew(row: &mut Row, number: u64, pepper: &Pepper, merchant: i64) -> Result<()> {
    let email = email(NAME, number);
    let id = Value::Blob(ksuid(FIRST_AT_MS + number, number)?.to_vec());
    let earlier_us = i64::try_from(mix(number) % SIGNED_UP_WITHIN_US)?;
    for (name, value) in &mut row.cells {
        match (name.as_str(), &value) {
            ("id" | "customer", _) => *value = id.clone(),
            ("email" | "search", _) => *value = Value::Text(email.clone()),
            ("email_key", _) => {
                *value = Value::Blob(pepper.key(MerchantNumber(merchant), Kind::Email, &email).0.to_vec());
            }
            ("latest_payment", _) => *value = Value::Null,
            (name, Value::Integer(at)) if TIMES.contains(&name) => *value = Value::Integer(at - earlier_us),
            _ => {}
        }
    }
    Ok(())
}

fn insert(connection: &Connection, row: &Row) -> Result<()> {
    let names: Vec<_> = row.cells.iter().map(|(name, _)| name.as_str()).collect();
    let places = vec!["?"; names.len()].join(", ");
    let text = format!("INSERT INTO {} ({}) VALUES ({places})", row.table, names.join(", "));
    let values = row.cells.iter().map(|(_, value)| value);
    connection.prepare_cached(&text)?.execute(params_from_iter(values))?;
    Ok(())
}

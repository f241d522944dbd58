//! The floor under mutations on SQLite: one thread writes the rows of 64 mutations in each transaction, flushed to the
//! disk, and does nothing else. No HTTP, no JSON, no hash, no index in memory.

use anyhow::{Context as _, Result};
use interdict_domain::identifier::{Kind, Pepper};
use interdict_domain::merchant::MerchantNumber;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, params_from_iter};

use super::data::{Data, email, ksuid, mix, open, pepper};
use super::{Bench, machine};

const MUTATIONS_A_TRANSACTION: u64 = 64;
/// What one mutation writes: the entry, its change, and what the change says about a person.
const TABLES: [&str; 3] = ["entry", "change", "personal"];
/// Ids begin at a day after the service's own.
const FIRST_AT_MS: u64 = 1_800_000_000_000;

/// The rows of one mutation, as the service wrote them.
pub struct Template {
    rows: Vec<Row>,
}

struct Row {
    table: &'static str,
    cells: Vec<(String, Value)>,
}

impl Template {
    /// The newest mutation of a folder.
    pub fn read(data: &Data) -> Result<Self> {
        let connection = open(&data.folder)?;
        let rows = TABLES.iter().map(|table| read_row(&connection, table)).collect::<Result<_>>()?;
        Ok(Self { rows })
    }
}

fn read_row(connection: &Connection, table: &'static str) -> Result<Row> {
    let order = if table == "entry" { "created_at" } else { "sequence" };
    let mut statement =
        connection.prepare(&format!("SELECT * FROM {table} ORDER BY {order} DESC LIMIT 1"))?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let cells = statement.query_row([], |row| {
        names.into_iter().enumerate().map(|(index, name)| Ok((name, row.get(index)?))).collect()
    });
    Ok(Row { table, cells: cells.with_context(|| format!("{table} has no row"))? })
}

/// The bare writer.
pub struct Writer {
    connection: Connection,
    template: Template,
    pepper: Pepper,
    merchant: i64,
    written: u64,
}

impl Writer {
    /// Opens the database with what the service's durability rests on, and its size of the log.
    pub fn open(data: &Data, template: Template) -> Result<Self> {
        let connection = open(&data.folder)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", 8_000)?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        let pepper = pepper(&data.folder)?;
        Ok(Self { connection, template, pepper, merchant: data.merchant, written: 0 })
    }

    /// Mutations a second.
    pub fn measure(&mut self, bench: &Bench) -> Result<f64> {
        let (started, before) = (machine::now(), self.written);
        while started.elapsed().as_secs() < bench.seconds {
            self.transaction()?;
        }
        #[allow(clippy::cast_precision_loss, reason = "a count far below 2^52")]
        let written = (self.written - before) as f64;
        Ok(written / started.elapsed().as_secs_f64())
    }

    fn transaction(&mut self) -> Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        {
            let mut statements = self
                .template
                .rows
                .iter()
                .map(|row| prepare(&transaction, row))
                .collect::<Result<Vec<_>>>()?;
            for _ in 0..MUTATIONS_A_TRANSACTION {
                self.written += 1;
                for (row, statement) in self.template.rows.iter_mut().zip(&mut statements) {
                    renew(row, self.written, &self.pepper, self.merchant)?;
                    statement.execute(params_from_iter(row.cells.iter().map(|(_, value)| value)))?;
                }
            }
        }
        let head = "UPDATE head SET sequence = ?1 WHERE id = 1";
        transaction.prepare_cached(head)?.execute([i64::try_from(self.written)?])?;
        transaction.commit()?;
        Ok(())
    }
}

fn prepare<'c>(connection: &'c Connection, row: &Row) -> Result<CachedStatement<'c>> {
    let names: Vec<_> = row.cells.iter().map(|(name, _)| name.as_str()).collect();
    let places = vec!["?"; names.len()].join(", ");
    let text = format!("INSERT INTO {} ({}) VALUES ({places})", row.table, names.join(", "));
    Ok(connection.prepare_cached(&text)?)
}

/// Gives a row the values of another mutation: what is unique or spread in a real one is so here, and as long.
fn renew(row: &mut Row, number: u64, pepper: &Pepper, merchant: i64) -> Result<()> {
    let email = email("writer0", number);
    let id = ksuid(FIRST_AT_MS + number, mix(number))?;
    for (name, value) in &mut row.cells {
        match name.as_str() {
            "id" => *value = Value::Blob(id.to_vec()),
            "identifier_key" => {
                let key = pepper.key(MerchantNumber(merchant), Kind::Email, &email);
                *value = Value::Blob(key.0.to_vec());
            }
            "merchant" => *value = Value::Integer(merchant),
            "sequence" => *value = Value::Integer(i64::try_from(number)?),
            "value" => *value = Value::Text(email.clone()),
            "subject" => {
                if let Value::Text(text) = value {
                    *text = other_subject(text, number);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The subject's name with another end: KSUIDs begin with the time.
fn other_subject(subject: &str, number: u64) -> String {
    let end = format!("{:016x}", mix(number));
    let kept = subject.len().saturating_sub(end.len());
    format!("{}{end}", subject.get(..kept).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_subject_is_as_long() {
        let subject = "bl_2R0uWz4tu9wxTMBXxj9CJfSE9vV";
        let (one, two) = (other_subject(subject, 1), other_subject(subject, 2));
        assert_eq!((one.len(), two.len()), (subject.len(), subject.len()));
        assert_ne!(one, two);
        assert!(one.starts_with("bl_2R0uWz4tu9w"));
    }
}

//! What changes say about people: apart from the changes, each row with its own salt, so that a row
//! can go and the chain over its commitment stays valid (invariant 12).

use interdict_domain::clock::Random;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::merchant::MerchantNumber;

use crate::error::StorageError;
use crate::sql::{Connection, params};
use crate::statements::statements;

statements! {
    INSERT = "INSERT INTO personal (sequence, merchant, subject, identifier_key, salt, body)
              VALUES ($1, $2, $3, $4, $5, $6)";
    BODIES_OF_SUBJECT = "SELECT body FROM personal WHERE merchant = $1 AND subject = $2";
    DELETE_SUBJECT = "DELETE FROM personal WHERE merchant = $1 AND subject = $2";
    DELETE_IDENTIFIER = "DELETE FROM personal WHERE merchant = $1 AND identifier_key = $2";
}

/// Where a row belongs.
pub(crate) struct Row<'a> {
    pub(crate) sequence: i64,
    pub(crate) merchant: MerchantNumber,
    pub(crate) subject: &'a str,
    pub(crate) key: Option<IdentifierKey>,
}

/// The commitment to a body: salted, so that nobody can try values against it once the salt is gone.
pub(crate) fn commitment(salt: &[u8], body: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(salt);
    hasher.update(body.as_bytes());
    *hasher.finalize().as_bytes()
}

/// Keeps a body under a fresh salt and returns the commitment to it.
pub(crate) fn insert(
    connection: Connection<'_>,
    row: &Row<'_>,
    body: &str,
    random: &dyn Random,
) -> Result<[u8; 32], StorageError> {
    let mut salt = [0_u8; 16];
    random.fill(&mut salt);
    connection.execute(
        INSERT,
        params![row.sequence, row.merchant.0, row.subject, row.key.map(|key| key.0), salt, body],
    )?;
    Ok(commitment(&salt, body))
}

/// All that was said of a subject.
pub(crate) fn bodies(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    subject: &str,
) -> Result<Vec<String>, StorageError> {
    connection.query(BODIES_OF_SUBJECT, params![merchant.0, subject], |row| row.get(0))
}

/// Forgets all that was said of a subject.
pub(crate) fn erase_subject(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    subject: &str,
) -> Result<(), StorageError> {
    connection.execute(DELETE_SUBJECT, params![merchant.0, subject])?;
    Ok(())
}

/// Forgets all that was said of an identifier, by entries that are gone too.
pub(crate) fn erase_identifier(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    key: IdentifierKey,
) -> Result<(), StorageError> {
    connection.execute(DELETE_IDENTIFIER, params![merchant.0, key.0])?;
    Ok(())
}

//! Whether a database holds anything of ours: asked before anything is made.

use super::server::{PostgresServer, Purpose, SchemaName};
use crate::error::StorageError;
use crate::sql::{Connection, params};

const SELECT_TABLE: &str =
    "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_tables WHERE schemaname = $1 AND tablename = 'head'";

impl PostgresServer {
    /// Whether the database was ever used. An error says that it cannot be reached.
    pub fn has_data(&self) -> Result<bool, StorageError> {
        let session = self.connect(SchemaName::Core.as_str(), Purpose::Maintain)?;
        let core = SchemaName::Core.as_str();
        Connection::Postgres(&session).query_one(SELECT_TABLE, params![core], |row| row.get(0))
    }
}

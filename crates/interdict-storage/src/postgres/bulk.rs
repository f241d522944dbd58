//! Whole tables, in and out: statements that are made at run time, and many rows at once.

use futures_util::TryStreamExt as _;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::session::Session;
use crate::error::StorageError;
use crate::sql::{self, Bound};

impl Session {
    /// Goes through the rows of an answer, of a statement that is not kept prepared.
    pub(crate) fn for_each_once(
        &self,
        sql: &str,
        sink: &mut dyn FnMut(sql::Row<'_>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        self.flush()?;
        self.wait(async {
            let rows = self.client().query_raw(sql, Vec::<Bound>::new()).await?;
            let mut rows = std::pin::pin!(rows);
            while let Some(row) = rows.try_next().await? {
                sink(sql::Row::Postgres(&row))?;
            }
            Ok(())
        })?
    }

    /// Sends rows by a COPY in binary form. Each must have as many values as there are types, and of these types.
    pub(crate) fn copy_in(&self, sql: &str, types: &[Type], rows: &[Vec<Bound>]) -> Result<(), StorageError> {
        if rows.iter().any(|row| row.len() != types.len()) {
            return Err(StorageError::Corrupt("a row of another width"));
        }
        self.flush()?;
        self.wait(async {
            let sink = self.client().copy_in(sql).await?;
            let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, types));
            for row in rows {
                writer.as_mut().write_raw(row).await?;
            }
            writer.finish().await?;
            Ok(())
        })?
    }
}

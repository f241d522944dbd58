//! Numbers, texts and bytes in PostgreSQL's binary form, one at a time and as columns of many.

use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

use crate::sql::{Bound, Value};

type Failure = Box<dyn Error + Sync + Send>;

impl ToSql for Bound {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Self::Integer(number) => number.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => (&**bytes).to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// The values of one parameter in many rows: an array.
#[derive(Debug)]
pub(super) struct ColumnOfMany<'a>(Vec<&'a Bound>);

/// Rows turned into columns.
pub(super) fn columns_of(rows: &[Vec<Bound>]) -> Vec<ColumnOfMany<'_>> {
    let width = rows.first().map_or(0, Vec::len);
    (0..width).map(|index| ColumnOfMany(rows.iter().filter_map(|row| row.get(index)).collect())).collect()
}

impl ToSql for ColumnOfMany<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        // Each is of the member's type or nothing: the array's own encoding does the rest.
        self.0.to_sql(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        match *ty {
            Type::INT8 => Ok(Self::Integer(i64::from_sql(ty, raw)?)),
            Type::INT4 => Ok(Self::Integer(i64::from(i32::from_sql(ty, raw)?))),
            Type::TEXT => Ok(Self::Text(<&str>::from_sql(ty, raw)?)),
            Type::BYTEA => Ok(Self::Bytes(raw)),
            _ => Err("a type that no statement asks for".into()),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

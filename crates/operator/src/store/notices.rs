//! What a bridge said beside its transfers, as far as it lasts: what the owner announced, what
//! could not be delivered, and up to where a person was told of it.

use super::limits::lent;
use super::{number, rows, run, unsigned, Pool, Store, StoreError};
use crate::failpoint::point;

/// Kind of the rows that count a transfer's votes that reverted in a block, by its nonce.
pub const REVERTED: &str = "reverted";

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// What it is about.
    pub kind: String,
    /// Which one.
    pub number: u64,
    /// Whatever is known of it, as JSON.
    pub body: String,
}

macro_rules! keep_some {
    ($pool:expr, $direction:expr, $rows:expr) => {
        lent!($pool, connection, {
            let mut sql = sqlx::QueryBuilder::new("INSERT INTO notices (direction, kind, number, body) ");
            sql.push_values(&$rows, |mut row, (kind, which, body)| {
                row.push_bind($direction).push_bind(*kind).push_bind(number(*which)).push_bind(body.as_deref());
            });
            sql.push(" ON CONFLICT (direction, kind, number) DO UPDATE SET body = excluded.body");
            sql.build().execute(connection).await
        })
        .map(|_| ())
    };
}

macro_rules! drop_some {
    ($pool:expr, $direction:expr, $rows:expr) => {
        lent!($pool, connection, {
            let mut sql = sqlx::QueryBuilder::new("DELETE FROM notices WHERE direction = ");
            sql.push_bind($direction).push(" AND (kind, number) IN (");
            sql.push_values(&$rows, |mut row, (kind, which, _)| {
                row.push_bind(*kind).push_bind(number(*which));
            });
            sql.push(")").build().execute(connection).await
        })
        .map(|_| ())
    };
}

impl Store {
    /// Keeps what is known of one thing, in the place of what was known before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keep_notice(&self, direction: &str, (kind, which): (&str, u64), body: &str) -> Result<(), StoreError> {
        point("before_notice");
        let sql = "INSERT INTO notices (direction, kind, number, body) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (direction, kind, number) DO UPDATE SET body = excluded.body";
        run!(self, sql, [direction, kind, number(which), body], execute)?;
        point("after_notice");
        Ok(())
    }

    /// Keeps what is known of some things, in the place of what was known before; of which nothing
    /// is known any more is dropped.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keep_notices(
        &self,
        direction: &str,
        rows: &[(&'static str, u64, Option<String>)],
    ) -> Result<(), StoreError> {
        let (kept, dropped): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, _, body)| body.is_some());
        point("before_notice");
        if !kept.is_empty() {
            match &self.pool {
                Pool::Sqlite(pool) => keep_some!(pool, direction, kept)?,
                Pool::Postgres(pool) => keep_some!(pool, direction, kept)?,
            }
        }
        if !dropped.is_empty() {
            match &self.pool {
                Pool::Sqlite(pool) => drop_some!(pool, direction, dropped)?,
                Pool::Postgres(pool) => drop_some!(pool, direction, dropped)?,
            }
        }
        point("after_notice");
        Ok(())
    }

    /// Drops what is over; whether there was such a row.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_notice(&self, direction: &str, (kind, which): (&str, u64)) -> Result<bool, StoreError> {
        let sql = "DELETE FROM notices WHERE direction = $1 AND kind = $2 AND number = $3";
        Ok(run!(self, sql, [direction, kind, number(which)], execute)? > 0)
    }

    /// What all that is kept of one kind is about.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn notices_of(&self, direction: &str, kind: &str) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT number FROM notices WHERE direction = $1 AND kind = $2";
        let found = rows!(self, (i64,), sql, [direction, kind])?;
        found.into_iter().map(|(which,)| unsigned(which, "notices")).collect()
    }

    /// Everything that is kept for a direction.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn notices(&self, direction: &str) -> Result<Vec<NoticeRow>, StoreError> {
        let sql = "SELECT kind, number, body FROM notices WHERE direction = $1 ORDER BY kind, number";
        let found = rows!(self, (String, i64, String), sql, [direction])?;
        let row = |(kind, which, body)| Ok(NoticeRow { kind, number: unsigned(which, "notices")?, body });
        found.into_iter().map(row).collect()
    }
}

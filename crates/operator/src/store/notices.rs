//! What a bridge said beside its transfers, as far as it lasts: what the owner announced, what could
//! not be delivered, and up to where a person was told of it.

use super::{number, rows, run, unsigned, Store, StoreError};
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

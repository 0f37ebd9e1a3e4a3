//! Requests that were proven. They outlive the headers behind them: a transfer that stays open
//! keeps neither the start of a session nor its memory. What is read here is believed like a
//! checkpoint, which stands in the same store.

use super::limits::lent;
use super::{number, rows, run, unsigned, Pool, Store, StoreError};
use crate::failpoint::point;
use spanlight::bridge::HandleCall;

/// A request that was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRequest {
    /// Its nonce.
    pub nonce: u64,
    /// Its block on the source.
    pub block: u64,
    /// Unix time of that block.
    pub time: u64,
    /// The vote for it; or what keeps it from ever being voted on.
    pub vote: Result<HandleCall, String>,
}

type Row = (i64, i64, i64, Vec<u8>, String);

fn read((nonce, block, time, call, why): Row) -> Result<StoredRequest, StoreError> {
    let vote = if call.is_empty() {
        Err(why)
    } else {
        Ok(HandleCall::decode(&call).map_err(|_| StoreError::Damaged("request"))?)
    };
    let nonce = unsigned(nonce, "request")?;
    if vote.as_ref().is_ok_and(|call| call.nonce != nonce) {
        return Err(StoreError::Damaged("request"));
    }
    Ok(StoredRequest { nonce, block: unsigned(block, "request")?, time: unsigned(time, "request")?, vote })
}

/// Rows written by one statement, or read: anybody may make thousands of requests in one block, and
/// each call of the database has its time.
const AT_ONCE: usize = 200;

const KEEP: &str = "INSERT INTO requests (direction, nonce, block, time, call, why) ";
const KEEP_NEWEST: &str =
    " ON CONFLICT (direction, nonce) DO UPDATE SET block = excluded.block, time = excluded.time, \
    call = excluded.call, why = excluded.why";

/// Where another replica has come further already, that stays.
const KNOWN: &str = "INSERT INTO known (direction, below) VALUES ($1, $2) \
    ON CONFLICT (direction) DO UPDATE SET below = CASE WHEN excluded.below > known.below THEN excluded.below ELSE known.below END";

macro_rules! keep_some {
    ($pool:expr, $direction:expr, $requests:expr) => {
        lent!($pool, connection, {
            let mut rows = sqlx::QueryBuilder::new(KEEP);
            rows.push_values($requests, |mut row, request| {
                let (call, why) = match &request.vote {
                    Ok(call) => (call.encode(), ""),
                    Err(why) => (Vec::new(), why.as_str()),
                };
                row.push_bind($direction).push_bind(number(request.nonce)).push_bind(number(request.block));
                row.push_bind(number(request.time)).push_bind(call).push_bind(why);
            });
            rows.push(KEEP_NEWEST).build().execute(connection).await
        })
        .map(|_| ())
    };
}

impl Store {
    /// Keeps requests that were proven, and up to which nonce all are known by that.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keep_requests(
        &self,
        direction: &str,
        requests: &[StoredRequest],
        known: u64,
    ) -> Result<(), StoreError> {
        point("before_requests");
        for some in requests.chunks(AT_ONCE) {
            match &self.pool {
                Pool::Sqlite(pool) => keep_some!(pool, direction, some)?,
                Pool::Postgres(pool) => keep_some!(pool, direction, some)?,
            }
        }
        // Only once all of them are there.
        run!(self, KNOWN, [direction, number(known)], execute)?;
        point("after_requests");
        Ok(())
    }

    /// The nonce below which every request is kept, or was handled before the newest checkpoint of
    /// the destination; none where nothing was kept yet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn known(&self, direction: &str) -> Result<Option<u64>, StoreError> {
        let found = rows!(self, (i64,), "SELECT below FROM known WHERE direction = $1", [direction])?;
        found.into_iter().next().map(|(below,)| unsigned(below, "known")).transpose()
    }

    /// The requests that were kept.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn requests(&self, direction: &str) -> Result<Vec<StoredRequest>, StoreError> {
        let sql = "SELECT nonce, block, time, call, why FROM requests WHERE direction = $1 AND nonce > $2 \
            ORDER BY nonce LIMIT $3";
        let (mut all, mut last) = (Vec::new(), -1);
        loop {
            let page = rows!(self, Row, sql, [direction, last, i64::try_from(AT_ONCE).unwrap_or(i64::MAX)])?;
            let Some((nonce, ..)) = page.last() else { return Ok(all) };
            last = *nonce;
            for row in page {
                all.push(read(row)?);
            }
        }
    }

    /// Drops the requests from `first` to `last`, which are done.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_requests(&self, direction: &str, first: u64, last: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM requests WHERE direction = $1 AND nonce BETWEEN $2 AND $3";
        run!(self, sql, [direction, number(first), number(last)], execute)?;
        Ok(())
    }

    /// Drops some of what nobody needs any more: transactions that the chain took long ago, and old
    /// alarms. What accuses somebody stays.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn prune(&self, direction: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM sends WHERE id IN (SELECT id FROM sends WHERE direction = $1 AND state <> 'live' \
            AND id < (SELECT MAX(id) FROM sends) - $2 ORDER BY id LIMIT $3)";
        run!(self, sql, [direction, MOST_ROWS, PRUNED_AT_ONCE], execute)?;
        let sql = "DELETE FROM alarms WHERE id IN (SELECT id FROM alarms WHERE direction = $1 \
            AND code NOT IN ('fraud', 'attempted', 'forged_vote', 'key_stolen', 'wrong_anchor', 'unjudged') \
            AND id < (SELECT MAX(id) FROM alarms) - $2 ORDER BY id LIMIT $3)";
        run!(self, sql, [direction, MOST_ROWS, PRUNED_AT_ONCE], execute)?;
        Ok(())
    }
}

/// Rows that are dropped by one statement. More come with the next checkpoint.
const PRUNED_AT_ONCE: i64 = 1000;
/// Rows of the past that are kept, for `why` and for people who look into the matter later.
const MOST_ROWS: i64 = 10_000;

#[cfg(test)]
pub(super) const KEPT_ROWS: i64 = MOST_ROWS;

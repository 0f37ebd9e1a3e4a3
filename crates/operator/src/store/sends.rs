//! Transactions: written before they are sent, settled when the chain has taken their account nonce.

use super::limits::lent;
use super::{number, rows, run, unsigned, Lease, Pool, Store, StoreError};
use crate::failpoint::point;
use spanlight::{Hash, U256};
use std::collections::BTreeMap;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A vote, or a set of signatures; its nonce is the transfer's.
    Vote,
    /// Takes an account nonce that a vote no longer needs; its nonce is that transfer's.
    Cancel,
    /// An anchor; its nonce is the anchored block's number.
    Anchor,
    /// A sweep of the bridge; its nonce is the lowest one that was not handled before.
    Sweep,
    /// Pays out what could not be delivered; its nonce is the transfer's.
    Claim,
}

impl Purpose {
    /// The name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vote => "vote",
            Self::Cancel => "cancel",
            Self::Anchor => "anchor",
            Self::Sweep => "sweep",
            Self::Claim => "claim",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Vote, Self::Cancel, Self::Anchor, Self::Sweep, Self::Claim];
        all.into_iter().find(|purpose| purpose.name() == name)
    }
}

/// A signed transaction that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSend {
    /// What for.
    pub purpose: Purpose,
    /// The transfer, or the anchored block.
    pub nonce: u64,
    /// The account nonce.
    pub account_nonce: u64,
    /// Most gas.
    pub gas: u64,
    /// Peb for a unit of gas.
    pub gas_price: U256,
    /// The bytes.
    pub raw: Vec<u8>,
    /// The transaction hash.
    pub hash: Hash,
    /// The destination's head when it was made.
    pub block: u64,
}

/// A transaction in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// Row.
    pub id: i64,
    /// What it is.
    pub send: NewSend,
}

type Row = (i64, String, i64, i64, i64, String, Vec<u8>, String, i64);

fn read(row: Row) -> Result<Send, StoreError> {
    let (id, purpose, nonce, account_nonce, gas, gas_price, raw, hash, block) = row;
    let send = NewSend {
        purpose: Purpose::of_name(&purpose).ok_or(StoreError::Damaged("purpose"))?,
        nonce: unsigned(nonce, "nonce")?,
        account_nonce: unsigned(account_nonce, "account nonce")?,
        gas: unsigned(gas, "gas")?,
        gas_price: gas_price.parse().map_err(|_| StoreError::Damaged("gas price"))?,
        raw,
        hash: hash.parse().map_err(|_| StoreError::Damaged("hash"))?,
        block: unsigned(block, "block")?,
    };
    Ok(Send { id, send })
}

/// Writes all of these or none, and gives their rows with the account nonces. Locking the fence's
/// row lets no other replica raise it between the check and the insertion. A file has one writer
/// anyway.
macro_rules! intend_all {
    ($pool:expr, $lease:expr, $sends:expr, $lock:expr) => {
        lent!($pool, connection, {
            let mut rows = sqlx::QueryBuilder::new(INTEND);
            rows.push_values($sends, |mut row, send| {
                row.push_bind(send.purpose.name()).push_bind(number(send.nonce));
                row.push_bind(number(send.account_nonce)).push_bind(number(send.gas));
                row.push_bind(send.gas_price.to_string()).push_bind(send.raw.as_slice());
                row.push_bind(send.hash.to_string()).push_bind(number(send.block));
            });
            rows.push(") AS given CROSS JOIN fences WHERE direction = ").push_bind($lease.direction());
            rows.push(" AND token = ").push_bind(number($lease.token()));
            rows.push($lock).push(" RETURNING id, account_nonce");
            rows.build_query_as::<(i64, i64)>().fetch_all(connection).await
        })
    };
}

/// As in [`intend_all`]: a take-over that has begun is waited for, and then refuses this.
macro_rules! replace_sql {
    ($lock:literal) => {
        concat!(
            "UPDATE sends SET purpose = $2, gas = $3, gas_price = $4, raw = $5, hash = $6, block = $7 ",
            "WHERE id = $1 AND state = 'live' ",
            "AND EXISTS (SELECT 1 FROM fences WHERE direction = $8 AND token = $9",
            $lock,
            ")"
        )
    };
}

/// Both databases name the columns of a list of rows so.
const INTEND: &str = "INSERT INTO sends \
    (direction, purpose, nonce, account_nonce, gas, gas_price, raw, hash, state, block) \
    SELECT direction, column1, column2, column3, column4, column5, column6, column7, 'live', column8 FROM (";

impl Store {
    /// Writes a transaction down, before it is sent.
    ///
    /// # Errors
    /// As [`Self::intend_all`].
    pub async fn intend(&self, lease: &Lease, send: &NewSend) -> Result<i64, StoreError> {
        let ids = self.intend_all(lease, std::slice::from_ref(send)).await?;
        ids.first().copied().ok_or(StoreError::Damaged("sends"))
    }

    /// Writes transactions down, before they are sent, and gives their rows in this order. Refused
    /// where another replica has taken over since, and where a live one is there for one of these
    /// transfers or account nonces; then none is written.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], [`StoreError::Conflict`], and those of the database.
    pub async fn intend_all(&self, lease: &Lease, sends: &[NewSend]) -> Result<Vec<i64>, StoreError> {
        point("before_intend");
        let written = match &self.pool {
            Pool::Sqlite(pool) => intend_all!(pool, lease, sends, ""),
            Pool::Postgres(pool) => intend_all!(pool, lease, sends, " FOR SHARE OF fences"),
        };
        let rows = match written {
            Ok(rows) if rows.is_empty() => return Err(StoreError::LostLease),
            Ok(rows) => rows,
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Err(StoreError::Conflict),
            Err(error) => return Err(error.into()),
        };
        let rows: BTreeMap<i64, i64> = rows.into_iter().map(|(id, account_nonce)| (account_nonce, id)).collect();
        let ids = sends.iter().map(|send| rows.get(&number(send.account_nonce)).copied());
        let ids = ids.collect::<Option<Vec<i64>>>().ok_or(StoreError::Damaged("sends"))?;
        point("after_intend");
        Ok(ids)
    }

    /// Puts another transaction with the same account nonce in the place of a live one. Refused where a live one is there for the
    /// same purpose and transfer.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], [`StoreError::Conflict`], and those of the database.
    pub async fn replace(&self, lease: &Lease, id: i64, send: &NewSend) -> Result<(), StoreError> {
        point("before_replace");
        let sql = if self.locks_rows() { replace_sql!(" FOR SHARE") } else { replace_sql!("") };
        let done = run!(
            self,
            sql,
            [
                id,
                send.purpose.name(),
                number(send.gas),
                send.gas_price.to_string(),
                send.raw.as_slice(),
                send.hash.to_string(),
                number(send.block),
                lease.direction(),
                number(lease.token())
            ],
            execute
        );
        match done {
            Ok(0) => return Err(StoreError::LostLease),
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Err(StoreError::Conflict),
            Err(error) => return Err(error.into()),
        }
        point("after_replace");
        Ok(())
    }

    /// Notes that the chain has taken every account nonce below `account_nonce`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn settle(&self, lease: &Lease, account_nonce: u64) -> Result<(), StoreError> {
        point("before_settle");
        let sql = "UPDATE sends SET state = 'settled' WHERE direction = $1 AND state = 'live' AND account_nonce < $2";
        run!(self, sql, [lease.direction(), number(account_nonce)], execute)?;
        point("after_settle");
        Ok(())
    }

    /// Live transactions of a direction, by account nonce.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn live(&self, direction: &str) -> Result<Vec<Send>, StoreError> {
        let sql = "SELECT id, purpose, nonce, account_nonce, gas, gas_price, raw, hash, block FROM sends \
            WHERE direction = $1 AND state = 'live' ORDER BY account_nonce";
        rows!(self, Row, sql, [direction])?.into_iter().map(read).collect()
    }

    /// All transactions ever made for a transfer, oldest first: `why` shows them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sends_for(&self, direction: &str, nonce: u64) -> Result<Vec<(Send, String)>, StoreError> {
        let sql = "SELECT id, purpose, nonce, account_nonce, gas, gas_price, raw, hash, block FROM sends \
            WHERE direction = $1 AND nonce = $2 AND purpose <> 'anchor' ORDER BY id";
        let sends = rows!(self, Row, sql, [direction, number(nonce)])?;
        let sql = "SELECT state FROM sends WHERE direction = $1 AND nonce = $2 AND purpose <> 'anchor' ORDER BY id";
        let states = rows!(self, (String,), sql, [direction, number(nonce)])?;
        sends.into_iter().zip(states).map(|(row, (state,))| Ok((read(row)?, state))).collect()
    }
}

//! Which replica acts for a direction.
//!
//! With PostgreSQL a lock that belongs to the connection decides: it is free the moment the holder dies. Should the server
//! think so wrongly, the fence decides: every take-over raises its number, and a write with an older one is refused, so that
//! nothing is sent which was not written under the newest. A file of SQLite is locked as a whole.

use super::{rows, run, unsigned, Pool, Store, StoreError};
use sqlx::pool::PoolConnection;
use sqlx::Postgres;
use tokio::sync::Mutex;

/// The right to act for one direction.
#[derive(Debug)]
pub struct Lease {
    direction: String,
    token: u64,
    /// Holds the server's lock.
    connection: Option<Mutex<PoolConnection<Postgres>>>,
}

impl Lease {
    pub(crate) fn direction(&self) -> &str {
        &self.direction
    }

    pub(super) const fn token(&self) -> u64 {
        self.token
    }

    /// Whether the lock still stands, as far as this side can tell.
    pub async fn is_held(&self) -> bool {
        match &self.connection {
            None => true,
            Some(connection) => sqlx::query("SELECT 1").execute(&mut **connection.lock().await).await.is_ok(),
        }
    }
}

impl Store {
    /// Takes the right to act for a direction; none while another replica has it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn acquire(&self, direction: &str) -> Result<Option<Lease>, StoreError> {
        let connection = match &self.pool {
            Pool::Sqlite(_) => None,
            Pool::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                let sql = "SELECT pg_try_advisory_lock(hashtext('spanlight'), hashtext($1))";
                let (got,): (bool,) = sqlx::query_as(sql).bind(direction).fetch_one(&mut *connection).await?;
                if !got {
                    return Ok(None);
                }
                // The lock lives as long as its connection. In the pool, nobody would have it and nobody could get it.
                connection.close_on_drop();
                Some(Mutex::new(connection))
            }
        };
        let sql = "INSERT INTO fences (direction, token) VALUES ($1, 1) \
                   ON CONFLICT (direction) DO UPDATE SET token = fences.token + 1";
        run!(self, sql, [direction], execute)?;
        let tokens = rows!(self, (i64,), "SELECT token FROM fences WHERE direction = $1", [direction])?;
        let (token,) = tokens.into_iter().next().ok_or(StoreError::Damaged("fence"))?;
        Ok(Some(Lease { direction: direction.to_owned(), token: unsigned(token, "fence")?, connection }))
    }
}

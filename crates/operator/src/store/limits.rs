//! How long the database may take. A call that hangs ends with an error, and its connection is
//! closed: the next call takes another one. So a database that is gone, frozen or cut off is told
//! from one that works within seconds, and one that comes back is used at once, whatever became of
//! the connections that it had.

use super::StoreError;
use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::Database;
use std::future::Future;
use std::io;
use std::time::Duration;

/// For one call, from asking for a connection to the last row.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);
/// For the lock of a file that another process writes at this moment.
pub(super) const BUSY: Duration = Duration::from_secs(2);
/// For bringing the tables to this build's form.
const MIGRATION: Duration = Duration::from_secs(60);

/// What PostgreSQL is asked to hold itself to, for each connection: a client that froze or was cut
/// off in the middle of something must not keep a lock from the other replicas.
pub(super) const OF_THE_SERVER: [(&str, &str); 7] = [
    ("statement_timeout", "10000"),
    ("lock_timeout", "3000"),
    ("idle_in_transaction_session_timeout", "5000"),
    ("tcp_keepalives_idle", "3"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "2"),
    ("tcp_user_timeout", "7000"),
];

/// The same for the one connection that brings the tables to this build's form, or waits for
/// another replica that does: a large table takes its time.
pub(super) fn of_migrations() -> impl Iterator<Item = (&'static str, String)> {
    let most = MIGRATION.as_millis().to_string();
    OF_THE_SERVER.into_iter().map(move |(name, value)| match name {
        "statement_timeout" | "lock_timeout" => (name, most.clone()),
        _ => (name, value.to_owned()),
    })
}

/// A connection that is closed, not given back, unless its work was done.
pub(super) struct Lent<D: Database>(Option<PoolConnection<D>>);

impl<D: Database> Lent<D> {
    pub(super) const fn new(connection: PoolConnection<D>) -> Self {
        Self(Some(connection))
    }

    /// The connection, for work that may hang.
    pub(super) fn connection(&mut self) -> Result<&mut D::Connection, sqlx::Error> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// The work was done, well or not: the connection is of use.
    pub(super) fn done(mut self) -> Option<PoolConnection<D>> {
        self.0.take()
    }
}

impl<D: Database> Drop for Lent<D> {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.0 {
            connection.close_on_drop();
        }
    }
}

/// Work with one connection of a pool, in bounded time.
macro_rules! lent {
    ($pool:expr, $connection:ident, $work:expr) => {
        $crate::store::limits::in_time(async {
            let mut lent = $crate::store::limits::Lent::new($pool.acquire().await?);
            let $connection = lent.connection()?;
            let done = $work;
            drop(lent.done());
            done
        })
        .await
    };
}

pub(super) use lent;

/// Work that ends, done or not.
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        let words = format!("the database did not answer within {} s", PATIENCE.as_secs());
        Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, words)))
    })
}

pub(super) async fn migrate(work: impl Future<Output = Result<(), MigrateError>>) -> Result<(), StoreError> {
    match tokio::time::timeout(MIGRATION, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(StoreError::Slow(MIGRATION.as_secs())),
    }
}

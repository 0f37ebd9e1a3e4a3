//! What must outlive the process: SQLite in a file, or PostgreSQL, where two replicas of one operator may share it.
//!
//! A transaction is written before it is sent, under an index that allows one live vote for a transfer and one live transaction
//! for an account nonce. Whoever dies in between finds the very bytes again and sends them again, which changes nothing: the
//! chain takes an account nonce once. The store is as trusted as the machine: it holds checkpoints, but no keys.

mod checkpoints;
mod lease;
mod limits;
mod notes;
mod notices;
mod requests;
mod sends;
mod states;

pub use checkpoints::Resume;
pub use lease::{Lease, Lives, Standby, TERM};
pub use notes::AlarmRow;
pub use notices::{NoticeRow, REVERTED};
pub use requests::StoredRequest;
pub use sends::{NewSend, Purpose, Send};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection, PgPool, SqlitePool};
use std::str::FromStr;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database.
    #[error("store: {0}")]
    Database(#[from] sqlx::Error),
    /// Its tables cannot be brought to this build's form.
    #[error("store: tables: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// It did not bring its tables to this build's form in time.
    #[error("store: the tables could not be brought to this build's form within {0} s: is another process at it, or the database stuck?")]
    Slow(u64),
    /// Another process uses the file.
    #[error("store: {0} is in use by another process")]
    InUse(String),
    /// The lock file.
    #[error("store: {path}: {reason}")]
    LockFile {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The store belongs to another operator or another bridge.
    #[error("store: it belongs to another {what}: {stored}, this is {own}")]
    Foreign {
        /// Operator or bridge.
        what: String,
        /// What the store says.
        stored: String,
        /// What the configuration says.
        own: String,
    },
    /// Another replica has taken over.
    #[error("store: another replica has taken over")]
    LostLease,
    /// A live transaction is there already for this transfer or account nonce.
    #[error("store: a transaction is on its way already")]
    Conflict,
    /// A stored value cannot be read.
    #[error("store: {0} is damaged")]
    Damaged(&'static str),
}

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
    /// Holds the lock of the file for as long as the process lives.
    _file: Option<std::sync::Arc<std::fs::File>>,
}

#[derive(Clone, Debug)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// One query for both databases, in bounded time: both take `$1` for the first argument.
macro_rules! run {
    ($store:expr, $sql:expr, [$($value:expr),*], $way:ident) => {
        match &$store.pool {
            $crate::store::Pool::Sqlite(pool) => $crate::store::limits::lent!(pool, connection,
                sqlx::query($sql)$(.bind($value))*.$way(connection).await.map(|done| done.rows_affected())),
            $crate::store::Pool::Postgres(pool) => $crate::store::limits::lent!(pool, connection,
                sqlx::query($sql)$(.bind($value))*.$way(connection).await.map(|done| done.rows_affected())),
        }
    };
}

/// One query whose rows are read as a tuple, in bounded time.
macro_rules! rows {
    ($store:expr, $row:ty, $sql:expr, [$($value:expr),*]) => {
        match &$store.pool {
            $crate::store::Pool::Sqlite(pool) => $crate::store::limits::lent!(pool, connection,
                sqlx::query_as::<_, $row>($sql)$(.bind($value))*.fetch_all(connection).await),
            $crate::store::Pool::Postgres(pool) => $crate::store::limits::lent!(pool, connection,
                sqlx::query_as::<_, $row>($sql)$(.bind($value))*.fetch_all(connection).await),
        }
    };
}

use {rows, run};

impl Store {
    /// Opens the store at `url` and brings its tables to this build's form.
    ///
    /// # Errors
    /// Where it cannot be opened, or a file is in use by another process.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        match url.strip_prefix("sqlite:") {
            Some(path) => Self::open_file(path).await,
            None => Self::open_server(url).await,
        }
    }

    /// Opens it beside a running operator: for commands that read, or leave a word in `controls`.
    ///
    /// # Errors
    /// As [`Self::open`], but a file in use is no error.
    pub async fn open_beside(url: &str) -> Result<Self, StoreError> {
        match url.strip_prefix("sqlite:") {
            Some(path) => Ok(Self { pool: Pool::Sqlite(sqlite(path).await?), _file: None }),
            None => Self::open_server(url).await,
        }
    }

    /// Whether several writers may be at work.
    const fn locks_rows(&self) -> bool {
        matches!(self.pool, Pool::Postgres(_))
    }

    async fn open_file(path: &str) -> Result<Self, StoreError> {
        let lock = format!("{path}.lock");
        let failed = |error: std::io::Error| StoreError::LockFile { path: lock.clone(), reason: error.to_string() };
        let file = std::fs::File::create(&lock).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(StoreError::InUse(path.to_owned())),
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        let pool = sqlite(path).await?;
        limits::migrate(sqlx::migrate!("migrations/sqlite").run(&pool)).await?;
        Ok(Self { pool: Pool::Sqlite(pool), _file: Some(std::sync::Arc::new(file)) })
    }

    async fn open_server(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)?.application_name("spanlight");
        let pool = PgPoolOptions::new().max_connections(8).acquire_timeout(limits::PATIENCE);
        let pool = pool.connect_with(options.clone().options(limits::OF_THE_SERVER)).await?;
        let slow = options.options(limits::of_migrations());
        limits::migrate(async {
            let mut connection = PgConnection::connect_with(&slow).await?;
            sqlx::migrate!("migrations/postgres").run(&mut connection).await?;
            Ok(connection.close().await?)
        })
        .await?;
        Ok(Self { pool: Pool::Postgres(pool), _file: None })
    }

    /// Binds the store to who uses it; each pair is what something is and which one.
    ///
    /// # Errors
    /// Where it belongs to another.
    pub async fn bind(&self, identity: &[(String, String)]) -> Result<(), StoreError> {
        for (what, own) in identity {
            let sql = "INSERT INTO identity (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
            run!(self, sql, [what, own], execute)?;
            let stored = rows!(self, (String,), "SELECT value FROM identity WHERE name = $1", [what])?;
            let stored = stored.into_iter().next().map(|(value,)| value).ok_or(StoreError::Damaged("identity"))?;
            if stored != *own {
                return Err(StoreError::Foreign { what: what.clone(), stored, own: own.clone() });
            }
        }
        Ok(())
    }
}

/// A lost commit would lose an intent, so each one reaches the disk before anything is sent.
async fn sqlite(path: &str) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(limits::BUSY);
    let pool = SqlitePoolOptions::new().max_connections(4).acquire_timeout(limits::PATIENCE);
    Ok(pool.connect_with(options).await?)
}

/// Numbers of the protocol are unsigned, those of databases are not. Nothing real is so large.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64, what: &'static str) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Damaged(what))
}

#[cfg(test)]
mod tests;

//! Which replica acts for a direction.
//!
//! A lease has a time limit by the server's clock, and its holder renews it while it shows signs of
//! life. Another replica takes over once the limit has passed, or at once where the holder's
//! connection has ended: that holds a lock named by the lease. So a holder that dies is followed at
//! once, and one that is frozen or cut off within [`TERM`].
//!
//! Should a holder not notice that it was overtaken, the fence decides: every take-over raises its
//! number, and a write with an older one is refused, so that nothing is sent which was not written
//! under the newest. What was written before is sent by both, and the chain takes an account nonce
//! once. A file of SQLite is locked as a whole.
//!
//! Taking over is one statement: a replica that freezes in the middle of it leaves no lock on the
//! row behind.

use super::limits::{in_time, Lent};
use super::{rows, run, unsigned, Pool, Store, StoreError};
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgPool, Postgres};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a lease stands without being renewed.
pub const TERM: Duration = Duration::from_secs(8);
/// Between two renewals: several may fail in a term.
const RENEWAL: Duration = Duration::from_secs(1);

/// Whether whoever holds a lease shows signs of life.
pub type Lives = Arc<dyn Fn() -> bool + Send + Sync>;

/// The right to act for one direction.
#[derive(Debug)]
pub struct Lease {
    direction: String,
    token: u64,
    /// What is shared by replicas.
    shared: Option<Held>,
}

/// A lease of PostgreSQL.
#[derive(Debug)]
struct Held {
    until: Arc<Mutex<Until>>,
    /// Renews it, and holds the connection whose lock tells the other replicas that this one lives.
    keeper: tokio::task::JoinHandle<()>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// Nobody takes over before then.
    At(Instant),
    /// Another replica has taken over.
    Lost,
}

impl Lease {
    pub(crate) fn direction(&self) -> &str {
        &self.direction
    }

    pub(super) const fn token(&self) -> u64 {
        self.token
    }

    /// Whether other replicas may take it over.
    pub(crate) const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether nobody else can have taken over yet, as far as this side can tell.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let until = self.shared.as_ref().map(|held| *held.until.lock().unwrap_or_else(PoisonError::into_inner));
        match until {
            None => true,
            Some(Until::At(until)) => Instant::now() < until,
            Some(Until::Lost) => false,
        }
    }
}

/// What a replica holds that does not act for a direction and could: the lock ends with the
/// connection, so whoever dies is seen to be gone.
#[derive(Debug)]
pub struct Standby {
    lock: PoolConnection<Postgres>,
}

impl Standby {
    /// Whether its connection lives, and the lock with it.
    async fn lives(&mut self) -> bool {
        in_time(self.lock.ping()).await.is_ok()
    }
}

const STAND_BY: &str = "SELECT pg_try_advisory_lock_shared(hashtext('spanlight standby ' || $1)::bigint)";
/// Only for the moment of the question.
const HAS_STANDBY: &str = "SELECT NOT pg_try_advisory_xact_lock(hashtext('spanlight standby ' || $1)::bigint)";

impl Store {
    /// Lets the other replicas know that this one could act for a direction, for as long as what it
    /// gives is held; none where a file is the store, or where it is to be tried again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn stand_by(&self, direction: &str) -> Result<Option<Standby>, StoreError> {
        let Pool::Postgres(pool) = &self.pool else { return Ok(None) };
        let taken = in_time(async {
            let mut lent = Lent::new(pool.acquire().await?);
            let take = sqlx::query_as::<_, (bool,)>(STAND_BY).bind(direction);
            let (taken,) = take.fetch_one(lent.connection()?).await?;
            Ok(lent.done().filter(|_| taken))
        });
        let Some(mut connection) = taken.await? else { return Ok(None) };
        connection.close_on_drop();
        Ok(Some(Standby { lock: connection }))
    }

    /// The same for as long as it is called again: where the database was restarted, or the way to
    /// it was cut, the lock is gone, and it is taken anew.
    ///
    /// # Errors
    /// Those of the database; nothing is held then.
    pub async fn keep_standing_by(&self, direction: &str, standby: &mut Option<Standby>) -> Result<(), StoreError> {
        if let Some(held) = standby {
            if held.lives().await {
                return Ok(());
            }
        }
        *standby = None;
        *standby = self.stand_by(direction).await?;
        Ok(())
    }

    /// Whether another replica could act for a direction.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn has_standby(&self, direction: &str) -> Result<bool, StoreError> {
        let Pool::Postgres(pool) = &self.pool else { return Ok(false) };
        let asked = super::limits::lent!(
            pool,
            connection,
            sqlx::query_as::<_, (bool,)>(HAS_STANDBY).bind(direction).fetch_one(connection).await
        );
        Ok(asked?.0)
    }

    /// Takes the right to act for a direction; none while another replica has it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn acquire(&self, direction: &str) -> Result<Option<Lease>, StoreError> {
        self.acquire_while(direction, Arc::new(|| true)).await
    }

    /// The same; it is renewed only while its holder `lives`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn acquire_while(&self, direction: &str, lives: Lives) -> Result<Option<Lease>, StoreError> {
        match &self.pool {
            Pool::Sqlite(_) => self.take_file(direction).await.map(Some),
            Pool::Postgres(pool) => take_shared(pool, direction, lives).await,
        }
    }

    async fn take_file(&self, direction: &str) -> Result<Lease, StoreError> {
        let sql = "INSERT INTO fences (direction, token) VALUES ($1, 1) \
                   ON CONFLICT (direction) DO UPDATE SET token = fences.token + 1";
        run!(self, sql, [direction], execute)?;
        let tokens = rows!(self, (i64,), "SELECT token FROM fences WHERE direction = $1", [direction])?;
        let (token,) = tokens.into_iter().next().ok_or(StoreError::Damaged("fence"))?;
        Ok(Lease { direction: direction.to_owned(), token: unsigned(token, "fence")?, shared: None })
    }
}

/// The lock of a lease is named by its direction and number, so it says nothing of any other lease.
/// Trying it is over with the statement; taking it lasts as long as the connection.
const TAKE: &str = "UPDATE fences SET token = token + 1, expires = now() + $2 * interval '1 millisecond' \
    WHERE direction = $1 AND (expires IS NULL OR expires < now() \
        OR pg_try_advisory_xact_lock(hashtext('spanlight ' || direction), token::integer)) \
    RETURNING token, pg_try_advisory_lock(hashtext('spanlight ' || direction), token::integer)";

async fn take_shared(pool: &PgPool, direction: &str, lives: Lives) -> Result<Option<Lease>, StoreError> {
    let asked = Instant::now();
    let taken = in_time(async {
        let mut lent = Lent::new(pool.acquire().await?);
        let sql = "INSERT INTO fences (direction, token) VALUES ($1, 0) ON CONFLICT (direction) DO NOTHING";
        sqlx::query(sql).bind(direction).execute(lent.connection()?).await?;
        let term = i64::try_from(TERM.as_millis()).unwrap_or(i64::MAX);
        let take = sqlx::query_as::<_, (i64, bool)>(TAKE).bind(direction).bind(term);
        let taken = take.fetch_optional(lent.connection()?).await?;
        Ok(taken.zip(lent.done()))
    });
    let Some(((token, _), mut connection)) = taken.await? else { return Ok(None) };
    // The lock lives as long as its connection. In the pool, nobody would have it and nobody could
    // get it.
    connection.close_on_drop();
    let until = Arc::new(Mutex::new(Until::At(end_of_term(asked))));
    let keeper = keep(pool.clone(), (direction.to_owned(), token), Arc::clone(&until), lives, connection);
    let held = Held { until, keeper: tokio::spawn(keeper) };
    Ok(Some(Lease { direction: direction.to_owned(), token: unsigned(token, "fence")?, shared: Some(held) }))
}

/// The server counts from when it got the word, which is later than when it was sent: whoever holds
/// the lease stops first.
fn end_of_term(asked: Instant) -> Instant {
    asked.checked_add(TERM).unwrap_or(asked)
}

/// Renews a lease until another replica has taken over.
///
/// A holder that shows no sign of life loses it at once: its lock goes with the connection, which
/// others need.
async fn keep(
    pool: PgPool,
    (direction, token): (String, i64),
    until: Arc<Mutex<Until>>,
    lives: Lives,
    _lock: PoolConnection<Postgres>,
) {
    let sql = "UPDATE fences SET expires = now() + $3 * interval '1 millisecond' WHERE direction = $1 AND token = $2";
    let term = i64::try_from(TERM.as_millis()).unwrap_or(i64::MAX);
    loop {
        tokio::time::sleep(RENEWAL).await;
        if !lives() {
            *until.lock().unwrap_or_else(PoisonError::into_inner) = Until::Lost;
            return;
        }
        let asked = Instant::now();
        let renewed = super::limits::lent!(
            pool,
            connection,
            sqlx::query(sql).bind(&direction).bind(token).bind(term).execute(connection).await
        );
        let next = match renewed {
            Ok(done) if done.rows_affected() == 0 => Until::Lost,
            Ok(_) => Until::At(end_of_term(asked)),
            Err(error) => {
                tracing::warn!(%direction, %error, "the lease could not be renewed; it is tried again");
                continue;
            }
        };
        *until.lock().unwrap_or_else(PoisonError::into_inner) = next;
        if next == Until::Lost {
            return;
        }
    }
}

//! Alarms that were raised, and what a person has told the operator.

use super::{number, rows, run, Store, StoreError};

/// An alarm as it was written down.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AlarmRow {
    /// Unix seconds.
    pub at: i64,
    /// Where.
    pub direction: String,
    /// The transfer, if it is about one.
    pub nonce: Option<i64>,
    /// The stable code.
    pub code: String,
    /// In words.
    pub words: String,
}

impl Store {
    /// Writes an alarm down.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn note_alarm(
        &self,
        at: u64,
        direction: &str,
        nonce: Option<u64>,
        (code, words): (&str, &str),
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO alarms (at, direction, nonce, code, words) VALUES ($1, $2, $3, $4, $5)";
        run!(self, sql, [number(at), direction, nonce.map(number), code, words], execute)?;
        Ok(())
    }

    /// The newest alarms, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn alarms(&self, limit: u32) -> Result<Vec<AlarmRow>, StoreError> {
        let sql = "SELECT at, direction, nonce, code, words FROM alarms ORDER BY id DESC LIMIT $1";
        Ok(rows!(self, AlarmRow, sql, [i64::from(limit)])?)
    }

    /// Leaves a word for the operator.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_control(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO controls (name, value) VALUES ($1, $2) \
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        run!(self, sql, [name, value], execute)?;
        Ok(())
    }

    /// What was left under a name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn control(&self, name: &str) -> Result<Option<String>, StoreError> {
        let found = rows!(self, (String,), "SELECT value FROM controls WHERE name = $1", [name])?;
        Ok(found.into_iter().next().map(|(value,)| value))
    }
}

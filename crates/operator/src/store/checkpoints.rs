//! Where light clients may start again.

use super::{number, rows, run, unsigned, Store, StoreError};
use crate::failpoint::point;
use spanlight::consensus::light_client::Checkpoint;

/// A checkpoint with the number of requests that its chain's bridge had counted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Where to start.
    pub checkpoint: Checkpoint,
    /// Requests counted up to there.
    pub requests: u64,
}

impl Store {
    /// Keeps a checkpoint.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keep_checkpoint(&self, direction: &str, chain: &str, resume: &Resume) -> Result<(), StoreError> {
        point("before_checkpoint");
        let body = serde_json::to_string(&resume.checkpoint).map_err(|_| StoreError::Damaged("checkpoint"))?;
        let sql = "INSERT INTO checkpoints (direction, chain, number, requests, body) VALUES ($1, $2, $3, $4, $5) \
            ON CONFLICT (direction, chain, number) DO NOTHING";
        let (height, requests) = (number(resume.checkpoint.number), number(resume.requests));
        run!(self, sql, [direction, chain, height, requests, body.as_str()], execute)?;
        point("after_checkpoint");
        Ok(())
    }

    /// The newest checkpoint at which at most `requests` requests were counted: every later request lies after it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn resume(&self, direction: &str, chain: &str, requests: u64) -> Result<Option<Resume>, StoreError> {
        let sql = "SELECT body, requests FROM checkpoints WHERE direction = $1 AND chain = $2 AND requests <= $3 \
            AND body LIKE '%\"warned_votes\"%' ORDER BY number DESC LIMIT 1";
        let found = rows!(self, (String, i64), sql, [direction, chain, number(requests)])?;
        let Some((body, requests)) = found.into_iter().next() else { return Ok(None) };
        let checkpoint = serde_json::from_str(&body).map_err(|_| StoreError::Damaged("checkpoint"))?;
        Ok(Some(Resume { checkpoint, requests: unsigned(requests, "checkpoint")? }))
    }

    /// Drops the checkpoints below the newest that is still of use.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_checkpoints(&self, direction: &str, chain: &str, requests: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM checkpoints WHERE direction = $1 AND chain = $2 AND number < \
            (SELECT MAX(number) FROM checkpoints WHERE direction = $1 AND chain = $2 AND requests <= $3)";
        run!(self, sql, [direction, chain, number(requests)], execute)?;
        point("after_drop_checkpoints");
        Ok(())
    }
}

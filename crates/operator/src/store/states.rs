//! Proofs of state that no node may have later on. What is read here is checked again under the followed header, like a node's
//! answer.

use super::{number, rows, run, Store, StoreError};
use crate::failpoint::point;
use spanlight::state::StateProof;

impl Store {
    /// Keeps the proof of the source bridge's state at a block whose highest request nonce is `last`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keep_state(
        &self,
        direction: &str,
        block: u64,
        last: u64,
        proof: &StateProof,
    ) -> Result<(), StoreError> {
        point("before_state");
        let body = serde_json::to_string(proof).map_err(|_| StoreError::Damaged("state"))?;
        let sql = "INSERT INTO states (direction, block, last, body) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (direction, block) DO UPDATE SET last = excluded.last, body = excluded.body";
        run!(self, sql, [direction, number(block), number(last), body.as_str()], execute)?;
        point("after_state");
        Ok(())
    }

    /// The proof that was kept for a block. One that cannot be read is none: a node is asked then.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn state(&self, direction: &str, block: u64) -> Result<Option<StateProof>, StoreError> {
        let sql = "SELECT body FROM states WHERE direction = $1 AND block = $2";
        let found = rows!(self, (String,), sql, [direction, number(block)])?;
        Ok(found.into_iter().next().and_then(|(body,)| serde_json::from_str(&body).ok()))
    }

    /// Drops the proofs of blocks whose requests are all below `nonce`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_states(&self, direction: &str, nonce: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM states WHERE direction = $1 AND last < $2";
        run!(self, sql, [direction, number(nonce)], execute)?;
        Ok(())
    }
}

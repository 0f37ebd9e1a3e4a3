//! A child header anchored in the parent chain: a commitment of a configured account and a time bound, never finality
//! (bridge.md 4.4, claims.md 3).

use super::chain::FollowedChain;
use super::error::VerifyError;
use super::evidence::Evidence;
use super::request::transaction_succeeded;
use super::stop::Stop;
use super::votes::sender_of;
use crate::bridge::anchoring::Anchoring as Payload;
use crate::bundle::ItemRef;
use crate::facts::WarnedOn;
use crate::primitives::{Address, Hash};
use crate::transaction::TransactionKind;
use crate::trust::Anchoring;
use crate::verdict::{HeaderRef, Note};
use alloc::vec::Vec;
use serde::Serialize;

/// A proven anchor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Anchored {
    /// The child header.
    pub child: HeaderRef,
    /// The parent block that holds the anchor.
    pub parent: HeaderRef,
    /// The anchoring transaction.
    pub transaction: Hash,
    /// The account that committed to it.
    pub account: Address,
    /// How both chains were followed, where a reader should know it.
    pub notes: Vec<Note>,
    /// Votes on both chains that no governing node cast.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warned_votes: Vec<WarnedOn>,
}

/// Checks that the child's header of a height is what a configured account anchored.
pub(super) fn judge_anchored(
    parent: &Evidence<'_>,
    child: &FollowedChain<'_>,
    anchoring: &Anchoring,
    child_number: u64,
    anchor: ItemRef,
) -> Result<Anchored, Stop> {
    let item = parent.item(anchor)?;
    transaction_succeeded(&item.receipt)?;
    if !matches!(item.transaction.kind(), TransactionKind::ChainDataAnchoring) {
        return Err(VerifyError::NotAnAnchor.into());
    }
    let account = sender_of(&item.transaction, parent.chain().trusted().profile.chain_id)?;
    if !anchoring.accounts.contains(&account) {
        return Err(VerifyError::AnchorAccount(account.into()).into());
    }
    let Payload::Block(data) = Payload::decode(item.transaction.input())? else {
        return Err(VerifyError::NotAnAnchor.into());
    };
    let header = child.header(child_number)?;
    let fields = [
        ("number", data.number == child_number),
        ("block hash", data.block_hash == header.hash()),
        ("transactions root", data.transactions_root == header.transactions_root()),
        ("receipts root", data.receipts_root == header.receipts_root()),
        ("state root", data.state_root == header.state_root()),
        ("parent hash", data.parent_hash == header.parent_hash()),
    ];
    if let Some((field, _)) = fields.iter().find(|(_, same)| !same) {
        return Err(VerifyError::Anchor(field).into());
    }
    let mut notes = Vec::new();
    parent.chain().notes(&mut notes);
    child.notes(&mut notes);
    Ok(Anchored {
        child: header.reference(),
        parent: item.header,
        transaction: item.transaction_hash,
        account,
        notes,
        warned_votes: parent.chain().warned_votes().chain(child.warned_votes()).collect(),
    })
}

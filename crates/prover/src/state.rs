//! An account and some of its storage, proven under a header.

use crate::error::{refused, ProveError};
use crate::node::Node;
use crate::rpc::Transport;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use spanlight::ordered::tree_of;
use spanlight::primitives::keccak256;
use spanlight::state::{verify_state, ProvenState, StateProof};
use spanlight::trie::{prove_keys, EMPTY_ROOT};
use spanlight::verify::AnchoredHeader;
use spanlight::{Address, Hash};

/// Asks for an account and these storage slots after a block, and checks the answer under the block's header. Gives the exact
/// proof and what it proves; none where the account is proven not to exist.
///
/// # Errors
/// Those of the endpoint, and where the proof does not hold.
pub async fn read_state<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    account: Address,
    slots: &[Hash],
) -> Result<(StateProof, Option<ProvenState>), ProveError> {
    let given = node.proof(account, header.number(), slots).await?;
    exact_state(&header.state_root(), &account, &given)
}

/// Checks a node's proof. Nodes beyond the paths are left out: some endpoints list embedded ones too.
pub(crate) fn exact_state(
    state_root: &Hash,
    account: &Address,
    given: &StateProof,
) -> Result<(StateProof, Option<ProvenState>), ProveError> {
    let by_hash = |nodes: &[Vec<u8>]| tree_of(nodes.iter().map(|node| (keccak256(node), node.clone())));
    let nodes: BTreeMap<Hash, Vec<u8>> = by_hash(&given.account_nodes);
    let path = keccak256(account.as_bytes()).0.to_vec();
    let account_nodes = prove_keys(state_root, &[path], &nodes).map_err(refused)?;
    let account_only = StateProof { account_nodes, ..StateProof::default() };
    let Some(proven) = verify_state(state_root, account, &account_only).map_err(refused)? else {
        return Ok((account_only, None));
    };
    let root = proven.account().storage_root;
    let storage: BTreeMap<Hash, Vec<u8>> = by_hash(&given.storage_nodes);
    let keys: Vec<Vec<u8>> = given.slots.iter().map(|slot| keccak256(slot.as_bytes()).0.to_vec()).collect();
    let is_empty = keys.is_empty() || root == EMPTY_ROOT || root.is_zero();
    let storage_nodes = if is_empty { Vec::new() } else { prove_keys(&root, &keys, &storage).map_err(refused)? };
    let exact = StateProof { slots: given.slots.clone(), storage_nodes, ..account_only };
    let proven = verify_state(state_root, account, &exact).map_err(refused)?;
    Ok((exact, proven))
}

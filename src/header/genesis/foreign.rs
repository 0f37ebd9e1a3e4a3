//! Genesis files of other nodes: they look alike, and what nodes of Klaytn or Kaia would make of
//! them is no chain of theirs.

use super::config::names_a_fork;
use super::members::{is_the_same_name, Members};
use super::GenesisError;

/// Members of `config` that only nodes of Klaytn and Kaia have, beside those of their forks.
const OURS: [&str; 3] = ["unitPrice", "deriveShaImpl", "governance"];

const QUORUM: [&str; 5] = ["isQuorum", "txnSizeLimit", "maxCodeSize", "maxCodeSizeConfig", "privacyEnhancementsBlock"];
const BESU: [&str; 7] = ["qbft", "ibft2", "ibft", "zeroBaseFee", "contractSizeLimit", "evmStackSize", "discovery"];
const ETHEREUM: [&str; 5] = ["ethash", "clique", "terminalTotalDifficulty", "homesteadBlock", "eip155Block"];

/// Refuses a file that another node's program was started from, by that program's name.
///
/// A file with any member of ours is ours, whatever else was left in it: nodes ignore the rest.
pub(super) fn is_of_this_chain(config: &Members<'_>) -> Result<(), GenesisError> {
    let istanbul = config.section("istanbul")?;
    let committee = istanbul.as_ref().map(|section| section.names("sub"));
    let ours = |name: &str| names_a_fork(name) || is_one_of(&OURS, name);
    if committee == Some(true) || config.iter().any(|(name, _)| ours(name)) {
        return Ok(());
    }
    // Quorum's section of this name has no committee size.
    if committee == Some(false) {
        return Err(GenesisError::Foreign { node: "Quorum", member: "istanbul" });
    }
    for (node, marks) in [("Quorum", &QUORUM[..]), ("Besu", &BESU[..]), ("Ethereum", &ETHEREUM[..])] {
        if let Some(member) = marks.iter().copied().find(|mark| config.names(mark)) {
            return Err(GenesisError::Foreign { node, member });
        }
    }
    Ok(())
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| is_the_same_name(other, name))
}

//! What is not covered, in words, and what to do about it: by the core's codes, which are the same
//! on every surface.

use serde_json::{json, Value};
use spanlight::uncovered::{Uncovered, Unsupported};

/// What to do where a rule of a chain's headers is not followed.
const AROUND: &str = "start from a checkpoint above that block that you believe, or set `allow_jump = true` in your \
                      trust file";
const NEWER: &str = "use a newer release of spanlight";
const BY_HAND: &str = "look at the block by hand; -v lists what was checked. Nobody is accused";

/// What it is, and the next step.
pub(crate) fn words(what: Uncovered) -> (&'static str, &'static str) {
    of_consensus(what).or_else(|| of_votes(what)).or_else(|| of_bridge(what)).unwrap_or((what.code(), NEWER))
}

fn of_consensus(what: Uncovered) -> Option<(&'static str, &'static str)> {
    Some(match what {
        Uncovered::GovernanceByContract => (
            "a governance contract may change the chain's parameters, and headers do not show it",
            "only blocks before that contract counts can be followed; a newer release may follow it",
        ),
        Uncovered::GovernanceByBallot => ("the chain counts ballots to change its council", AROUND),
        Uncovered::QualifiedUnknown => (
            "validators may be demoted for want of stake, and nothing says how many are left",
            "say what you know of demoted validators: --qualified council or --qualified N with sync and profile, \
             or `qualified` in your trust file",
        ),
        Uncovered::ProposerPolicy => (
            "the chain's rule for choosing proposers is unknown to this build",
            "check `istanbul.policy` in your trust file, or use a newer release of spanlight",
        ),
        Uncovered::CommitteeSizeZero => {
            ("the committee has no seats", "check `istanbul.committeesize` in your trust file")
        }
        Uncovered::EpochZero => ("an epoch has no blocks", "check `istanbul.epoch` in your trust file"),
        Uncovered::VoteInGenesis => {
            ("the genesis block holds a vote", "start from a checkpoint above it: --trust in place of --genesis")
        }
        Uncovered::LegacyJoinedAddresses => {
            ("a vote joins several addresses in a way that old nodes read differently", AROUND)
        }
        Uncovered::LegacyVotesOfDemoted => (
            "whether a vote counts depends on who was demoted, which headers do not show",
            "set `qualified = \"council\"` in your trust file if nobody is demoted on this chain",
        ),
        Uncovered::LegacyAnnouncement => ("old nodes may have read an announcement differently", AROUND),
        Uncovered::EpochChange => ("a vote changes the length of an epoch", AROUND),
        Uncovered::FieldTooLong => ("a vote or an announcement is longer than this build follows", AROUND),
        Uncovered::CouncilTooLarge => ("the council has more members than this build follows", AROUND),
        Uncovered::VoteByOther => (
            "the block carries a vote that the governing node did not cast, and your trust file accepts no such vote",
            "ask the chain's operators who cast it and why; then start from a checkpoint above that block, or set `votes = \"anybody\"` in \
             your trust file, which gives a warning",
        ),
        Uncovered::OutsideAssumedCommittee => (
            "the signers fit no committee of as many validators as your trust file assumes to be qualified",
            "that assumption may be false: check `qualified` in your trust file, and how many are demoted for want of stake",
        ),
        Uncovered::PermissionlessFork => {
            ("the header is of the Permissionless fork, whose rules this build does not know", NEWER)
        }
        Uncovered::TransactionType => ("the block holds a transaction of a type that this build does not know", NEWER),
        Uncovered::TransactionPrice => (
            "the block holds a transaction with a price of more than 256 bits",
            "transfers in other blocks can be proven; no release reads such a price",
        ),
        _ => return None,
    })
}

fn of_votes(what: Uncovered) -> Option<(&'static str, &'static str)> {
    Some(match what {
        Uncovered::ThresholdChangedInBlock => ("the number of votes needed changed in the deciding block", BY_HAND),
        Uncovered::FormerOperatorsDecided => ("operators who left in the deciding block were needed", BY_HAND),
        Uncovered::TooManyVoters => ("more operators voted than this build counts", NEWER),
        Uncovered::ExecutedKeyUnknown => ("it cannot be told which of several votes was executed", BY_HAND),
        _ => return None,
    })
}

fn of_bridge(what: Uncovered) -> Option<(&'static str, &'static str)> {
    Some(match what {
        Uncovered::BoundToAnotherSource => (
            "the destination bridge serves another source than the one your trust file pairs it with",
            "check the two [[bridge.ends]] of your trust file",
        ),
        Uncovered::UnknownCode => (
            "a bridge runs code that your trust file does not accept",
            "compare the hash of the bridge's code with `codes` in your trust file; add it only if you know the code",
        ),
        Uncovered::TokenNotRegistered => (
            "the source bridge's registry names no token of the destination for this one",
            "ask the bridge's owner: without the entry nobody can say what should have been delivered",
        ),
        Uncovered::TokenMappingChanged => (
            "the bridge's registry changed its entry for the token meanwhile",
            "compare both entries by hand: operators that started again read the one of their own time",
        ),
        Uncovered::TokenUriUnknown => ("the token's URI at the time of the request cannot be told", BY_HAND),
        Uncovered::ExecutedCallUnknown => {
            ("another contract made the executed call, and its words are hidden", BY_HAND)
        }
        Uncovered::UndecodableCall => ("the executed call cannot be read", BY_HAND),
        Uncovered::UnusualToken => ("the token moved the value in an unusual way", BY_HAND),
        _ => return None,
    })
}

/// All of it in one sentence: what, by which code, and where.
pub(crate) fn sentence(unsupported: &Unsupported) -> String {
    format!("{} ({unsupported})", words(unsupported.what).0)
}

/// The JSON form of a report, with the next step beside each code that is not covered.
pub(crate) fn with_next_steps(mut report: Value) -> Value {
    for transfer in report.get_mut("transfers").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(fields) = transfer.get_mut("unsupported").and_then(Value::as_object_mut) {
            let code = fields.get("code").and_then(Value::as_str);
            let what = Uncovered::ALL.iter().find(|what| Some(what.code()) == code);
            fields.insert("next".to_owned(), json!(what.map(|what| words(*what).1)));
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_has_words_of_its_own_a_next_step_and_a_row_in_the_docs() {
        let docs = include_str!("../../../../docs/report.md");
        let mut seen = BTreeSet::new();
        for what in Uncovered::ALL {
            let (words, next) = words(*what);
            assert!(words != what.code() && seen.insert(words), "{what}: {words}");
            assert!(!next.is_empty());
            assert!(docs.contains(&format!("| `{what}` |")), "docs/report.md does not explain {what}");
        }
    }

    #[test]
    fn the_next_step_stands_beside_the_code() {
        let report =
            json!({ "transfers": [{ "unsupported": null }, { "unsupported": { "code": "bridge.unknown_code" } }] });
        let told = with_next_steps(report);
        assert_eq!(told.pointer("/transfers/0/unsupported"), Some(&Value::Null));
        assert_eq!(told.pointer("/transfers/1/unsupported/next"), Some(&words(Uncovered::UnknownCode).1.into()));
    }
}

//! What the bridge of version 2 and its tokens say when they refuse a call: custom errors, which
//! nodes pass on as bytes (docs/contracts.md 4). The one table of them.

use spanlight::primitives::{decode_hex, keccak256};

/// Every custom error of the contracts, with what it means to whoever runs an operator.
const ERRORS: &[(&str, &str)] = &[
    ("AboveRequestLimit()", "the amount is above the request limit of its token"),
    ("AccountKeysDiffer()", "the bridge is deployed for another kind of accounts than this chain has"),
    ("AnswerTooLong()", "the token answers with more bytes than the bridge reads"),
    (
        "ChangeIsNotReady()",
        "the change was not announced by scheduleChange, is not due yet, was cancelled, or its week is over",
    ),
    ("DelayOutOfBounds()", "the owner's delay must be between an hour and 30 days"),
    ("ECDSAInvalidSignature()", "a signature is none"),
    ("ECDSAInvalidSignatureLength(uint256)", "a signature has another length than 65 bytes"),
    ("ECDSAInvalidSignatureS(bytes32)", "a signature is not in its low form"),
    ("ExtraDataTooLong()", "the extra data is above 4,096 bytes"),
    ("FewerOperatorsThanThreshold()", "fewer operators than a threshold would be left"),
    ("FieldNotOfThisKind()", "a field is set that this kind of transfer does not have"),
    ("HandlesAreNotPaused()", "the bridge is not paused"),
    ("HandlesArePaused()", "the bridge is paused: it takes no votes until it is resumed"),
    ("NeedsVotes()", "only the votes of operators decide this"),
    ("NoAccountKeys()", "the chain does not answer whose keys signed"),
    ("NoSignatures()", "no signature was given"),
    ("NonCanonicalCalldata()", "the call is not in its canonical form"),
    ("NonceTooFarAhead()", "the nonce is too far above the highest handled one"),
    ("NotConfiguration()", "operators do not decide this call"),
    ("NotGuardian()", "only the guardian, the owner or the votes of operators may pause"),
    ("NotPendingOwner()", "the ownership was not offered to this account"),
    ("NotRecipient()", "the claim belongs to another recipient, or is no more"),
    ("NotSignedByAccount()", "the keys that the account has now did not sign"),
    ("OnlyTheBridge()", "only the bridge itself may call this"),
    ("OwnershipStays()", "the ownership cannot be given up"),
    ("RecipientIsBridgeOrToken()", "the recipient is a bridge or a token, where the value would be lost"),
    ("SafeERC20FailedOperation(address)", "the token refused"),
    ("SignerIsNotOperator()", "a signature is of nobody who is an operator now"),
    ("SignersDoNotAscend()", "the signatures are not in the order of their signers"),
    ("SourceIsBound()", "the source is bound already"),
    ("SourceIsNotBound()", "bindSource was not called"),
    ("ThresholdBelowMajority()", "the threshold is below a majority of the operators"),
    ("TokenSaysNo()", "the token did not answer yes"),
    ("TooEarly()", "the delay of a resume is not over, or no resume was scheduled"),
    ("TooLittleGas()", "the vote has too little gas left for the delivery"),
    ("UnknownOperator()", "there is no such operator"),
    ("WrongTokenKind()", "the token is registered as of another kind"),
    ("ZeroAddress()", "an address is zero"),
    ("ZeroRecipient()", "the recipient is zero"),
    ("ZeroRequestBlock()", "the block of the request is zero"),
    ("Panic(uint256)", "the contract's own arithmetic or bounds failed"),
    // Of the tokens that come with the bridge.
    ("ERC20InsufficientAllowance(address,uint256,uint256)", "the holder did not allow to move so much of the token"),
    ("ERC20InsufficientBalance(address,uint256,uint256)", "the token's balance is too small"),
    ("ERC20InvalidApprover(address)", "nobody can allow to move tokens of the zero address"),
    ("ERC20InvalidReceiver(address)", "the token refuses this recipient"),
    ("ERC20InvalidSender(address)", "the token refuses this sender"),
    ("ERC20InvalidSpender(address)", "nobody can be allowed to move tokens as the zero address"),
    ("ERC721EnumerableForbiddenBatchMint()", "the token mints one id at a time"),
    ("ERC721IncorrectOwner(address,uint256,address)", "the token id belongs to another account"),
    ("ERC721InsufficientApproval(address,uint256)", "the owner did not allow to move this token id"),
    ("ERC721InvalidApprover(address)", "this account may not allow to move the token id"),
    ("ERC721InvalidOperator(address)", "the token refuses this account as one that moves ids of others"),
    ("ERC721InvalidOwner(address)", "the zero address owns no token id"),
    ("ERC721InvalidReceiver(address)", "the token refuses this recipient"),
    ("ERC721InvalidSender(address)", "the token id exists already"),
    ("ERC721NonexistentToken(uint256)", "there is no such token id"),
    ("ERC721OutOfBoundsIndex(address,uint256)", "there are fewer token ids"),
    ("OwnableInvalidOwner(address)", "this account cannot own the token contract"),
    ("OwnableUnauthorizedAccount(address)", "only the owner of the token contract may do this"),
];

/// A node's words of a revert, with the name and the meaning of the error instead of its bytes.
pub(crate) fn in_words(message: &str) -> String {
    let Some((before, after)) = message.split_once("(0x") else { return message.to_owned() };
    let bytes = after.split(')').next().unwrap_or_default();
    match named(bytes) {
        Some((name, meaning)) => {
            let name = name.split('(').next().unwrap_or(name);
            format!("{}: {name}: {meaning}", before.trim_end())
        }
        None => message.to_owned(),
    }
}

/// Whether a bridge of version 2 refuses a vote, in a node's words, because it is paused.
pub(crate) fn is_pause(words: &str) -> bool {
    is_exactly(words, "HandlesArePaused")
}

/// Whether a bridge of version 2 refuses a signature, in a node's words: the account's keys of now
/// did not make it.
pub(crate) fn is_of_other_keys(words: &str) -> bool {
    is_exactly(words, "NotSignedByAccount")
}

/// Whether a node's words are those of one error, and say nothing else.
fn is_exactly(words: &str, name: &str) -> bool {
    let told = ERRORS.iter().find(|(signature, _)| signature.strip_suffix("()") == Some(name));
    told.is_some_and(|(_, meaning)| words.ends_with(&format!("execution reverted: {name}: {meaning}")))
}

fn named(hex: &str) -> Option<(&'static str, &'static str)> {
    let selector = decode_hex(&["0x", hex.get(..8)?].concat()).ok()?;
    let of = |signature: &str| keccak256(signature.as_bytes()).0.get(..4) == Some(selector.as_slice());
    ERRORS.iter().copied().find(|(signature, _)| of(signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use spanlight::primitives::encode_hex;
    use std::collections::BTreeSet;

    /// By the compiled contracts: what one of them can say and nobody here knows fails this test.
    #[test]
    fn every_error_of_the_contracts_has_its_name_and_its_words() {
        let artifacts = [
            include_str!("../../../contracts/artifacts/Bridge.json"),
            include_str!("../../../contracts/artifacts/ServiceChainToken.json"),
            include_str!("../../../contracts/artifacts/ServiceChainNFT.json"),
        ];
        let mut seen = BTreeSet::new();
        for artifact in artifacts {
            let artifact: Value = serde_json::from_str(artifact).unwrap();
            for error in artifact["abi"].as_array().unwrap().iter().filter(|item| item["type"] == "error") {
                let inputs = error["inputs"].as_array().unwrap();
                let types: Vec<&str> = inputs.iter().map(|input| input["type"].as_str().unwrap()).collect();
                seen.insert((error["name"].as_str().unwrap().to_owned(), types.join(",")));
            }
        }
        assert!(seen.len() >= 58, "{seen:?}");
        let unknown: Vec<_> = seen.iter().filter(|(name, types)| !is_told(name, types)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    fn is_told(name: &str, types: &str) -> bool {
        let raw = encode_hex(&keccak256(format!("{name}({types})").as_bytes()).0[..4]);
        in_words(&format!("execution reverted ({raw})")).starts_with(&format!("execution reverted: {name}: "))
    }

    /// By the sources, so that an error which no compiled contract uses yet is known too.
    #[test]
    fn every_error_of_the_sources_has_its_name_and_its_words() {
        let source = include_str!("../../../contracts/src/BridgeErrors.sol");
        let errors = source.lines().filter_map(|line| line.strip_prefix("error ")?.strip_suffix("();"));
        let errors: Vec<&str> = errors.collect();
        assert_eq!(errors.len(), source.matches("\nerror ").count(), "one form of declaration");
        assert!(errors.len() >= 36 && errors.iter().all(|name| is_told(name, "")), "{errors:?}");
    }

    #[test]
    fn other_words_stay_as_they_are() {
        for words in
            ["execution reverted: closed vote", "execution reverted (0xffffffff)", "execution reverted (0x12", ""]
        {
            assert_eq!(in_words(words), words);
        }
        let long = format!("execution reverted (0x356680b7{})", "00".repeat(96));
        assert_eq!(
            in_words("execution reverted (0x4e487b71)"),
            "execution reverted: Panic: the contract's own arithmetic or bounds failed"
        );
        assert!(!is_pause(&in_words(&long)));
    }

    #[test]
    fn only_the_whole_answer_of_the_bridge_is_read_as_one() {
        let said = |error: &str| {
            let raw = encode_hex(&keccak256(error.as_bytes()).0[..4]);
            in_words(&format!("evm: execution reverted ({raw})"))
        };
        assert!(is_pause(&said("HandlesArePaused()")));
        assert!(is_of_other_keys(&said("NotSignedByAccount()")));
        assert!(!is_pause(&said("NotSignedByAccount()")) && !is_of_other_keys(&said("NoSignatures()")));
        for words in ["execution reverted: HandlesArePaused", "execution reverted: HandlesArePaused: so I say"] {
            assert!(!is_pause(words));
        }
    }
}

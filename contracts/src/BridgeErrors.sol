// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

/// Reverts with the words that generation C has for it, since tools look for them. One function for all, of at most 32
/// letters: `require` with words takes twice the code at each place, and the bridge must fit into 24,576 bytes.
function check(bool holds, bytes32 words) pure {
    if (!holds) {
        assembly ("memory-safe") {
            let length := 0
            for {} and(lt(length, 32), gt(byte(length, words), 0)) {} { length := add(length, 1) }
            let answer := mload(0x40)
            mstore(answer, shl(224, 0x08c379a0))
            mstore(add(answer, 4), 32)
            mstore(add(answer, 36), length)
            mstore(add(answer, 68), words)
            revert(answer, 100)
        }
    }
}

// Reasons that generation C does not know.

error AboveRequestLimit();
error AccountKeysDiffer();
error AnswerTooLong();
error ChangeIsNotReady();
error DelayOutOfBounds();
error ExtraDataTooLong();
error FewerOperatorsThanThreshold();
error FieldNotOfThisKind();
error HandlesAreNotPaused();
error HandlesArePaused();
error NeedsVotes();
error NoAccountKeys();
error NoSignatures();
error NonCanonicalCalldata();
error NonceTooFarAhead();
error NotConfiguration();
error NotGuardian();
error NotPendingOwner();
error NotRecipient();
error NotSignedByAccount();
error OnlyTheBridge();
error OwnershipStays();
error RecipientIsBridgeOrToken();
error SignerIsNotOperator();
error SignersDoNotAscend();
error SourceIsBound();
error SourceIsNotBound();
error ThresholdBelowMajority();
error TokenSaysNo();
error TooEarly();
error TooLittleGas();
error UnknownOperator();
error WrongTokenKind();
error ZeroAddress();
error ZeroRecipient();
error ZeroRequestBlock();

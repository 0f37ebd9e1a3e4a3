// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

// Reasons that generation C does not know. Those it knows keep their words, since tools look for them.

error AboveOutflowLimit();
error AboveRequestLimit();
error AnswerTooLong();
error ExtraDataTooLong();
error FewerOperatorsThanThreshold();
error FieldNotOfThisKind();
error HandlesAreNotPaused();
error HandlesArePaused();
error NeedsVotes();
error NoSignatures();
error NonCanonicalCalldata();
error NonceTooFarAhead();
error NotConfiguration();
error NotGuardian();
error NotPendingOwner();
error NotRecipient();
error OnlyTheBridge();
error OwnershipStays();
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

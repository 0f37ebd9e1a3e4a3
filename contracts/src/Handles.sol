// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Delivery} from "./Delivery.sol";
import {HandleCodec} from "./HandleCodec.sol";
import {
    NoAccountKeys,
    NoSignatures,
    NonCanonicalCalldata,
    NonceTooFarAhead,
    NotSignedByAccount,
    SignerIsNotOperator,
    SignersDoNotAscend,
    SourceIsNotBound,
    WrongTokenKind,
    ZeroRequestBlock,
    check
} from "./BridgeErrors.sol";

/// @title The destination side: votes on transfers, and their execution
/// @notice An operator votes by a call of its own, or by a signature that anyone brings. Both leave the same vote under the
/// same key, the hash of the one canonical calldata, so for one operator they are one vote.
abstract contract Handles is Delivery {
    /// How far above the highest handled nonce a handle may be. Not above the lowest open one: a
    /// transfer that waits must not stop those behind it, however many they are.
    uint64 public constant NONCE_WINDOW = 1 << 20;
    /// The chain's own check of signatures by the keys of an account (`validateSender`).
    address internal constant ACCOUNT_KEYS = address(0x3ff);
    uint256 private constant SIGNATURE_BYTES = 65;
    uint64 private constant SWEEP_STEPS = 200;
    /// Steps that every execution takes, so that a lag shrinks even where all give as little gas as
    /// they can.
    uint64 private constant SURE_STEPS = 2;
    /// More than one step uses, and the end of the sweep.
    uint256 private constant STEP_GAS = 30_000;

    function handleKLAYTransfer(
        bytes32 requestTxHash,
        address from,
        address to,
        uint256 value,
        uint64 nonce,
        uint64 requestBlockNumber,
        bytes memory extraData
    ) external {
        _handleByCall(
            Transfer(
                TokenType.KLAY, requestTxHash, from, to, address(0), value, nonce, requestBlockNumber, "", extraData
            )
        );
    }

    function handleERC20Transfer(
        bytes32 requestTxHash,
        address from,
        address to,
        address token,
        uint256 value,
        uint64 nonce,
        uint64 requestBlockNumber,
        bytes memory extraData
    ) external {
        _handleByCall(
            Transfer(TokenType.ERC20, requestTxHash, from, to, token, value, nonce, requestBlockNumber, "", extraData)
        );
    }

    function handleERC721Transfer(
        bytes32 requestTxHash,
        address from,
        address to,
        address token,
        uint256 tokenId,
        uint64 nonce,
        uint64 requestBlockNumber,
        string memory tokenURI,
        bytes memory extraData
    ) external {
        _handleByCall(
            Transfer(
                TokenType.ERC721,
                requestTxHash,
                from,
                to,
                token,
                tokenId,
                nonce,
                requestBlockNumber,
                tokenURI,
                extraData
            )
        );
    }

    /// Votes of operators by signature, brought by anyone. Signers ascend. A signer that has voted
    /// already is passed over: its own call may be newer than the signature, and counts. A transfer
    /// that the outflow limit held back needs none.
    function handleWithSignatures(Transfer memory transfer, bytes[] calldata signatures)
        external
        nonReentrant
        whenHandlesRun
    {
        require(sourceBridge != address(0), SourceIsNotBound());
        bytes32 voteKey = HandleCodec.voteKey(transfer);
        require(signatures.length > 0 || heldUntil[voteKey] != 0, NoSignatures());
        if (_isExecuted(transfer.requestNonce, voteKey)) {
            return;
        }
        _requireBounds(transfer);
        bytes32 digest = signingDigest(transfer);
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; i++) {
            address signer = _signerOf(digest, signatures[i]);
            require(signer > previous, SignersDoNotAscend());
            require(operators[signer], SignerIsNotOperator());
            previous = signer;
            if (!_hasVoted(transfer.requestNonce, signer)) {
                _vote(VoteType.ValueTransfer, transfer.requestNonce, voteKey, signer);
            }
        }
        if (liveVotes(voteKey) >= operatorThresholds[uint8(VoteType.ValueTransfer)]) {
            _execute(transfer, voteKey);
        }
    }

    /// What an operator signs to vote for a transfer, while the set of operators stays as it is.
    function signingDigest(Transfer memory transfer) public view returns (bytes32) {
        return HandleCodec.digest(transfer, sourceChainId, sourceBridge, operatorEpoch);
    }

    /// Whether the transfer of this nonce was executed.
    function handled(uint64 nonce) external view returns (bool) {
        return executedVoteKeys[nonce] != bytes32(0);
    }

    /// Moves `lowerHandleNonce` over handled nonces: 201 at most, and no more than the gas at hand
    /// allows. Each execution does it too; this is for what it leaves.
    function sweep() external {
        _sweep(0);
    }

    function _handleByCall(Transfer memory transfer) private nonReentrant onlyOperators whenHandlesRun {
        bytes32 voteKey = HandleCodec.voteKey(transfer);
        require(voteKey == keccak256(msg.data), NonCanonicalCalldata());
        if (_isExecuted(transfer.requestNonce, voteKey)) {
            return;
        }
        _requireBounds(transfer);
        if (_vote(VoteType.ValueTransfer, transfer.requestNonce, voteKey, msg.sender)) {
            _execute(transfer, voteKey);
        }
    }

    /// A late vote for what was executed changes nothing and is no error; for anything else it is
    /// refused.
    function _isExecuted(uint64 nonce, bytes32 voteKey) private view returns (bool) {
        bytes32 executed = executedVoteKeys[nonce];
        if (executed == bytes32(0)) {
            return false;
        }
        if (executed != voteKey) {
            check(false, nonce < lowerHandleNonce ? bytes32("removed vote") : bytes32("closed vote"));
        }
        return true;
    }

    /// Whose signature it is. Where the chain knows the keys of accounts, it says whether they
    /// signed: the key of an address may have been replaced, and then it votes no more. There a
    /// signature may name its account first, and be of several keys.
    function _signerOf(bytes32 digest, bytes calldata signature) private view returns (address signer) {
        if (!accountKeys || signature.length == SIGNATURE_BYTES) {
            signer = ECDSA.recover(digest, signature);
        } else {
            signer = address(bytes20(signature[:20]));
            signature = signature[20:];
        }
        if (accountKeys) {
            bytes memory question = abi.encodePacked(signer, digest, signature);
            for (uint256 i = 52 + 64; i < question.length; i += SIGNATURE_BYTES) {
                // 27 or 28 here, as everywhere; 0 or 1 there.
                question[i] = bytes1(uint8(question[i]) - 27);
            }
            (, bytes memory answer) = _ask(ACCOUNT_KEYS, question, gasleft());
            require(answer.length == 1, NoAccountKeys());
            require(answer[0] == 0x01, NotSignedByAccount());
        }
    }

    /// Block 0 would stop the sweep for ever, since 0 there means "not handled".
    function _requireBounds(Transfer memory transfer) private view {
        require(transfer.requestBlockNumber > 0, ZeroRequestBlock());
        require(transfer.requestNonce < upperHandleNonce + NONCE_WINDOW, NonceTooFarAhead());
    }

    /// Else an amount voted as an id would count 1 against the outflow limit: some ERC-20 tokens
    /// move it by `transferFrom`. Of a token that is not registered no kind is known; there it is
    /// as voted, as in generation C.
    function _requireKind(Transfer memory transfer) private view {
        if (transfer.tokenType != TokenType.KLAY) {
            TokenType kind = tokenKinds[transfer.token];
            require(kind == transfer.tokenType || kind == TokenType.KLAY, WrongTokenKind());
        }
    }

    function _execute(Transfer memory transfer, bytes32 voteKey) private {
        uint64 nonce = transfer.requestNonce;
        _requireKind(transfer);
        if (!_mayLeave(transfer.token, _amountOf(transfer.tokenType, transfer.valueOrTokenId), nonce, voteKey)) {
            return;
        }
        executedVoteKeys[nonce] = voteKey;
        closedValueTransferVotes[nonce] = true;
        handledRequestTx[transfer.requestTxHash] = true;
        handleNoncesToBlockNums[nonce] = transfer.requestBlockNumber;
        if (nonce > upperHandleNonce) {
            upperHandleNonce = nonce;
        }
        _sweep(_gasFrom(transfer));
        emit HandleValueTransfer(
            transfer.requestTxHash,
            transfer.tokenType,
            transfer.from,
            transfer.to,
            transfer.token,
            transfer.valueOrTokenId,
            nonce,
            lowerHandleNonce,
            transfer.extraData
        );
        _deliver(transfer);
    }

    /// What the rest of an execution needs at most: the event and the delivery, and the claim where
    /// that fails.
    function _gasFrom(Transfer memory transfer) private pure returns (uint256) {
        return DELIVERY_NEEDS + 200_000 + 20 * transfer.extraData.length + 800 * bytes(transfer.tokenURI).length;
    }

    /// `kept`: gas that the sweep leaves. Its cost must not grow with the lag: a transfer that many
    /// others overtook would need more than a vote is given, or than a block holds, and never
    /// execute.
    function _sweep(uint256 kept) private {
        uint64 first = lowerHandleNonce;
        uint64 last = upperHandleNonce;
        last = last > first + SWEEP_STEPS ? first + SWEEP_STEPS : last;
        uint64 nonce = first;
        uint64 recovery = 0;
        while (nonce <= last && (nonce - first < SURE_STEPS || gasleft() > kept + STEP_GAS)) {
            uint64 requestBlock = handleNoncesToBlockNums[nonce];
            if (requestBlock == 0) {
                break;
            }
            recovery = requestBlock;
            delete handleNoncesToBlockNums[nonce];
            delete closedValueTransferVotes[nonce];
            nonce++;
        }
        if (nonce > first) {
            recoveryBlockNumber = recovery;
            lowerHandleNonce = nonce;
        }
    }
}

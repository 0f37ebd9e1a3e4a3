// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Delivery} from "./Delivery.sol";
import {HandleCodec} from "./HandleCodec.sol";
import {
    NoSignatures,
    NonCanonicalCalldata,
    NonceTooFarAhead,
    SignerIsNotOperator,
    SignersDoNotAscend,
    SourceIsNotBound,
    WrongTokenKind,
    ZeroRequestBlock
} from "./BridgeErrors.sol";

/// @title The destination side: votes on transfers, and their execution
/// @notice An operator votes by a call of its own, or by a signature that anyone brings. Both leave the same vote under the
/// same key, the hash of the one canonical calldata, so for one operator they are one vote.
abstract contract Handles is Delivery {
    /// How far above the lowest open nonce a handle may be.
    uint64 public constant NONCE_WINDOW = 1 << 20;
    uint64 private constant SWEEP_STEPS = 200;

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

    /// Votes of operators by signature, brought by anyone. Signers ascend. A signer that has voted already is passed over:
    /// its own call may be newer than the signature, and counts.
    function handleWithSignatures(Transfer memory transfer, bytes[] calldata signatures)
        external
        nonReentrant
        whenHandlesRun
    {
        require(sourceBridge != address(0), SourceIsNotBound());
        require(signatures.length > 0, NoSignatures());
        bytes32 voteKey = HandleCodec.voteKey(transfer);
        if (_isExecuted(transfer.requestNonce, voteKey)) {
            return;
        }
        _requireBounds(transfer);
        bytes32 digest = signingDigest(transfer);
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; i++) {
            address signer = ECDSA.recover(digest, signatures[i]);
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

    /// Moves `lowerHandleNonce` over handled nonces, 201 at most. Each execution does it too; this is for what it leaves.
    function sweep() external {
        _sweep();
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

    /// A late vote for what was executed changes nothing and is no error; for anything else it is refused.
    function _isExecuted(uint64 nonce, bytes32 voteKey) private view returns (bool) {
        bytes32 executed = executedVoteKeys[nonce];
        if (executed == bytes32(0)) {
            return false;
        }
        if (executed != voteKey) {
            revert(nonce < lowerHandleNonce ? "removed vote" : "closed vote");
        }
        return true;
    }

    /// Block 0 would stop the sweep for ever, since 0 there means "not handled".
    function _requireBounds(Transfer memory transfer) private view {
        require(transfer.requestBlockNumber > 0, ZeroRequestBlock());
        require(transfer.requestNonce - lowerHandleNonce < NONCE_WINDOW, NonceTooFarAhead());
    }

    /// Else an amount voted as an id would count 1 against the outflow limit: some ERC-20 tokens move it by `transferFrom`.
    /// Of a token that is not registered no kind is known; there it is as voted, as in generation C.
    function _requireKind(Transfer memory transfer) private view {
        if (transfer.tokenType != TokenType.KLAY) {
            TokenType kind = tokenKinds[transfer.token];
            require(kind == transfer.tokenType || kind == TokenType.KLAY, WrongTokenKind());
        }
    }

    function _execute(Transfer memory transfer, bytes32 voteKey) private {
        uint64 nonce = transfer.requestNonce;
        executedVoteKeys[nonce] = voteKey;
        closedValueTransferVotes[nonce] = true;
        handledRequestTx[transfer.requestTxHash] = true;
        handleNoncesToBlockNums[nonce] = transfer.requestBlockNumber;
        if (nonce > upperHandleNonce) {
            upperHandleNonce = nonce;
        }
        _sweep();
        _requireKind(transfer);
        _countOutflow(transfer.token, _amountOf(transfer.tokenType, transfer.valueOrTokenId));
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

    function _sweep() private {
        uint64 nonce = lowerHandleNonce;
        uint64 last = upperHandleNonce;
        if (last > nonce && last - nonce > SWEEP_STEPS) {
            last = nonce + SWEEP_STEPS;
        }
        for (; nonce <= last && handleNoncesToBlockNums[nonce] > 0; nonce++) {
            recoveryBlockNumber = handleNoncesToBlockNums[nonce];
            delete handleNoncesToBlockNums[nonce];
            delete closedValueTransferVotes[nonce];
        }
        lowerHandleNonce = nonce;
    }
}

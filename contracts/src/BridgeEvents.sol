// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeStorage} from "./BridgeStorage.sol";

/// @title Events of the bridge
/// @notice The first part is that of generation C, unchanged; the second is new.
abstract contract BridgeEvents is BridgeStorage {
    event RequestValueTransfer(
        TokenType tokenType,
        address indexed from,
        address indexed to,
        address indexed tokenAddress,
        uint256 valueOrTokenId,
        uint64 requestNonce,
        uint256 fee,
        bytes extraData
    );
    event RequestValueTransferEncoded(
        TokenType tokenType,
        address indexed from,
        address indexed to,
        address indexed tokenAddress,
        uint256 valueOrTokenId,
        uint64 requestNonce,
        uint256 fee,
        bytes extraData,
        uint8 encodingVer,
        bytes encodedData
    );
    event HandleValueTransfer(
        bytes32 requestTxHash,
        TokenType tokenType,
        address indexed from,
        address indexed to,
        address indexed tokenAddress,
        uint256 valueOrTokenId,
        uint64 handleNonce,
        uint64 lowerHandleNonce,
        bytes extraData
    );
    event KLAYFeeChanged(uint256 indexed fee);
    event ERC20FeeChanged(address indexed token, uint256 indexed fee);
    event FeeReceiverChanged(address indexed feeReceiver);
    event OperatorRegistered(address indexed operator);
    event OperatorDeregistered(address indexed operator);
    event OperatorThresholdChanged(VoteType indexed voteType, uint8 threshold);
    event RunningStatusChanged(bool status);
    event CounterpartBridgeChanged(address bridge);
    event TokenRegistered(address indexed token);
    event TokenDeregistered(address indexed token);
    event TokenLocked(address indexed token);
    event TokenUnlocked(address indexed token);
    event KLAYLocked();
    event KLAYUnlocked();
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// A vote was counted; `count` is how many operators of now stand behind the key.
    event VoteCast(
        VoteType indexed voteType, uint64 indexed nonce, address indexed operator, bytes32 voteKey, uint256 count
    );
    /// The handle of this nonce closed it, but the delivery failed; the recipient can claim, and anybody can retry it.
    /// `reasonHash` is keccak256 of what the delivery returned, of its first 256 bytes.
    event HandleDeliveryFailed(uint64 indexed handleNonce, bytes32 reasonHash);
    /// The votes are there, and the outflow limit holds the transfer back: until it fits, at the latest until `until`.
    event HandleHeld(uint64 indexed handleNonce, bytes32 voteKey, uint64 until);
    /// The owner may make this call from `ready` on. All of it is here, so that everybody can read what is coming.
    event ChangeScheduled(uint64 indexed number, uint64 ready, bytes call);
    event ChangeCancelled(uint64 indexed number);
    event OwnerDelayChanged(uint64 delay);
    event Claimed(uint64 indexed handleNonce, address indexed to);
    event SourceBound(uint256 indexed chainId, address indexed bridge);
    event GuardianChanged(address indexed guardian);
    event HandlesPaused(address indexed by);
    event HandlesResumeScheduled(uint64 time);
    event HandlesResumed();
    event LimitChanged(address indexed token, uint128 request, uint128 outflow);
    event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
}

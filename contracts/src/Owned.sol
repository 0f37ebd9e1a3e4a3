// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeEvents} from "./BridgeEvents.sol";
import {NotPendingOwner, OwnershipStays} from "./BridgeErrors.sol";

/// @title Owner, and the lock against reentrancy
/// @notice The owner is handed over in two steps and cannot be given up. It is meant to be a timelock contract, not a key.
/// Written here and not inherited, because both variables have fixed slots.
abstract contract Owned is BridgeEvents {
    uint256 private constant IDLE = 1;
    uint256 private constant INSIDE = 2;

    constructor() {
        _entered = IDLE;
        _owner = msg.sender;
        emit OwnershipTransferred(address(0), msg.sender);
    }

    modifier onlyOwner() {
        _requireOwner();
        _;
    }

    /// One lock for every function that moves value: whoever is called on the way finds the bridge closed.
    modifier nonReentrant() {
        _enter();
        _;
        _entered = IDLE;
    }

    function owner() external view returns (address) {
        return _owner;
    }

    function isOwner() external view returns (bool) {
        return msg.sender == _owner;
    }

    /// Offers the ownership; it passes when the new owner accepts, so a mistyped address takes nothing.
    function transferOwnership(address newOwner) external onlyOwner {
        require(newOwner != address(0), "Ownable: new owner is the zero address");
        pendingOwner = newOwner;
        emit OwnershipTransferStarted(_owner, newOwner);
    }

    function acceptOwnership() external {
        require(msg.sender == pendingOwner, NotPendingOwner());
        emit OwnershipTransferred(_owner, msg.sender);
        _owner = msg.sender;
        pendingOwner = address(0);
    }

    /// Kept so that the selector says no, instead of being taken for a transfer of coin.
    function renounceOwnership() external view onlyOwner {
        revert OwnershipStays();
    }

    // Functions and not modifiers, which would be copied to every place of use.
    function _requireOwner() private view {
        require(msg.sender == _owner, "Ownable: caller is not the owner");
    }

    function _enter() private {
        require(_entered == IDLE, "ReentrancyGuard: reentrant call");
        _entered = INSIDE;
    }
}

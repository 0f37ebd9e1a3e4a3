// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeEvents} from "./BridgeEvents.sol";
import {ChangeIsNotReady, DelayOutOfBounds, NotPendingOwner, OwnershipStays, check} from "./BridgeErrors.sol";

/// @title Owner, and the lock against reentrancy
/// @notice The owner is handed over in two steps and cannot be given up. It is meant to be a timelock contract, not a key.
/// Written here and not inherited, because both variables have fixed slots.
abstract contract Owned is BridgeEvents {
    uint256 private constant IDLE = 1;
    uint256 private constant INSIDE = 2;
    /// How long an announced change may be made.
    uint256 private constant GRACE = 7 days;

    constructor() {
        _entered = IDLE;
        _owner = msg.sender;
        emit OwnershipTransferred(address(0), msg.sender);
    }

    modifier onlyOwner() {
        _requireOwner();
        _;
    }

    /// What the owner must have announced, once the bridge is set up.
    modifier afterDelay() {
        _requireReady();
        _;
    }

    /// One lock for every function that moves value: whoever is called on the way finds the bridge
    /// closed.
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

    /// Announces a call of this bridge by its owner, who makes it with exactly these bytes between
    /// `ready` and a week later. Announcing it again starts anew. Operators can cancel it until it
    /// is made, see `cancelChanges`; the owner cannot, so a thief of its key cannot cancel what its
    /// true holder announces.
    function scheduleChange(bytes calldata call) external onlyOwner {
        uint64 ready = uint64(block.timestamp) + ownerDelay;
        uint64 number = ++changeCount;
        changes[keccak256(call)] = Change(ready, number);
        emit ChangeScheduled(number, ready, call);
    }

    /// Ends the set-up, in which the owner acts at once. Later the delay itself changes after the
    /// delay.
    function setOwnerDelay(uint64 delay) external afterDelay {
        require(delay >= 1 hours && delay <= 30 days, DelayOutOfBounds());
        ownerDelay = delay;
        emit OwnerDelayChanged(delay);
    }

    /// Offers the ownership; it passes when the new owner accepts, so a mistyped address takes
    /// nothing.
    function transferOwnership(address newOwner) external afterDelay {
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

    /// An announcement serves once. It ends a week after it is ready: what everybody has forgotten
    /// must not be made one day.
    function _requireReady() internal {
        _requireOwner();
        if (ownerDelay != 0) {
            bytes32 callHash = keccak256(msg.data);
            Change memory change = changes[callHash];
            bool isNow = change.ready <= block.timestamp && block.timestamp < uint256(change.ready) + GRACE;
            bool stands = change.number != 0 && !cancelledChanges[change.number];
            require(isNow && stands, ChangeIsNotReady());
            delete changes[callHash];
        }
    }

    // Functions and not modifiers, which would be copied to every place of use.
    function _requireOwner() internal view {
        check(msg.sender == _owner, "Ownable: caller is not the owner");
    }

    function _enter() private {
        check(_entered == IDLE, "ReentrancyGuard: reentrant call");
        _entered = INSIDE;
    }
}

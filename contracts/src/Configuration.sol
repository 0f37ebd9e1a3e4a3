// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Votes} from "./Votes.sol";
import {ChangeIsNotReady, NeedsVotes, NonCanonicalCalldata, NotConfiguration, check} from "./BridgeErrors.sol";

/// @title Configuration by k of n operators
/// @notice Two ways. The two calls of generation C share one nonce, so that a vote for one takes back a vote for the other.
/// In the new way every proposal has its own votes, and only proposals on the same subject exclude each other.
abstract contract Configuration is Votes {
    /// Votes for a call of the bridge to itself. The subject is the selector; once decided, its nonce rises, which ends
    /// all other proposals on it.
    function voteConfiguration(bytes calldata proposal, uint64 nonce) external onlyOperators {
        bytes4 subject = bytes4(proposal[:4]);
        require(_isConfiguration(subject), NotConfiguration());
        check(nonce == subjectNonces[subject], "nonce mismatch");
        bytes32 voteKey = keccak256(abi.encode(proposal, nonce));
        if (!_stand(VoteType.Configuration, nonce, voteKey, msg.sender)) {
            return;
        }
        subjectNonces[subject] = nonce + 1;
        (bool done, bytes memory reason) = address(this).call(proposal);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    /// Takes a vote for a proposal back, while it is not decided.
    function withdrawConfiguration(bytes calldata proposal, uint64 nonce) external onlyOperators {
        (uint256 word, uint256 bit) = _seatOf(msg.sender);
        _voteSeats[keccak256(abi.encode(proposal, nonce))][word] &= ~bit;
    }

    /// Operators end changes that the owner announced, by their numbers.
    function cancelChanges(uint64[] calldata numbers) external {
        _requireQuorum(true);
        for (uint256 i = 0; i < numbers.length; i++) {
            require(numbers[i] <= changeCount, ChangeIsNotReady());
            cancelledChanges[numbers[i]] = true;
            emit ChangeCancelled(numbers[i]);
        }
    }

    /// What operators decide; the selectors of functions that accept calls from the bridge itself.
    function _isConfiguration(bytes4 subject) internal pure virtual returns (bool);

    /// Called by a decided proposal. The owner may do it as long as nothing is set, so that a new bridge can be set up.
    function _requireQuorum(bool isSet) internal view {
        require(msg.sender == address(this) || (!isSet && msg.sender == _owner), NeedsVotes());
    }

    function setKLAYFee(uint256 fee, uint64 nonce) external onlyOperators {
        if (_decidesByCall(nonce, 2)) {
            _setKLAYFee(fee);
        }
    }

    function setERC20Fee(address token, uint256 fee, uint64 nonce) external onlyOperators {
        if (_decidesByCall(nonce, 3)) {
            _setERC20Fee(token, fee);
        }
    }

    function setKLAYFee(uint256 fee) external {
        _requireQuorum(true);
        _setKLAYFee(fee);
    }

    function setERC20Fee(address token, uint256 fee) external {
        _requireQuorum(true);
        _setERC20Fee(token, fee);
    }

    function setFeeReceiver(address payable receiver) external {
        _requireQuorum(feeReceiver != address(0));
        feeReceiver = receiver;
        emit FeeReceiverChanged(receiver);
    }

    /// `words`: how many arguments the call has. None is dynamic, so the right length makes the calldata canonical.
    function _decidesByCall(uint64 nonce, uint256 words) private returns (bool decided) {
        require(msg.data.length == 4 + 32 * words, NonCanonicalCalldata());
        check(nonce == configurationNonce, "nonce mismatch");
        decided = _vote(VoteType.Configuration, nonce, keccak256(msg.data), msg.sender);
        if (decided) {
            configurationNonce = nonce + 1;
        }
    }

    function _setKLAYFee(uint256 fee) private {
        feeOfKLAY = fee;
        emit KLAYFeeChanged(fee);
    }

    function _setERC20Fee(address token, uint256 fee) private {
        feeOfERC20[token] = fee;
        emit ERC20FeeChanged(token, fee);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Owned} from "./Owned.sol";
import {
    FewerOperatorsThanThreshold,
    ThresholdBelowMajority,
    UnknownOperator,
    ZeroAddress,
    check
} from "./BridgeErrors.sol";

/// @title Who votes, and how many votes decide
/// @notice Thresholds are always a majority of the operators: with less, two different transfers could both be decided
/// for one nonce.
abstract contract Operators is Owned {
    constructor() {
        _register(msg.sender);
    }

    modifier onlyOperators() {
        _requireOperator();
        _;
    }

    function getOperatorList() external view returns (address[] memory) {
        return operatorList;
    }

    function registerOperator(address operator) external afterDelay {
        require(operator != address(0), ZeroAddress());
        check(operatorList.length < MAX_OPERATOR, "max operator limit");
        check(!operators[operator], "exist operator");
        _register(operator);
    }

    /// The votes of this operator in open records stop counting at once, also if it is registered again later.
    function deregisterOperator(address operator) external afterDelay {
        require(operators[operator], UnknownOperator());
        uint256 left = operatorList.length - 1;
        require(
            left >= operatorThresholds[uint8(VoteType.ValueTransfer)]
                && left >= operatorThresholds[uint8(VoteType.Configuration)],
            FewerOperatorsThanThreshold()
        );
        (uint256 word, uint256 bit) = _seatOf(operator);
        _activeSeats[word] &= ~bit;
        delete _seats[operator];
        delete operators[operator];
        operatorEpoch++;
        for (uint256 i = 0; i <= left; i++) {
            if (operatorList[i] == operator) {
                operatorList[i] = operatorList[left];
                operatorList.pop();
                break;
            }
        }
        emit OperatorDeregistered(operator);
    }

    function setOperatorThreshold(VoteType voteType, uint8 threshold) external afterDelay {
        check(threshold > 0, "zero threshold");
        check(threshold <= operatorList.length, "bigger than num of operators");
        require(threshold >= _majority(), ThresholdBelowMajority());
        _setThreshold(voteType, threshold);
    }

    /// How many operators of now stand behind a vote key.
    function liveVotes(bytes32 voteKey) public view returns (uint256 count) {
        uint256 words = (uint256(_seatCount) + 255) / 256;
        for (uint256 word = 0; word < words; word++) {
            uint256 seats = _voteSeats[voteKey][word] & _activeSeats[word];
            // Clears the lowest bit each time: as many steps as votes.
            for (; seats != 0; seats &= seats - 1) {
                count++;
            }
        }
    }

    function _requireOperator() private view {
        check(operators[msg.sender], "msg.sender is not an operator");
    }

    function _seatOf(address operator) internal view returns (uint256 word, uint256 bit) {
        uint256 seat = _seats[operator] - 1;
        return (seat / 256, 1 << (seat % 256));
    }

    /// A new operator raises a threshold that would no longer be a majority.
    function _register(address operator) private {
        uint256 seat = _seatCount++;
        _seats[operator] = seat + 1;
        _activeSeats[seat / 256] |= 1 << (seat % 256);
        operatorEpoch++;
        operators[operator] = true;
        operatorList.push(operator);
        emit OperatorRegistered(operator);
        uint8 majority = _majority();
        for (uint8 kind = 0; kind < 2; kind++) {
            if (operatorThresholds[kind] < majority) {
                _setThreshold(VoteType(kind), majority);
            }
        }
    }

    function _setThreshold(VoteType voteType, uint8 threshold) private {
        operatorThresholds[uint8(voteType)] = threshold;
        emit OperatorThresholdChanged(voteType, threshold);
    }

    function _majority() private view returns (uint8) {
        // At most MAX_OPERATOR, so it fits.
        return uint8(operatorList.length / 2 + 1);
    }
}

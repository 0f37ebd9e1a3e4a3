// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Operators} from "./Operators.sol";

/// @title Counting votes
/// @notice A vote is written exactly where generation C writes it, whichever way it was cast, so that one storage proof
/// serves for both. What decides is another number: the operators of now behind the key.
abstract contract Votes is Operators {
    /// Writes the vote and tells whether the key has enough votes now.
    function _vote(VoteType voteType, uint64 nonce, bytes32 voteKey, address operator) internal returns (bool decided) {
        VotesData storage record = _votes[uint8(voteType)][nonce];
        (uint256 word, uint256 bit) = _seatOf(operator);
        bytes32 old = record.voted[operator];
        if (old == bytes32(0)) {
            record.voters.push(operator);
        } else {
            record.voteCounts[old]--;
            _voteSeats[old][word] &= ~bit;
        }
        record.voted[operator] = voteKey;
        if (record.voteCounts[voteKey] == 0) {
            record.voteKeys.push(voteKey);
        }
        record.voteCounts[voteKey]++;
        return _stand(voteType, nonce, voteKey, operator);
    }

    /// Puts the operator's seat behind the key.
    function _stand(VoteType voteType, uint64 nonce, bytes32 voteKey, address operator)
        internal
        returns (bool decided)
    {
        (uint256 word, uint256 bit) = _seatOf(operator);
        _voteSeats[voteKey][word] |= bit;
        uint256 count = liveVotes(voteKey);
        emit VoteCast(voteType, nonce, operator, voteKey, count);
        return count >= operatorThresholds[uint8(voteType)];
    }

    /// Whether the operator, as registered now, has a vote in the record of this transfer.
    function _hasVoted(uint64 nonce, address operator) internal view returns (bool) {
        bytes32 voteKey = _votes[uint8(VoteType.ValueTransfer)][nonce].voted[operator];
        (uint256 word, uint256 bit) = _seatOf(operator);
        return _voteSeats[voteKey][word] & bit != 0;
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Configuration} from "./Configuration.sol";
import {AboveRequestLimit, HandlesAreNotPaused, HandlesArePaused, NotGuardian, TooEarly} from "./BridgeErrors.sol";

/// @title What slows or stops a bridge that does what it should not
/// @notice A guardian, the owner or operators stop handles; operators by votes start them again, or the owner a day after it said
/// so. Independent of it, what leaves without notice is bounded by the outflow limit of its token:
/// twice the limit in any day (what the bucket holds, and what leaks from it), and what came in.
/// More than that leaves only after it was announced for a day at least, and is not bounded: the
/// limit buys the time to pause, no more. Guardian and limits are set by the votes of operators, at
/// once: they bound mistakes, and thefts by fewer operators than the configuration threshold.
abstract contract Brakes is Configuration {
    uint64 public constant RESUME_DELAY = 1 days;
    uint64 public constant OUTFLOW_PERIOD = 1 days;
    /// The longest that a transfer is held back, in periods.
    uint256 private constant MAX_PERIODS = 30;

    modifier whenHandlesRun() {
        _requireRunningHandles();
        _;
    }

    /// By the guardian, a key that watches; by the owner; by the votes of operators. Also ends a
    /// resume that is under way. Votes for a resume that were cast before the pause count no more:
    /// they were about another one.
    function pauseHandles() external {
        require(msg.sender == guardian || msg.sender == _owner || msg.sender == address(this), NotGuardian());
        if (!handlesPaused) {
            subjectNonces[this.resumeHandles.selector]++;
        }
        handlesPaused = true;
        resumeTime = 0;
        emit HandlesPaused(msg.sender);
    }

    function scheduleResume() external onlyOwner {
        require(handlesPaused, HandlesAreNotPaused());
        resumeTime = uint64(block.timestamp) + RESUME_DELAY;
        emit HandlesResumeScheduled(resumeTime);
    }

    /// By the votes of operators, at once; by the owner, a day after it said so.
    function resumeHandles() external {
        bool byVotes = msg.sender == address(this);
        if (!byVotes) {
            _requireOwner();
        }
        require(handlesPaused, HandlesAreNotPaused());
        require(byVotes || (resumeTime != 0 && block.timestamp >= resumeTime), TooEarly());
        subjectNonces[this.pauseHandles.selector]++;
        handlesPaused = false;
        resumeTime = 0;
        emit HandlesResumed();
    }

    function setGuardian(address newGuardian) external {
        _requireQuorum(guardian != address(0));
        guardian = newGuardian;
        emit GuardianChanged(newGuardian);
    }

    /// `request`: the most that one request may move away; `outflow`: the most that handles may
    /// move here in a period.
    function setLimit(address token, uint128 request, uint128 outflow) external {
        if (msg.sender != address(this) && ownerDelay != 0) {
            _requireReady();
        } else {
            Limit memory old = limits[token];
            _requireQuorum(old.request != 0 || old.outflow != 0);
        }
        limits[token] = Limit(request, outflow);
        emit LimitChanged(token, request, outflow);
    }

    function _isConfiguration(bytes4 subject) internal pure override returns (bool) {
        return subject == this.setFeeReceiver.selector || subject == this.setGuardian.selector
            || subject == this.setLimit.selector || subject == this.pauseHandles.selector
            || subject == this.resumeHandles.selector || subject == this.cancelChanges.selector
            || subject == bytes4(keccak256("setKLAYFee(uint256)"))
            || subject == bytes4(keccak256("setERC20Fee(address,uint256)"));
    }

    function _requireRunningHandles() private view {
        require(!handlesPaused, HandlesArePaused());
    }

    /// What comes in makes room for what goes out, so that moving the same capital to and fro fills
    /// nothing. Room is never saved up: the level ends at zero.
    function _countInflow(address token, uint256 amount) internal {
        Limit memory limit = limits[token];
        require(limit.request == 0 || amount <= limit.request, AboveRequestLimit());
        if (limit.outflow != 0) {
            uint256 level = _levelOf(token, limit.outflow);
            _setLevel(token, level > amount ? level - amount : 0);
        }
    }

    /// Whether a decided transfer may leave now. What fits is counted at execution, also where the
    /// delivery then fails: a later claim was paid for here. What does not is held back, for a
    /// period at least and one for each limit's worth of its amount, and may leave earlier once it
    /// fits. No transfer waits for longer because of others, and none is refused.
    function _mayLeave(address token, uint256 amount, uint64 nonce, bytes32 voteKey) internal returns (bool) {
        uint256 limit = limits[token].outflow;
        if (limit == 0) {
            return true;
        }
        uint256 until = heldUntil[voteKey];
        if (until != 0 && block.timestamp >= until) {
            return true;
        }
        uint256 level = _levelOf(token, limit);
        if (amount <= limit && level + amount <= limit) {
            _setLevel(token, level + amount);
            return true;
        }
        if (until == 0) {
            uint256 periods = amount / limit;
            periods = periods == 0 ? 1 : periods > MAX_PERIODS ? MAX_PERIODS : periods;
            until = block.timestamp + periods * OUTFLOW_PERIOD;
            heldUntil[voteKey] = uint64(until);
            emit HandleHeld(nonce, voteKey, uint64(until));
        }
        return false;
    }

    function _levelOf(address token, uint256 limit) private view returns (uint256) {
        Outflow memory outflow = outflows[token];
        uint256 leaked = limit * (block.timestamp - outflow.updated) / OUTFLOW_PERIOD;
        return outflow.level > leaked ? outflow.level - leaked : 0;
    }

    function _setLevel(address token, uint256 level) private {
        // At most a limit, so it fits.
        outflows[token] = Outflow(uint192(level), uint64(block.timestamp));
    }
}

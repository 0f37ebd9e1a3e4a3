// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Configuration} from "./Configuration.sol";
import {
    AboveOutflowLimit,
    AboveRequestLimit,
    HandlesAreNotPaused,
    HandlesArePaused,
    NotGuardian,
    TooEarly
} from "./BridgeErrors.sol";

/// @title What slows or stops a bridge that does what it should not
/// @notice A guardian can only stop handles; starting them again takes the owner and a day. Independent of it, no more than
/// the outflow limit of a token can be executed in a day (twice that at most in any one day: what the bucket holds, and
/// what leaks from it). Both are set by the votes of operators, at once: they bound mistakes, and thefts by fewer operators
/// than the configuration threshold. As many as that can take the limits and the guardian away first.
abstract contract Brakes is Configuration {
    uint64 public constant RESUME_DELAY = 1 days;
    uint64 public constant OUTFLOW_PERIOD = 1 days;

    modifier whenHandlesRun() {
        _requireRunningHandles();
        _;
    }

    /// Also ends a resume that is under way.
    function pauseHandles() external {
        require(msg.sender == guardian || msg.sender == _owner, NotGuardian());
        handlesPaused = true;
        resumeTime = 0;
        emit HandlesPaused(msg.sender);
    }

    function scheduleResume() external onlyOwner {
        require(handlesPaused, HandlesAreNotPaused());
        resumeTime = uint64(block.timestamp) + RESUME_DELAY;
        emit HandlesResumeScheduled(resumeTime);
    }

    function resumeHandles() external onlyOwner {
        require(resumeTime != 0 && block.timestamp >= resumeTime, TooEarly());
        handlesPaused = false;
        resumeTime = 0;
        emit HandlesResumed();
    }

    function setGuardian(address newGuardian) external {
        _requireQuorum(guardian != address(0));
        guardian = newGuardian;
        emit GuardianChanged(newGuardian);
    }

    /// `request`: the most that one request may move away; `outflow`: the most that handles may move here in a period.
    function setLimit(address token, uint128 request, uint128 outflow) external {
        Limit memory old = limits[token];
        _requireQuorum(old.request != 0 || old.outflow != 0);
        limits[token] = Limit(request, outflow);
        emit LimitChanged(token, request, outflow);
    }

    function _isConfiguration(bytes4 subject) internal pure override returns (bool) {
        return subject == this.setFeeReceiver.selector || subject == this.setGuardian.selector
            || subject == this.setLimit.selector || subject == bytes4(keccak256("setKLAYFee(uint256)"))
            || subject == bytes4(keccak256("setERC20Fee(address,uint256)"));
    }

    function _requireRunningHandles() private view {
        require(!handlesPaused, HandlesArePaused());
    }

    function _requireWithinRequestLimit(address token, uint256 amount) internal view {
        uint256 limit = limits[token].request;
        require(limit == 0 || amount <= limit, AboveRequestLimit());
    }

    /// Counted at execution, also where the delivery then fails: a later claim was paid for here.
    function _countOutflow(address token, uint256 amount) internal {
        uint256 limit = limits[token].outflow;
        if (limit == 0) {
            return;
        }
        Outflow storage outflow = outflows[token];
        uint256 leaked = limit * (block.timestamp - outflow.updated) / OUTFLOW_PERIOD;
        uint256 level = outflow.level > leaked ? outflow.level - leaked : 0;
        require(amount <= limit && level + amount <= limit, AboveOutflowLimit());
        // At most `limit`, so it fits.
        outflow.level = uint192(level + amount);
        outflow.updated = uint64(block.timestamp);
    }
}

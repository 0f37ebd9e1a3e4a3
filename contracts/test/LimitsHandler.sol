// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeStorage} from "../src/BridgeStorage.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm} from "./Vm.sol";

/// A bridge with an outflow limit and a delay for its owner, over random days: requests of users,
/// handles of all amounts in any order with the gas of a vote, one of them left open for long; an
/// owner who announces, makes and forgets; operators who cancel, pause and resume. Nothing here may
/// revert but what the books say.
contract LimitsHandler is BridgeTest {
    uint256 public constant VOTE_GAS = 2_500_000;
    uint128 public constant LIMIT = 1000;
    uint64 public constant DELAY = 1 days;

    struct Waiting {
        uint256 amount;
        uint256 since;
    }

    /// What left without waiting, and what came in, by time.
    struct Move {
        uint256 time;
        uint256 amount;
        bool out;
    }

    Move[] public moves;
    mapping(uint64 nonce => Waiting) public waiting;
    mapping(bytes32 callHash => uint256) public announcedAt;
    mapping(string event_ => uint256) public seen;
    uint64 public next = 1;
    address public counterpart;

    function setUp() public override {
        super.setUp();
        vm.warp(1_700_000_000);
        lockBridge.setLimit(address(0), 0, LIMIT);
        lockBridge.setOwnerDelay(DELAY);
    }

    function bridge() external view returns (address) {
        return address(lockBridge);
    }

    function movesCount() external view returns (uint256) {
        return moves.length;
    }

    function pass(uint32 time) external {
        vm.warp(block.timestamp + time % 6 hours);
    }

    function request(uint256 amount) external {
        amount = 1 + amount % (2 * LIMIT);
        vm.prank(USER);
        lockBridge.requestKLAYTransfer{value: amount}(OTHER, amount, "");
        moves.push(Move(block.timestamp, amount, false));
    }

    /// Nonce 0 is overtaken by all others.
    function handle(uint256 amount, bool the_first) external {
        bool first = the_first && next % 64 == 0;
        uint64 nonce = first ? 0 : next;
        if (first && lockBridge.handled(0)) return;
        amount = first ? 1 : amount % 4 == 0 ? amount % (5 * LIMIT) : amount % LIMIT;
        BridgeStorage.Transfer memory transfer = _coin(nonce, OTHER, amount);
        if (first && waiting[0].since != 0) return;
        if (!first) next++;
        for (uint256 i = 0; i < 3; i++) {
            _voteWithin(i, transfer);
        }
        if (lockBridge.handlesPaused()) {
            if (!first) next--;
            return;
        }
        if (lockBridge.handled(nonce)) {
            moves.push(Move(block.timestamp, amount, true));
            seen["left at once"]++;
        } else {
            waiting[nonce] = Waiting(amount, block.timestamp);
            seen["held"]++;
        }
    }

    /// Anyone looks again at one that waits.
    function lookAgain(uint64 nonce) external {
        nonce %= next;
        Waiting memory wait = waiting[nonce];
        if (wait.since == 0 || lockBridge.handled(nonce) || lockBridge.handlesPaused()) return;
        vm.prank(USER);
        lockBridge.handleWithSignatures{gas: VOTE_GAS}(_coin(nonce, OTHER, wait.amount), new bytes[](0));
        uint256 periods = wait.amount / LIMIT == 0 ? 1 : wait.amount / LIMIT;
        bool over = block.timestamp >= wait.since + periods * 1 days;
        assertTrue(lockBridge.handled(nonce) || !over, "waits for longer than its amount");
        if (!lockBridge.handled(nonce)) return;
        seen[over ? "left after its time" : "left early"]++;
        if (!over) moves.push(Move(block.timestamp, wait.amount, true));
    }

    function announce(uint160 which) external {
        bytes memory call = abi.encodeCall(lockBridge.setCounterPartBridge, (address(which % 4 + 1)));
        lockBridge.scheduleChange(call);
        announcedAt[keccak256(call)] = block.timestamp;
    }

    function make(uint160 which) external {
        bytes memory call = abi.encodeCall(lockBridge.setCounterPartBridge, (address(which % 4 + 1)));
        (bool done,) = address(lockBridge).call(call);
        uint256 at = announcedAt[keccak256(call)];
        bool due = at != 0 && block.timestamp >= at + DELAY && block.timestamp < at + DELAY + 7 days;
        assertEq(done, due, "a change is made exactly when it is due");
        if (done) {
            counterpart = address(which % 4 + 1);
            delete announcedAt[keccak256(call)];
            seen["change made"]++;
        }
    }

    function cancel(uint160 which) external {
        bytes memory call = abi.encodeCall(lockBridge.setCounterPartBridge, (address(which % 4 + 1)));
        (, uint64 number) = lockBridge.changes(keccak256(call));
        if (number == 0 || lockBridge.cancelledChanges(number)) return;
        uint64[] memory numbers = new uint64[](1);
        numbers[0] = number;
        _propose(abi.encodeCall(lockBridge.cancelChanges, (numbers)), lockBridge.cancelChanges.selector);
        delete announcedAt[keccak256(call)];
        seen["change cancelled"]++;
    }

    function pause(bool resume) external {
        if (!resume && !lockBridge.handlesPaused() && next % 4 == 0) {
            _propose(abi.encodeCall(lockBridge.pauseHandles, ()), lockBridge.pauseHandles.selector);
            seen["pause"]++;
        } else if (lockBridge.handlesPaused()) {
            _propose(abi.encodeCall(lockBridge.resumeHandles, ()), lockBridge.resumeHandles.selector);
        }
    }

    function _propose(bytes memory call, bytes4 subject) private {
        uint64 nonce = lockBridge.subjectNonces(subject);
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(call, nonce);
        }
    }

    /// The gas that an operator gives is enough, however far the sweep is behind.
    function _voteWithin(uint256 voter, BridgeStorage.Transfer memory transfer) private {
        bytes memory data = _calldata(transfer);
        vm.prank(voters[voter]);
        (bool done,) = address(lockBridge).call{gas: VOTE_GAS}(data);
        assertEq(done, !lockBridge.handlesPaused(), "a vote fails exactly while handles are paused");
    }
}

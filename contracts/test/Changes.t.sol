// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeStorage} from "../src/BridgeStorage.sol";
import {ChangeIsNotReady, DelayOutOfBounds, HandlesAreNotPaused, NeedsVotes} from "../src/BridgeErrors.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm, Vm} from "./Vm.sol";

/// What the owner does after a delay, what operators decide, and who can stop whom.
contract ChangesTest is BridgeTest {
    BridgeStorage.VoteType private constant TRANSFERS = BridgeStorage.VoteType.ValueTransfer;
    uint64 private constant DELAY = 2 days;

    function setUp() public override {
        super.setUp();
        vm.warp(1_700_000_000);
        lockBridge.setOwnerDelay(DELAY);
    }

    /// Every power that could take value or stop the bridge for good.
    function _delayed() private view returns (bytes[10] memory) {
        return [
            abi.encodeCall(lockBridge.registerOperator, (voters[4])),
            abi.encodeCall(lockBridge.deregisterOperator, (voters[0])),
            abi.encodeCall(lockBridge.setOperatorThreshold, (TRANSFERS, 4)),
            abi.encodeCall(lockBridge.registerToken, (OTHER, COUNTERPART)),
            abi.encodeCall(lockBridge.deregisterToken, (address(lockToken))),
            abi.encodeCall(lockBridge.setCounterPartBridge, (OTHER)),
            abi.encodeCall(lockBridge.setLimit, (address(0), 1, 2)),
            abi.encodeCall(lockBridge.setLimit, (address(lockToken), 1, 2)),
            abi.encodeCall(lockBridge.setOwnerDelay, (1 hours)),
            abi.encodeCall(lockBridge.transferOwnership, (OTHER))
        ];
    }

    function testFuzz_a_change_is_made_after_its_delay_within_a_week_and_once(uint8 which, uint64 late) public {
        bytes memory call = _delayed()[which % 10];
        _fails(call, ChangeIsNotReady.selector);
        vm.recordLogs();
        lockBridge.scheduleChange(call);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 ready = block.timestamp + DELAY;
        assertEq(logs[0].topics[0], keccak256("ChangeScheduled(uint64,uint64,bytes)"), "told to everybody");
        assertEq(logs[0].topics[1], bytes32(uint256(1)), "number");
        assertEq(logs[0].data, abi.encode(ready, call), "the time, and the whole call");
        (uint64 at, uint64 number) = lockBridge.changes(keccak256(call));
        assertTrue(at == ready && number == 1, "kept");
        vm.warp(ready - 1);
        _fails(call, ChangeIsNotReady.selector);
        vm.warp(ready + 7 days);
        _fails(call, ChangeIsNotReady.selector);
        vm.warp(ready + late % 7 days);
        (bool done,) = address(lockBridge).call(call);
        assertTrue(done, "made");
        lockBridge.setRunningStatus(true);
        _fails(call, ChangeIsNotReady.selector);
    }

    /// A stolen owner key, a loosened limit of an unset token, another call than announced.
    function test_nothing_but_what_was_announced_is_made() public {
        bytes memory call = abi.encodeCall(lockBridge.registerOperator, (voters[4]));
        vm.prank(USER);
        vm.expectRevert(bytes("Ownable: caller is not the owner"));
        lockBridge.scheduleChange(call);
        lockBridge.scheduleChange(call);
        vm.warp(block.timestamp + DELAY);
        _fails(abi.encodeCall(lockBridge.registerOperator, (OTHER)), ChangeIsNotReady.selector);
        _fails(bytes.concat(call, hex"00"), ChangeIsNotReady.selector);
        vm.prank(USER);
        vm.expectRevert(bytes("Ownable: caller is not the owner"));
        lockBridge.registerOperator(voters[4]);
        lockBridge.registerOperator(voters[4]);
    }

    function test_operators_cancel_what_was_announced_and_the_owner_cannot() public {
        bytes memory bad = abi.encodeCall(lockBridge.registerOperator, (voters[4]));
        bytes memory good = abi.encodeCall(lockBridge.setCounterPartBridge, (OTHER));
        lockBridge.scheduleChange(bad);
        lockBridge.scheduleChange(good);
        uint64[] memory numbers = new uint64[](1);
        numbers[0] = 1;
        vm.expectRevert(NeedsVotes.selector);
        lockBridge.cancelChanges(numbers);
        _propose(abi.encodeCall(lockBridge.cancelChanges, (numbers)), 0);
        assertTrue(lockBridge.cancelledChanges(1), "cancelled");
        vm.warp(block.timestamp + DELAY);
        _fails(bad, ChangeIsNotReady.selector);
        lockBridge.setCounterPartBridge(OTHER);
        // Announced again it has another number, and the delay again.
        lockBridge.scheduleChange(bad);
        _fails(bad, ChangeIsNotReady.selector);
        vm.warp(block.timestamp + DELAY);
        lockBridge.registerOperator(voters[4]);
    }

    /// Else votes of today could cancel what nobody has announced yet.
    function test_what_is_not_announced_cannot_be_cancelled() public {
        uint64[] memory numbers = new uint64[](1);
        numbers[0] = 1;
        bytes memory call = abi.encodeCall(lockBridge.cancelChanges, (numbers));
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(call, 0);
        }
        vm.prank(voters[2]);
        vm.expectRevert(ChangeIsNotReady.selector);
        lockBridge.voteConfiguration(call, 0);
    }

    function test_the_delay_ends_the_set_up_and_is_bounded() public {
        (bool done, bytes memory reason) =
            address(mintBridge).call(abi.encodeCall(mintBridge.setOwnerDelay, (1 hours - 1)));
        assertEq(reason, _error(DelayOutOfBounds.selector), "too short");
        (done, reason) = address(mintBridge).call(abi.encodeCall(mintBridge.setOwnerDelay, (30 days + 1)));
        assertEq(reason, _error(DelayOutOfBounds.selector), "too long");
        mintBridge.registerOperator(voters[4]);
        mintBridge.setOwnerDelay(1 hours);
        vm.expectRevert(ChangeIsNotReady.selector);
        mintBridge.deregisterOperator(voters[4]);
    }

    /// What only slows or stops requests is the owner's at once.
    function test_brakes_need_no_delay() public {
        lockBridge.lockKLAY();
        lockBridge.lockToken(address(lockToken));
        lockBridge.setRunningStatus(false);
        lockBridge.pauseHandles();
    }

    /// A lowered threshold executes nothing by itself, and a raised one holds from the moment it is
    /// made.
    function test_standing_votes_count_by_the_threshold_of_now() public {
        _announce(abi.encodeCall(lockBridge.setOperatorThreshold, (TRANSFERS, 4)));
        _handleAll(_coin(0, OTHER, 1), 3);
        lockBridge.setOperatorThreshold(TRANSFERS, 4);
        _handleAll(_coin(1, OTHER, 1), 3);
        assertTrue(lockBridge.handled(0) && !lockBridge.handled(1), "before and after");
        _announce(abi.encodeCall(lockBridge.setOperatorThreshold, (TRANSFERS, 3)));
        lockBridge.setOperatorThreshold(TRANSFERS, 3);
        assertTrue(!lockBridge.handled(1), "nothing by itself");
        _vote(lockBridge, 0, _coin(1, OTHER, 1));
        assertTrue(lockBridge.handled(1), "by one more look");
    }

    function test_operators_pause_and_resume_by_votes() public {
        bytes memory pause = abi.encodeCall(lockBridge.pauseHandles, ());
        bytes memory resume = abi.encodeCall(lockBridge.resumeHandles, ());
        _propose(pause, 0);
        assertTrue(lockBridge.handlesPaused(), "paused");
        uint64 nonce = lockBridge.subjectNonces(lockBridge.resumeHandles.selector);
        _propose(resume, nonce);
        assertTrue(!lockBridge.handlesPaused(), "resumed at once");
        nonce = lockBridge.subjectNonces(lockBridge.resumeHandles.selector);
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(resume, nonce);
        }
        vm.prank(voters[2]);
        vm.expectRevert(HandlesAreNotPaused.selector);
        lockBridge.voteConfiguration(resume, nonce);
    }

    /// Votes of an earlier pause say nothing about this one, whoever ended that.
    function test_votes_to_resume_do_not_outlive_their_pause() public {
        bytes memory resume = abi.encodeCall(lockBridge.resumeHandles, ());
        bytes4 subject = lockBridge.resumeHandles.selector;
        lockBridge.pauseHandles();
        uint64 nonce = lockBridge.subjectNonces(subject);
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(resume, nonce);
        }
        lockBridge.pauseHandles();
        assertEq(lockBridge.subjectNonces(subject), nonce, "pausing again voids no votes");
        lockBridge.scheduleResume();
        vm.warp(block.timestamp + 1 days);
        lockBridge.resumeHandles();
        lockBridge.pauseHandles();
        nonce = lockBridge.subjectNonces(subject);
        vm.prank(voters[2]);
        lockBridge.voteConfiguration(resume, nonce);
        assertTrue(lockBridge.handlesPaused(), "resumed by one vote of now");
    }

    function test_votes_to_pause_do_not_outlive_a_resume() public {
        bytes memory pause = abi.encodeCall(lockBridge.pauseHandles, ());
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(pause, 0);
        }
        lockBridge.pauseHandles();
        lockBridge.scheduleResume();
        vm.warp(block.timestamp + 1 days);
        lockBridge.resumeHandles();
        vm.prank(voters[2]);
        vm.expectRevert(bytes("nonce mismatch"));
        lockBridge.voteConfiguration(pause, 0);
    }

    function test_a_vote_on_configuration_can_be_taken_back() public {
        bytes memory pause = abi.encodeCall(lockBridge.pauseHandles, ());
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(pause, 0);
        }
        vm.prank(voters[0]);
        lockBridge.withdrawConfiguration(pause, 0);
        vm.prank(voters[2]);
        lockBridge.voteConfiguration(pause, 0);
        assertTrue(!lockBridge.handlesPaused(), "two votes");
        vm.expectRevert(bytes("msg.sender is not an operator"));
        lockBridge.withdrawConfiguration(pause, 0);
        vm.prank(voters[0]);
        lockBridge.voteConfiguration(pause, 0);
        assertTrue(lockBridge.handlesPaused(), "three");
    }

    /// Operators may be replaced while a change is announced: only those of now cancel.
    function test_votes_of_former_operators_cancel_nothing() public {
        _announce(abi.encodeCall(lockBridge.registerOperator, (voters[4])));
        lockBridge.registerOperator(voters[4]);
        _announce(abi.encodeCall(lockBridge.deregisterOperator, (voters[0])));
        lockBridge.scheduleChange(abi.encodeCall(lockBridge.setCounterPartBridge, (OTHER)));
        uint64[] memory numbers = new uint64[](1);
        numbers[0] = 3;
        bytes memory cancel = abi.encodeCall(lockBridge.cancelChanges, (numbers));
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(cancel, 0);
        }
        lockBridge.deregisterOperator(voters[0]);
        vm.prank(voters[2]);
        lockBridge.voteConfiguration(cancel, 0);
        assertTrue(!lockBridge.cancelledChanges(3), "two live votes");
        vm.prank(voters[3]);
        lockBridge.voteConfiguration(cancel, 0);
        assertTrue(lockBridge.cancelledChanges(3), "three");
    }

    function _announce(bytes memory call) private {
        lockBridge.scheduleChange(call);
        vm.warp(block.timestamp + DELAY);
    }

    function _fails(bytes memory call, bytes4 expected) private {
        (bool done, bytes memory reason) = address(lockBridge).call(call);
        assertTrue(!done, "done");
        assertEq(reason, _error(expected), "reason");
    }

    function _propose(bytes memory call, uint64 nonce) private {
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(call, nonce);
        }
    }

    function _handleAll(BridgeStorage.Transfer memory transfer, uint256 count) private {
        for (uint256 i = 0; i < count; i++) {
            _vote(lockBridge, i, transfer);
        }
    }
}

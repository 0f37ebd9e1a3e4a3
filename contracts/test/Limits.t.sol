// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeStorage} from "../src/BridgeStorage.sol";
import {HandlesArePaused, NoSignatures} from "../src/BridgeErrors.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm, Vm} from "./Vm.sol";

/// The outflow limit: what fits leaves at once, what does not is held back and leaves later, and
/// nothing is refused.
contract LimitsTest is BridgeTest {
    bytes32 private constant HELD = keccak256("HandleHeld(uint64,bytes32,uint64)");

    function test_what_does_not_fit_is_held_back_and_leaves_once_it_fits() public {
        lockBridge.setLimit(address(0), 0, 100);
        _handle(lockBridge, _coin(0, OTHER, 60));
        _hold(_coin(1, OTHER, 41), 1 days);
        _handle(lockBridge, _coin(2, OTHER, 40));
        assertEq(OTHER.balance, 100, "one that waits does not stop one that fits");
        vm.warp(block.timestamp + 1 days / 4);
        _vote(lockBridge, 0, _coin(1, OTHER, 41));
        assertTrue(!lockBridge.handled(1), "it does not fit yet");
        vm.warp(block.timestamp + 1 days / 4);
        _vote(lockBridge, 0, _coin(1, OTHER, 41));
        assertEq(OTHER.balance, 141, "after half a day, half of the limit");
        (uint192 level, uint64 updated) = lockBridge.outflows(address(0));
        assertTrue(level == 91 && updated == block.timestamp, "level");
    }

    /// The votes stand while it waits; a vote that says the same again changes nothing.
    function test_the_votes_for_what_is_held_back_stand() public {
        lockBridge.setLimit(address(0), 0, 100);
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 101);
        _hold(transfer, 1 days);
        assertEq(lockBridge.liveVotes(_voteKey(transfer)), 3, "live votes");
        assertEq(_load(lockBridge, _countSlot(0, 0, _voteKey(transfer))), 3, "the record");
        bytes32 held = _mapping(_voteKey(transfer), bytes32(uint256(35)));
        assertEq(_load(lockBridge, held), block.timestamp + 1 days, "slot of the time");
        vm.warp(block.timestamp + 1 hours);
        vm.recordLogs();
        _vote(lockBridge, 3, transfer);
        assertEq(vm.getRecordedLogs().length, 1, "a vote, and no second time");
        assertTrue(!lockBridge.handled(0), "executed early");
    }

    /// A transfer above the limit never fits: it waits by its amount, in the open, and leaves then,
    /// by anyone's hand.
    function test_a_large_transfer_waits_by_its_amount_and_anyone_ends_it() public {
        lockBridge.setLimit(address(0), 0, 100);
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 350);
        _hold(transfer, 3 days);
        uint256 until = block.timestamp + 3 days;
        _handle(lockBridge, _coin(1, OTHER, 100));
        vm.warp(until - 1);
        lockBridge.handleWithSignatures(transfer, new bytes[](0));
        assertTrue(!lockBridge.handled(0), "early");
        vm.warp(until);
        vm.prank(USER);
        lockBridge.handleWithSignatures(transfer, new bytes[](0));
        assertEq(OTHER.balance, 450, "delivered");
        (uint192 level,) = lockBridge.outflows(address(0));
        assertEq(level, 100, "it takes no room from others");
        lockBridge.handleWithSignatures(transfer, new bytes[](0));
        assertEq(OTHER.balance, 450, "once");
    }

    function test_an_absurd_amount_waits_a_bounded_time() public {
        lockBridge.setLimit(address(lockToken), 0, 1);
        BridgeStorage.Transfer memory transfer = _erc20(0, OTHER, address(lockToken), type(uint256).max);
        _hold(transfer, 30 days);
        vm.warp(block.timestamp + 30 days);
        _vote(lockBridge, 0, transfer);
        assertTrue(lockBridge.handled(0), "closed, and owed");
    }

    /// During the wait a pause holds, and votes of operators that were removed count no more.
    function test_what_is_held_back_can_still_be_stopped() public {
        lockBridge.setLimit(address(0), 0, 100);
        BridgeStorage.Transfer memory theft = _coin(0, OTHER, 1000);
        lockBridge.registerOperator(voters[4]);
        _hold(theft, 10 days);
        vm.warp(block.timestamp + 10 days);
        lockBridge.pauseHandles();
        vm.expectRevert(HandlesArePaused.selector);
        lockBridge.handleWithSignatures(theft, new bytes[](0));
        lockBridge.scheduleResume();
        vm.warp(block.timestamp + 1 days);
        lockBridge.resumeHandles();
        lockBridge.deregisterOperator(voters[2]);
        lockBridge.handleWithSignatures(theft, new bytes[](0));
        assertTrue(!lockBridge.handled(0), "two live votes of three");
        _handle2(_coin(0, OTHER, 5));
        assertEq(OTHER.balance, 5, "the honest transfer of this nonce");
    }

    function test_only_what_was_held_back_needs_no_signature() public {
        lockBridge.setLimit(address(0), 0, 100);
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 50);
        _vote(lockBridge, 0, transfer);
        vm.expectRevert(NoSignatures.selector);
        lockBridge.handleWithSignatures(transfer, new bytes[](0));
    }

    function test_what_comes_in_makes_room_and_saves_none_up() public {
        lockBridge.setLimit(address(0), 0, 100);
        _handle(lockBridge, _coin(0, OTHER, 100));
        vm.startPrank(USER);
        lockBridge.requestKLAYTransfer{value: 70}(OTHER, 70, "");
        vm.stopPrank();
        _handle(lockBridge, _coin(1, OTHER, 70));
        assertEq(OTHER.balance, 170, "as much as came in");
        vm.prank(USER);
        lockBridge.requestKLAYTransfer{value: 1 ether}(OTHER, 1 ether, "");
        (uint192 level,) = lockBridge.outflows(address(0));
        assertEq(level, 0, "never below zero");
        _handle(lockBridge, _coin(2, OTHER, 100));
        _hold(_coin(3, OTHER, 1), 1 days);
    }

    /// The capital of the limit, moved to and fro: an honest transfer after each round trip is not
    /// held back.
    function test_cycling_the_limit_holds_nobody_back() public {
        lockBridge.setLimit(address(0), 0, 100);
        for (uint64 nonce = 0; nonce < 40; nonce += 2) {
            _handle(lockBridge, _coin(nonce, OTHER, 100));
            vm.prank(OTHER);
            lockBridge.requestKLAYTransfer{value: 100}(USER, 100, "");
            _handle(lockBridge, _coin(nonce + 1, USER, 1));
            vm.prank(USER);
            lockBridge.requestKLAYTransfer{value: 1}(OTHER, 1, "");
            assertTrue(lockBridge.handled(nonce + 1), "the honest one");
        }
    }

    function test_tokens_count_by_their_kind() public {
        lockBridge.setLimit(address(lockNFT), 0, 1);
        lockNFT.mintWithTokenURI(address(lockBridge), 42, "u");
        lockNFT.mintWithTokenURI(address(lockBridge), 43, "u");
        _handle(lockBridge, _erc721(0, OTHER, address(lockNFT), 42));
        assertEq(lockNFT.ownerOf(42), OTHER, "a token counts one");
        _hold(_erc721(1, OTHER, address(lockNFT), 43), 1 days);
        vm.startPrank(OTHER);
        lockNFT.approve(address(lockBridge), 42);
        lockBridge.requestERC721Transfer(address(lockNFT), USER, 42, "");
        vm.stopPrank();
        lockBridge.handleWithSignatures(_erc721(1, OTHER, address(lockNFT), 43), new bytes[](0));
        assertEq(lockNFT.ownerOf(43), OTHER, "one came in, one goes out");
    }

    /// Without waiting, at most the bucket and what leaks from it in any day, and what came in;
    /// nothing leaves later than its own amount says.
    function testFuzz_outflow_is_bounded_and_so_is_waiting(uint256 seed) public {
        uint128 limit = uint128(1 + seed % 1000);
        lockBridge.setLimit(address(0), 0, limit);
        uint256 start = block.timestamp;
        uint256 cameIn = 0;
        for (uint64 nonce = 0; nonce < 12; nonce++) {
            uint256 roll = uint256(keccak256(abi.encode(seed, nonce)));
            if (roll % 3 == 0) {
                uint256 amount = 1 + (roll >> 8) % limit;
                vm.prank(USER);
                lockBridge.requestKLAYTransfer{value: amount}(OTHER, amount, "");
                cameIn += amount;
            }
            _handle(lockBridge, _coin(nonce, OTHER, (roll >> 32) % (3 * uint256(limit))));
            assertTrue(OTHER.balance <= 2 * uint256(limit) + cameIn, "twice the limit in a day, and what came in");
            if (nonce < 11) vm.warp(block.timestamp + (roll >> 64) % 7854);
        }
        assertTrue(block.timestamp < start + 1 days, "all within a day");
        vm.warp(block.timestamp + 3 days);
        for (uint64 nonce = 0; nonce < 12; nonce++) {
            uint256 roll = uint256(keccak256(abi.encode(seed, nonce)));
            if (lockBridge.handled(nonce)) continue;
            BridgeStorage.Transfer memory transfer = _coin(nonce, OTHER, (roll >> 32) % (3 * uint256(limit)));
            lockBridge.handleWithSignatures(transfer, new bytes[](0));
            assertTrue(lockBridge.handled(nonce), "none waits for longer than its amount");
        }
    }

    /// Votes that are enough, and a transfer that does not fit.
    function _hold(BridgeStorage.Transfer memory transfer, uint256 wait) private {
        vm.recordLogs();
        for (uint256 i = 0; i < 3; i++) {
            _vote(lockBridge, i, transfer);
        }
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory last = logs[logs.length - 1];
        assertEq(last.topics[0], HELD, "HandleHeld");
        assertEq(last.topics[1], bytes32(uint256(transfer.requestNonce)), "nonce");
        assertEq(last.data, abi.encode(_voteKey(transfer), block.timestamp + wait), "key and time");
        assertEq(lockBridge.heldUntil(_voteKey(transfer)), block.timestamp + wait, "time");
        assertTrue(!lockBridge.handled(transfer.requestNonce), "handled");
    }

    function _handle2(BridgeStorage.Transfer memory transfer) private {
        _vote(lockBridge, 0, transfer);
        _vote(lockBridge, 1, transfer);
        _vote(lockBridge, 3, transfer);
    }
}

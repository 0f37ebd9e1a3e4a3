// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {
    FewerOperatorsThanThreshold,
    NotPendingOwner,
    OwnershipStays,
    ThresholdBelowMajority,
    UnknownOperator,
    ZeroAddress
} from "../src/BridgeErrors.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm, Vm} from "./Vm.sol";

contract OperatorsTest is BridgeTest {
    BridgeStorage.VoteType private constant TRANSFERS = BridgeStorage.VoteType.ValueTransfer;
    BridgeStorage.VoteType private constant CONFIGURATION = BridgeStorage.VoteType.Configuration;

    function test_a_new_bridge_is_that_of_generation_c() public {
        vm.recordLogs();
        Bridge bridge = _bareBridge(true);
        assertEq(vm.getRecordedLogs().length, 4, "ownership, operator, two thresholds");
        assertEq(bridge.VERSION(), 2, "version");
        assertEq(bridge.MAX_OPERATOR(), 12, "maximum");
        assertEq(bridge.owner(), address(this), "owner");
        assertTrue(bridge.isOwner(), "is owner");
        assertTrue(bridge.operators(address(this)), "first operator");
        assertEq(bridge.operatorThresholds(0), 1, "threshold of transfers");
        assertEq(bridge.operatorThresholds(1), 1, "threshold of configuration");
        assertTrue(bridge.isRunning() && bridge.modeMintBurn(), "flags");
        assertEq(bridge.recoveryBlockNumber(), 1, "recovery block");
        assertEq(bridge.operatorEpoch(), 1, "epoch");
    }

    function test_deregistration_revokes_votes() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        lockBridge.registerOperator(voters[4]);
        _vote(lockBridge, 0, transfer);
        _vote(lockBridge, 1, transfer);
        lockBridge.deregisterOperator(voters[0]);
        _vote(lockBridge, 2, transfer);
        assertTrue(!lockBridge.handled(0), "two operators and a former one");
        assertEq(lockBridge.liveVotes(_voteKey(transfer)), 2, "live votes");
        _vote(lockBridge, 3, transfer);
        assertTrue(lockBridge.handled(0), "three operators");
    }

    function test_registering_again_does_not_revive_a_vote() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        lockBridge.registerOperator(voters[4]);
        _vote(lockBridge, 0, transfer);
        _vote(lockBridge, 1, transfer);
        lockBridge.deregisterOperator(voters[0]);
        lockBridge.registerOperator(voters[0]);
        _vote(lockBridge, 2, transfer);
        assertTrue(!lockBridge.handled(0), "the old vote counted");
        _vote(lockBridge, 0, transfer);
        assertTrue(lockBridge.handled(0), "the new vote counts");
        assertEq(_load(lockBridge, _countSlot(0, 0, _voteKey(transfer))), 3, "one vote each in the old record");
    }

    function test_registering_again_lets_a_signature_count() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        lockBridge.registerOperator(voters[4]);
        _vote(lockBridge, 0, transfer);
        lockBridge.deregisterOperator(voters[0]);
        lockBridge.registerOperator(voters[0]);
        lockBridge.handleWithSignatures(transfer, _signatures(lockBridge, 0, 1, transfer));
        assertEq(lockBridge.liveVotes(_voteKey(transfer)), 1, "live votes");
    }

    /// More than 256 registrations: a second word of seats.
    function test_seats_go_on_after_the_first_word() public {
        for (uint256 i = 0; i < 260; i++) {
            lockBridge.registerOperator(OTHER);
            lockBridge.deregisterOperator(OTHER);
        }
        lockBridge.registerOperator(voters[4]);
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        _vote(lockBridge, 4, transfer);
        _vote(lockBridge, 0, transfer);
        assertEq(lockBridge.liveVotes(_voteKey(transfer)), 2, "live votes");
        _vote(lockBridge, 1, transfer);
        assertTrue(lockBridge.handled(0), "executed");
    }

    function test_registering_raises_the_thresholds_to_a_majority() public {
        Bridge bridge = _bareBridge(false);
        uint8[11] memory expected = [2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7];
        for (uint256 i = 0; i < 11; i++) {
            bridge.registerOperator(address(uint160(1000 + i)));
            assertEq(bridge.operatorThresholds(0), expected[i], "transfers");
            assertEq(bridge.operatorThresholds(1), expected[i], "configuration");
        }
        assertEq(bridge.operatorEpoch(), 12, "epoch");
        vm.expectRevert(bytes("max operator limit"));
        bridge.registerOperator(OTHER);
    }

    function test_registration_is_checked() public {
        vm.expectRevert(ZeroAddress.selector);
        lockBridge.registerOperator(address(0));
        vm.expectRevert(bytes("exist operator"));
        lockBridge.registerOperator(voters[0]);
        vm.expectRevert(UnknownOperator.selector);
        lockBridge.deregisterOperator(OTHER);
        lockBridge.deregisterOperator(voters[0]);
        vm.expectRevert(FewerOperatorsThanThreshold.selector);
        lockBridge.deregisterOperator(voters[1]);
        lockBridge.setOperatorThreshold(TRANSFERS, 2);
        vm.expectRevert(FewerOperatorsThanThreshold.selector);
        lockBridge.deregisterOperator(voters[1]);
        lockBridge.setOperatorThreshold(CONFIGURATION, 2);
        lockBridge.deregisterOperator(voters[1]);
        assertEq(lockBridge.getOperatorList().length, 2, "two are left");
    }

    function test_thresholds_are_checked() public {
        vm.expectRevert(bytes("zero threshold"));
        lockBridge.setOperatorThreshold(TRANSFERS, 0);
        vm.expectRevert(bytes("bigger than num of operators"));
        lockBridge.setOperatorThreshold(TRANSFERS, 5);
        vm.expectRevert(ThresholdBelowMajority.selector);
        lockBridge.setOperatorThreshold(TRANSFERS, 2);
        lockBridge.setOperatorThreshold(TRANSFERS, 4);
        assertEq(lockBridge.operatorThresholds(0), 4, "threshold");
        assertEq(lockBridge.operatorThresholds(1), 3, "the other threshold");
    }

    function testFuzz_the_list_and_the_flags_agree(uint256 seed) public {
        Bridge bridge = _bareBridge(false);
        for (uint256 i = 0; i < 40; i++) {
            address operator = address(uint160(1 + (seed >> (i * 4)) % 14));
            address list = address(bridge);
            bool done;
            if (bridge.operators(operator)) {
                (done,) = list.call(abi.encodeCall(bridge.deregisterOperator, (operator)));
            } else {
                (done,) = list.call(abi.encodeCall(bridge.registerOperator, (operator)));
            }
        }
        address[] memory all = bridge.getOperatorList();
        for (uint256 i = 0; i < all.length; i++) {
            assertTrue(bridge.operators(all[i]), "in the list, without flag");
            assertEq(bridge.operatorList(i), all[i], "item");
            for (uint256 j = 0; j < i; j++) {
                assertTrue(all[i] != all[j], "listed twice");
            }
        }
        assertTrue(all.length <= 12 && all.length >= bridge.operatorThresholds(0), "size");
        assertTrue(bridge.operatorThresholds(0) * 2 > all.length, "majority");
    }

    function test_ownership_passes_in_two_steps() public {
        vm.expectRevert(bytes("Ownable: new owner is the zero address"));
        lockBridge.transferOwnership(address(0));
        lockBridge.transferOwnership(OTHER);
        assertEq(lockBridge.owner(), address(this), "not yet");
        vm.expectRevert(NotPendingOwner.selector);
        lockBridge.acceptOwnership();
        vm.prank(OTHER);
        lockBridge.acceptOwnership();
        assertEq(lockBridge.owner(), OTHER, "passed");
        assertTrue(!lockBridge.isOwner(), "is owner");
        assertEq(lockBridge.pendingOwner(), address(0), "pending");
        vm.expectRevert(bytes("Ownable: caller is not the owner"));
        lockBridge.transferOwnership(USER);
    }

    function test_ownership_cannot_be_given_up() public {
        vm.expectRevert(OwnershipStays.selector);
        lockBridge.renounceOwnership();
        vm.prank(OTHER);
        vm.expectRevert(bytes("Ownable: caller is not the owner"));
        lockBridge.renounceOwnership();
    }

    function testFuzz_what_is_the_owners_is_nobody_elses(uint8 which, address who) public {
        vm.assume(who != address(this));
        bytes[18] memory calls = [
            abi.encodeCall(lockBridge.registerOperator, (OTHER)),
            abi.encodeCall(lockBridge.deregisterOperator, (voters[0])),
            abi.encodeCall(lockBridge.setOperatorThreshold, (TRANSFERS, 4)),
            abi.encodeCall(lockBridge.registerToken, (OTHER, OTHER)),
            abi.encodeCall(lockBridge.deregisterToken, (address(lockToken))),
            abi.encodeCall(lockBridge.lockToken, (address(lockToken))),
            abi.encodeCall(lockBridge.unlockToken, (address(lockToken))),
            abi.encodeCall(lockBridge.lockKLAY, ()),
            abi.encodeCall(lockBridge.unlockKLAY, ()),
            abi.encodeCall(lockBridge.start, (false)),
            abi.encodeCall(lockBridge.setRunningStatus, (false)),
            abi.encodeCall(lockBridge.setCounterPartBridge, (OTHER)),
            abi.encodeCall(lockBridge.scheduleResume, ()),
            abi.encodeCall(lockBridge.resumeHandles, ()),
            abi.encodeCall(lockBridge.scheduleChange, ("")),
            abi.encodeCall(lockBridge.setOwnerDelay, (1 days)),
            abi.encodeCall(lockBridge.bindSource, (1, OTHER)),
            abi.encodeCall(lockBridge.transferOwnership, (OTHER))
        ];
        vm.prank(who);
        (bool done, bytes memory reason) = address(lockBridge).call(calls[which % 18]);
        assertTrue(!done, "done");
        assertEq(reason, _error("Ownable: caller is not the owner"), "reason");
    }

    /// The owner that the documentation recommends.
    function test_a_timelock_can_own_the_bridge() public {
        address[] memory proposers = new address[](1);
        proposers[0] = USER;
        TimelockController timelock = new TimelockController(2 days, proposers, proposers, address(0));
        lockBridge.transferOwnership(address(timelock));
        bytes[2] memory calls =
            [abi.encodeCall(lockBridge.acceptOwnership, ()), abi.encodeCall(lockBridge.registerOperator, (voters[4]))];
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(USER);
            timelock.schedule(address(lockBridge), 0, calls[i], 0, 0, 2 days);
            vm.prank(USER);
            vm.expectRevert();
            timelock.execute(address(lockBridge), 0, calls[i], 0, 0);
            vm.warp(block.timestamp + 2 days);
            vm.prank(USER);
            timelock.execute(address(lockBridge), 0, calls[i], 0, 0);
        }
        assertTrue(lockBridge.operators(voters[4]), "registered, after the delay");
    }

    /// The order of docs/contracts.md: the thresholds are the majority of those who stay, and twelve fit.
    function test_the_recipe_sets_up_any_number_of_operators() public {
        for (uint160 n = 3; n <= 12; n++) {
            Bridge bridge = _bareBridge(false);
            for (uint160 i = 1; i < n; i++) {
                bridge.registerOperator(address(i));
            }
            bridge.deregisterOperator(address(this));
            bridge.registerOperator(address(n));
            assertEq(bridge.getOperatorList().length, n, "operators");
            for (uint8 kind = 0; kind < 2; kind++) {
                assertEq(bridge.operatorThresholds(kind), n / 2 + 1, "the majority");
                bridge.setOperatorThreshold(BridgeStorage.VoteType(kind), uint8(n));
            }
        }
    }
}

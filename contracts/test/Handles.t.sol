// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeStorage} from "../src/BridgeStorage.sol";
import {NonCanonicalCalldata, NonceTooFarAhead, ZeroRequestBlock} from "../src/BridgeErrors.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm, Vm} from "./Vm.sol";

contract HandlesTest is BridgeTest {
    function test_the_third_of_four_equal_votes_executes() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5 ether);
        _vote(lockBridge, 0, transfer);
        _vote(lockBridge, 1, transfer);
        assertEq(OTHER.balance, 0, "delivered early");
        assertTrue(!lockBridge.handled(0), "handled early");
        _vote(lockBridge, 2, transfer);
        assertEq(OTHER.balance, 5 ether, "delivered");
        assertTrue(lockBridge.handled(0), "handled");
        assertEq(lockBridge.executedVoteKeys(0), _voteKey(transfer), "executed key");
        assertTrue(lockBridge.handledRequestTx(transfer.requestTxHash), "request transaction");
    }

    function test_the_handle_event_is_that_of_generation_c() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5 ether);
        _vote(lockBridge, 0, transfer);
        _vote(lockBridge, 1, transfer);
        vm.recordLogs();
        _vote(lockBridge, 2, transfer);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 2, "logs");
        assertEq(
            logs[0].topics[0],
            0xefb0872a142fc49b6416be90e14fdab012294b0e3adca8115bd358fa7c5ca6bd,
            "VoteCast comes first"
        );
        assertEq(
            logs[1].topics[0], 0x12b02f226d965a2881e0e8ffed6c421803a22d57ad91f9ef996fe0748ea10175, "HandleValueTransfer"
        );
        assertEq(logs[1].topics[1], bytes32(uint256(uint160(USER))), "from");
        assertEq(logs[1].topics[2], bytes32(uint256(uint160(OTHER))), "to");
        assertEq(logs[1].topics[3], bytes32(0), "token");
        bytes memory data = abi.encode(transfer.requestTxHash, 0, 5 ether, 0, 1, bytes("extra"));
        assertEq(logs[1].data, data, "data");
    }

    function test_a_vote_by_nobody_is_refused() public {
        _voteFails(lockBridge, 4, _coin(0, OTHER, 1), _error("msg.sender is not an operator"));
    }

    /// The worked vector of the specification, for key and slots.
    function test_the_vote_of_the_worked_vector_lies_where_generation_c_has_it() public {
        BridgeStorage.Transfer memory transfer = _coin(0, address(bytes20(hex"64")), 100);
        transfer.requestTxHash = 0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a;
        transfer.from = 0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc;
        transfer.requestBlockNumber = 50;
        transfer.extraData = "";
        address operator = 0x70997970C51812dc3A010C7d01b50e0d17dc79C8;
        lockBridge.registerOperator(operator);
        vm.prank(operator);
        (bool done,) = address(lockBridge).call(_calldata(transfer));
        assertTrue(done, "vote");
        bytes32 voteKey = 0xdfa79a8f978a326a3e6ac52ec8433f72a9f6764e56fe420d950bfd2c20ccb00d;
        bytes32 voted = 0xc61f089769b61568c1b6a0ae5b00b74181639e886fed791b37a63d0d05391548;
        bytes32 count = 0x3070934a2abc916b2f4709eccb8036c2d4a9626e423779c56f44edfec32bba29;
        assertEq(_load(lockBridge, voted), uint256(voteKey), "voted slot");
        assertEq(_load(lockBridge, count), 1, "count slot");
    }

    function test_votes_that_differ_do_not_add_up() public {
        _vote(lockBridge, 0, _coin(0, OTHER, 1));
        _vote(lockBridge, 1, _coin(0, OTHER, 1));
        _vote(lockBridge, 2, _coin(0, OTHER, 2));
        assertTrue(!lockBridge.handled(0), "handled by a split vote");
        _vote(lockBridge, 3, _coin(0, OTHER, 1));
        assertTrue(lockBridge.handled(0), "three of one mind");
    }

    function test_an_operator_may_change_its_mind_until_the_nonce_closes() public {
        _vote(lockBridge, 0, _coin(0, OTHER, 2));
        _vote(lockBridge, 0, _coin(0, OTHER, 1));
        assertEq(lockBridge.liveVotes(_voteKey(_coin(0, OTHER, 2))), 0, "taken back");
        assertEq(lockBridge.liveVotes(_voteKey(_coin(0, OTHER, 1))), 1, "given");
        assertEq(_load(lockBridge, _countSlot(0, 0, _voteKey(_coin(0, OTHER, 2)))), 0, "old count");
    }

    function test_voting_again_counts_once() public {
        for (uint256 i = 0; i < 5; i++) {
            _vote(lockBridge, 0, _coin(0, OTHER, 1));
        }
        assertEq(lockBridge.liveVotes(_voteKey(_coin(0, OTHER, 1))), 1, "one operator");
        assertEq(_load(lockBridge, _countSlot(0, 0, _voteKey(_coin(0, OTHER, 1)))), 1, "count slot");
    }

    function test_a_late_vote_for_what_was_executed_changes_nothing() public {
        BridgeStorage.Transfer memory transfer = _coin(1, OTHER, 1);
        _handle(lockBridge, transfer);
        vm.recordLogs();
        _vote(lockBridge, 3, transfer);
        assertEq(vm.getRecordedLogs().length, 0, "no event");
        assertEq(_load(lockBridge, _votedSlot(0, 1, voters[3])), 0, "no vote");
        assertEq(OTHER.balance, 1, "delivered once");
    }

    function test_a_late_vote_for_anything_else_is_refused() public {
        _handle(lockBridge, _coin(1, OTHER, 1));
        _voteFails(lockBridge, 3, _coin(1, OTHER, 2), _error("closed vote"));
        _handle(lockBridge, _coin(0, OTHER, 1));
        assertEq(lockBridge.lowerHandleNonce(), 2, "swept");
        _voteFails(lockBridge, 3, _coin(1, OTHER, 2), _error("removed vote"));
    }

    function test_the_nonces_move_as_in_the_reference_vectors() public {
        uint64[4] memory order = [uint64(2), 1, 0, 3];
        uint64[4] memory blocks = [uint64(300), 200, 100, 400];
        uint64[3][4] memory expected = [[uint64(2), 0, 1], [uint64(2), 0, 1], [uint64(2), 3, 300], [uint64(3), 4, 400]];
        for (uint256 i = 0; i < 4; i++) {
            BridgeStorage.Transfer memory transfer = _coin(order[i], OTHER, 1);
            transfer.requestBlockNumber = blocks[i];
            _handle(lockBridge, transfer);
            assertEq(lockBridge.upperHandleNonce(), expected[i][0], "upper");
            assertEq(lockBridge.lowerHandleNonce(), expected[i][1], "lower");
            assertEq(lockBridge.recoveryBlockNumber(), expected[i][2], "recovery");
        }
        assertTrue(!lockBridge.closedValueTransferVotes(2), "swept");
        assertTrue(lockBridge.handled(2), "handled stays");
    }

    /// Nonces 1 to 420 handled, then 0: 201 steps, and the rest by anyone.
    function test_a_long_sweep_is_finished_by_anyone() public {
        bytes32 blocks = bytes32(uint256(17));
        for (uint64 nonce = 1; nonce <= 420; nonce++) {
            vm.store(address(lockBridge), _mapping(bytes32(uint256(nonce)), blocks), bytes32(uint256(7)));
        }
        vm.store(address(lockBridge), bytes32(uint256(16)), bytes32(uint256(420) | (1 << 64)));
        _handle(lockBridge, _coin(0, OTHER, 1));
        assertEq(lockBridge.lowerHandleNonce(), 201, "201 steps");
        vm.startPrank(OTHER);
        lockBridge.sweep();
        assertEq(lockBridge.lowerHandleNonce(), 402, "201 more");
        lockBridge.sweep();
        lockBridge.sweep();
        assertEq(lockBridge.lowerHandleNonce(), 421, "all");
        assertEq(lockBridge.recoveryBlockNumber(), 7, "recovery block");
    }

    function test_request_block_zero_is_refused() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        transfer.requestBlockNumber = 0;
        _voteFails(lockBridge, 0, transfer, _error(ZeroRequestBlock.selector));
    }

    function test_a_nonce_outside_the_window_is_refused() public {
        uint64 window = lockBridge.NONCE_WINDOW();
        _voteFails(lockBridge, 0, _coin(window, OTHER, 1), _error(NonceTooFarAhead.selector));
        _voteFails(lockBridge, 0, _coin(type(uint64).max - 100, OTHER, 1), _error(NonceTooFarAhead.selector));
        _vote(lockBridge, 0, _coin(window - 1, OTHER, 1));
    }

    function test_trailing_bytes_are_refused() public {
        bytes memory data = bytes.concat(_calldata(_coin(0, OTHER, 1)), hex"00");
        (bool done, bytes memory reason) = _voteRaw(lockBridge, voters[0], data);
        assertTrue(!done, "taken");
        assertEq(reason, _error(NonCanonicalCalldata.selector), "reason");
    }

    function test_dirty_padding_of_the_extra_data_is_refused() public {
        bytes memory data = _calldata(_coin(0, OTHER, 1));
        data[data.length - 1] = 0x01;
        (bool done, bytes memory reason) = _voteRaw(lockBridge, voters[0], data);
        assertTrue(!done, "taken");
        assertEq(reason, _error(NonCanonicalCalldata.selector), "reason");
    }

    function test_another_offset_of_the_extra_data_is_refused() public {
        BridgeStorage.Transfer memory t = _coin(0, OTHER, 1);
        bytes memory head =
            abi.encode(t.requestTxHash, t.from, t.to, uint256(1), uint256(0), uint256(100), uint256(0x100));
        bytes memory data = bytes.concat(hex"a066a7ed", head, bytes32(0), abi.encode(uint256(5), bytes32("extra")));
        (bool done, bytes memory reason) = _voteRaw(lockBridge, voters[0], data);
        assertTrue(!done, "taken");
        assertEq(reason, _error(NonCanonicalCalldata.selector), "reason");
    }

    function test_dirty_bits_of_an_address_are_refused() public {
        bytes memory data = _calldata(_coin(0, OTHER, 1));
        data[36] = 0x01;
        (bool done,) = _voteRaw(lockBridge, voters[0], data);
        assertTrue(!done, "taken");
    }

    /// Any one byte changed is another vote or none: nothing executes with two honest votes.
    function testFuzz_a_changed_byte_never_completes_a_vote(uint256 at, uint8 change) public {
        BridgeStorage.Transfer memory transfer = _erc721(0, OTHER, address(mintNFT), 42);
        bytes memory data = _calldata(transfer);
        at = at % data.length;
        data[at] = bytes1(uint8(data[at]) ^ (change == 0 ? 1 : change));
        _vote(mintBridge, 0, transfer);
        _vote(mintBridge, 1, transfer);
        _voteRaw(mintBridge, voters[2], data);
        assertTrue(!mintBridge.handled(0), "executed");
        assertEq(mintBridge.liveVotes(keccak256(data)) <= 1, true, "votes of the changed call");
    }

    function testFuzz_never_executed_below_the_threshold(uint8 who, uint8 which) public {
        // Bits of `who`: which operators vote. Bits of `which`: for which of two transfers.
        uint256[2] memory votes;
        for (uint256 i = 0; i < 4; i++) {
            if ((who >> i) & 1 == 1 && !lockBridge.handled(0)) {
                uint256 choice = (which >> i) & 1;
                votes[choice]++;
                _vote(lockBridge, i, _coin(0, OTHER, 1 + choice));
            }
        }
        assertEq(lockBridge.handled(0), votes[0] >= 3 || votes[1] >= 3, "executed exactly at three");
    }
}

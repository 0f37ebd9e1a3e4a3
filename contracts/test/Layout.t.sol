// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeTest} from "./BridgeTest.sol";
import {vm} from "./Vm.sol";

/// Where the bridge keeps its state: slots 0 to 19 as in generation C, then our own. Light clients read storage by number.
contract LayoutTest is BridgeTest {
    /// Every variable in the order of its place: label, slot, offset.
    function test_every_variable_lies_where_it_is_documented() public view {
        string[48] memory expected = [
            "handledRequestTx 0 0",
            "feeReceiver 1 0",
            "feeOfKLAY 2 0",
            "feeOfERC20 3 0",
            "_owner 4 0",
            "counterpartBridge 5 0",
            "registeredTokens 6 0",
            "indexOfTokens 7 0",
            "registeredTokenList 8 0",
            "lockedTokens 9 0",
            "_votes 10 0",
            "closedValueTransferVotes 11 0",
            "operators 12 0",
            "operatorList 13 0",
            "operatorThresholds 14 0",
            "configurationNonce 15 0",
            "modeMintBurn 15 8",
            "isRunning 15 9",
            "requestNonce 15 10",
            "lowerHandleNonce 15 18",
            "upperHandleNonce 16 0",
            "recoveryBlockNumber 16 8",
            "handleNoncesToBlockNums 17 0",
            "_entered 18 0",
            "isLockedKLAY 19 0",
            "executedVoteKeys 20 0",
            "claims 21 0",
            "owed 22 0",
            "_voteSeats 23 0",
            "_seats 24 0",
            "_activeSeats 25 0",
            "_seatCount 26 0",
            "operatorEpoch 26 8",
            "resumeTime 26 16",
            "handlesPaused 26 24",
            "accountKeys 26 25",
            "pendingOwner 27 0",
            "guardian 28 0",
            "sourceChainId 29 0",
            "sourceBridge 30 0",
            "limits 31 0",
            "outflows 32 0",
            "tokenKinds 33 0",
            "subjectNonces 34 0",
            "heldUntil 35 0",
            "changes 36 0",
            "cancelledChanges 37 0",
            "ownerDelay 38 0"
        ];
        string memory artifact = vm.readFile("artifacts/Bridge.json");
        for (uint256 i = 0; i < expected.length; i++) {
            string memory variable = string.concat(".storageLayout.storage[", vm.toString(i), "]");
            string memory found = string.concat(
                vm.parseJsonString(artifact, string.concat(variable, ".label")),
                " ",
                vm.parseJsonString(artifact, string.concat(variable, ".slot")),
                " ",
                vm.toString(vm.parseJsonUint(artifact, string.concat(variable, ".offset")))
            );
            assertEq(bytes(found), bytes(expected[i]), expected[i]);
        }
        assertEq(bytes(vm.parseJsonString(artifact, ".storageLayout.storage[48].label")), "changeCount", "the last one");
    }

    /// The fixed slots of the specification, read from a bridge at work.
    function test_the_fixed_slots_hold_what_they_should() public {
        _handle(lockBridge, _coin(2, OTHER, 1));
        assertEq(
            _load(lockBridge, 0xe710864318d4a32f37d6ce54cb3fadbef648dd12d8dbdf53973564d56b7f881c), 3, "threshold 0"
        );
        assertEq(
            _load(lockBridge, 0xa7c5ba7114a813b50159add3a36832908dc83db71d0b9a24c2ad0f83be958207), 3, "threshold 1"
        );
        assertEq(
            _load(lockBridge, 0xd7b6990105719101dabeb77144f2a3385c8033acd3af97e9423a695e81ad1eb5),
            uint160(lockBridge.operatorList(0)),
            "operator 0"
        );
        assertEq(
            _load(lockBridge, 0x01c275da8fe4af653d67feaf136ed343107607ccf272c3fe063e6fec6e7364cb),
            3,
            "voters of nonce 2"
        );
        assertEq(_load(lockBridge, 0xa50eece07c7db1631545c0069bd8f5f54d5935e215d59097edf258a44ba91634), 1, "closed[2]");
        assertEq(_load(lockBridge, 0x08037d7b151cc412d25674a4e66b334d9ae9d2e5517a7feaae5cdb828bf1c628), 102, "block");
        assertEq(_record(0, 2), 0x01c275da8fe4af653d67feaf136ed343107607ccf272c3fe063e6fec6e7364cb, "formula");
    }

    function test_the_packed_words_are_those_of_the_specification() public {
        for (uint64 nonce = 0; nonce < 4; nonce++) {
            _handle(lockBridge, _coin(nonce, OTHER, 1));
        }
        vm.prank(USER);
        lockBridge.requestKLAYTransfer{value: 1}(OTHER, 1, "");
        uint256 word = 0x0000000000000000000000000004000000000000000101000000000000000001;
        assertEq(_load(lockBridge, bytes32(uint256(15))), word - 1, "slot 15, configuration nonce 0");
        assertEq(_load(lockBridge, bytes32(uint256(16))), 3 | (103 << 64), "slot 16");
    }

    /// What the documentation says of claims and packed new state.
    function test_claims_and_new_words_are_as_documented() public {
        _handle(lockBridge, _erc20(0, OTHER, address(0xdead), 7));
        uint256 base = uint256(_mapping(0, bytes32(uint256(21))));
        assertEq(_load(lockBridge, bytes32(base)), uint160(OTHER) | (1 << 160), "recipient and kind");
        assertEq(_load(lockBridge, bytes32(base + 1)), 0xdead, "token");
        assertEq(_load(lockBridge, bytes32(base + 2)), 7, "value");
        bytes32 executed = _mapping(0, bytes32(uint256(20)));
        assertEq(
            _load(lockBridge, executed), uint256(_voteKey(_erc20(0, OTHER, address(0xdead), 7))), "executed vote key"
        );
        lockBridge.pauseHandles();
        lockBridge.scheduleResume();
        uint256 word = 5 | (6 << 64) | ((block.timestamp + 1 days) << 128) | (1 << 192);
        assertEq(_load(lockBridge, bytes32(uint256(26))), word, "seats, epoch, resume time, paused");
        lockBridge.setLimit(address(0), 1, 2);
        assertEq(_load(lockBridge, _mapping(0, bytes32(uint256(31)))), 1 | (2 << 128), "limits");
    }

    function test_the_code_fits_and_holds_no_address() public {
        string memory artifact = vm.readFile("artifacts/Bridge.json");
        assertTrue(vm.parseJsonBytes(artifact, ".deployedBytecode").length <= 24_576, "size");
        assertEq(address(lockBridge).codehash, address(mintBridge).codehash, "every deployment has the same code hash");
    }
}

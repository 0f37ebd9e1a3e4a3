// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm} from "./Vm.sol";

/// A transfer that others overtook leaves closed nonces behind it, and the handle that ends the lag
/// finds them all. Its gas must not depend on how many there are.
contract LagTest is BridgeTest {
    /// What an operator gives a vote by default.
    uint256 private constant VOTE_GAS = 2_500_000;
    /// What every execution sweeps: two nonces, of which one is the own.
    uint256 private constant SURE_STEPS_GAS = 12_000;

    /// forge-config: default.isolate = true
    function test_a_transfer_that_110_others_overtook_executes_with_the_gas_of_a_vote() public {
        for (uint64 nonce = 1; nonce <= 110; nonce++) {
            _handle(lockBridge, _coin(nonce, OTHER, 1));
        }
        _decideWith(VOTE_GAS);
    }

    /// forge-config: default.isolate = true
    function test_a_transfer_that_1000_others_overtook_executes_with_the_gas_of_a_vote() public {
        _overtake(1000);
        _decideWith(VOTE_GAS);
        uint64 lower = lockBridge.lowerHandleNonce();
        assertTrue(lower > 50, "the gas at hand is used");
    }

    /// forge-config: default.isolate = true
    function test_a_transfer_that_5000_others_overtook_executes_with_the_gas_of_a_vote() public {
        _overtake(5000);
        _decideWith(VOTE_GAS);
    }

    /// Whatever the lag, the data, the kind and the gas: a vote that goes through without a lag
    /// goes through with it, and never makes a claim of what can be delivered.
    /// forge-config: default.isolate = true
    /// forge-config: default.fuzz.runs = 60
    function testFuzz_a_lag_changes_neither_success_nor_delivery(
        uint64 lag,
        uint256 gas,
        uint16 extra,
        uint16 uri,
        bool nft
    ) public {
        uint256 snapshot = vm.snapshotState();
        gas = 1_300_000 + gas % 2_200_000;
        BridgeStorage.Transfer memory transfer = nft ? _erc721(0, USER, address(mintNFT), 7) : _coin(0, USER, 5);
        transfer.extraData = new bytes(extra % 4097);
        if (nft) transfer.tokenURI = string(new bytes(uri % 1000));
        bool alone = _decides(mintBridge, transfer, gas);
        bool delivered = mintBridge.owed(transfer.token) == 0;
        vm.revertToState(snapshot);
        _overtake(mintBridge, lag % 400);
        bool late = _decides(mintBridge, transfer, gas + SURE_STEPS_GAS);
        assertTrue(late || !alone, "success");
        assertTrue(mintBridge.owed(transfer.token) == 0 || !delivered, "owed because of the lag");
    }

    /// The least gas that executes takes two nonces of a lag each time, so it shrinks; and a sweep
    /// needs nothing else.
    /// forge-config: default.isolate = true
    function test_a_lag_shrinks_with_the_least_gas() public {
        _overtake(1000);
        for (uint64 nonce = 0; nonce < 1; nonce++) {
            _decideWith(1_420_000);
        }
        uint64 lower = lockBridge.lowerHandleNonce();
        assertTrue(lower >= 2 && lower < 20, "little gas sweeps little");
        uint256 calls = 0;
        for (; lockBridge.lowerHandleNonce() < 1001; calls++) {
            lockBridge.sweep{gas: 500_000}();
        }
        assertTrue(calls < 30, "by anyone, with any gas");
    }

    /// A handle far above one that waits: the window is above the highest handled nonce, so the lag
    /// has no end.
    function test_a_transfer_that_waits_stops_none_behind_it() public {
        uint64 window = lockBridge.NONCE_WINDOW();
        _handle(lockBridge, _coin(window - 1, OTHER, 1));
        _handle(lockBridge, _coin(window, OTHER, 1));
        _handle(lockBridge, _coin(2 * window - 1, OTHER, 1));
        assertEq(OTHER.balance, 3, "all three");
        assertEq(lockBridge.lowerHandleNonce(), 0, "the first one waits");
    }

    /// Closed nonces as handles leave them, without the handles.
    function _overtake(uint64 count) private {
        _overtake(lockBridge, count);
    }

    function _overtake(Bridge bridge, uint64 count) private {
        for (uint64 nonce = 1; nonce <= count; nonce++) {
            bytes32 key = bytes32(uint256(nonce));
            vm.store(address(bridge), _mapping(key, bytes32(uint256(11))), bytes32(uint256(1)));
            vm.store(address(bridge), _mapping(key, bytes32(uint256(17))), bytes32(uint256(100) + nonce));
        }
        vm.store(address(bridge), bytes32(uint256(16)), bytes32(uint256(count) | (1 << 64)));
    }

    function _decideWith(uint256 gas) private {
        uint256 before = USER.balance;
        assertTrue(_decides(lockBridge, _coin(0, USER, 5), gas), "the deciding vote failed");
        assertTrue(lockBridge.handled(0), "handled");
        assertEq(USER.balance, before + 5, "delivered");
    }

    /// Two votes with all gas, and whether the third goes through with this much.
    function _decides(Bridge bridge, BridgeStorage.Transfer memory transfer, uint256 gas) private returns (bool done) {
        _vote(bridge, 0, transfer);
        _vote(bridge, 1, transfer);
        bytes memory data = _calldata(transfer);
        vm.prank(voters[2]);
        (done,) = address(bridge).call{gas: gas}(data);
    }
}

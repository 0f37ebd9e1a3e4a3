// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm} from "./Vm.sol";

/// What votes cost, generation C against ours: each call is a transaction of its own, with the gas that a chain would charge.
/// `tools/forge test --match-contract GasTest -vv` prints the table of docs/contracts.md.
contract GasTest is BridgeTest {
    event log_named_uint(string name, uint256 value);

    uint256 private constant TOLERANCE = 500;

    /// forge-config: default.isolate = true
    function test_gas_of_two_of_three() public {
        _table(3, 2, [uint256(171_616), 0, 145_764, 33_009], [uint256(204_868), 0, 187_121, 36_093, 362_862]);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_three_of_five() public {
        _table(5, 3, [uint256(171_616), 93_126, 145_764, 33_009], [uint256(204_868), 109_172, 187_254, 36_093, 424_521]);
    }

    /// What a lag costs, and the rest of what people and operators send.
    /// forge-config: default.isolate = true
    function test_gas_of_other_calls() public {
        uint256[8] memory documented = [uint256(51_617), 80_961, 140_858, 1_014_436, 1_707_451, 63_433, 98_754, 55_619];
        uint256[8] memory gas;
        lockBridge.setLimit(address(lockToken), 0, 10);
        vm.prank(USER);
        lockToken.approve(address(lockBridge), 100);
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(USER);
            lockBridge.requestKLAYTransfer{value: 1}(OTHER, 1, "extra");
            gas[0] = vm.lastCallGas().gasTotalUsed;
            vm.prank(USER);
            lockBridge.requestERC20Transfer(address(lockToken), OTHER, 1, 0, "extra");
            gas[1] = vm.lastCallGas().gasTotalUsed;
        }
        // A transfer that the limit holds back, and its leaving.
        BridgeStorage.Transfer memory held = _erc20(0, OTHER, address(lockToken), 11);
        _handle(lockBridge, held);
        gas[2] = vm.lastCallGas().gasTotalUsed;
        vm.warp(block.timestamp + 1 days);
        for (uint64 nonce = 1; nonce <= 420; nonce++) {
            bytes32 key = bytes32(uint256(nonce));
            vm.store(address(lockBridge), _mapping(key, bytes32(uint256(11))), bytes32(uint256(1)));
            vm.store(address(lockBridge), _mapping(key, bytes32(uint256(17))), bytes32(uint256(100) + nonce));
        }
        vm.store(address(lockBridge), bytes32(uint256(16)), bytes32(uint256(420) | (1 << 64)));
        lockBridge.handleWithSignatures{gas: 2_500_000}(held, new bytes[](0));
        gas[3] = vm.lastCallGas().gasTotalUsed;
        lockBridge.sweep();
        gas[4] = vm.lastCallGas().gasTotalUsed;
        bytes memory pause = abi.encodeCall(lockBridge.pauseHandles, ());
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(pause, 0);
            if (i == 0) gas[5] = vm.lastCallGas().gasTotalUsed;
        }
        gas[6] = vm.lastCallGas().gasTotalUsed;
        lockBridge.setOwnerDelay(1 days);
        lockBridge.scheduleChange(abi.encodeCall(lockBridge.registerOperator, (voters[4])));
        gas[7] = vm.lastCallGas().gasTotalUsed;
        string[8] memory rows = [
            "request of coin",
            "request of an ERC-20 token, under a limit",
            "deciding vote that the limit holds back",
            "what was held back leaves, with a lag and the gas of a vote",
            "sweep of 201",
            "first vote for a pause",
            "deciding vote for a pause",
            "scheduleChange"
        ];
        for (uint256 i = 0; i < 8; i++) {
            emit log_named_uint(rows[i], gas[i]);
        }
        for (uint256 i = 0; i < 8; i++) {
            _near(gas[i], documented[i]);
        }
    }

    /// First vote, a vote between, the deciding vote, a late vote; then all at once by signatures.
    function _table(uint256 n, uint256 k, uint256[4] memory old, uint256[5] memory ours) private {
        Bridge generationC = Bridge(payable(_deployRecorded("bridge", abi.encode(false))));
        Bridge bridge = _bareBridge(false);
        _prepare(generationC, n, k);
        _prepare(bridge, n, k);
        bridge.bindSource(SOURCE_CHAIN, SOURCE);
        uint256[4] memory gasOld = _votes(generationC, k, "generation C");
        uint256[4] memory gasOurs = _votes(bridge, k, "version 2");
        BridgeStorage.Transfer memory transfer = _coin(2, OTHER, 1);
        bytes[] memory signatures = _signatures(bridge, 0, k, transfer);
        bridge.handleWithSignatures(transfer, signatures);
        uint256 bySignatures = vm.lastCallGas().gasTotalUsed;
        emit log_named_uint("version 2, all by signatures", bySignatures);
        for (uint256 i = 0; i < 4; i++) {
            _near(gasOld[i], old[i]);
            _near(gasOurs[i], ours[i]);
        }
        _near(bySignatures, ours[4]);
    }

    function _votes(Bridge bridge, uint256 k, string memory name) private returns (uint256[4] memory gas) {
        // Nonce 0 first, as on a bridge at work: counters are not zero.
        for (uint64 nonce = 0; nonce < 2; nonce++) {
            BridgeStorage.Transfer memory transfer = _coin(nonce, OTHER, 1);
            for (uint256 i = 0; i < k; i++) {
                _vote(bridge, i, transfer);
                uint256 used = vm.lastCallGas().gasTotalUsed;
                gas[i == 0 ? 0 : i == k - 1 ? 2 : 1] = used;
            }
            _voteRaw(bridge, voters[k], _calldata(transfer));
            gas[3] = vm.lastCallGas().gasTotalUsed;
        }
        string[4] memory rows = ["first vote", "vote between", "deciding vote", "late vote"];
        for (uint256 i = 0; i < 4; i++) {
            emit log_named_uint(string.concat(name, ", ", rows[i]), gas[i]);
        }
    }

    function _prepare(Bridge bridge, uint256 n, uint256 k) private {
        for (uint256 i = 0; i < n; i++) {
            bridge.registerOperator(voters[i]);
        }
        bridge.deregisterOperator(address(this));
        bridge.setOperatorThreshold(BridgeStorage.VoteType.ValueTransfer, uint8(k));
        vm.deal(address(bridge), 1 ether);
        vm.deal(OTHER, 1 ether);
    }

    function _near(uint256 got, uint256 documented) private pure {
        assertTrue(got <= documented + TOLERANCE && got + TOLERANCE >= documented, "the documented gas");
    }
}

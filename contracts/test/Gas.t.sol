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
        _table(3, 2, [uint256(171_616), 0, 145_764, 33_009], [uint256(204_844), 0, 186_491, 35_921, 361_722]);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_three_of_five() public {
        _table(5, 3, [uint256(171_616), 93_126, 145_764, 33_009], [uint256(204_844), 109_127, 186_627, 35_921, 423_162]);
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

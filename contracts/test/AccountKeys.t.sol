// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {AccountKeysDiffer, NoAccountKeys, NotSignedByAccount, SignerIsNotOperator} from "../src/BridgeErrors.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm} from "./Vm.sol";

/// Stands in for a chain's check of signatures by account keys (`validateSender`): address, hash,
/// then signatures of 65 bytes with V of 0 or 1; one byte, 1 or 0, and no revert. Its accounts have
/// a list of keys and a threshold, or the key of their address.
contract Chain {
    mapping(address account => address[]) private _keys;
    mapping(address account => uint256) private _threshold;

    /// An account whose keys are these now; without any it can no longer sign.
    function update(address account, address[] calldata keys, uint256 threshold) external {
        (_keys[account], _threshold[account]) = (keys, threshold);
    }

    fallback() external {
        bool good = _signed();
        assembly {
            mstore8(0, good)
            return(0, 1)
        }
    }

    function _signed() private view returns (bool) {
        if (msg.data.length < 117 || (msg.data.length - 52) % 65 != 0) return false;
        address account = address(bytes20(msg.data[:20]));
        bytes32 digest = bytes32(msg.data[20:52]);
        uint256 weight = 0;
        uint256 count = (msg.data.length - 52) / 65;
        for (uint256 i = 0; i < count; i++) {
            bytes calldata s = msg.data[52 + 65 * i:117 + 65 * i];
            if (uint8(s[64]) > 1) return false;
            address key = ecrecover(digest, uint8(s[64]) + 27, bytes32(s[:32]), bytes32(s[32:64]));
            if (_threshold[account] == 0) return count == 1 && key == account;
            for (uint256 k = 0; k < _keys[account].length; k++) {
                if (_keys[account][k] == key) weight++;
            }
        }
        return weight >= _threshold[account];
    }
}

contract AccountKeysTest is BridgeTest {
    address private constant PRECOMPILE = address(0x3ff);
    Bridge private _bridge;

    function setUp() public override {
        super.setUp();
        vm.etch(PRECOMPILE, address(new Chain()).code);
        _bridge = Bridge(payable(_deploy(type(Bridge).creationCode, "Bridge", abi.encode(false, true))));
        for (uint256 i = 0; i < 4; i++) {
            _bridge.registerOperator(voters[i]);
        }
        _bridge.deregisterOperator(address(this));
        _bridge.bindSource(SOURCE_CHAIN, SOURCE);
        vm.deal(address(_bridge), 100);
    }

    function test_signatures_of_accounts_with_the_keys_of_their_addresses_count() public {
        assertTrue(_bridge.accountKeys(), "told");
        _bridge.handleWithSignatures(_coin(0, OTHER, 1), _signatures(_bridge, 0, 3, _coin(0, OTHER, 1)));
        assertTrue(_bridge.handled(0), "executed");
    }

    /// The old key is what a thief has, and why the account was updated.
    function test_a_key_that_was_replaced_votes_no_more() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        bytes[] memory old = _signatures(_bridge, 0, 3, transfer);
        _update(voters[0], vm.addr(77), 1);
        vm.expectRevert(NotSignedByAccount.selector);
        _bridge.handleWithSignatures(transfer, old);
        _update(voters[0], vm.addr(77), type(uint256).max);
        vm.expectRevert(NotSignedByAccount.selector);
        _bridge.handleWithSignatures(transfer, old);
        assertEq(_bridge.liveVotes(_voteKey(transfer)), 0, "no vote");
    }

    function test_the_new_key_votes_for_the_account() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        _update(voters[0], vm.addr(77), 1);
        bytes[] memory signatures = _signatures(_bridge, 0, 3, transfer);
        signatures[0] = bytes.concat(bytes20(voters[0]), _sign(77, transfer));
        _bridge.handleWithSignatures(transfer, signatures);
        assertTrue(_bridge.handled(0), "executed");
        assertEq(
            _load(_bridge, _votedSlot(0, 0, voters[0])), uint256(_voteKey(transfer)), "the account voted, not the key"
        );
    }

    function test_an_account_of_several_keys_votes_with_enough_of_them() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        address[] memory list = new address[](3);
        for (uint256 i = 0; i < 3; i++) {
            list[i] = vm.addr(70 + i);
        }
        Chain(PRECOMPILE).update(voters[1], list, 2);
        bytes[] memory one = new bytes[](1);
        one[0] = bytes.concat(bytes20(voters[1]), _sign(70, transfer));
        vm.expectRevert(NotSignedByAccount.selector);
        _bridge.handleWithSignatures(transfer, one);
        one[0] = bytes.concat(bytes20(voters[1]), _sign(70, transfer), _sign(72, transfer));
        _bridge.handleWithSignatures(transfer, one);
        assertEq(_bridge.liveVotes(_voteKey(transfer)), 1, "one vote");
    }

    /// Names an operator, and is signed by anybody; or names nobody's account.
    function test_a_name_without_its_signature_is_refused() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        bytes[] memory one = new bytes[](1);
        one[0] = bytes.concat(bytes20(voters[0]), _sign(77, transfer));
        vm.expectRevert(NotSignedByAccount.selector);
        _bridge.handleWithSignatures(transfer, one);
        one[0] = bytes.concat(bytes20(vm.addr(77)), _sign(77, transfer));
        vm.expectRevert(SignerIsNotOperator.selector);
        _bridge.handleWithSignatures(transfer, one);
        one[0] = bytes.concat(bytes20(voters[0]));
        vm.expectRevert(NotSignedByAccount.selector);
        _bridge.handleWithSignatures(transfer, one);
        one[0] = hex"01";
        vm.expectRevert();
        _bridge.handleWithSignatures(transfer, one);
    }

    /// Where accounts have no keys of their own, a name before a signature means nothing.
    function test_a_bridge_without_account_keys_takes_plain_signatures_only() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        bytes[] memory one = new bytes[](1);
        one[0] = bytes.concat(bytes20(voters[0]), _signature(lockBridge, 0, transfer));
        vm.expectRevert();
        lockBridge.handleWithSignatures(transfer, one);
    }

    function test_what_is_configured_must_be_what_the_chain_has() public {
        bytes memory code = vm.parseJsonBytes(vm.readFile("artifacts/Bridge.json"), ".bytecode");
        assertEq(
            _created(bytes.concat(code, abi.encode(false, false))), _error(AccountKeysDiffer.selector), "with keys"
        );
        assertEq(_created(bytes.concat(code, abi.encode(false, true))), "", "taken");
        vm.etch(PRECOMPILE, "");
        assertEq(
            _created(bytes.concat(code, abi.encode(false, true))), _error(AccountKeysDiffer.selector), "without keys"
        );
        assertEq(_created(bytes.concat(code, abi.encode(false, false))), "", "taken");
    }

    /// A chain that lost its check, or an address without: no signature passes for want of an
    /// answer.
    function test_no_answer_is_no_yes() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 1);
        bytes[] memory signatures = _signatures(_bridge, 0, 3, transfer);
        vm.etch(PRECOMPILE, "");
        vm.expectRevert(NoAccountKeys.selector);
        _bridge.handleWithSignatures(transfer, signatures);
    }

    function _update(address account, address key, uint256 threshold) private {
        address[] memory list = new address[](1);
        list[0] = key;
        Chain(PRECOMPILE).update(account, list, threshold);
    }

    function _sign(uint256 key, BridgeStorage.Transfer memory transfer) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _bridge.signingDigest(transfer));
        return abi.encodePacked(r, s, v);
    }

    /// What a deployment that fails says.
    function _created(bytes memory code) private returns (bytes memory reason) {
        assembly {
            if iszero(create(0, add(code, 32), mload(code))) {
                reason := mload(0x40)
                mstore(reason, returndatasize())
                returndatacopy(add(reason, 32), 0, returndatasize())
                mstore(0x40, add(add(reason, 32), and(add(returndatasize(), 31), not(31))))
            }
        }
    }
}

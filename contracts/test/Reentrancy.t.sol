// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {OddToken, Reenterer} from "./Mocks.sol";
import {vm} from "./Vm.sol";

/// Whoever is called on the way finds the bridge closed: recipients, tokens, the receiver of fees.
contract ReentrancyTest is BridgeTest {
    Reenterer private _reenterer;
    OddToken private _token;

    function setUp() public override {
        super.setUp();
        _reenterer = new Reenterer();
        _token = new OddToken();
        _token.transfer(USER, 1000);
        _token.transfer(address(lockBridge), 1000);
        lockBridge.registerToken(address(_token), COUNTERPART);
        _token.set(OddToken.Answer.True, 0, _reenterer);
        lockBridge.registerOperator(address(_reenterer));
    }

    /// Each way into the bridge that moves value.
    function _entries() private view returns (bytes[] memory list) {
        BridgeStorage.Transfer memory transfer = _coin(1, OTHER, 1);
        list = new bytes[](11);
        list[0] = abi.encodeCall(lockBridge.requestKLAYTransfer, (OTHER, 0, ""));
        list[1] = "";
        list[2] = abi.encodeCall(lockBridge.requestERC20Transfer, (address(lockToken), OTHER, 1, 0, ""));
        list[3] = abi.encodeCall(lockBridge.onERC20Received, (USER, OTHER, 1, 0, ""));
        list[4] = abi.encodeCall(lockBridge.requestERC721Transfer, (address(lockNFT), OTHER, 1, ""));
        list[5] = abi.encodeWithSignature("onERC721Received(address,uint256,address,bytes)", USER, 1, OTHER, "");
        list[6] = abi.encodeWithSignature("onERC721Received(address,address,uint256,bytes)", USER, USER, 1, "");
        list[7] = _calldata(transfer);
        list[8] = abi.encodeCall(lockBridge.handleWithSignatures, (transfer, _signatures(lockBridge, 0, 3, transfer)));
        list[9] = abi.encodeCall(lockBridge.claim, (0, OTHER));
        list[10] = hex"12345678";
    }

    function _assertClosed(uint256 entry) private view {
        assertTrue(!_reenterer.done(), "entered");
        assertEq(_reenterer.answer(), _error("ReentrancyGuard: reentrant call"), "reason");
        entry;
    }

    function testFuzz_recipients_of_coin(uint8 entry) public {
        bytes[] memory entries = _entries();
        _reenterer.aim(address(lockBridge), entries[entry % entries.length]);
        _handle(lockBridge, _coin(0, address(_reenterer), 1));
        _assertClosed(entry);
        assertEq(address(_reenterer).balance, 1, "delivered");
    }

    function testFuzz_tokens_on_delivery(uint8 entry) public {
        bytes[] memory entries = _entries();
        _reenterer.aim(address(lockBridge), entries[entry % entries.length]);
        _handle(lockBridge, _erc20(0, OTHER, address(_token), 1));
        _assertClosed(entry);
    }

    function testFuzz_tokens_on_request(uint8 entry) public {
        bytes[] memory entries = _entries();
        _reenterer.aim(address(lockBridge), entries[entry % entries.length]);
        vm.startPrank(USER);
        _token.approve(address(lockBridge), 10);
        lockBridge.requestERC20Transfer(address(_token), OTHER, 10, 0, "");
        vm.stopPrank();
        _assertClosed(entry);
        assertEq(lockBridge.requestNonce(), 1, "one request");
    }

    function testFuzz_receivers_of_fees(uint8 entry) public {
        bytes[] memory entries = _entries();
        lockBridge.setFeeReceiver(payable(address(_reenterer)));
        vm.store(address(lockBridge), bytes32(uint256(2)), bytes32(uint256(5)));
        _reenterer.aim(address(lockBridge), entries[entry % entries.length]);
        vm.prank(USER);
        lockBridge.requestKLAYTransfer{value: 10}(OTHER, 5, "");
        _assertClosed(entry);
        assertEq(lockBridge.requestNonce(), 1, "one request");
    }
}

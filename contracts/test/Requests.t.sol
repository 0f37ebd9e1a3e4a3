// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {
    AnswerTooLong,
    ExtraDataTooLong,
    RecipientIsBridgeOrToken,
    SourceIsBound,
    WrongTokenKind,
    ZeroAddress,
    ZeroRecipient
} from "../src/BridgeErrors.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {OddInterfaces, OddNFT, OddToken, Reenterer, Refuser} from "./Mocks.sol";
import {vm, Vm} from "./Vm.sol";

/// Requests, and the registry that decides whether they are taken.
contract RequestsTest is BridgeTest {
    bytes32 private constant REQUEST = 0xeff76c36e53fa5ff52f27acc8a34d5047a8246abb07b77b12f1309f71e337f09;
    bytes32 private constant REQUEST_ENCODED = 0x17d76053ca34a4dd8c402fe6498deb797fac89bf7ed02f3f5161aa9368cc8c1f;
    address payable private constant FEES = payable(address(0xfee));

    function test_coin_is_requested_with_a_fee_and_the_rest_comes_back() public {
        _setFees(3);
        vm.recordLogs();
        vm.prank(USER);
        lockBridge.requestKLAYTransfer{value: 15}(OTHER, 10, "extra");
        _assertRequest(REQUEST, OTHER, address(0), abi.encode(0, 10, 0, 3, bytes("extra")));
        assertEq(FEES.balance, 3, "fee");
        assertEq(USER.balance, FUNDS - 13, "rest came back");
        assertEq(lockBridge.requestNonce(), 1, "nonce");
    }

    function test_without_a_fee_receiver_the_whole_limit_comes_back() public {
        vm.store(address(lockBridge), bytes32(uint256(2)), bytes32(uint256(3)));
        vm.recordLogs();
        vm.prank(USER);
        lockBridge.requestKLAYTransfer{value: 15}(OTHER, 10, "");
        _assertRequest(REQUEST, OTHER, address(0), abi.encode(0, 10, 0, 0, bytes("")));
        assertEq(USER.balance, FUNDS - 10, "rest came back");
    }

    function test_sending_coin_is_a_request_for_oneself() public {
        bytes[2] memory data = [bytes(""), hex"deadbeef01"];
        for (uint256 i = 0; i < 2; i++) {
            vm.recordLogs();
            vm.prank(USER);
            (bool done,) = address(lockBridge).call{value: 15}(data[i]);
            assertTrue(done, "sent");
            _assertRequest(REQUEST, USER, address(0), abi.encode(0, 15, i, 0, bytes("")));
        }
    }

    function test_coin_requests_are_checked() public {
        vm.startPrank(USER);
        vm.expectRevert(bytes("SafeMath: subtraction overflow"));
        lockBridge.requestKLAYTransfer{value: 5}(OTHER, 6, "");
        vm.expectRevert(bytes("insufficient amount"));
        lockBridge.requestKLAYTransfer{value: 5}(OTHER, 0, "");
        vm.expectRevert(ZeroRecipient.selector);
        lockBridge.requestKLAYTransfer{value: 5}(address(0), 5, "");
        vm.expectRevert(ExtraDataTooLong.selector);
        lockBridge.requestKLAYTransfer{value: 5}(OTHER, 5, new bytes(4097));
        lockBridge.requestKLAYTransfer{value: 5}(OTHER, 5, new bytes(4096));
        vm.stopPrank();
        lockBridge.lockKLAY();
        vm.expectRevert(bytes("locked"));
        lockBridge.requestKLAYTransfer{value: 5}(OTHER, 5, "");
        vm.expectRevert(bytes("locked"));
        lockBridge.lockKLAY();
        lockBridge.unlockKLAY();
        vm.expectRevert(bytes("unlocked"));
        lockBridge.unlockKLAY();
        lockBridge.start(false);
        vm.expectRevert(bytes("stopped bridge"));
        lockBridge.requestKLAYTransfer{value: 5}(OTHER, 5, "");
        lockBridge.setRunningStatus(true);
        _setFees(3);
        vm.expectRevert(bytes("insufficient feeLimit"));
        lockBridge.requestKLAYTransfer{value: 7}(OTHER, 5, "");
    }

    function test_fees_that_cannot_be_moved_refuse_the_request() public {
        Refuser refuser = new Refuser();
        vm.deal(address(refuser), 100);
        vm.expectRevert(bytes("run"));
        refuser.run(address(this), abi.encodeCall(this.requestFrom, (lockBridge)));
        vm.expectRevert(bytes("refund fee failed"));
        this.requestFrom(lockBridge);
        lockBridge.setFeeReceiver(payable(address(refuser)));
        vm.store(address(lockBridge), bytes32(uint256(2)), bytes32(uint256(3)));
        vm.deal(USER, 10);
        vm.prank(USER);
        vm.expectRevert(bytes("transfer fee failed"));
        lockBridge.requestKLAYTransfer{value: 10}(OTHER, 5, "");
    }

    /// A request of a sender that takes no coin back.
    function requestFrom(Bridge bridge) external {
        Refuser refuser = new Refuser();
        vm.deal(address(refuser), 10);
        vm.prank(address(refuser));
        bridge.requestKLAYTransfer{value: 10}(OTHER, 5, "");
    }

    function test_tokens_are_requested_in_one_step_and_in_two() public {
        _setFees(3);
        vm.startPrank(USER);
        vm.recordLogs();
        lockToken.requestValueTransfer(10, OTHER, 5, "extra");
        _assertRequest(REQUEST, OTHER, address(lockToken), abi.encode(1, 10, 0, 3, bytes("extra")));
        lockToken.approve(address(lockBridge), 15);
        vm.recordLogs();
        lockBridge.requestERC20Transfer(address(lockToken), OTHER, 10, 5, "");
        _assertRequest(REQUEST, OTHER, address(lockToken), abi.encode(1, 10, 1, 3, bytes("")));
        vm.stopPrank();
        assertEq(lockToken.balanceOf(FEES), 6, "fees");
        assertEq(lockToken.balanceOf(USER), FUNDS - 26, "rest came back");
        assertEq(lockToken.balanceOf(address(lockBridge)), FUNDS + 20, "locked");
    }

    function test_tokens_are_burned_in_mint_mode() public {
        uint256 supply = mintToken.totalSupply();
        vm.startPrank(USER);
        mintToken.requestValueTransfer(10, OTHER, 5, "");
        mintToken.approve(address(mintBridge), 15);
        mintBridge.requestERC20Transfer(address(mintToken), OTHER, 10, 5, "");
        vm.stopPrank();
        assertEq(mintToken.totalSupply(), supply - 20, "burned");
        assertEq(mintToken.balanceOf(USER), FUNDS - 20, "rest came back");
    }

    function test_token_requests_are_checked() public {
        vm.startPrank(USER);
        vm.expectRevert(bytes("not allowed token"));
        lockBridge.requestERC20Transfer(address(mintToken), OTHER, 10, 0, "");
        vm.expectRevert(bytes("not allowed token"));
        lockBridge.onERC20Received(USER, OTHER, 10, 0, "");
        vm.expectRevert(bytes("zero ERC20 token amount"));
        lockToken.requestValueTransfer(0, OTHER, 5, "");
        lockToken.approve(address(lockBridge), 15);
        vm.expectRevert(bytes("zero ERC20 token amount"));
        lockBridge.requestERC20Transfer(address(lockToken), OTHER, 0, 5, "");
        vm.expectRevert(WrongTokenKind.selector);
        lockBridge.requestERC20Transfer(address(lockNFT), OTHER, 10, 0, "");
        vm.stopPrank();
        vm.prank(address(lockNFT));
        vm.expectRevert(WrongTokenKind.selector);
        lockBridge.onERC20Received(USER, OTHER, 10, 0, "");
        vm.prank(address(lockToken));
        vm.expectRevert(WrongTokenKind.selector);
        lockBridge.onERC721Received(USER, uint256(10), OTHER, "");
        lockBridge.lockToken(address(lockToken));
        vm.prank(USER);
        vm.expectRevert(bytes("locked token"));
        lockToken.requestValueTransfer(10, OTHER, 5, "");
    }

    function testFuzz_what_arrives_is_what_is_requested(uint64 value, uint64 feeLimit, uint64 keeps) public {
        OddToken token = new OddToken();
        lockBridge.registerToken(address(token), COUNTERPART);
        token.transfer(USER, 1e25);
        keeps = uint64(keeps % (uint256(value) + feeLimit + 1));
        token.set(OddToken.Answer.True, keeps, Reenterer(payable(0)));
        vm.startPrank(USER);
        token.approve(address(lockBridge), type(uint256).max);
        vm.recordLogs();
        bytes memory data =
            abi.encodeCall(lockBridge.requestERC20Transfer, (address(token), OTHER, value, feeLimit, ""));
        (bool done,) = address(lockBridge).call(data);
        vm.stopPrank();
        // The way back of the fee limit takes its part again.
        bool possible = value > keeps && (feeLimit == 0 || feeLimit >= keeps);
        assertEq(done, possible, "taken");
        if (done) {
            Vm.Log[] memory logs = vm.getRecordedLogs();
            (, uint256 requested) = abi.decode(logs[logs.length - 1].data, (uint256, uint256));
            assertEq(requested, uint256(value) - keeps, "requested");
            assertTrue(token.balanceOf(address(lockBridge)) >= requested, "backed by what arrived");
        }
    }

    function test_nfts_are_requested_in_one_step_and_in_two_and_by_the_hook() public {
        for (uint256 id = 1; id <= 4; id++) {
            lockNFT.mintWithTokenURI(USER, id, "https://x.y/42");
        }
        bytes memory encoded = abi.encode(abi.encode("https://x.y/42"));
        assertEq(encoded.length, 160, "the example of the specification");
        vm.startPrank(USER);
        vm.recordLogs();
        lockNFT.requestValueTransfer(1, OTHER, "extra");
        _assertRequest(REQUEST_ENCODED, OTHER, address(lockNFT), abi.encode(2, 1, 0, 0, bytes("extra"), 2, encoded));
        lockNFT.approve(address(lockBridge), 2);
        vm.recordLogs();
        lockBridge.requestERC721Transfer(address(lockNFT), OTHER, 2, "");
        _assertRequest(REQUEST_ENCODED, OTHER, address(lockNFT), abi.encode(2, 2, 1, 0, bytes(""), 2, encoded));
        vm.recordLogs();
        lockNFT.safeTransferFrom(USER, address(lockBridge), 3);
        _assertRequest(REQUEST_ENCODED, USER, address(lockNFT), abi.encode(2, 3, 2, 0, bytes(""), 2, encoded));
        vm.recordLogs();
        lockNFT.safeTransferFrom(USER, address(lockBridge), 4, abi.encode(OTHER, bytes("extra")));
        _assertRequest(REQUEST_ENCODED, OTHER, address(lockNFT), abi.encode(2, 4, 3, 0, bytes("extra"), 2, encoded));
        vm.stopPrank();
        assertEq(lockNFT.balanceOf(address(lockBridge)), 4, "locked");
    }

    function test_nfts_are_burned_in_mint_mode() public {
        mintNFT.mintWithTokenURI(USER, 1, "u");
        vm.prank(USER);
        mintNFT.requestValueTransfer(1, OTHER, "");
        assertEq(mintNFT.totalSupply(), 0, "burned");
    }

    function test_a_token_uri_that_fails_is_empty_and_one_that_is_too_long_is_refused() public {
        OddNFT nft = new OddNFT();
        lockBridge.registerToken(address(nft), COUNTERPART);
        nft.set(new bytes(100), true);
        vm.recordLogs();
        vm.prank(USER);
        lockBridge.requestERC721Transfer(address(nft), OTHER, 1, "");
        bytes memory nothing = abi.encode(bytes(""));
        assertEq(nothing.length, 64, "64 bytes");
        _assertRequest(REQUEST_ENCODED, OTHER, address(nft), abi.encode(2, 1, 0, 0, bytes(""), 2, nothing));
        nft.set(new bytes(2048), false);
        lockBridge.requestERC721Transfer(address(nft), OTHER, 1, "");
        nft.set(new bytes(2049), false);
        vm.expectRevert(AnswerTooLong.selector);
        lockBridge.requestERC721Transfer(address(nft), OTHER, 1, "");
    }

    /// Nobody could ever use what these are sent: bridges and tokens of both chains.
    function test_requests_to_bridges_and_tokens_are_refused() public {
        lockBridge.setCounterPartBridge(address(0xcb));
        lockNFT.mintWithTokenURI(USER, 42, "u");
        vm.startPrank(USER);
        lockToken.approve(address(lockBridge), 100);
        lockNFT.approve(address(lockBridge), 42);
        address[5] memory traps = [
            address(lockBridge),
            SOURCE,
            address(0xcb),
            address(lockToken),
            lockBridge.registeredTokens(address(lockToken))
        ];
        for (uint256 i = 0; i < traps.length; i++) {
            if (i < 3) {
                vm.expectRevert(RecipientIsBridgeOrToken.selector);
                lockBridge.requestKLAYTransfer{value: 1}(traps[i], 1, "");
                vm.expectRevert(RecipientIsBridgeOrToken.selector);
                lockBridge.requestERC721Transfer(address(lockNFT), traps[i], 42, "");
            }
            vm.expectRevert(RecipientIsBridgeOrToken.selector);
            lockBridge.requestERC20Transfer(address(lockToken), traps[i], 10, 0, "");
            vm.expectRevert(RecipientIsBridgeOrToken.selector);
            lockToken.requestValueTransfer(10, traps[i], 0, "");
        }
        vm.expectRevert(RecipientIsBridgeOrToken.selector);
        lockBridge.requestERC721Transfer(address(lockNFT), address(lockNFT), 42, "");
        vm.expectRevert(RecipientIsBridgeOrToken.selector);
        lockBridge.requestERC721Transfer(address(lockNFT), address(mintNFT), 42, "");
        lockBridge.requestERC721Transfer(address(lockNFT), OTHER, 42, "");
        vm.stopPrank();
        assertEq(lockBridge.requestNonce(), 1, "one request");
    }

    function test_kinds_are_learnt_by_erc_165() public {
        assertEq(uint256(lockBridge.tokenKinds(address(lockToken))), 1, "ERC-20");
        assertEq(uint256(lockBridge.tokenKinds(address(lockNFT))), 2, "ERC-721");
        bytes[4] memory answers = [bytes(""), new bytes(31), abi.encode(2), new bytes(32)];
        for (uint256 i = 0; i < 4; i++) {
            address odd = address(new OddInterfaces(answers[i]));
            lockBridge.registerToken(odd, COUNTERPART);
            assertEq(uint256(lockBridge.tokenKinds(odd)), 1, "not a clear yes");
        }
    }

    function test_the_registry_is_checked() public {
        vm.expectRevert(ZeroAddress.selector);
        lockBridge.registerToken(address(0), COUNTERPART);
        vm.expectRevert(bytes("allowed token"));
        lockBridge.registerToken(address(lockToken), COUNTERPART);
        vm.expectRevert(bytes("counterpart token address is zero"));
        lockBridge.registerToken(OTHER, address(0));
        vm.expectRevert(bytes("not allowed token"));
        lockBridge.deregisterToken(OTHER);
        vm.expectRevert(bytes("not allowed token"));
        lockBridge.lockToken(OTHER);
        vm.expectRevert(bytes("not allowed token"));
        lockBridge.unlockToken(OTHER);
        vm.expectRevert(bytes("unlocked token"));
        lockBridge.unlockToken(address(lockToken));
        lockBridge.lockToken(address(lockToken));
        vm.expectRevert(bytes("locked token"));
        lockBridge.lockToken(address(lockToken));
        lockBridge.unlockToken(address(lockToken));
        lockBridge.lockToken(address(lockToken));
        lockBridge.deregisterToken(address(lockToken));
        assertTrue(!lockBridge.lockedTokens(address(lockToken)), "the lock is gone");
        assertEq(uint256(lockBridge.tokenKinds(address(lockToken))), 0, "the kind is gone");
        assertEq(lockBridge.getRegisteredTokenList().length, 1, "one is left");
        assertEq(lockBridge.registeredTokenList(0), address(lockNFT), "the last took its place");
        assertEq(lockBridge.indexOfTokens(address(lockNFT)), 0, "index");
        lockBridge.deregisterToken(address(lockNFT));
        assertEq(lockBridge.getRegisteredTokenList().length, 0, "none is left");
    }

    function test_the_source_is_bound_once() public {
        Bridge bridge = _bareBridge(false);
        vm.expectRevert(ZeroAddress.selector);
        bridge.bindSource(0, OTHER);
        vm.expectRevert(ZeroAddress.selector);
        bridge.bindSource(1, address(0));
        bridge.bindSource(1, OTHER);
        vm.expectRevert(SourceIsBound.selector);
        bridge.bindSource(1, OTHER);
        vm.prank(OTHER);
        vm.expectRevert(bytes("Ownable: caller is not the owner"));
        bridge.bindSource(1, OTHER);
        bridge.setCounterPartBridge(OTHER);
        assertEq(bridge.counterpartBridge(), OTHER, "counterpart");
    }

    function test_charging_makes_no_request() public {
        vm.recordLogs();
        lockBridge.chargeWithoutEvent{value: 5}();
        assertEq(vm.getRecordedLogs().length, 0, "events");
        assertEq(lockBridge.requestNonce(), 0, "nonce");
    }

    function _setFees(uint256 fee) private {
        lockBridge.setFeeReceiver(FEES);
        vm.store(address(lockBridge), bytes32(uint256(2)), bytes32(fee));
        bytes32 slot = _mapping(bytes32(uint256(uint160(address(lockToken)))), bytes32(uint256(3)));
        vm.store(address(lockBridge), slot, bytes32(fee));
    }

    /// The last event is this request of USER.
    function _assertRequest(bytes32 topic, address to, address token, bytes memory data) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory last = logs[logs.length - 1];
        assertEq(last.emitter, address(lockBridge), "emitter");
        assertEq(last.topics[0], topic, "topic");
        assertEq(last.topics[1], bytes32(uint256(uint160(USER))), "from");
        assertEq(last.topics[2], bytes32(uint256(uint160(to))), "to");
        assertEq(last.topics[3], bytes32(uint256(uint160(token))), "token");
        assertEq(last.data, data, "data");
    }
}

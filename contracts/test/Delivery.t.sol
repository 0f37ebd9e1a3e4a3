// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {
    HandlesArePaused,
    NotRecipient,
    OnlyTheBridge,
    TokenSaysNo,
    TooLittleGas,
    ZeroRecipient
} from "../src/BridgeErrors.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {Bomb, Burner, Eater, OddToken, Reenterer, Refuser} from "./Mocks.sol";
import {vm, Vm} from "./Vm.sol";

contract DeliveryTest is BridgeTest {
    bytes32 private constant FAILED = 0xd3415e34629d2f42c483273552c051c8be36f2b1a2d74d4169db26538adb0309;

    function test_delivers_tokens_in_both_modes() public {
        _handle(lockBridge, _erc20(0, OTHER, address(lockToken), 7));
        assertEq(lockToken.balanceOf(OTHER), 7, "released");
        _handle(mintBridge, _erc20(0, OTHER, address(mintToken), 7));
        assertEq(mintToken.balanceOf(OTHER), 7, "minted");
        lockNFT.mintWithTokenURI(address(lockBridge), 42, "u");
        _handle(lockBridge, _erc721(1, OTHER, address(lockNFT), 42));
        assertEq(lockNFT.ownerOf(42), OTHER, "NFT released");
        _handle(mintBridge, _erc721(1, OTHER, address(mintNFT), 42));
        assertEq(mintNFT.ownerOf(42), OTHER, "NFT minted");
        assertEq(bytes(mintNFT.tokenURI(42)), "https://x.y/42", "URI");
    }

    function test_coin_that_is_refused_is_kept_and_claimed() public {
        Refuser refuser = new Refuser();
        _handleAndFail(lockBridge, _coin(0, address(refuser), 5 ether), _error("no, thanks"));
        assertEq(lockBridge.lowerHandleNonce(), 1, "the nonce is closed");
        assertEq(lockBridge.owed(address(0)), 5 ether, "owed");
        _handle(lockBridge, _coin(1, OTHER, 1));
        assertEq(OTHER.balance, 1, "the next one passes");
        refuser.run(address(lockBridge), abi.encodeCall(lockBridge.claim, (0, OTHER)));
        assertEq(OTHER.balance, 5 ether + 1, "claimed to another address");
        assertEq(lockBridge.owed(address(0)), 0, "nothing owed");
        (address recipient,,,,) = lockBridge.claims(0);
        assertEq(recipient, address(0), "the claim is gone");
    }

    function test_a_claim_is_paid_once_and_to_its_recipient_only() public {
        _handleAndFail(lockBridge, _coin(0, OTHER, FUNDS + 1), "");
        vm.deal(address(lockBridge), FUNDS * 4);
        vm.prank(USER);
        vm.expectRevert(NotRecipient.selector);
        lockBridge.claim(0, USER);
        vm.prank(USER);
        vm.expectRevert(NotRecipient.selector);
        lockBridge.claim(0, address(0));
        vm.startPrank(OTHER);
        vm.expectRevert(ZeroRecipient.selector);
        lockBridge.claim(0, address(0));
        lockBridge.claim(0, OTHER);
        vm.expectRevert(NotRecipient.selector);
        lockBridge.claim(0, OTHER);
        vm.stopPrank();
        assertEq(OTHER.balance, FUNDS + 1, "once");
    }

    /// A recipient may be a contract that cannot call.
    function test_anybody_may_retry_a_delivery_to_its_recipient() public {
        Refuser refuser = new Refuser();
        _handleAndFail(lockBridge, _coin(0, address(refuser), 5 ether), _error("no, thanks"));
        vm.prank(USER);
        vm.expectRevert(bytes("no, thanks"));
        lockBridge.claim(0, address(refuser));
        assertEq(lockBridge.owed(address(0)), 5 ether, "still owed");
        refuser.take(true);
        vm.prank(USER);
        lockBridge.claim(0, address(refuser));
        assertEq(address(refuser).balance, 5 ether, "delivered");
        assertEq(lockBridge.owed(address(0)), 0, "nothing owed");
        vm.prank(USER);
        vm.expectRevert(NotRecipient.selector);
        lockBridge.claim(0, address(refuser));
    }

    function test_what_was_never_owed_cannot_be_claimed() public {
        vm.startPrank(OTHER);
        vm.expectRevert(NotRecipient.selector);
        lockBridge.claim(7, OTHER);
        vm.expectRevert(ZeroRecipient.selector);
        lockBridge.claim(7, address(0));
        vm.stopPrank();
    }

    function test_a_claim_that_fails_stays() public {
        _handleAndFail(lockBridge, _coin(0, OTHER, FUNDS + 1), "");
        vm.prank(OTHER);
        vm.expectRevert();
        lockBridge.claim(0, OTHER);
        assertEq(lockBridge.owed(address(0)), FUNDS + 1, "still owed");
    }

    /// A corrupted quorum, or a token without bounds: the sum of what is owed must not stop a nonce.
    function test_absurd_amounts_close_their_nonces_too() public {
        uint256 most = type(uint256).max;
        _handle(lockBridge, _erc20(0, OTHER, address(lockToken), most));
        _handle(lockBridge, _erc20(1, OTHER, address(lockToken), FUNDS + 1));
        _handle(lockBridge, _erc20(2, OTHER, address(lockToken), most));
        assertEq(lockBridge.lowerHandleNonce(), 3, "all closed");
        assertEq(lockBridge.owed(address(lockToken)), FUNDS - 1, "the sum goes round");
        lockToken.transfer(address(lockBridge), 1);
        vm.prank(OTHER);
        lockBridge.claim(1, OTHER);
        assertEq(lockToken.balanceOf(OTHER), FUNDS + 1, "what can be paid is paid");
        unchecked {
            assertEq(lockBridge.owed(address(lockToken)), 2 * most, "the rest is owed");
        }
    }

    function test_a_token_that_may_not_be_minted_is_kept_with_its_uri() public {
        Bridge bridge = _newBridge(true);
        BridgeStorage.Transfer memory transfer = _erc721(0, OTHER, address(mintNFT), 42);
        _handleAndFail(bridge, transfer, _error("MinterRole: caller does not have the Minter role"));
        assertEq(bridge.owed(address(mintNFT)), 1, "one token owed");
        (address recipient, BridgeStorage.TokenType kind, address token, uint256 id, string memory uri) =
            bridge.claims(0);
        assertEq(recipient, OTHER, "recipient");
        assertEq(uint256(kind), 2, "kind");
        assertEq(token, address(mintNFT), "token");
        assertEq(id, 42, "id");
        assertEq(bytes(uri), "https://x.y/42", "URI");
        mintNFT.addMinter(address(bridge));
        vm.prank(OTHER);
        bridge.claim(0, OTHER);
        assertEq(mintNFT.ownerOf(42), OTHER, "minted at last");
    }

    /// Where the gas of a delivery ends, for the tokens here (docs/contracts.md, "What remains").
    function test_a_uri_above_some_length_becomes_a_claim() public {
        uint256[2] memory lengths = [uint256(1088), 1216];
        for (uint64 nonce = 0; nonce < 2; nonce++) {
            BridgeStorage.Transfer memory transfer = _erc721(nonce, OTHER, address(mintNFT), nonce);
            bytes memory uri = new bytes(lengths[nonce]);
            for (uint256 i = 0; i < uri.length; i++) {
                uri[i] = "u";
            }
            transfer.tokenURI = string(uri);
            _handle(mintBridge, transfer);
            assertEq(mintBridge.owed(address(mintNFT)), nonce, "owed");
        }
        vm.prank(OTHER);
        mintBridge.claim(1, OTHER);
        assertEq(mintNFT.ownerOf(1), OTHER, "a claim has all gas");
    }

    function test_a_token_in_lock_mode_is_kept_without_uri() public {
        _handleAndFail(
            lockBridge,
            _erc721(0, OTHER, address(lockNFT), 42),
            abi.encodeWithSignature("ERC721NonexistentToken(uint256)", 42)
        );
        (,,,, string memory uri) = lockBridge.claims(0);
        assertEq(bytes(uri).length, 0, "URI");
        lockNFT.mintWithTokenURI(address(lockBridge), 42, "u");
        vm.prank(OTHER);
        lockBridge.claim(0, OTHER);
        assertEq(lockNFT.ownerOf(42), OTHER, "released at last");
    }

    /// Requests of generation C may name it: the nonce must not stay open for that.
    function test_a_zero_recipient_closes_the_nonce_too() public {
        _handleAndFail(
            mintBridge,
            _erc20(0, address(0), address(mintToken), 7),
            abi.encodeWithSignature("ERC20InvalidReceiver(address)", address(0))
        );
        assertEq(mintBridge.lowerHandleNonce(), 1, "closed");
    }

    function test_a_recipient_that_uses_all_gas_is_a_failed_delivery() public {
        _handleAndFail(lockBridge, _coin(0, address(new Burner()), 1), "");
    }

    function test_only_the_first_256_bytes_of_an_answer_are_read() public {
        _handleAndFail(lockBridge, _coin(0, address(new Bomb()), 1), new bytes(256));
    }

    /// Whoever sends the deciding vote cannot make it fail by giving little gas: it is then refused as a whole.
    function testFuzz_little_gas_never_makes_a_claim(uint256 gas) public {
        gas = 100_000 + gas % 1_500_000;
        _vote(lockBridge, 0, _coin(0, OTHER, 1));
        _vote(lockBridge, 1, _coin(0, OTHER, 1));
        vm.prank(voters[2]);
        (bool done,) = address(lockBridge).call{gas: gas}(_calldata(_coin(0, OTHER, 1)));
        assertEq(OTHER.balance, done ? 1 : 0, "delivered or refused");
        assertEq(lockBridge.owed(address(0)), 0, "nothing owed");
    }

    /// Not even where the delivery needs almost all it may use.
    function testFuzz_little_gas_never_makes_a_claim_of_a_costly_delivery(uint256 gas) public {
        BridgeStorage.Transfer memory transfer = _coin(0, address(new Eater()), 1);
        gas = 1_100_000 + gas % 200_000;
        _vote(lockBridge, 0, transfer);
        _vote(lockBridge, 1, transfer);
        vm.prank(voters[2]);
        (bool done,) = address(lockBridge).call{gas: gas}(_calldata(transfer));
        assertEq(transfer.to.balance, done ? 1 : 0, "delivered or refused");
        assertEq(lockBridge.owed(address(0)), 0, "nothing owed");
    }

    function test_a_delivery_uses_no_more_than_it_may() public {
        BridgeStorage.Transfer memory transfer = _coin(0, address(new Burner()), 1);
        _vote(lockBridge, 0, transfer);
        _vote(lockBridge, 1, transfer);
        uint256 before = gasleft();
        _vote(lockBridge, 2, transfer);
        assertTrue(before - gasleft() < 1_400_000, "gas of a vote whose delivery uses all it gets");
        assertEq(lockBridge.owed(address(0)), 1, "owed");
    }

    function test_little_gas_is_named() public {
        _vote(lockBridge, 0, _coin(0, OTHER, 1));
        _vote(lockBridge, 1, _coin(0, OTHER, 1));
        vm.prank(voters[2]);
        (bool done, bytes memory reason) = address(lockBridge).call{gas: 1_000_000}(_calldata(_coin(0, OTHER, 1)));
        assertTrue(!done, "taken");
        assertEq(reason, _error(TooLittleGas.selector), "reason");
    }

    function testFuzz_what_a_token_answers_decides_the_delivery(uint8 kind, bool mint) public {
        OddToken.Answer answer = OddToken.Answer(kind % 7);
        OddToken token = new OddToken();
        Bridge bridge = mint ? mintBridge : lockBridge;
        token.transfer(address(bridge), 100);
        token.set(answer, 0, Reenterer(payable(0)));
        _handle(bridge, _erc20(0, OTHER, address(token), 7));
        bool good = answer == OddToken.Answer.True || answer == OddToken.Answer.Nothing;
        assertEq(token.balanceOf(OTHER), good ? 7 : 0, "an answer that is no yes takes the delivery back");
        assertEq(bridge.owed(address(token)), good ? 0 : 7, "owed");
    }

    function test_a_token_without_code_delivers_nothing() public {
        _handleAndFail(lockBridge, _erc20(0, OTHER, address(0xdead), 7), _error(TokenSaysNo.selector));
    }

    function test_nobody_else_may_ask_for_a_delivery() public {
        BridgeStorage.Claim memory wish = BridgeStorage.Claim(OTHER, BridgeStorage.TokenType.KLAY, address(0), 1, "");
        vm.prank(voters[0]);
        vm.expectRevert(OnlyTheBridge.selector);
        lockBridge.deliverOrRevert(wish);
    }

    function test_claims_wait_while_handles_are_paused() public {
        _handleAndFail(lockBridge, _coin(0, OTHER, FUNDS + 1), "");
        lockBridge.pauseHandles();
        vm.prank(OTHER);
        vm.expectRevert(HandlesArePaused.selector);
        lockBridge.claim(0, OTHER);
    }

    function _handleAndFail(Bridge bridge, BridgeStorage.Transfer memory transfer, bytes memory reason) private {
        vm.recordLogs();
        _handle(bridge, transfer);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory last = logs[logs.length - 1];
        assertEq(last.topics[0], FAILED, "HandleDeliveryFailed");
        assertEq(last.topics[1], bytes32(uint256(transfer.requestNonce)), "nonce");
        assertEq(last.data, abi.encode(keccak256(reason)), "reason");
    }
}

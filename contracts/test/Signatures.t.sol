// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {
    FieldNotOfThisKind,
    NoSignatures,
    NonceTooFarAhead,
    SignerIsNotOperator,
    SignersDoNotAscend,
    SourceIsNotBound,
    ZeroRequestBlock
} from "../src/BridgeErrors.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm, Vm} from "./Vm.sol";

contract SignaturesTest is BridgeTest {
    uint256 private constant CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function test_one_transaction_of_anyone_executes_with_three_signatures() public {
        BridgeStorage.Transfer memory transfer = _erc20(0, OTHER, address(lockToken), 5);
        bytes[] memory signatures = _signatures(lockBridge, 0, 3, transfer);
        vm.recordLogs();
        vm.prank(USER);
        lockBridge.handleWithSignatures(transfer, signatures);
        assertEq(lockToken.balanceOf(OTHER), 5, "delivered");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 5, "three votes, the handle, the transfer of the token");
        assertEq(
            logs[3].topics[0], 0x12b02f226d965a2881e0e8ffed6c421803a22d57ad91f9ef996fe0748ea10175, "HandleValueTransfer"
        );
        bytes memory data = abi.encode(transfer.requestTxHash, 1, 5, 0, 1, bytes("extra"));
        assertEq(logs[3].data, data, "data");
    }

    /// What a light client reads is the same, slot by slot.
    function test_signatures_leave_the_same_votes_as_calls() public {
        BridgeStorage.Transfer memory transfer = _erc721(0, OTHER, address(mintNFT), 42);
        Bridge twin = _newBridge(true);
        _handle(mintBridge, transfer);
        twin.handleWithSignatures(transfer, _signatures(twin, 0, 3, transfer));
        bytes32 record = _record(0, 0);
        for (uint256 i = 0; i < 4; i += 2) {
            bytes32 length = bytes32(uint256(record) + i);
            assertEq(_load(twin, length), _load(mintBridge, length), "length of voters or keys");
            for (uint256 item = 0; item < 3; item++) {
                bytes32 slot = bytes32(uint256(keccak256(abi.encode(length))) + item);
                assertEq(_load(twin, slot), _load(mintBridge, slot), "voter or key");
            }
        }
        for (uint256 i = 0; i < 3; i++) {
            assertEq(_load(twin, _votedSlot(0, 0, voters[i])), uint256(_voteKey(transfer)), "voted");
        }
        assertEq(_load(twin, _countSlot(0, 0, _voteKey(transfer))), 3, "count");
        assertEq(twin.executedVoteKeys(0), mintBridge.executedVoteKeys(0), "executed key");
    }

    /// Any transfer: the encoding of a stock ABI encoder is the canonical one, and both ways vote for the same key.
    function testFuzz_both_ways_vote_for_the_key_of_the_canonical_calldata(
        uint8 kind,
        bytes32 requestTxHash,
        address to,
        uint256 value,
        uint64 requestBlockNumber,
        string calldata uri,
        bytes calldata extraData
    ) public {
        BridgeStorage.Transfer memory transfer = _coin(uint64(value % 1000), to, value);
        transfer.tokenType = BridgeStorage.TokenType(kind % 3);
        transfer.requestTxHash = requestTxHash;
        transfer.requestBlockNumber = requestBlockNumber == 0 ? 1 : requestBlockNumber;
        transfer.extraData = extraData;
        if (kind % 3 > 0) transfer.token = address(uint160(value >> 8));
        if (kind % 3 == 2) transfer.tokenURI = uri;
        bytes32 voteKey = keccak256(_calldata(transfer));
        _vote(lockBridge, 0, transfer);
        assertEq(lockBridge.liveVotes(voteKey), 1, "by a call");
        lockBridge.handleWithSignatures(transfer, _signatures(lockBridge, 1, 2, transfer));
        assertEq(lockBridge.liveVotes(voteKey), 2, "by a signature");
    }

    function test_the_digest_is_that_of_eip_712() public view {
        BridgeStorage.Transfer memory t = _erc721(3, OTHER, address(mintNFT), 42);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Spanlight Bridge"),
                keccak256("2"),
                block.chainid,
                address(mintBridge)
            )
        );
        bytes32[14] memory fields = [
            keccak256(
                "Transfer(uint256 sourceChainId,address sourceBridge,uint64 operatorEpoch,uint8 tokenType,bytes32 requestTxHash,address from,address to,address token,uint256 valueOrTokenId,uint64 requestNonce,uint64 requestBlockNumber,string tokenURI,bytes extraData)"
            ),
            bytes32(SOURCE_CHAIN),
            bytes32(uint256(uint160(SOURCE))),
            bytes32(uint256(6)),
            bytes32(uint256(2)),
            t.requestTxHash,
            bytes32(uint256(uint160(t.from))),
            bytes32(uint256(uint160(t.to))),
            bytes32(uint256(uint160(t.token))),
            bytes32(t.valueOrTokenId),
            bytes32(uint256(t.requestNonce)),
            bytes32(uint256(t.requestBlockNumber)),
            keccak256(bytes(t.tokenURI)),
            keccak256(t.extraData)
        ];
        bytes32 expected = keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(fields))));
        assertEq(mintBridge.signingDigest(t), expected, "digest");
    }

    function test_calls_and_signatures_add_up_and_no_operator_counts_twice() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        bytes32 voteKey = _voteKey(transfer);
        _vote(lockBridge, 1, transfer);
        lockBridge.handleWithSignatures(transfer, _signatures(lockBridge, 0, 2, transfer));
        assertEq(lockBridge.liveVotes(voteKey), 2, "a call and a signature of operator 1 are one vote");
        assertEq(_load(lockBridge, _countSlot(0, 0, voteKey)), 2, "count slot");
        _vote(lockBridge, 0, transfer);
        assertEq(lockBridge.liveVotes(voteKey), 2, "a signature and a call of operator 0 are one vote");
        assertTrue(!lockBridge.handled(0), "not decided by two operators");
        _vote(lockBridge, 3, transfer);
        assertTrue(lockBridge.handled(0), "decided by three");
    }

    function test_a_signature_never_takes_back_a_call() public {
        BridgeStorage.Transfer memory old = _coin(0, OTHER, 5);
        bytes[] memory signatures = _signatures(lockBridge, 0, 1, old);
        _vote(lockBridge, 0, _coin(0, OTHER, 6));
        lockBridge.handleWithSignatures(old, signatures);
        assertEq(lockBridge.liveVotes(_voteKey(old)), 0, "the old vote");
        assertEq(lockBridge.liveVotes(_voteKey(_coin(0, OTHER, 6))), 1, "the newer vote");
    }

    /// One more look at the count, asked for by an operator's signature.
    function test_a_repeated_signature_decides_once_the_threshold_is_lower() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        lockBridge.setOperatorThreshold(BridgeStorage.VoteType.ValueTransfer, 4);
        lockBridge.handleWithSignatures(transfer, _signatures(lockBridge, 0, 3, transfer));
        lockBridge.setOperatorThreshold(BridgeStorage.VoteType.ValueTransfer, 3);
        assertTrue(!lockBridge.handled(0), "lowering alone executes nothing");
        lockBridge.handleWithSignatures(transfer, _signatures(lockBridge, 1, 2, transfer));
        assertTrue(lockBridge.handled(0), "executed");
    }

    function test_a_late_signature_changes_nothing() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        _handle(lockBridge, transfer);
        lockBridge.handleWithSignatures(transfer, _signatures(lockBridge, 3, 4, transfer));
        assertEq(OTHER.balance, 5, "delivered once");
        transfer.valueOrTokenId = 6;
        bytes[] memory signatures = _signatures(lockBridge, 3, 4, transfer);
        vm.expectRevert(bytes("removed vote"));
        lockBridge.handleWithSignatures(transfer, signatures);
    }

    function test_a_change_of_operators_voids_signatures() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        bytes[] memory signatures = _signatures(lockBridge, 0, 3, transfer);
        lockBridge.registerOperator(voters[4]);
        vm.expectRevert();
        lockBridge.handleWithSignatures(transfer, signatures);
        assertTrue(!lockBridge.handled(0), "executed");
    }

    function test_a_signature_serves_one_chain_one_bridge_and_one_source() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        bytes32 digest = lockBridge.signingDigest(transfer);
        assertTrue(digest != mintBridge.signingDigest(transfer), "another bridge");
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        assertTrue(digest != lockBridge.signingDigest(transfer), "another chain");
        vm.chainId(chain);
        bytes32[3] memory slots = [bytes32(uint256(29)), bytes32(uint256(30)), bytes32(uint256(26))];
        for (uint256 i = 0; i < 3; i++) {
            bytes32 before = vm.load(address(lockBridge), slots[i]);
            vm.store(address(lockBridge), slots[i], bytes32(uint256(before) + (i == 2 ? 1 << 64 : 1)));
            assertTrue(digest != lockBridge.signingDigest(transfer), "another source or epoch");
            vm.store(address(lockBridge), slots[i], before);
        }
        assertEq(digest, lockBridge.signingDigest(transfer), "back again");
    }

    function testFuzz_every_field_is_signed(uint8 field) public view {
        BridgeStorage.Transfer memory transfer = _erc721(3, OTHER, address(mintNFT), 42);
        bytes32 digest = mintBridge.signingDigest(transfer);
        field %= 10;
        if (field == 0) transfer.tokenType = BridgeStorage.TokenType.ERC20;
        if (field == 1) transfer.requestTxHash = 0;
        if (field == 2) transfer.from = OTHER;
        if (field == 3) transfer.to = USER;
        if (field == 4) transfer.token = USER;
        if (field == 5) transfer.valueOrTokenId++;
        if (field == 6) transfer.requestNonce++;
        if (field == 7) transfer.requestBlockNumber++;
        if (field == 8) transfer.tokenURI = "";
        if (field == 9) transfer.extraData = "";
        assertTrue(digest != mintBridge.signingDigest(transfer), "unsigned field");
    }

    function test_signers_must_ascend() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        bytes[] memory signatures = _signatures(lockBridge, 0, 3, transfer);
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        vm.expectRevert(SignersDoNotAscend.selector);
        lockBridge.handleWithSignatures(transfer, signatures);
    }

    function test_one_signature_thrice_is_refused() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        bytes[] memory signatures = _signatures(lockBridge, 0, 3, transfer);
        (signatures[1], signatures[2]) = (signatures[0], signatures[0]);
        vm.expectRevert(SignersDoNotAscend.selector);
        lockBridge.handleWithSignatures(transfer, signatures);
    }

    function test_a_signature_of_nobody_is_refused() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        bytes[] memory signatures = _signatures(lockBridge, 4, 5, transfer);
        vm.expectRevert(SignerIsNotOperator.selector);
        lockBridge.handleWithSignatures(transfer, signatures);
    }

    function test_a_high_s_is_refused() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[0], lockBridge.signingDigest(transfer));
        bytes32 high = bytes32(CURVE_ORDER - uint256(s));
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, high));
        lockBridge.handleWithSignatures(transfer, signatures);
    }

    function test_a_signature_of_another_length_or_of_zeros_is_refused() public {
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = new bytes(64);
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 64));
        lockBridge.handleWithSignatures(transfer, signatures);
        signatures[0] = new bytes(65);
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        lockBridge.handleWithSignatures(transfer, signatures);
    }

    function test_without_signatures_nothing_is_looked_at() public {
        vm.expectRevert(NoSignatures.selector);
        lockBridge.handleWithSignatures(_coin(0, OTHER, 5), new bytes[](0));
    }

    function test_an_unbound_bridge_takes_no_signatures() public {
        Bridge bridge = _bareBridge(false);
        bytes[] memory signatures = new bytes[](1);
        vm.expectRevert(SourceIsNotBound.selector);
        bridge.handleWithSignatures(_coin(0, OTHER, 5), signatures);
    }

    function test_bounds_hold_for_signatures_too() public {
        BridgeStorage.Transfer memory transfer = _coin(1 << 20, OTHER, 5);
        bytes[] memory signatures = _signatures(lockBridge, 0, 3, transfer);
        vm.expectRevert(NonceTooFarAhead.selector);
        lockBridge.handleWithSignatures(transfer, signatures);
        transfer = _coin(0, OTHER, 5);
        transfer.requestBlockNumber = 0;
        signatures = _signatures(lockBridge, 0, 3, transfer);
        vm.expectRevert(ZeroRequestBlock.selector);
        lockBridge.handleWithSignatures(transfer, signatures);
    }

    function test_fields_that_the_kind_does_not_have_must_be_empty() public {
        bytes[] memory signatures = new bytes[](1);
        BridgeStorage.Transfer memory transfer = _coin(0, OTHER, 5);
        transfer.token = address(lockToken);
        vm.expectRevert(FieldNotOfThisKind.selector);
        lockBridge.handleWithSignatures(transfer, signatures);
        transfer = _erc20(0, OTHER, address(lockToken), 5);
        transfer.tokenURI = "x";
        vm.expectRevert(FieldNotOfThisKind.selector);
        lockBridge.handleWithSignatures(transfer, signatures);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeStorage} from "../src/BridgeStorage.sol";
import {
    AboveRequestLimit,
    HandlesAreNotPaused,
    HandlesArePaused,
    NeedsVotes,
    NonCanonicalCalldata,
    NotConfiguration,
    NotGuardian,
    TooEarly,
    WrongTokenKind
} from "../src/BridgeErrors.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {WrappedCoin} from "./Mocks.sol";
import {vm} from "./Vm.sol";

/// Fees, proposals, and the brakes.
contract ConfigurationTest is BridgeTest {
    bytes4 private constant KLAY_FEE = bytes4(keccak256("setKLAYFee(uint256)"));
    bytes4 private constant ERC20_FEE = bytes4(keccak256("setERC20Fee(address,uint256)"));

    function test_fees_are_set_by_votes_as_in_generation_c() public {
        for (uint256 i = 0; i < 3; i++) {
            assertEq(lockBridge.feeOfKLAY(), 0, "set early");
            vm.prank(voters[i]);
            lockBridge.setKLAYFee(7, 0);
        }
        assertEq(lockBridge.feeOfKLAY(), 7, "fee");
        assertEq(lockBridge.configurationNonce(), 1, "nonce");
        bytes32 voteKey = keccak256(abi.encodeWithSelector(0x1a2ae53e, 7, 0));
        assertEq(_load(lockBridge, _votedSlot(1, 0, voters[0])), uint256(voteKey), "voted");
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(voters[i]);
            lockBridge.setERC20Fee(address(lockToken), 8, 1);
        }
        assertEq(lockBridge.feeOfERC20(address(lockToken)), 8, "token fee");
    }

    function test_fee_votes_are_checked() public {
        vm.expectRevert(bytes("msg.sender is not an operator"));
        lockBridge.setKLAYFee(7, 0);
        vm.expectRevert(bytes("msg.sender is not an operator"));
        lockBridge.setERC20Fee(address(lockToken), 7, 0);
        vm.startPrank(voters[0]);
        vm.expectRevert(bytes("nonce mismatch"));
        lockBridge.setKLAYFee(7, 1);
        vm.expectRevert(bytes("nonce mismatch"));
        lockBridge.setERC20Fee(address(lockToken), 7, 1);
        (bool done, bytes memory reason) = address(lockBridge).call(abi.encodeWithSelector(0x1a2ae53e, 7, 0, 0));
        assertTrue(!done, "trailing bytes");
        assertEq(reason, _error(NonCanonicalCalldata.selector), "reason");
        vm.stopPrank();
    }

    function test_proposals_do_not_displace_each_other() public {
        bytes memory fee = abi.encodeWithSelector(KLAY_FEE, 7);
        bytes memory tokenFee = abi.encodeWithSelector(ERC20_FEE, address(lockToken), 8);
        bytes memory otherFee = abi.encodeWithSelector(KLAY_FEE, 9);
        for (uint256 i = 0; i < 3; i++) {
            vm.startPrank(voters[i]);
            lockBridge.voteConfiguration(tokenFee, 0);
            if (i < 2) lockBridge.voteConfiguration(otherFee, 0);
            lockBridge.voteConfiguration(fee, 0);
            vm.stopPrank();
        }
        assertEq(lockBridge.feeOfKLAY(), 7, "fee");
        assertEq(lockBridge.feeOfERC20(address(lockToken)), 8, "token fee");
        assertEq(lockBridge.subjectNonces(KLAY_FEE), 1, "nonce of the subject");
        vm.startPrank(voters[3]);
        vm.expectRevert(bytes("nonce mismatch"));
        lockBridge.voteConfiguration(otherFee, 0);
        lockBridge.voteConfiguration(otherFee, 1);
        vm.stopPrank();
        assertEq(lockBridge.feeOfKLAY(), 7, "votes of the last nonce count no more");
    }

    function test_votes_of_former_operators_do_not_decide_proposals() public {
        bytes memory fee = abi.encodeWithSelector(KLAY_FEE, 7);
        lockBridge.registerOperator(voters[4]);
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(fee, 0);
        }
        lockBridge.deregisterOperator(voters[0]);
        vm.prank(voters[2]);
        lockBridge.voteConfiguration(fee, 0);
        assertEq(lockBridge.feeOfKLAY(), 0, "decided by two");
        vm.prank(voters[2]);
        lockBridge.voteConfiguration(fee, 0);
        assertEq(lockBridge.feeOfKLAY(), 0, "decided by one voting twice");
    }

    function test_only_configuration_can_be_proposed() public {
        bytes memory call = abi.encodeCall(lockBridge.registerOperator, (OTHER));
        vm.prank(voters[0]);
        vm.expectRevert(NotConfiguration.selector);
        lockBridge.voteConfiguration(call, 0);
        vm.prank(voters[0]);
        vm.expectRevert();
        lockBridge.voteConfiguration(hex"ee5325", 0);
        vm.expectRevert(bytes("msg.sender is not an operator"));
        lockBridge.voteConfiguration(call, 0);
    }

    function test_a_proposal_that_fails_fails_with_its_reason() public {
        bytes memory call = abi.encodeWithSelector(KLAY_FEE);
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(call, 0);
        }
        vm.prank(voters[2]);
        vm.expectRevert(new bytes(0));
        lockBridge.voteConfiguration(call, 0);
        assertEq(lockBridge.subjectNonces(KLAY_FEE), 0, "nonce");
    }

    function test_the_owner_sets_only_what_is_not_set() public {
        lockBridge.setFeeReceiver(payable(OTHER));
        lockBridge.setGuardian(OTHER);
        lockBridge.setLimit(address(0), 0, 5);
        lockBridge.setLimit(address(lockToken), 5, 0);
        vm.expectRevert(NeedsVotes.selector);
        lockBridge.setFeeReceiver(payable(USER));
        vm.expectRevert(NeedsVotes.selector);
        lockBridge.setGuardian(USER);
        vm.expectRevert(NeedsVotes.selector);
        lockBridge.setLimit(address(0), 0, 6);
        vm.expectRevert(NeedsVotes.selector);
        lockBridge.setLimit(address(lockToken), 0, 0);
        vm.expectRevert(NeedsVotes.selector);
        lockBridge.setKLAYFee(1);
        vm.expectRevert(NeedsVotes.selector);
        lockBridge.setERC20Fee(address(lockToken), 1);
        vm.prank(OTHER);
        vm.expectRevert(NeedsVotes.selector);
        mintBridge.setGuardian(OTHER);
        _propose(abi.encodeCall(lockBridge.setFeeReceiver, (payable(USER))));
        _propose(abi.encodeCall(lockBridge.setGuardian, (USER)));
        _propose(abi.encodeCall(lockBridge.setLimit, (address(0), 1, 2)));
        assertEq(lockBridge.feeReceiver(), USER, "fee receiver");
        assertEq(lockBridge.guardian(), USER, "guardian");
        (uint128 request, uint128 outflow) = lockBridge.limits(address(0));
        assertTrue(request == 1 && outflow == 2, "limits");
    }

    function test_a_guardian_stops_handles_and_the_owner_starts_them_after_a_day() public {
        lockBridge.setGuardian(OTHER);
        vm.prank(USER);
        vm.expectRevert(NotGuardian.selector);
        lockBridge.pauseHandles();
        vm.prank(OTHER);
        lockBridge.pauseHandles();
        _voteFails(lockBridge, 0, _coin(0, OTHER, 1), _error(HandlesArePaused.selector));
        bytes[] memory signatures = _signatures(lockBridge, 0, 3, _coin(0, OTHER, 1));
        vm.expectRevert(HandlesArePaused.selector);
        lockBridge.handleWithSignatures(_coin(0, OTHER, 1), signatures);
        vm.expectRevert(TooEarly.selector);
        lockBridge.resumeHandles();
        lockBridge.scheduleResume();
        uint256 time = block.timestamp + 1 days;
        assertEq(lockBridge.resumeTime(), time, "time");
        vm.warp(time - 1);
        vm.expectRevert(TooEarly.selector);
        lockBridge.resumeHandles();
        vm.warp(time);
        lockBridge.resumeHandles();
        _handle(lockBridge, _coin(0, OTHER, 1));
        assertEq(OTHER.balance, 1, "handles run");
        vm.expectRevert(HandlesAreNotPaused.selector);
        lockBridge.resumeHandles();
        vm.expectRevert(HandlesAreNotPaused.selector);
        lockBridge.scheduleResume();
    }

    function test_a_guardian_can_end_a_resume_under_way() public {
        lockBridge.pauseHandles();
        lockBridge.scheduleResume();
        lockBridge.setGuardian(OTHER);
        vm.prank(OTHER);
        lockBridge.pauseHandles();
        vm.warp(block.timestamp + 2 days);
        vm.expectRevert(TooEarly.selector);
        lockBridge.resumeHandles();
    }

    /// Its `transferFrom` moves an amount, so a vote for an "id" would move it all and count 1.
    function test_an_erc20_token_voted_as_erc721_is_refused() public {
        WrappedCoin token = new WrappedCoin();
        token.deposit{value: 10 ether}();
        token.transferFrom(address(this), address(lockBridge), 10 ether);
        lockBridge.registerToken(address(token), OTHER);
        lockBridge.setLimit(address(token), 0, 5 ether);
        BridgeStorage.Transfer memory theft = _erc721(0, OTHER, address(token), 10 ether);
        _vote(lockBridge, 0, theft);
        _vote(lockBridge, 1, theft);
        _voteFails(lockBridge, 2, theft, _error(WrongTokenKind.selector));
        theft.requestNonce = 1;
        bytes[] memory signatures = _signatures(lockBridge, 0, 3, theft);
        vm.expectRevert(WrongTokenKind.selector);
        lockBridge.handleWithSignatures(theft, signatures);
        assertEq(token.balanceOf(OTHER), 0, "nothing left");
        _handle(lockBridge, _erc20(0, OTHER, address(token), 5 ether));
        assertEq(token.balanceOf(OTHER), 5 ether, "the nonce was still open");
        (uint192 level,) = lockBridge.outflows(address(token));
        assertEq(level, 5 ether, "counted by amount");
    }

    function test_an_erc721_token_voted_as_erc20_is_refused() public {
        BridgeStorage.Transfer memory transfer = _erc20(0, OTHER, address(mintNFT), 1);
        _vote(mintBridge, 0, transfer);
        _vote(mintBridge, 1, transfer);
        _voteFails(mintBridge, 2, transfer, _error(WrongTokenKind.selector));
    }

    /// As in generation C, which looks at no registry here.
    function test_a_token_that_is_not_registered_is_of_the_voted_kind() public {
        WrappedCoin token = new WrappedCoin();
        token.deposit{value: 10 ether}();
        token.transferFrom(address(this), address(lockBridge), 10 ether);
        _handle(lockBridge, _erc721(0, OTHER, address(token), 10 ether));
        assertEq(token.balanceOf(OTHER), 10 ether, "as voted");
    }

    function test_requests_above_the_limit_are_refused() public {
        lockBridge.setLimit(address(0), 100, 0);
        vm.startPrank(USER);
        lockBridge.requestKLAYTransfer{value: 100}(OTHER, 100, "");
        vm.expectRevert(AboveRequestLimit.selector);
        lockBridge.requestKLAYTransfer{value: 101}(OTHER, 101, "");
        vm.stopPrank();
    }

    function _propose(bytes memory call) private {
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(voters[i]);
            lockBridge.voteConfiguration(call, 0);
        }
    }
}

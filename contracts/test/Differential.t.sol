// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {ServiceChainNFT} from "../src/tokens/ServiceChainNFT.sol";
import {ServiceChainToken} from "../src/tokens/ServiceChainToken.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm, Vm} from "./Vm.sol";

/// The recorded bridge of generation C and ours get the same random calls, one after the other in the same world and at the same
/// address. Every result, every event (of the tokens too) and, at the end, every slot that generation C wrote must be equal. What is
/// meant to differ is listed in docs/contracts.md; each allowance below names its number there.
contract DifferentialTest is BridgeTest {
    struct Outcome {
        bool done;
        bytes answer;
        Vm.Log[] logs;
        bytes4 selector;
    }

    error AnswersDiffer(uint256 step, bytes generationC, bytes ours);

    bytes32 private constant VOTE_CAST = 0xefb0872a142fc49b6416be90e14fdab012294b0e3adca8115bd358fa7c5ca6bd;
    uint256 private constant STEPS = 80;
    uint256 private constant NONCES = 4;

    Bridge private _bridge;
    ServiceChainToken private _token;
    ServiceChainNFT private _nft;
    address private _third;
    bool private _old;
    /// How often an event was seen in both, by its topic; and late votes, and equal failures.
    mapping(bytes32 topic => uint256) private _seen;

    function setUp() public override {
        super.setUp();
        vm.deal(address(this), 1e30);
        for (uint256 i = 0; i < voters.length; i++) {
            vm.deal(voters[i], 1e24);
        }
    }

    /// Votes, requests, configuration and the registry, with five operators that stay.
    /// forge-config: default.fuzz.runs = 40
    /// forge-config: soak.fuzz.runs = 400
    function testFuzz_the_same_calls_give_the_same(uint256 seed, bool mint) public {
        _compare(seed, mint, false);
    }

    /// Operators and thresholds, with no votes: those of removed operators are meant to count differently (5).
    /// forge-config: default.fuzz.runs = 40
    /// forge-config: soak.fuzz.runs = 400
    function testFuzz_the_same_operators_and_thresholds(uint256 seed) public {
        _compare(seed, false, true);
    }

    /// The comparison is worth something only if the calls get somewhere.
    function test_the_random_calls_reach_what_they_compare() public {
        string[8] memory names = [
            "HandleValueTransfer(bytes32,uint8,address,address,address,uint256,uint64,uint64,bytes)",
            "RequestValueTransfer(uint8,address,address,address,uint256,uint64,uint256,bytes)",
            "RequestValueTransferEncoded(uint8,address,address,address,uint256,uint64,uint256,bytes,uint8,bytes)",
            "KLAYFeeChanged(uint256)",
            "ERC20FeeChanged(address,uint256)",
            "FeeReceiverChanged(address)",
            "late vote",
            "failure"
        ];
        for (uint256 seed = 0; seed < 8; seed++) {
            this.compare(seed, seed % 2 == 0);
        }
        for (uint256 i = 0; i < names.length; i++) {
            assertTrue(_seen[keccak256(bytes(names[i]))] > 0, names[i]);
        }
    }

    /// A call of its own, so that its memory is given back.
    function compare(uint256 seed, bool mint) external {
        _compare(seed, mint, false);
    }

    function _compare(uint256 seed, bool mint, bool administration) private {
        uint256 snapshot = vm.snapshotState();
        _old = true;
        _build(mint);
        vm.record();
        Outcome[] memory expected = new Outcome[](STEPS);
        for (uint256 i = 0; i < STEPS; i++) {
            expected[i] = administration ? _administer(seed, i) : _step(seed, i);
        }
        (, bytes32[] memory slots) = vm.accesses(address(_bridge));
        bytes32[] memory values = new bytes32[](slots.length);
        for (uint256 i = 0; i < slots.length; i++) {
            values[i] = vm.load(address(_bridge), slots[i]);
        }
        bytes32[] memory ends = _ends();

        vm.revertToState(snapshot);
        _old = false;
        _build(mint);
        for (uint256 i = 0; i < STEPS; i++) {
            _same(expected[i], administration ? _administer(seed, i) : _step(seed, i), i);
        }
        for (uint256 i = 0; i < slots.length; i++) {
            // Slot 18, the lock, holds another number (documented with the layout).
            if (slots[i] != bytes32(uint256(18))) {
                assertEq(vm.load(address(_bridge), slots[i]), values[i], "a slot that generation C wrote");
            }
        }
        bytes32[] memory ours = _ends();
        for (uint256 i = 0; i < ours.length; i++) {
            assertEq(ours[i], ends[i], "a slot or balance at the end");
        }
    }

    /// Both worlds are built by the same steps, so all addresses are the same.
    function _build(bool mint) private {
        address made = _old
            ? _deployRecorded("bridge", abi.encode(mint))
            : _deploy(type(Bridge).creationCode, "Bridge", abi.encode(mint, false));
        _bridge = Bridge(payable(made));
        _token = _newToken(_bridge);
        _nft = _newNFT(_bridge);
        _third = address(_newToken(_bridge));
        _token.addMinter(made);
        _nft.addMinter(made);
        vm.deal(made, 1e24);
        _token.transfer(made, 1e24);
        for (uint256 i = 0; i < voters.length; i++) {
            _bridge.registerOperator(voters[i]);
            _majority();
            _token.transfer(voters[i], 1e24);
            vm.prank(voters[i]);
            _token.approve(made, type(uint256).max);
            vm.prank(voters[i]);
            _nft.setApprovalForAll(made, true);
        }
        for (uint256 id = 0; id < 40; id++) {
            // Even ones are in the bridge, to be released; odd ones belong to users.
            _nft.mintWithTokenURI(id % 2 == 0 ? made : voters[id % 5], id, "https://x.y/42");
        }
        _bridge.registerToken(address(_token), COUNTERPART);
        _bridge.registerToken(address(_nft), COUNTERPART);
        _bridge.setOperatorThreshold(BridgeStorage.VoteType.ValueTransfer, 4);
    }

    /// Generation C does not raise thresholds by itself (9).
    function _majority() private {
        if (!_old) return;
        uint8 majority = uint8(_bridge.getOperatorList().length / 2 + 1);
        for (uint8 kind = 0; kind < 2; kind++) {
            if (_bridge.operatorThresholds(kind) < majority) {
                _bridge.setOperatorThreshold(BridgeStorage.VoteType(kind), majority);
            }
        }
    }

    function _step(uint256 seed, uint256 step) private returns (Outcome memory) {
        uint256 roll = uint256(keccak256(abi.encode(seed, step)));
        address sender = voters[roll % 5];
        uint256 what = (roll >> 16) % 16;
        uint256 amount = (roll >> 32) % 4;
        if (what < 7) {
            // Once in a while by somebody who is no operator.
            return _run((roll >> 64) % 16 == 0 ? USER : sender, 0, _calldata(_transfer(roll)));
        }
        if (what < 10) return _run(sender, (roll >> 88) % 4 < 2 ? (roll >> 40) % 6 : 0, _request(roll, amount));
        if (what == 10) return _run(address(_token), 0, _received(roll, amount));
        if (what < 14) return _run(sender, 0, _fee(roll, amount));
        // The fee receiver's setter says differently why it refuses (11).
        bool outsider = (roll >> 64) % 8 == 0 && (roll >> 128) % 13 != 12;
        return _run(outsider ? sender : address(this), 0, _registry(roll));
    }

    /// One of a few transfers for one of a few nonces, so that votes meet. Each kind can be delivered: see differences 1 and 7.
    function _transfer(uint256 roll) private view returns (BridgeStorage.Transfer memory transfer) {
        uint64 nonce = uint64((roll >> 72) % NONCES);
        uint256 variant = (roll >> 80) % 3 == 0 ? 1 : 0;
        uint256 kind = nonce % 3;
        if (kind == 0) return _coin(nonce, OTHER, 1 + variant);
        if (kind == 1) return _erc20(nonce, OTHER, address(_token), 1 + variant);
        uint256 id = _bridge.modeMintBurn() ? 100 + nonce + variant : 2 * (nonce + variant);
        return _erc721(nonce, OTHER, address(_nft), id);
    }

    function _request(uint256 roll, uint256 amount) private view returns (bytes memory) {
        uint256 kind = (roll >> 88) % 4;
        if (kind == 0) return abi.encodeCall(_bridge.requestKLAYTransfer, (OTHER, amount, "extra"));
        if (kind == 1) return "";
        if (kind == 2) {
            return abi.encodeCall(_bridge.requestERC20Transfer, (address(_token), OTHER, amount, (roll >> 96) % 4, ""));
        }
        uint256 id = 5 * ((roll >> 104) % 4) + roll % 5;
        // Ids of the sender or not, there or not: the reasons of tokens are the same, since the token is.
        return abi.encodeCall(_bridge.requestERC721Transfer, (address(_nft), OTHER, id, "extra"));
    }

    function _received(uint256 roll, uint256 amount) private pure returns (bytes memory) {
        return abi.encodeWithSignature(
            "onERC20Received(address,address,uint256,uint256,bytes)", USER, OTHER, amount, (roll >> 96) % 4, "extra"
        );
    }

    /// Most operators propose the same, so that some proposals are decided.
    function _fee(uint256 roll, uint256 amount) private view returns (bytes memory) {
        uint64 next = _bridge.configurationNonce();
        uint64 nonce = next + uint64((roll >> 112) % 8 / 7);
        uint256 fee = (roll >> 116) % 8 == 0 ? amount : 1 + next % 3;
        bool coin = (roll >> 120) % 8 == 0 ? next % 2 == 1 : next % 2 == 0;
        return coin
            ? abi.encodeWithSignature("setKLAYFee(uint256,uint64)", fee, nonce)
            : abi.encodeWithSignature("setERC20Fee(address,uint256,uint64)", _token, fee, nonce);
    }

    function _registry(uint256 roll) private view returns (bytes memory) {
        uint256 what = (roll >> 128) % 13;
        address token = [address(_token), address(_nft), _third][(roll >> 136) % 3];
        if (what < 2) {
            return abi.encodeCall(_bridge.registerToken, (token, [COUNTERPART, address(0)][(roll >> 140) % 8 / 7]));
        }
        if (what == 2) return abi.encodeCall(_bridge.deregisterToken, (token));
        if (what == 3) return abi.encodeCall(_bridge.lockToken, (token));
        if (what < 6) return abi.encodeCall(_bridge.unlockToken, (token));
        if (what == 6) return abi.encodeCall(_bridge.lockKLAY, ());
        if (what < 9) return abi.encodeCall(_bridge.unlockKLAY, ());
        if (what == 9) return abi.encodeCall(_bridge.start, ((roll >> 144) % 4 != 0));
        if (what == 10) return abi.encodeCall(_bridge.setRunningStatus, ((roll >> 144) % 4 != 0));
        if (what == 11) return abi.encodeCall(_bridge.setCounterPartBridge, (token));
        // The owner sets it once (11).
        if (_bridge.feeReceiver() != address(0)) return abi.encodeCall(_bridge.getOperatorList, ());
        return abi.encodeCall(_bridge.setFeeReceiver, (payable(address(0xfee))));
    }

    function _administer(uint256 seed, uint256 step) private returns (Outcome memory outcome) {
        uint256 roll = uint256(keccak256(abi.encode(seed, step)));
        address operator = address(uint160(1 + (roll >> 8) % 15));
        BridgeStorage.VoteType kind = BridgeStorage.VoteType((roll >> 16) % 2);
        uint8 threshold = uint8((roll >> 24) % 14);
        uint256 size = _bridge.getOperatorList().length;
        if (roll % 4 < 2) {
            outcome = _run(address(this), 0, abi.encodeCall(_bridge.registerOperator, (operator)));
            _majority();
            // The event of a raised threshold is ours alone (9): not in the outcome of the old one, which is told separately.
            outcome.logs = _without(outcome.logs, keccak256("OperatorThresholdChanged(uint8,uint8)"));
            return outcome;
        }
        if (roll % 4 == 2) {
            bool refused = size - 1 < _bridge.operatorThresholds(0) || size - 1 < _bridge.operatorThresholds(1);
            // Unknown operators fail in both, but only ours says why (9); with few operators only ours refuses (9).
            if (refused || !_bridge.operators(operator)) return outcome;
            return _run(address(this), 0, abi.encodeCall(_bridge.deregisterOperator, (operator)));
        }
        // Below a majority only ours refuses (9).
        if (threshold > 0 && threshold < size / 2 + 1) return outcome;
        return _run(address(this), 0, abi.encodeCall(_bridge.setOperatorThreshold, (kind, threshold)));
    }

    function _without(Vm.Log[] memory logs, bytes32 topic) private pure returns (Vm.Log[] memory left) {
        uint256 count = 0;
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != topic) logs[count++] = logs[i];
        }
        left = new Vm.Log[](count);
        for (uint256 i = 0; i < count; i++) {
            left[i] = logs[i];
        }
    }

    function _run(address sender, uint256 value, bytes memory data) private returns (Outcome memory outcome) {
        outcome.selector = bytes4(data);
        vm.deal(sender, 1e24);
        vm.recordLogs();
        vm.prank(sender);
        (outcome.done, outcome.answer) = address(_bridge).call{value: value}(data);
        // Foundry records the events of failed calls too, which no chain has.
        Vm.Log[] memory logs = vm.getRecordedLogs();
        outcome.logs = outcome.done ? logs : new Vm.Log[](0);
        if (!_old && _isLateVote(outcome, data)) {
            outcome.answer = "late";
        }
    }

    /// A vote for what was executed returns quietly (7).
    function _isLateVote(Outcome memory outcome, bytes memory data) private view returns (bool) {
        if (!outcome.done || outcome.logs.length != 0) return false;
        for (uint64 nonce = 0; nonce < NONCES; nonce++) {
            if (_bridge.executedVoteKeys(nonce) == keccak256(data)) return true;
        }
        return false;
    }

    function _same(Outcome memory old, Outcome memory ours, uint256 step) private {
        if (keccak256(ours.answer) == keccak256("late") && ours.done) {
            bytes32 reason = keccak256(old.answer);
            bool refused = reason == keccak256(_error("closed vote")) || reason == keccak256(_error("removed vote"));
            assertTrue(!old.done && refused, "a late vote was none in generation C");
            _seen[keccak256("late vote")]++;
            return;
        }
        assertEq(ours.done, old.done, string.concat("success of step ", vm.toString(step)));
        if (_asksNoUnknownToken(ours)) return;
        require(keccak256(ours.answer) == keccak256(old.answer), AnswersDiffer(step, old.answer, ours.answer));
        if (!ours.done) _seen[keccak256("failure")]++;
        uint256 next = 0;
        for (uint256 i = 0; i < ours.logs.length; i++) {
            if (ours.logs[i].topics[0] == VOTE_CAST) continue;
            assertTrue(next < old.logs.length, "an event too many");
            assertEq(keccak256(abi.encode(ours.logs[i])), keccak256(abi.encode(old.logs[next])), "event");
            _seen[ours.logs[i].topics[0]]++;
            next++;
        }
        assertEq(next, old.logs.length, string.concat("number of events of step ", vm.toString(step)));
    }

    /// Two-step requests look at the registry before they call the token, which may have its own reason to say no (10).
    function _asksNoUnknownToken(Outcome memory ours) private pure returns (bool) {
        bool twoSteps = ours.selector == bytes4(0x26c23b54) || ours.selector == bytes4(0x22604742);
        bytes32 reason = keccak256(ours.answer);
        return twoSteps && !ours.done
            && (reason == keccak256(_error("not allowed token")) || reason == keccak256(_error("locked token")));
    }

    /// Slots that generation C may not have touched, so that ours must not either; and all balances.
    function _ends() private view returns (bytes32[] memory list) {
        list = new bytes32[](20 + NONCES * 6 + 8);
        uint256 next = 0;
        for (uint256 slot = 0; slot < 20; slot++) {
            if (slot != 18) list[next++] = vm.load(address(_bridge), bytes32(slot));
        }
        for (uint64 nonce = 0; nonce < NONCES; nonce++) {
            for (uint8 kind = 0; kind < 2; kind++) {
                list[next++] = vm.load(address(_bridge), _record(kind, nonce));
                list[next++] = vm.load(address(_bridge), bytes32(uint256(_record(kind, nonce)) + 2));
            }
            list[next++] = bytes32(uint256(_bridge.closedValueTransferVotes(nonce) ? 1 : 0));
            list[next++] = bytes32(uint256(_bridge.handleNoncesToBlockNums(nonce)));
        }
        list[next++] = bytes32(address(_bridge).balance);
        list[next++] = bytes32(OTHER.balance);
        list[next++] = bytes32(address(0xfee).balance);
        list[next++] = bytes32(_token.balanceOf(OTHER));
        list[next++] = bytes32(_token.balanceOf(address(_bridge)));
        list[next++] = bytes32(_token.totalSupply());
        list[next++] = bytes32(_nft.balanceOf(OTHER));
        list[next++] = bytes32(_nft.balanceOf(address(_bridge)));
    }
}

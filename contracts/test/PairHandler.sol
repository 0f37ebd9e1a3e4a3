// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {Reenterer, Refuser} from "./Mocks.sol";
import {vm, Vm} from "./Vm.sol";

/// Random life of a pair of bridges: users request and claim, operators vote by calls and by signatures, the first of them lies at
/// times, operators come and go. It keeps its own books, against which the invariants are checked; nothing here may revert.
contract PairHandler is BridgeTest {
    bytes32 private constant HANDLED = 0x12b02f226d965a2881e0e8ffed6c421803a22d57ad91f9ef996fe0748ea10175;

    struct Ballot {
        bytes32 voteKey;
        uint256 registration;
    }

    /// Sums of one kind of value on one bridge.
    struct Sums {
        uint256 requested;
        uint256 executed;
    }

    /// What was requested for this bridge, in the order of nonces.
    mapping(Bridge => BridgeStorage.Transfer[]) private _requests;
    mapping(Bridge => mapping(uint64 nonce => uint256)) public executions;
    mapping(Bridge => mapping(uint64 nonce => mapping(address voter => Ballot))) private _ballots;
    mapping(Bridge => mapping(address voter => uint256)) private _registrations;
    /// By the bridge it was requested on, or executed on.
    mapping(Bridge => mapping(BridgeStorage.TokenType => Sums)) public sums;
    mapping(string event_ => uint256) public seen;
    Refuser private _refuser;
    Reenterer private _reenterer;
    uint256 private _nextId;

    function setUp() public override {
        super.setUp();
        _refuser = new Refuser();
        _reenterer = new Reenterer();
        vm.deal(address(this), 0);
        vm.prank(USER);
        lockToken.approve(address(lockBridge), type(uint256).max);
        vm.prank(USER);
        mintToken.approve(address(mintBridge), type(uint256).max);
    }

    function bridges() external view returns (Bridge, Bridge) {
        return (lockBridge, mintBridge);
    }

    function requestsFor(Bridge bridge) external view returns (uint256) {
        return _requests[bridge].length;
    }

    function tokenOf(Bridge bridge) public view returns (address) {
        return bridge == lockBridge ? address(lockToken) : address(mintToken);
    }

    function requestCoin(bool onMint, uint256 amount, uint8 to) external {
        (Bridge bridge, Bridge other) = _ends(onMint);
        amount = 1 + amount % 1 ether;
        if (USER.balance < amount) return;
        address[3] memory recipients = [OTHER, address(_refuser), address(_reenterer)];
        address recipient = recipients[to % 3];
        vm.prank(USER);
        bridge.requestKLAYTransfer{value: amount}(recipient, amount, "extra");
        _note(bridge, other, _coin(0, recipient, amount));
    }

    function requestToken(bool onMint, bool twoSteps, uint256 amount) external {
        (Bridge bridge, Bridge other) = _ends(onMint);
        amount = 1 + amount % 1 ether;
        if ((onMint ? mintToken : lockToken).balanceOf(USER) < amount) return;
        vm.prank(USER);
        if (twoSteps) {
            bridge.requestERC20Transfer(tokenOf(bridge), USER, amount, 0, "extra");
        } else {
            (onMint ? mintToken : lockToken).requestValueTransfer(amount, USER, 0, "extra");
        }
        _note(bridge, other, _erc20(0, USER, tokenOf(other), amount));
    }

    function requestNFT() external {
        uint256 id = _nextId++;
        lockNFT.mintWithTokenURI(USER, id, "https://x.y/42");
        vm.prank(USER);
        lockNFT.requestValueTransfer(id, OTHER, "extra");
        _note(lockBridge, mintBridge, _erc721(0, OTHER, address(mintNFT), id));
    }

    /// One operator votes by a call. Only the first of them lies, and may do so about what was never requested.
    function voteByCall(bool onMint, uint256 which, uint256 who, bool lie) external {
        (Bridge bridge,) = _ends(onMint);
        who %= voters.length;
        (bool found, BridgeStorage.Transfer memory transfer) = _pick(bridge, which, who == 0 && lie);
        if (!found) return;
        bool late = bridge.handled(transfer.requestNonce);
        vm.recordLogs();
        (bool done, bytes memory reason) = _voteRaw(bridge, voters[who], _calldata(transfer));
        if (!bridge.operators(voters[who])) {
            assertEq(reason, _error("msg.sender is not an operator"), "an outsider voted");
            return;
        }
        if (!done) {
            assertTrue(late && who == 0 && lie, "an honest vote failed");
            return;
        }
        if (!late) _ballots[bridge][transfer.requestNonce][voters[who]] = _ballot(bridge, transfer, voters[who]);
        _readLogs(bridge);
    }

    /// Somebody brings signatures of some operators, honest ones.
    function voteBySignatures(bool onMint, uint256 which, uint8 set) external {
        (Bridge bridge,) = _ends(onMint);
        (bool found, BridgeStorage.Transfer memory transfer) = _pick(bridge, which, false);
        if (!found) return;
        bytes[] memory signatures = new bytes[](voters.length);
        uint256 count = 0;
        bool late = bridge.handled(transfer.requestNonce);
        for (uint256 i = 1; i < voters.length; i++) {
            if ((set >> i) & 1 == 0 || !bridge.operators(voters[i])) continue;
            signatures[count++] = _signature(bridge, i, transfer);
            Ballot storage ballot = _ballots[bridge][transfer.requestNonce][voters[i]];
            bool voted = ballot.voteKey != 0 && ballot.registration == _registrations[bridge][voters[i]];
            if (!late && !voted) {
                _ballots[bridge][transfer.requestNonce][voters[i]] = _ballot(bridge, transfer, voters[i]);
            }
        }
        if (count == 0) return;
        assembly ("memory-safe") {
            mstore(signatures, count)
        }
        vm.recordLogs();
        vm.prank(USER);
        bridge.handleWithSignatures(transfer, signatures);
        _readLogs(bridge);
    }

    function claim(bool onMint, uint64 nonce, bool takes) external {
        (Bridge bridge,) = _ends(onMint);
        uint256 count = _requests[bridge].length;
        if (count == 0) return;
        address recipient;
        // The next one that is owed.
        for (uint256 i = 0; i < count && recipient == address(0); i++) {
            nonce = uint64((uint256(nonce) + 1) % count);
            (recipient,,,,) = bridge.claims(nonce);
        }
        if (recipient == address(0)) return;
        _refuser.take(takes);
        vm.prank(recipient);
        // It may fail again, and then stays.
        (bool done,) = address(bridge).call(abi.encodeCall(bridge.claim, (nonce, recipient)));
        if (done) seen["claim"]++;
        _refuser.take(false);
    }

    function changeOperators(bool onMint, uint256 who) external {
        (Bridge bridge,) = _ends(onMint);
        address voter = voters[who % voters.length];
        if (!bridge.operators(voter)) {
            bridge.registerOperator(voter);
            _registrations[bridge][voter]++;
        } else if (bridge.getOperatorList().length > bridge.operatorThresholds(0)) {
            bridge.deregisterOperator(voter);
            seen["deregistration"]++;
        }
    }

    function changeMinter() external {
        if (mintToken.isMinter(address(mintBridge))) {
            vm.prank(address(mintBridge));
            mintToken.renounceMinter();
        } else {
            mintToken.addMinter(address(mintBridge));
        }
    }

    /// Once the recipient is called, it calls the bridge.
    function aim(bool onMint, bool request) external {
        (Bridge bridge,) = _ends(onMint);
        bytes memory data = request ? bytes("") : abi.encodeCall(bridge.claim, (0, address(_reenterer)));
        _reenterer.aim(address(bridge), data);
    }

    function _ends(bool onMint) private view returns (Bridge bridge, Bridge other) {
        return onMint ? (mintBridge, lockBridge) : (lockBridge, mintBridge);
    }

    function _note(Bridge bridge, Bridge other, BridgeStorage.Transfer memory transfer) private {
        uint64 nonce = uint64(_requests[other].length);
        transfer.requestNonce = nonce;
        transfer.requestTxHash = keccak256(abi.encode(bridge, nonce));
        transfer.requestBlockNumber = 100 + nonce;
        _requests[other].push(transfer);
        sums[bridge][transfer.tokenType].requested += _amount(transfer);
    }

    function _pick(Bridge bridge, uint256 which, bool lie)
        private
        view
        returns (bool found, BridgeStorage.Transfer memory transfer)
    {
        uint256 count = _requests[bridge].length;
        if (count == 0) return (false, transfer);
        // Mostly the last few, so that votes meet.
        uint256 span = count < 4 ? count : 4;
        transfer = _requests[bridge][count - 1 - which % span];
        if (lie) {
            if (which % 2 == 0) transfer.requestNonce = uint64(count + which % 3);
            transfer.valueOrTokenId++;
        }
        return (true, transfer);
    }

    function _ballot(Bridge bridge, BridgeStorage.Transfer memory transfer, address voter)
        private
        view
        returns (Ballot memory)
    {
        return Ballot(_voteKey(transfer), _registrations[bridge][voter]);
    }

    /// Each execution: the first of its nonce, as requested, and with the votes of enough operators of now.
    function _readLogs(Bridge bridge) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter != address(bridge)) continue;
            if (logs[i].topics[0] == 0xd3415e34629d2f42c483273552c051c8be36f2b1a2d74d4169db26538adb0309) {
                seen["failed delivery"]++;
            }
            if (logs[i].topics[0] != HANDLED) continue;
            (,,, uint64 nonce) = abi.decode(logs[i].data, (bytes32, uint8, uint256, uint64));
            executions[bridge][nonce]++;
            seen["execution"]++;
            assertTrue(nonce < _requests[bridge].length, "executed, and never requested");
            BridgeStorage.Transfer memory transfer = _requests[bridge][nonce];
            bytes32 voteKey = _voteKey(transfer);
            assertEq(bridge.executedVoteKeys(nonce), voteKey, "executed otherwise than requested");
            sums[bridge][transfer.tokenType].executed += _amount(transfer);
            uint256 votes = 0;
            for (uint256 v = 0; v < voters.length; v++) {
                Ballot storage ballot = _ballots[bridge][nonce][voters[v]];
                bool live = bridge.operators(voters[v]) && ballot.registration == _registrations[bridge][voters[v]];
                if (live && ballot.voteKey == voteKey) votes++;
            }
            assertTrue(votes >= bridge.operatorThresholds(0), "executed below the threshold");
            assertTrue(votes * 2 > bridge.getOperatorList().length, "executed below a majority");
        }
    }

    function _amount(BridgeStorage.Transfer memory transfer) private pure returns (uint256) {
        return transfer.tokenType == BridgeStorage.TokenType.ERC721 ? 1 : transfer.valueOrTokenId;
    }
}

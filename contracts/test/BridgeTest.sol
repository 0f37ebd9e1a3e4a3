// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {ServiceChainNFT} from "../src/tokens/ServiceChainNFT.sol";
import {ServiceChainToken} from "../src/tokens/ServiceChainToken.sol";
import {Asserts, Deployer, vm} from "./Vm.sol";

/// A bridge of four operators and threshold 3 in each mode, its tokens, and how to vote. This contract owns all.
abstract contract BridgeTest is Asserts, Deployer {
    uint256 internal constant SOURCE_CHAIN = 8888;
    address internal constant SOURCE = address(0x50);
    address internal constant USER = address(0xa1);
    address internal constant OTHER = address(0xb2);
    address internal constant COUNTERPART = address(0xc0);
    uint256 internal constant FUNDS = 1000 ether;

    /// Ascending by address, as signatures must be.
    uint256[] internal keys;
    address[] internal voters;
    Bridge internal lockBridge;
    Bridge internal mintBridge;
    ServiceChainToken internal lockToken;
    ServiceChainToken internal mintToken;
    ServiceChainNFT internal lockNFT;
    ServiceChainNFT internal mintNFT;

    function setUp() public virtual {
        _makeVoters(5);
        lockBridge = _newBridge(false);
        mintBridge = _newBridge(true);
        lockToken = _newToken(lockBridge);
        mintToken = _newToken(mintBridge);
        lockNFT = _newNFT(lockBridge);
        mintNFT = _newNFT(mintBridge);
        mintToken.addMinter(address(mintBridge));
        mintNFT.addMinter(address(mintBridge));
        lockBridge.registerToken(address(lockToken), address(mintToken));
        lockBridge.registerToken(address(lockNFT), address(mintNFT));
        mintBridge.registerToken(address(mintToken), address(lockToken));
        mintBridge.registerToken(address(mintNFT), address(lockNFT));
        lockToken.transfer(address(lockBridge), FUNDS);
        lockToken.transfer(USER, FUNDS);
        mintToken.transfer(USER, FUNDS);
        vm.deal(address(lockBridge), FUNDS);
        vm.deal(address(mintBridge), FUNDS);
        vm.deal(USER, FUNDS);
    }

    receive() external payable {}

    /// Four of the voters; the fifth is an outsider for tests of registration.
    function _newBridge(bool mint) internal returns (Bridge bridge) {
        bridge = _bareBridge(mint);
        for (uint256 i = 0; i < 4; i++) {
            bridge.registerOperator(voters[i]);
        }
        bridge.deregisterOperator(address(this));
        bridge.bindSource(SOURCE_CHAIN, SOURCE);
    }

    /// As deployed: this contract is its owner and only operator.
    function _bareBridge(bool mint) internal returns (Bridge) {
        return Bridge(payable(_deploy(type(Bridge).creationCode, "Bridge", abi.encode(mint, false))));
    }

    function _newToken(Bridge bridge) internal returns (ServiceChainToken) {
        bytes memory argument = abi.encode(bridge);
        return ServiceChainToken(_deploy(type(ServiceChainToken).creationCode, "ServiceChainToken", argument));
    }

    function _newNFT(Bridge bridge) internal returns (ServiceChainNFT) {
        bytes memory argument = abi.encode(bridge);
        return ServiceChainNFT(_deploy(type(ServiceChainNFT).creationCode, "ServiceChainNFT", argument));
    }

    function _makeVoters(uint256 count) private {
        for (uint256 key = 1; key <= count; key++) {
            address voter = vm.addr(key);
            uint256 at = keys.length;
            keys.push(key);
            voters.push(voter);
            for (; at > 0 && voters[at - 1] > voter; at--) {
                (keys[at], voters[at]) = (keys[at - 1], voters[at - 1]);
                (keys[at - 1], voters[at - 1]) = (key, voter);
            }
        }
    }

    function _coin(uint64 nonce, address to, uint256 value) internal pure returns (BridgeStorage.Transfer memory) {
        return BridgeStorage.Transfer({
            tokenType: BridgeStorage.TokenType.KLAY,
            requestTxHash: keccak256(abi.encode("request", nonce)),
            from: USER,
            to: to,
            token: address(0),
            valueOrTokenId: value,
            requestNonce: nonce,
            requestBlockNumber: 100 + nonce,
            tokenURI: "",
            extraData: "extra"
        });
    }

    function _erc20(uint64 nonce, address to, address token, uint256 value)
        internal
        pure
        returns (BridgeStorage.Transfer memory transfer)
    {
        transfer = _coin(nonce, to, value);
        transfer.tokenType = BridgeStorage.TokenType.ERC20;
        transfer.token = token;
    }

    function _erc721(uint64 nonce, address to, address token, uint256 tokenId)
        internal
        pure
        returns (BridgeStorage.Transfer memory transfer)
    {
        transfer = _coin(nonce, to, tokenId);
        transfer.tokenType = BridgeStorage.TokenType.ERC721;
        transfer.token = token;
        transfer.tokenURI = "https://x.y/42";
    }

    /// The calldata of a direct vote, written independently of the contract's own codec.
    function _calldata(BridgeStorage.Transfer memory t) internal pure returns (bytes memory) {
        if (t.tokenType == BridgeStorage.TokenType.KLAY) {
            return abi.encodeWithSignature(
                "handleKLAYTransfer(bytes32,address,address,uint256,uint64,uint64,bytes)",
                t.requestTxHash,
                t.from,
                t.to,
                t.valueOrTokenId,
                t.requestNonce,
                t.requestBlockNumber,
                t.extraData
            );
        }
        if (t.tokenType == BridgeStorage.TokenType.ERC20) {
            return abi.encodeWithSignature(
                "handleERC20Transfer(bytes32,address,address,address,uint256,uint64,uint64,bytes)",
                t.requestTxHash,
                t.from,
                t.to,
                t.token,
                t.valueOrTokenId,
                t.requestNonce,
                t.requestBlockNumber,
                t.extraData
            );
        }
        return abi.encodeWithSignature(
            "handleERC721Transfer(bytes32,address,address,address,uint256,uint64,uint64,string,bytes)",
            t.requestTxHash,
            t.from,
            t.to,
            t.token,
            t.valueOrTokenId,
            t.requestNonce,
            t.requestBlockNumber,
            t.tokenURI,
            t.extraData
        );
    }

    function _voteKey(BridgeStorage.Transfer memory transfer) internal pure returns (bytes32) {
        return keccak256(_calldata(transfer));
    }

    function _voteRaw(Bridge bridge, address voter, bytes memory data)
        internal
        returns (bool done, bytes memory reason)
    {
        vm.prank(voter);
        return address(bridge).call(data);
    }

    /// A direct vote that must succeed.
    function _vote(Bridge bridge, uint256 voter, BridgeStorage.Transfer memory transfer) internal {
        (bool done, bytes memory reason) = _voteRaw(bridge, voters[voter], _calldata(transfer));
        if (!done) {
            assembly {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    /// A direct vote that must fail so.
    function _voteFails(Bridge bridge, uint256 voter, BridgeStorage.Transfer memory transfer, bytes memory expected)
        internal
    {
        (bool done, bytes memory reason) = _voteRaw(bridge, voters[voter], _calldata(transfer));
        assertTrue(!done, "the vote was taken");
        assertEq(reason, expected, "reason of the failure");
    }

    /// Three votes: decided.
    function _handle(Bridge bridge, BridgeStorage.Transfer memory transfer) internal {
        for (uint256 i = 0; i < 3; i++) {
            _vote(bridge, i, transfer);
        }
    }

    function _signature(Bridge bridge, uint256 voter, BridgeStorage.Transfer memory transfer)
        internal
        view
        returns (bytes memory)
    {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[voter], bridge.signingDigest(transfer));
        return abi.encodePacked(r, s, v);
    }

    function _signatures(Bridge bridge, uint256 first, uint256 end, BridgeStorage.Transfer memory transfer)
        internal
        view
        returns (bytes[] memory list)
    {
        list = new bytes[](end - first);
        for (uint256 i = first; i < end; i++) {
            list[i - first] = _signature(bridge, i, transfer);
        }
    }

    function _error(string memory reason) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("Error(string)", reason);
    }

    function _error(bytes4 reason) internal pure returns (bytes memory) {
        return abi.encodePacked(reason);
    }

    // Storage, by the formulas of the specification.

    function _mapping(bytes32 key, bytes32 at) internal pure returns (bytes32) {
        return keccak256(abi.encode(key, at));
    }

    function _record(uint8 voteType, uint64 nonce) internal pure returns (bytes32) {
        bytes32 ofType = _mapping(bytes32(uint256(voteType)), bytes32(uint256(10)));
        return _mapping(bytes32(uint256(nonce)), ofType);
    }

    function _votedSlot(uint8 voteType, uint64 nonce, address voter) internal pure returns (bytes32) {
        return _mapping(bytes32(uint256(uint160(voter))), bytes32(uint256(_record(voteType, nonce)) + 1));
    }

    function _countSlot(uint8 voteType, uint64 nonce, bytes32 voteKey) internal pure returns (bytes32) {
        return _mapping(voteKey, bytes32(uint256(_record(voteType, nonce)) + 3));
    }

    function _load(Bridge bridge, bytes32 slot) internal view returns (uint256) {
        return uint256(vm.load(address(bridge), slot));
    }
}

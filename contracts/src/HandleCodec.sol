// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {BridgeStorage} from "./BridgeStorage.sol";
import {FieldNotOfThisKind} from "./BridgeErrors.sol";

/// @title How a transfer is named in votes
/// @notice The vote key is the hash of the calldata that a direct call has; the digest is what a signature is over.
library HandleCodec {
    bytes4 private constant HANDLE_KLAY = 0xa066a7ed;
    bytes4 private constant HANDLE_ERC20 = 0x407e6bae;
    bytes4 private constant HANDLE_ERC721 = 0xafb60223;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant TRANSFER_TYPE = keccak256(
        "Transfer(uint256 sourceChainId,address sourceBridge,uint64 operatorEpoch,uint8 tokenType,bytes32 requestTxHash,address from,address to,address token,uint256 valueOrTokenId,uint64 requestNonce,uint64 requestBlockNumber,string tokenURI,bytes extraData)"
    );

    /// The key of the vote. Fields that the kind does not have must be empty: each key stands for one transfer only.
    function voteKey(BridgeStorage.Transfer memory t) internal pure returns (bytes32) {
        if (t.tokenType == BridgeStorage.TokenType.ERC721) {
            return keccak256(_erc721(t));
        }
        require(bytes(t.tokenURI).length == 0, FieldNotOfThisKind());
        if (t.tokenType == BridgeStorage.TokenType.ERC20) {
            return keccak256(_erc20(t));
        }
        require(t.token == address(0), FieldNotOfThisKind());
        return keccak256(_klay(t));
    }

    /// EIP-712. The domain is computed each time, so that the code holds no address and its hash is the same everywhere.
    function digest(BridgeStorage.Transfer memory t, uint256 sourceChainId, address sourceBridge, uint64 operatorEpoch)
        internal
        view
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("Spanlight Bridge"), keccak256("2"), block.chainid, address(this))
        );
        bytes memory head = abi.encode(
            TRANSFER_TYPE, sourceChainId, sourceBridge, operatorEpoch, t.tokenType, t.requestTxHash, t.from, t.to
        );
        bytes memory tail = abi.encode(
            t.token,
            t.valueOrTokenId,
            t.requestNonce,
            t.requestBlockNumber,
            keccak256(bytes(t.tokenURI)),
            keccak256(t.extraData)
        );
        // Both parts are whole words, so joined they are the encoding of all fields.
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(bytes.concat(head, tail))));
    }

    function _klay(BridgeStorage.Transfer memory t) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            HANDLE_KLAY,
            t.requestTxHash,
            t.from,
            t.to,
            t.valueOrTokenId,
            t.requestNonce,
            t.requestBlockNumber,
            t.extraData
        );
    }

    function _erc20(BridgeStorage.Transfer memory t) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            HANDLE_ERC20,
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

    function _erc721(BridgeStorage.Transfer memory t) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            HANDLE_ERC721,
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
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Requests} from "./Requests.sol";
import {NotRecipient, OnlyTheBridge, TokenSaysNo, TooLittleGas, ZeroRecipient} from "./BridgeErrors.sol";

/// What a token must offer to a bridge that mints.
interface IMintable {
    function mint(address to, uint256 amount) external;
    function mintWithTokenURI(address to, uint256 tokenId, string calldata tokenURI) external;
}

/// @title Delivering, and what happens where that fails
/// @notice A delivery that fails is kept for its recipient, so that no request can hold up those behind it.
abstract contract Delivery is Requests {
    /// What one delivery may use. Fixed, and asked for before: whoever sends the deciding
    /// transaction must not be able to make a delivery fail by giving little gas.
    uint256 public constant DELIVERY_GAS = 1_000_000;
    /// What must be left at the delivery: a call gets at most 63/64 of it.
    uint256 internal constant DELIVERY_NEEDS = DELIVERY_GAS + DELIVERY_GAS / 32 + 50_000;
    uint256 private constant ANSWER_BYTES = 256;

    /// What `nonce` owes: sent to `to` if the recipient calls, by anybody to the recipient itself,
    /// which may be unable to call. All gas may be used: the caller pays.
    function claim(uint64 nonce, address to) external nonReentrant whenHandlesRun {
        Claim memory owing = claims[nonce];
        require(msg.sender == owing.recipient || to == owing.recipient, NotRecipient());
        require(to != address(0), ZeroRecipient());
        delete claims[nonce];
        unchecked {
            owed[owing.token] -= _amountOf(owing.tokenType, owing.valueOrTokenId);
        }
        owing.recipient = to;
        _send(owing);
        emit Claimed(nonce, to);
    }

    /// Only the bridge calls this, so that a delivery that fails half-way is taken back as a whole:
    /// a token may move the value and then say no.
    function deliverOrRevert(Claim memory delivery) external {
        require(msg.sender == address(this), OnlyTheBridge());
        _send(delivery);
    }

    function _deliver(Transfer memory transfer) internal {
        Claim memory delivery =
            Claim(transfer.to, transfer.tokenType, transfer.token, transfer.valueOrTokenId, transfer.tokenURI);
        bytes memory data = abi.encodeCall(this.deliverOrRevert, (delivery));
        require(gasleft() >= DELIVERY_NEEDS, TooLittleGas());
        // What is returned is bounded by `_send`.
        (bool done, bytes memory reason) = address(this).call{gas: DELIVERY_GAS}(data);
        if (!done) {
            if (delivery.tokenType != TokenType.ERC721 || !modeMintBurn) {
                delivery.tokenURI = "";
            }
            claims[transfer.requestNonce] = delivery;
            // Modulo 2^256: the sum of absurd amounts must not stop a nonce from closing, and each
            // claim takes off what it added.
            unchecked {
                owed[delivery.token] += _amountOf(delivery.tokenType, delivery.valueOrTokenId);
            }
            emit HandleDeliveryFailed(transfer.requestNonce, keccak256(reason));
        }
    }

    function _amountOf(TokenType tokenType, uint256 valueOrTokenId) internal pure returns (uint256) {
        return tokenType == TokenType.ERC721 ? 1 : valueOrTokenId;
    }

    /// One call, whose answer is read up to a bound. Of a token it succeeds if the token says
    /// nothing or true; of coin, if it is taken.
    function _send(Claim memory delivery) private {
        bool isCoin = delivery.tokenType == TokenType.KLAY;
        address target = isCoin ? delivery.recipient : delivery.token;
        uint256 value = isCoin ? delivery.valueOrTokenId : 0;
        bytes memory data = _callFor(delivery);
        bytes memory answer = new bytes(ANSWER_BYTES);
        bool done;
        assembly ("memory-safe") {
            done := call(gas(), target, value, add(data, 32), mload(data), add(answer, 32), ANSWER_BYTES)
            let size := returndatasize()
            if gt(size, ANSWER_BYTES) { size := ANSWER_BYTES }
            if iszero(done) { revert(add(answer, 32), size) }
            mstore(answer, size)
        }
        if (!isCoin) {
            bool yes =
                answer.length == 0 ? target.code.length > 0 : answer.length >= 32 && abi.decode(answer, (uint256)) == 1;
            require(yes, TokenSaysNo());
        }
    }

    function _callFor(Claim memory delivery) private view returns (bytes memory) {
        (address to, uint256 valueOrTokenId) = (delivery.recipient, delivery.valueOrTokenId);
        if (delivery.tokenType == TokenType.ERC20) {
            return modeMintBurn
                ? abi.encodeCall(IMintable.mint, (to, valueOrTokenId))
                : abi.encodeCall(IERC20.transfer, (to, valueOrTokenId));
        }
        if (delivery.tokenType == TokenType.ERC721) {
            return modeMintBurn
                ? abi.encodeCall(IMintable.mintWithTokenURI, (to, valueOrTokenId, delivery.tokenURI))
                : abi.encodeCall(IERC721.transferFrom, (address(this), to, valueOrTokenId));
        }
        return "";
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {Registry} from "./Registry.sol";
import {ExtraDataTooLong, RecipientIsBridgeOrToken, WrongTokenKind, ZeroRecipient, check} from "./BridgeErrors.sol";

/// What a token must offer to a bridge that burns.
interface IBurnable {
    function burn(uint256 amountOrTokenId) external;
}

/// @title The source side: requests
/// @notice What could never be delivered is refused here, before anything is locked.
abstract contract Requests is Registry {
    using SafeERC20 for IERC20;

    uint256 public constant MAX_EXTRA_DATA = 4096;
    uint8 private constant ENCODING_VERSION = 2;

    /// Sending coin to the bridge is a request for oneself.
    receive() external payable {
        _requestForSender();
    }

    fallback() external payable {
        _requestForSender();
    }

    function requestKLAYTransfer(address to, uint256 value, bytes calldata extraData) external payable nonReentrant {
        check(msg.value >= value, "SafeMath: subtraction overflow");
        _requestKLAY(to, msg.value - value, extraData);
    }

    /// Adds coin for deliveries, without a request.
    function chargeWithoutEvent() external payable {}

    /// Two steps: after `approve`. What arrives counts, not what was said: tokens may take a part
    /// on the way.
    function requestERC20Transfer(address token, address to, uint256 value, uint256 feeLimit, bytes calldata extraData)
        external
        nonReentrant
    {
        _requireOpen(token);
        require(tokenKinds[token] == TokenType.ERC20, WrongTokenKind());
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), value + feeLimit);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        check(received >= feeLimit, "zero ERC20 token amount");
        _requestERC20(token, msg.sender, to, received - feeLimit, feeLimit, extraData);
    }

    /// One step: called by a registered token that has moved value + feeLimit here.
    function onERC20Received(address from, address to, uint256 value, uint256 feeLimit, bytes calldata extraData)
        external
        nonReentrant
    {
        _requireOpen(msg.sender);
        require(tokenKinds[msg.sender] == TokenType.ERC20, WrongTokenKind());
        _requestERC20(msg.sender, from, to, value, feeLimit, extraData);
    }

    function requestERC721Transfer(address token, address to, uint256 tokenId, bytes calldata extraData)
        external
        nonReentrant
    {
        _requireOpen(token);
        IERC721(token).transferFrom(msg.sender, address(this), tokenId);
        _requestERC721(token, msg.sender, to, tokenId, extraData);
    }

    function onERC721Received(address from, uint256 tokenId, address to, bytes calldata extraData)
        external
        nonReentrant
    {
        _requestERC721(msg.sender, from, to, tokenId, extraData);
    }

    /// The standard's hook, so `safeTransferFrom` works too. `data` is empty (the recipient is the
    /// sender) or the ABI encoding of (address to, bytes extraData).
    function onERC721Received(address, address from, uint256 tokenId, bytes calldata data)
        external
        nonReentrant
        returns (bytes4)
    {
        (address to, bytes memory extraData) = data.length == 0 ? (from, bytes("")) : abi.decode(data, (address, bytes));
        _requestERC721(msg.sender, from, to, tokenId, extraData);
        return 0x150b7a02;
    }

    function _requestForSender() private nonReentrant {
        _requestKLAY(msg.sender, feeOfKLAY, "");
    }

    function _requestKLAY(address to, uint256 feeLimit, bytes memory extraData) private {
        check(!isLockedKLAY, "locked");
        _requireRunning();
        check(msg.value > feeLimit, "insufficient amount");
        uint256 value = msg.value - feeLimit;
        uint64 nonce = _open(address(0), to, value, extraData);
        uint256 fee = _feeOf(feeOfKLAY, feeLimit);
        if (fee > 0) {
            _pay(feeReceiver, fee, "transfer fee failed");
        }
        if (feeLimit > fee) {
            _pay(msg.sender, feeLimit - fee, "refund fee failed");
        }
        emit RequestValueTransfer(TokenType.KLAY, msg.sender, to, address(0), value, nonce, fee, extraData);
    }

    function _requestERC20(
        address token,
        address from,
        address to,
        uint256 value,
        uint256 feeLimit,
        bytes memory extraData
    ) private {
        _requireRunning();
        check(value > 0, "zero ERC20 token amount");
        uint64 nonce = _open(token, to, value, extraData);
        uint256 fee = _feeOf(feeOfERC20[token], feeLimit);
        if (fee > 0) {
            IERC20(token).safeTransfer(feeReceiver, fee);
        }
        if (feeLimit > fee) {
            IERC20(token).safeTransfer(from, feeLimit - fee);
        }
        if (modeMintBurn) {
            IBurnable(token).burn(value);
        }
        emit RequestValueTransfer(TokenType.ERC20, from, to, token, value, nonce, fee, extraData);
    }

    function _requestERC721(address token, address from, address to, uint256 tokenId, bytes memory extraData) private {
        _requireOpen(token);
        require(tokenKinds[token] == TokenType.ERC721, WrongTokenKind());
        _requireRunning();
        uint64 nonce = _open(token, to, 1, extraData);
        bytes memory encoded = abi.encode(_rawTokenURI(token, tokenId));
        if (modeMintBurn) {
            IBurnable(token).burn(tokenId);
        }
        emit RequestValueTransferEncoded(
            TokenType.ERC721, from, to, token, tokenId, nonce, 0, extraData, ENCODING_VERSION, encoded
        );
    }

    /// Common to all requests: takes the next nonce, before any coin or token moves on.
    function _open(address token, address to, uint256 amount, bytes memory extraData) private returns (uint64 nonce) {
        _requireRecipient(token, to);
        require(extraData.length <= MAX_EXTRA_DATA, ExtraDataTooLong());
        _countInflow(token, amount);
        nonce = requestNonce++;
    }

    /// None of these can use what it is sent, on either chain: it would be lost, or owed without
    /// end. Bridges and tokens of both chains are asked for, since the same deployer often has the
    /// same addresses there.
    function _requireRecipient(address token, address to) private view {
        require(to != address(0), ZeroRecipient());
        bool isBridge = to == address(this) || to == sourceBridge || to == counterpartBridge;
        require(!isBridge && to != token && to != registeredTokens[token], RecipientIsBridgeOrToken());
    }

    function _requireRunning() private view {
        check(isRunning, "stopped bridge");
    }

    /// The fee to take: none without a receiver.
    function _feeOf(uint256 fee, uint256 feeLimit) private view returns (uint256) {
        if (feeReceiver == address(0) || fee == 0) {
            return 0;
        }
        check(feeLimit >= fee, "insufficient feeLimit");
        return fee;
    }

    function _pay(address to, uint256 amount, bytes32 failure) private {
        (bool paid,) = to.call{value: amount}("");
        check(paid, failure);
    }

    /// What the token returns for `tokenURI`, raw; empty if it fails.
    function _rawTokenURI(address token, uint256 tokenId) private view returns (bytes memory) {
        (bool done, bytes memory raw) = _ask(token, abi.encodeCall(IERC721Metadata.tokenURI, (tokenId)), gasleft());
        return done ? raw : bytes("");
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Brakes} from "./Brakes.sol";
import {AnswerTooLong, SourceIsBound, ZeroAddress, check} from "./BridgeErrors.sol";

/// @title Tokens, locks and the other side, set by the owner
abstract contract Registry is Brakes {
    /// The longest answer of a token that is read: what a token URI costs is paid by the operators, at every vote.
    uint256 public constant MAX_ANSWER = 2048;
    uint256 private constant ERC165_GAS = 30_000;

    /// The kind is learnt here once: a request for an ERC-721 token through the ERC-20 functions would name an id as an amount.
    function registerToken(address token, address counterpart) external afterDelay {
        require(token != address(0), ZeroAddress());
        check(registeredTokens[token] == address(0), "allowed token");
        require(counterpart != address(0), "counterpart token address is zero");
        registeredTokens[token] = counterpart;
        indexOfTokens[token] = registeredTokenList.length;
        registeredTokenList.push(token);
        tokenKinds[token] = _isERC721(token) ? TokenType.ERC721 : TokenType.ERC20;
        emit TokenRegistered(token);
    }

    function deregisterToken(address token) external afterDelay {
        _requireRegistered(token);
        delete registeredTokens[token];
        delete lockedTokens[token];
        delete tokenKinds[token];
        uint256 index = indexOfTokens[token];
        delete indexOfTokens[token];
        address last = registeredTokenList[registeredTokenList.length - 1];
        registeredTokenList.pop();
        if (last != token) {
            registeredTokenList[index] = last;
            indexOfTokens[last] = index;
        }
        emit TokenDeregistered(token);
    }

    function getRegisteredTokenList() external view returns (address[] memory) {
        return registeredTokenList;
    }

    function lockToken(address token) external onlyOwner {
        _requireOpen(token);
        lockedTokens[token] = true;
        emit TokenLocked(token);
    }

    function unlockToken(address token) external onlyOwner {
        _requireRegistered(token);
        check(lockedTokens[token], "unlocked token");
        lockedTokens[token] = false;
        emit TokenUnlocked(token);
    }

    function lockKLAY() external onlyOwner {
        check(!isLockedKLAY, "locked");
        isLockedKLAY = true;
        emit KLAYLocked();
    }

    function unlockKLAY() external onlyOwner {
        check(isLockedKLAY, "unlocked");
        isLockedKLAY = false;
        emit KLAYUnlocked();
    }

    function start(bool status) external onlyOwner {
        _setRunningStatus(status);
    }

    function setRunningStatus(bool status) external onlyOwner {
        _setRunningStatus(status);
    }

    function setCounterPartBridge(address bridge) external afterDelay {
        counterpartBridge = bridge;
        emit CounterpartBridgeChanged(bridge);
    }

    /// Names the one bridge whose requests are handled here; signatures are bound to it. Once and for all.
    function bindSource(uint256 chainId, address bridge) external afterDelay {
        require(sourceBridge == address(0), SourceIsBound());
        require(chainId != 0 && bridge != address(0), ZeroAddress());
        sourceChainId = chainId;
        sourceBridge = bridge;
        emit SourceBound(chainId, bridge);
    }

    function _requireRegistered(address token) internal view {
        check(registeredTokens[token] != address(0), "not allowed token");
    }

    function _requireOpen(address token) internal view {
        _requireRegistered(token);
        check(!lockedTokens[token], "locked token");
    }

    /// Reads another contract, which may do its worst: no state changes, and the answer is bounded.
    function _ask(address target, bytes memory question, uint256 gasLimit)
        internal
        view
        returns (bool done, bytes memory answer)
    {
        uint256 size;
        assembly ("memory-safe") {
            done := staticcall(gasLimit, target, add(question, 32), mload(question), 0, 0)
            size := returndatasize()
        }
        require(size <= MAX_ANSWER, AnswerTooLong());
        answer = new bytes(size);
        assembly ("memory-safe") {
            returndatacopy(add(answer, 32), 0, size)
        }
    }

    function _isERC721(address token) private view returns (bool) {
        bytes memory question = abi.encodeCall(IERC165.supportsInterface, (type(IERC721).interfaceId));
        (bool done, bytes memory answer) = _ask(token, question, ERC165_GAS);
        return done && answer.length >= 32 && abi.decode(answer, (uint256)) == 1;
    }

    function _setRunningStatus(bool status) private {
        isRunning = status;
        emit RunningStatusChanged(status);
    }
}

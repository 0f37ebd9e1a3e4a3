// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {Bridged} from "./Bridged.sol";
import {Minters} from "./Minters.sol";

interface IERC20Bridge {
    function onERC20Received(address from, address to, uint256 value, uint256 feeLimit, bytes calldata extraData)
        external;
}

/// @title ERC-20 token of a service chain
/// @notice Answers to the selectors of the reference token. A bridge that mints and burns must be a minter.
contract ServiceChainToken is ERC20Burnable, Minters, Bridged {
    string public constant NAME = "ServiceChainToken";
    string public constant SYMBOL = "SCT";
    uint8 public constant DECIMALS = 18;
    uint256 public constant INITIAL_SUPPLY = 1e9 * 1e18;

    constructor(address bridge_) ERC20(NAME, SYMBOL) Bridged(bridge_) {
        _mint(msg.sender, INITIAL_SUPPLY);
    }

    function mint(address to, uint256 amount) external onlyMinter returns (bool) {
        _mint(to, amount);
        return true;
    }

    /// A transfer to the other chain in one step.
    function requestValueTransfer(uint256 amount, address to, uint256 feeLimit, bytes calldata extraData) external {
        _transfer(msg.sender, bridge, amount + feeLimit);
        IERC20Bridge(bridge).onERC20Received(msg.sender, to, amount, feeLimit, extraData);
    }
}

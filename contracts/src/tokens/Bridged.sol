// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @title A token that knows its bridge
abstract contract Bridged is Ownable {
    address public bridge;

    constructor(address bridge_) Ownable(msg.sender) {
        _setBridge(bridge_);
    }

    function setBridge(address bridge_) external onlyOwner {
        _setBridge(bridge_);
    }

    function _setBridge(address bridge_) private {
        require(bridge_.code.length > 0, "bridge is not a contract");
        bridge = bridge_;
    }
}

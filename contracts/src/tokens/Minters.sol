// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

/// @title Who may mint
/// @notice As in the reference tokens: every minter may add another, and may only remove itself.
abstract contract Minters {
    mapping(address account => bool) private _minters;

    event MinterAdded(address indexed account);
    event MinterRemoved(address indexed account);

    constructor() {
        _addMinter(msg.sender);
    }

    modifier onlyMinter() {
        require(_minters[msg.sender], "MinterRole: caller does not have the Minter role");
        _;
    }

    function isMinter(address account) external view returns (bool) {
        return _minters[account];
    }

    function addMinter(address account) external onlyMinter {
        _addMinter(account);
    }

    function renounceMinter() external onlyMinter {
        _minters[msg.sender] = false;
        emit MinterRemoved(msg.sender);
    }

    function _addMinter(address account) private {
        require(account != address(0), "Roles: account is the zero address");
        require(!_minters[account], "Roles: account already has role");
        _minters[account] = true;
        emit MinterAdded(account);
    }
}

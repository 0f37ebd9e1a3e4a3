// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Burnable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Burnable.sol";
import {ERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";
import {ERC721URIStorage} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721URIStorage.sol";
import {Bridged} from "./Bridged.sol";
import {Minters} from "./Minters.sol";

interface IERC721Bridge {
    function onERC721Received(address from, uint256 tokenId, address to, bytes calldata extraData) external;
}

/// @title ERC-721 token of a service chain
/// @notice Answers to the selectors of the reference token. A bridge that mints and burns must be a minter.
contract ServiceChainNFT is ERC721Enumerable, ERC721URIStorage, ERC721Burnable, Minters, Bridged {
    constructor(address bridge_) ERC721("ServiceChainNFT", "SCN") Bridged(bridge_) {}

    function mintWithTokenURI(address to, uint256 tokenId, string calldata uri) external onlyMinter returns (bool) {
        _mint(to, tokenId);
        _setTokenURI(tokenId, uri);
        return true;
    }

    /// A transfer to the other chain in one step.
    function requestValueTransfer(uint256 tokenId, address to, bytes calldata extraData) external {
        transferFrom(msg.sender, bridge, tokenId);
        IERC721Bridge(bridge).onERC721Received(msg.sender, tokenId, to, extraData);
    }

    function tokenURI(uint256 tokenId) public view override(ERC721, ERC721URIStorage) returns (string memory) {
        return super.tokenURI(tokenId);
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(ERC721, ERC721Enumerable, ERC721URIStorage)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }

    function _update(address to, uint256 tokenId, address auth)
        internal
        override(ERC721, ERC721Enumerable)
        returns (address)
    {
        return super._update(to, tokenId, auth);
    }

    function _increaseBalance(address account, uint128 value) internal override(ERC721, ERC721Enumerable) {
        super._increaseBalance(account, value);
    }
}

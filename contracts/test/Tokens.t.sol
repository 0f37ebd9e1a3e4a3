// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {vm} from "./Vm.sol";

/// The tokens, and the recorded ones of generation C at the new bridge.
contract TokensTest is BridgeTest {
    function test_tokens_answer_to_the_selectors_of_the_reference() public view {
        bytes4[13] memory token = [
            bytes4(0xe78cea92), // bridge()
            0x8dd14802, // setBridge(address)
            0x3dc3c9e1, // requestValueTransfer(uint256,address,uint256,bytes)
            0x983b2d56, // addMinter(address)
            0xaa271e1a, // isMinter(address)
            0x98650275, // renounceMinter()
            0x40c10f19, // mint(address,uint256)
            0x42966c68, // burn(uint256)
            0x79cc6790, // burnFrom(address,uint256)
            0xa3f4df7e, // NAME()
            0xf76f8d78, // SYMBOL()
            0x2e0f2625, // DECIMALS()
            0xf2fde38b // transferOwnership(address)
        ];
        for (uint256 i = 0; i < token.length; i++) {
            assertTrue(_contains(address(lockToken).code, token[i]), "selector of the ERC-20 token");
        }
        bytes4[10] memory nft = [
            bytes4(0xe78cea92),
            0x8dd14802,
            0x3f4c4e3d, // requestValueTransfer(uint256,address,bytes)
            0x50bb4e7f, // mintWithTokenURI(address,uint256,string)
            0x983b2d56,
            0xaa271e1a,
            0x98650275,
            0x42966c68,
            0x2f745c59, // tokenOfOwnerByIndex(address,uint256)
            0xc87b56dd // tokenURI(uint256)
        ];
        for (uint256 i = 0; i < nft.length; i++) {
            assertTrue(_contains(address(lockNFT).code, nft[i]), "selector of the ERC-721 token");
        }
    }

    function test_only_minters_mint_and_make_minters() public {
        vm.startPrank(OTHER);
        vm.expectRevert(bytes("MinterRole: caller does not have the Minter role"));
        lockToken.mint(OTHER, 1);
        vm.expectRevert(bytes("MinterRole: caller does not have the Minter role"));
        lockNFT.mintWithTokenURI(OTHER, 1, "");
        vm.expectRevert(bytes("MinterRole: caller does not have the Minter role"));
        lockToken.addMinter(OTHER);
        vm.expectRevert(bytes("MinterRole: caller does not have the Minter role"));
        lockToken.renounceMinter();
        vm.stopPrank();
        lockToken.addMinter(OTHER);
        assertTrue(lockToken.isMinter(OTHER), "minter");
        vm.expectRevert(bytes("Roles: account already has role"));
        lockToken.addMinter(OTHER);
        vm.expectRevert(bytes("Roles: account is the zero address"));
        lockToken.addMinter(address(0));
        vm.startPrank(OTHER);
        assertTrue(lockToken.mint(OTHER, 1), "true");
        lockToken.renounceMinter();
        assertTrue(!lockToken.isMinter(OTHER), "no minter");
        vm.stopPrank();
    }

    function test_the_bridge_of_a_token_is_a_contract_set_by_its_owner() public {
        vm.expectRevert(bytes("bridge is not a contract"));
        lockToken.setBridge(OTHER);
        lockToken.setBridge(address(mintBridge));
        assertEq(lockToken.bridge(), address(mintBridge), "bridge");
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, OTHER));
        lockNFT.setBridge(address(mintBridge));
    }

    function test_another_ones_nft_cannot_be_requested() public {
        lockNFT.mintWithTokenURI(USER, 1, "u");
        vm.prank(OTHER);
        vm.expectRevert();
        lockNFT.requestValueTransfer(1, OTHER, "");
        assertTrue(lockNFT.supportsInterface(0x80ac58cd) && lockNFT.supportsInterface(0x780e9d63), "interfaces");
    }

    function test_recorded_tokens_of_generation_c_work_on_the_new_bridge() public {
        address token = _deployRecorded("token", abi.encode(mintBridge));
        address nft = _deployRecorded("nft", abi.encode(mintBridge));
        mintBridge.registerToken(token, COUNTERPART);
        mintBridge.registerToken(nft, COUNTERPART);
        assertEq(uint256(mintBridge.tokenKinds(token)), 1, "kind of the ERC-20 token");
        assertEq(uint256(mintBridge.tokenKinds(nft)), 2, "kind of the ERC-721 token");
        _call(token, abi.encodeWithSignature("addMinter(address)", mintBridge));
        _call(nft, abi.encodeWithSignature("addMinter(address)", mintBridge));
        _handle(mintBridge, _erc20(0, USER, token, 100));
        _handle(mintBridge, _erc721(1, USER, nft, 42));
        assertEq(mintBridge.owed(token) + mintBridge.owed(nft), 0, "delivered");
        vm.startPrank(USER);
        _call(token, abi.encodeWithSignature("requestValueTransfer(uint256,address,uint256,bytes)", 60, OTHER, 5, ""));
        _call(token, abi.encodeWithSignature("approve(address,uint256)", mintBridge, 40));
        mintBridge.requestERC20Transfer(token, OTHER, 40, 0, "");
        _call(nft, abi.encodeWithSignature("requestValueTransfer(uint256,address,bytes)", 42, OTHER, ""));
        vm.stopPrank();
        assertEq(mintBridge.requestNonce(), 3, "three requests");
    }

    function _call(address target, bytes memory data) private {
        (bool done, bytes memory reason) = target.call(data);
        if (!done) {
            assembly {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    /// In the code as an argument of PUSH4.
    function _contains(bytes memory code, bytes4 selector) private pure returns (bool) {
        for (uint256 i = 0; i + 5 <= code.length; i++) {
            bool same = code[i] == 0x63;
            for (uint256 j = 0; same && j < 4; j++) {
                same = code[i + 1 + j] == selector[j];
            }
            if (same) return true;
        }
        return false;
    }
}

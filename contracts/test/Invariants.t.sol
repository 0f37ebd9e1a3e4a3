// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {BridgeStorage} from "../src/BridgeStorage.sol";
import {ServiceChainToken} from "../src/tokens/ServiceChainToken.sol";
import {PairHandler} from "./PairHandler.sol";
import {Asserts, vm} from "./Vm.sol";

/// What holds of a pair of bridges after any sequence of calls. That each execution is the first of its nonce, as requested and with
/// enough votes, is checked by the handler as it happens.
contract InvariantsTest is Asserts {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    BridgeStorage.TokenType private constant COIN = BridgeStorage.TokenType.KLAY;
    BridgeStorage.TokenType private constant ERC20 = BridgeStorage.TokenType.ERC20;
    BridgeStorage.TokenType private constant ERC721 = BridgeStorage.TokenType.ERC721;
    uint256 private constant FUNDS = 1000 ether;

    PairHandler private _handler;
    Bridge private _lockBridge;
    Bridge private _mintBridge;
    uint256 private _minted;

    function setUp() public {
        _handler = new PairHandler();
        _handler.setUp();
        (_lockBridge, _mintBridge) = _handler.bridges();
        _minted = _mintToken().totalSupply();
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        // Votes come more often than the rest.
        bytes4[] memory selectors = new bytes4[](13);
        selectors[0] = _handler.requestCoin.selector;
        selectors[1] = _handler.requestToken.selector;
        selectors[2] = _handler.requestNFT.selector;
        for (uint256 i = 3; i < 7; i++) {
            selectors[i] = _handler.voteByCall.selector;
        }
        selectors[7] = _handler.voteBySignatures.selector;
        selectors[8] = _handler.voteBySignatures.selector;
        selectors[9] = _handler.claim.selector;
        selectors[10] = _handler.changeOperators.selector;
        selectors[11] = _handler.changeMinter.selector;
        selectors[12] = _handler.aim.selector;
        list[0] = FuzzSelector(address(_handler), selectors);
    }

    function invariant_nothing_is_handled_twice() public view {
        Bridge[2] memory both = [_lockBridge, _mintBridge];
        for (uint256 i = 0; i < 2; i++) {
            uint256 count = _handler.requestsFor(both[i]);
            for (uint64 nonce = 0; nonce < count; nonce++) {
                uint256 executions = _handler.executions(both[i], nonce);
                assertEq(executions, both[i].handled(nonce) ? 1 : 0, "executions of a nonce");
            }
        }
    }

    function invariant_nonces_are_dense() public view {
        assertEq(_lockBridge.requestNonce(), _handler.requestsFor(_mintBridge), "requests on the lock side");
        assertEq(_mintBridge.requestNonce(), _handler.requestsFor(_lockBridge), "requests on the mint side");
        Bridge[2] memory both = [_lockBridge, _mintBridge];
        for (uint256 i = 0; i < 2; i++) {
            uint64 lower = both[i].lowerHandleNonce();
            assertTrue(!both[i].handled(lower), "the lowest open nonce is open");
            for (uint64 nonce = 0; nonce < lower; nonce++) {
                assertTrue(both[i].handled(nonce), "all below it are handled");
            }
            assertTrue(both[i].upperHandleNonce() < _handler.requestsFor(both[i]) || lower == 0, "upper");
        }
    }

    /// Of each kind: what was executed here was requested there.
    function invariant_locked_is_at_least_released_and_owed() public view {
        BridgeStorage.TokenType[3] memory kinds = [COIN, ERC20, ERC721];
        for (uint256 i = 0; i < 3; i++) {
            assertTrue(_requested(_lockBridge, kinds[i]) >= _executed(_mintBridge, kinds[i]), "main to service");
            assertTrue(_requested(_mintBridge, kinds[i]) >= _executed(_lockBridge, kinds[i]), "service to main");
        }
    }

    /// The books and the balances agree, to the last unit.
    function invariant_balances_are_what_the_books_say() public view {
        Bridge[2] memory both = [_lockBridge, _mintBridge];
        for (uint256 i = 0; i < 2; i++) {
            uint256 released = _executed(both[i], COIN) - both[i].owed(address(0));
            uint256 expected = FUNDS + _requested(both[i], COIN) - released;
            assertEq(address(both[i]).balance, expected, "coin of a bridge");
        }
        ServiceChainToken token = ServiceChainToken(_handler.tokenOf(_lockBridge));
        uint256 given = _executed(_lockBridge, ERC20) - _lockBridge.owed(address(token));
        assertEq(token.balanceOf(address(_lockBridge)), FUNDS + _requested(_lockBridge, ERC20) - given, "locked");
        uint256 made = _executed(_mintBridge, ERC20) - _mintBridge.owed(address(_mintToken()));
        assertEq(_mintToken().totalSupply(), _minted + made - _requested(_mintBridge, ERC20), "minted");
    }

    function invariant_the_lock_is_open_between_calls() public view {
        assertEq(uint256(vm.load(address(_lockBridge), bytes32(uint256(18)))), 1, "lock side");
        assertEq(uint256(vm.load(address(_mintBridge), bytes32(uint256(18)))), 1, "mint side");
    }

    function invariant_thresholds_are_majorities() public view {
        Bridge[2] memory both = [_lockBridge, _mintBridge];
        for (uint256 i = 0; i < 2; i++) {
            uint256 count = both[i].getOperatorList().length;
            for (uint8 kind = 0; kind < 2; kind++) {
                uint256 threshold = both[i].operatorThresholds(kind);
                assertTrue(threshold <= count && threshold * 2 > count, "threshold");
            }
        }
    }

    /// The invariants say something only if the calls get somewhere: a long walk sees everything.
    function test_a_long_walk_reaches_what_the_invariants_are_about() public {
        for (uint256 i = 0; i < 1500; i++) {
            uint256 roll = uint256(keccak256(abi.encode(i)));
            uint256 what = roll % 13;
            bool side = (roll >> 8) & 1 == 1;
            uint256 a = roll >> 16 & 0xffffffffffffffff;
            if (what == 0) _handler.requestCoin(side, a, uint8(roll >> 80));
            else if (what == 1) _handler.requestToken(side, a % 2 == 0, a);
            else if (what == 2) _handler.requestNFT();
            else if (what < 7) _handler.voteByCall(side, a, roll >> 80, (roll >> 120) % 4 == 0);
            else if (what < 9) _handler.voteBySignatures(side, a, uint8(roll >> 80));
            else if (what == 9) _handler.claim(side, uint64(a), (roll >> 80) & 1 == 1);
            else if (what == 10) _handler.changeOperators(side, a);
            else if (what == 11) _handler.changeMinter();
            else _handler.aim(side, a % 2 == 0);
        }
        string[4] memory events = ["execution", "failed delivery", "claim", "deregistration"];
        for (uint256 i = 0; i < events.length; i++) {
            assertTrue(_handler.seen(events[i]) >= 5, events[i]);
        }
        invariant_nothing_is_handled_twice();
        invariant_balances_are_what_the_books_say();
        invariant_nonces_are_dense();
    }

    function _mintToken() private view returns (ServiceChainToken) {
        return ServiceChainToken(_handler.tokenOf(_mintBridge));
    }

    function _requested(Bridge bridge, BridgeStorage.TokenType kind) private view returns (uint256 sum) {
        (sum,) = _handler.sums(bridge, kind);
    }

    function _executed(Bridge bridge, BridgeStorage.TokenType kind) private view returns (uint256 sum) {
        (, sum) = _handler.sums(bridge, kind);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Bridge} from "../src/Bridge.sol";
import {LimitsHandler} from "./LimitsHandler.sol";
import {Asserts} from "./Vm.sol";

/// What holds of limits, delays and gas after any sequence of calls. That votes go through with the
/// gas of a vote, that nothing waits for longer than its amount, and that changes are made when
/// they are due and not otherwise, the handler checks as it happens.
contract LimitsInvariantsTest is Asserts {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    LimitsHandler private _handler;
    Bridge private _bridge;

    function setUp() public {
        _handler = new LimitsHandler();
        _handler.setUp();
        _bridge = Bridge(payable(_handler.bridge()));
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](10);
        for (uint256 i = 0; i < 3; i++) {
            selectors[i] = _handler.handle.selector;
        }
        selectors[3] = _handler.pass.selector;
        selectors[4] = _handler.request.selector;
        selectors[5] = _handler.lookAgain.selector;
        selectors[6] = _handler.announce.selector;
        selectors[7] = _handler.make.selector;
        selectors[8] = _handler.cancel.selector;
        selectors[9] = _handler.pause.selector;
        list[0] = FuzzSelector(address(_handler), selectors);
    }

    /// In any day: twice the limit, and what came in.
    function invariant_no_more_leaves_at_once_than_the_limit_allows() public view {
        uint256 count = _handler.movesCount();
        for (uint256 first = 0; first < count; first++) {
            (uint256 start,,) = _handler.moves(first);
            uint256 left = 0;
            uint256 came = 0;
            for (uint256 i = first; i < count; i++) {
                (uint256 time, uint256 amount, bool out) = _handler.moves(i);
                if (time > start + 1 days) break;
                if (out) left += amount;
                else came += amount;
            }
            assertTrue(left <= 2 * uint256(_handler.LIMIT()) + came, "left in a day");
        }
    }

    function invariant_the_counterpart_is_what_was_made() public view {
        assertEq(_bridge.counterpartBridge(), _handler.counterpart(), "counterpart");
    }

    function invariant_the_lowest_open_nonce_is_open() public view {
        assertTrue(!_bridge.handled(_bridge.lowerHandleNonce()), "open");
    }

    function test_a_long_walk_reaches_what_the_invariants_are_about() public {
        for (uint256 i = 0; i < 1200; i++) {
            uint256 roll = uint256(keccak256(abi.encode(i)));
            uint256 what = roll % 16;
            uint256 a = (roll >> 16) & 0xffffffff;
            if (what < 5) _handler.handle(a, (roll >> 80) & 1 == 1);
            else if (what < 7) _handler.pass(uint32(a));
            else if (what == 7) _handler.request(a);
            else if (what < 11) _handler.lookAgain(uint64(a));
            else if (what == 11) _handler.announce(uint160(a));
            else if (what < 14) _handler.make(uint160(a));
            else if (what == 14) _handler.cancel(uint160(a));
            else _handler.pause((roll >> 80) & 1 == 1);
        }
        string[7] memory events =
            ["left at once", "held", "left early", "left after its time", "change made", "change cancelled", "pause"];
        for (uint256 i = 0; i < events.length; i++) {
            assertTrue(_handler.seen(events[i]) >= 3, events[i]);
        }
        assertTrue(_bridge.lowerHandleNonce() == 0 || _handler.next() > 200, "a lag");
        invariant_no_more_leaves_at_once_than_the_limit_allows();
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Handles} from "./Handles.sol";
import {AccountKeysDiffer} from "./BridgeErrors.sol";

/// @title One end of the multi-bridge, version 2
/// @notice The same contract stands on both chains: it takes requests for the other one, and executes the other's requests
/// once k of n operators voted the same. Its parts, each on the one before: BridgeStorage,
/// BridgeEvents, Owned, Operators, Votes, Configuration, Brakes, Registry, Requests, Delivery,
/// Handles.
contract Bridge is Handles {
    /// `mintBurn`: tokens are burned on request and minted on handle; else locked and released.
    /// `keysOfAccounts`: the chain's accounts have keys of their own, and it tells whether they
    /// signed. Both answers are tried here: on a chain without, no signature could be checked; on
    /// one with, a key that its account has replaced would go on voting.
    constructor(bool mintBurn, bool keysOfAccounts) payable {
        (, bytes memory answer) = ACCOUNT_KEYS.staticcall(new bytes(20 + 32 + 65));
        require((answer.length == 1) == keysOfAccounts, AccountKeysDiffer());
        modeMintBurn = mintBurn;
        accountKeys = keysOfAccounts;
        isRunning = true;
        recoveryBlockNumber = 1;
    }
}

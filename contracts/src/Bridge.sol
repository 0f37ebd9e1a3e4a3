// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {Handles} from "./Handles.sol";

/// @title One end of the multi-bridge, version 2
/// @notice The same contract stands on both chains: it takes requests for the other one, and executes the other's requests
/// once k of n operators voted the same. Its parts, each on the one before: BridgeStorage, BridgeEvents, Owned, Operators,
/// Votes, Configuration, Brakes, Registry, Requests, Delivery, Handles.
contract Bridge is Handles {
    /// `mintBurn`: tokens are burned on request and minted on handle; else locked and released.
    constructor(bool mintBurn) payable {
        modeMintBurn = mintBurn;
        isRunning = true;
        recoveryBlockNumber = 1;
    }
}

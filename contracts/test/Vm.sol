// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

/// What these tests use of Foundry's cheat codes.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function accesses(address account) external returns (bytes32[] memory reads, bytes32[] memory writes);
    function addr(uint256 key) external pure returns (address);
    function assume(bool condition) external pure;
    function chainId(uint256 id) external;
    function deal(address account, uint256 balance) external;
    function etch(address account, bytes calldata code) external;
    function envOr(string calldata name, bool otherwise) external view returns (bool);
    function expectRevert() external;
    function expectRevert(bytes4 reason) external;
    function expectRevert(bytes calldata reason) external;
    function getRecordedLogs() external returns (Log[] memory);
    function lastCallGas() external view returns (Gas memory gas);
    function load(address account, bytes32 slot) external view returns (bytes32);
    function parseBytes(string calldata text) external pure returns (bytes memory);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function parseJsonString(string calldata json, string calldata key) external pure returns (string memory);
    function parseJsonUint(string calldata json, string calldata key) external pure returns (uint256);
    function prank(address sender) external;
    function prank(address sender, address origin) external;
    function readFile(string calldata path) external view returns (string memory);
    function record() external;
    function recordLogs() external;
    function revertToState(uint256 snapshot) external returns (bool);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function snapshotState() external returns (uint256 snapshot);
    function startPrank(address sender) external;
    function stopPrank() external;
    function store(address account, bytes32 slot, bytes32 value) external;
    function toString(uint256 value) external pure returns (string memory);
    function trim(string calldata text) external pure returns (string memory);
    function warp(uint256 time) external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

/// How contracts under test are made.
abstract contract Deployer {
    /// The committed artifact, so that what is tested is what is deployed. For measuring coverage, which needs the compiler's
    /// maps, COVERAGE=true takes what was compiled now.
    function _deploy(bytes memory compiled, string memory name, bytes memory argument) internal returns (address) {
        if (vm.envOr("COVERAGE", false)) {
            return _create(bytes.concat(compiled, argument));
        }
        string memory artifact = vm.readFile(string.concat("artifacts/", name, ".json"));
        return _create(bytes.concat(vm.parseJsonBytes(artifact, ".bytecode"), argument));
    }

    /// What was recorded on a chain of generation C.
    function _deployRecorded(string memory name, bytes memory argument) internal returns (address) {
        string memory code = vm.readFile(string.concat("test/fixtures/generation-c.", name, ".hex"));
        return _create(bytes.concat(vm.parseBytes(vm.trim(code)), argument));
    }

    function _create(bytes memory code) private returns (address created) {
        assembly ("memory-safe") {
            created := create(0, add(code, 32), mload(code))
        }
        require(created != address(0), "not created");
    }
}

/// Assertions that say both values.
abstract contract Asserts {
    error Differs(string what, bytes32 left, bytes32 right);

    function assertEq(uint256 left, uint256 right, string memory what) internal pure {
        require(left == right, Differs(what, bytes32(left), bytes32(right)));
    }

    function assertEq(address left, address right, string memory what) internal pure {
        assertEq(uint160(left), uint160(right), what);
    }

    function assertEq(bytes32 left, bytes32 right, string memory what) internal pure {
        assertEq(uint256(left), uint256(right), what);
    }

    function assertEq(bool left, bool right, string memory what) internal pure {
        assertEq(left ? 1 : 0, right ? 1 : 0, what);
    }

    function assertTrue(bool left, string memory what) internal pure {
        assertEq(left, true, what);
    }

    function assertEq(bytes memory left, bytes memory right, string memory what) internal pure {
        assertEq(keccak256(left), keccak256(right), what);
    }
}

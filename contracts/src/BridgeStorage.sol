// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

/// @title All state of the bridge, in one place
/// @notice Slots 0 to 19 are those of the deployed bridges (generation C), so that operators, tools and light clients that
/// read storage need no change. New state begins at slot 20. A test pins every slot.
abstract contract BridgeStorage {
    enum TokenType {
        KLAY,
        ERC20,
        ERC721
    }

    enum VoteType {
        ValueTransfer,
        Configuration
    }

    /// What operators voted in one record. Never deleted: it is the evidence of the votes.
    struct VotesData {
        address[] voters;
        mapping(address operator => bytes32 voteKey) voted;
        bytes32[] voteKeys;
        mapping(bytes32 voteKey => uint8 count) voteCounts;
    }

    /// One transfer to handle: the arguments of the handle calls, of all kinds.
    struct Transfer {
        TokenType tokenType;
        bytes32 requestTxHash;
        address from;
        address to;
        address token;
        uint256 valueOrTokenId;
        uint64 requestNonce;
        uint64 requestBlockNumber;
        string tokenURI;
        bytes extraData;
    }

    /// What could not be delivered, kept for its recipient.
    struct Claim {
        address recipient;
        TokenType tokenType;
        address token;
        uint256 valueOrTokenId;
        string tokenURI;
    }

    /// Bounds of one token; zero means none. An ERC-721 token counts 1 each.
    struct Limit {
        uint128 request;
        uint128 outflow;
    }

    /// A leaking bucket: `level` falls by the outflow limit in a period, and by what comes in.
    struct Outflow {
        uint192 level;
        uint64 updated;
    }

    /// A call that the owner announced: when it may be made, and which announcement it was, counted from 1.
    struct Change {
        uint64 ready;
        uint64 number;
    }

    uint64 public constant VERSION = 2;
    uint64 public constant MAX_OPERATOR = 12;

    // Slots 0 to 19: generation C. Do not reorder, do not pack anything more into them.
    mapping(bytes32 requestTxHash => bool) public handledRequestTx; // 0
    address payable public feeReceiver; // 1
    uint256 public feeOfKLAY; // 2
    mapping(address token => uint256 fee) public feeOfERC20; // 3
    address internal _owner; // 4
    address public counterpartBridge; // 5
    mapping(address token => address counterpart) public registeredTokens; // 6
    mapping(address token => uint256 index) public indexOfTokens; // 7
    address[] public registeredTokenList; // 8
    mapping(address token => bool) public lockedTokens; // 9
    mapping(uint8 voteType => mapping(uint64 nonce => VotesData)) internal _votes; // 10
    mapping(uint64 nonce => bool) public closedValueTransferVotes; // 11
    mapping(address operator => bool) public operators; // 12
    address[] public operatorList; // 13
    mapping(uint8 voteType => uint8 threshold) public operatorThresholds; // 14
    uint64 public configurationNonce; // 15, byte 0
    bool public modeMintBurn; // 15, byte 8
    bool public isRunning; // 15, byte 9
    uint64 public requestNonce; // 15, byte 10
    uint64 public lowerHandleNonce; // 15, byte 18
    uint64 public upperHandleNonce; // 16, byte 0
    uint64 public recoveryBlockNumber; // 16, byte 8
    mapping(uint64 nonce => uint64 requestBlockNumber) public handleNoncesToBlockNums; // 17
    uint256 internal _entered; // 18
    bool public isLockedKLAY; // 19

    // New state.
    /// The key that was executed for a nonce; never deleted, so not zero means handled.
    mapping(uint64 nonce => bytes32 voteKey) public executedVoteKeys; // 20
    mapping(uint64 nonce => Claim) public claims; // 21
    /// Sum of the claims of a token (address 0: the coin), modulo 2^256.
    mapping(address token => uint256 amount) public owed; // 22
    /// Which seats stand behind a vote key, as bits: seat s is bit s % 256 of word s / 256.
    mapping(bytes32 voteKey => mapping(uint256 word => uint256 bits)) internal _voteSeats; // 23
    /// One more than the seat of an operator. Each registration takes a new seat, so a vote does not outlive its registration.
    mapping(address operator => uint256 seatPlusOne) internal _seats; // 24
    mapping(uint256 word => uint256 bits) internal _activeSeats; // 25
    uint64 internal _seatCount; // 26, byte 0
    /// Rises whenever an operator comes or goes. Signatures name it.
    uint64 public operatorEpoch; // 26, byte 8
    uint64 public resumeTime; // 26, byte 16
    bool public handlesPaused; // 26, byte 24
    /// Whether the chain tells which keys an account has now, and signatures are checked by that.
    bool public accountKeys; // 26, byte 25
    address public pendingOwner; // 27
    address public guardian; // 28
    uint256 public sourceChainId; // 29
    address public sourceBridge; // 30
    mapping(address token => Limit) public limits; // 31
    mapping(address token => Outflow) public outflows; // 32
    mapping(address token => TokenType) public tokenKinds; // 33
    mapping(bytes4 subject => uint64 nonce) public subjectNonces; // 34
    /// When a transfer that the outflow limit holds back may leave at the latest; zero: it was never held back.
    mapping(bytes32 voteKey => uint64 time) public heldUntil; // 35
    /// What the owner has announced, by the hash of the call.
    mapping(bytes32 callHash => Change) public changes; // 36
    mapping(uint64 number => bool) public cancelledChanges; // 37
    /// How long the owner's changes are announced before; zero while the bridge is set up.
    uint64 public ownerDelay; // 38, byte 0
    uint64 public changeCount; // 38, byte 8
}

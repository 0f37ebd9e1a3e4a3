// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.27;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Takes no coin, until told to.
contract Refuser {
    bool public takes;

    function take(bool yes) external {
        takes = yes;
    }

    receive() external payable {
        require(takes, "no, thanks");
    }

    function run(address target, bytes calldata data) external returns (bytes memory) {
        (bool done, bytes memory answer) = target.call(data);
        require(done, "run");
        return answer;
    }
}

/// Uses all gas it gets, when coin comes.
contract Burner {
    receive() external payable {
        while (true) {}
    }
}

/// Takes coin, and needs almost all the gas that a delivery may use.
contract Eater {
    uint256 public constant NEEDS = 970_000;

    receive() external payable {
        uint256 start = gasleft();
        while (start - gasleft() < NEEDS) {}
    }
}

/// Returns 100,000 bytes, when coin comes.
contract Bomb {
    receive() external payable {
        assembly {
            revert(0x1000, 100000)
        }
    }
}

/// Calls back into a contract, whenever it is called.
contract Reenterer {
    address public target;
    bytes public data;
    bool public done;
    bytes public answer;

    function aim(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
    }

    function strike() public {
        (done, answer) = target.call(data);
    }

    receive() external payable {
        strike();
    }
}

/// An ERC-20 token whose behaviour can be set: what it answers, what it keeps, whom it calls.
contract OddToken is ERC20 {
    enum Answer {
        True,
        False,
        Nothing,
        Two,
        Short,
        Revert,
        Burn
    }

    Answer public answer;
    uint256 public keeps;
    Reenterer public hook;

    constructor() ERC20("Odd", "ODD") {
        _mint(msg.sender, 1e30);
    }

    function set(Answer answer_, uint256 keeps_, Reenterer hook_) external {
        (answer, keeps, hook) = (answer_, keeps_, hook_);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        _transfer(msg.sender, to, amount - keeps);
        return _answer();
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _spendAllowance(from, msg.sender, amount);
        _transfer(from, to, amount - keeps);
        return _answer();
    }

    function mint(address to, uint256 amount) external returns (bool) {
        _mint(to, amount);
        return _answer();
    }

    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
        _answer();
    }

    function _answer() private returns (bool) {
        if (address(hook) != address(0)) {
            hook.strike();
        }
        if (answer == Answer.Revert) {
            revert("odd");
        }
        if (answer == Answer.Burn) {
            while (true) {}
        }
        if (answer == Answer.Nothing) {
            assembly {
                return(0, 0)
            }
        }
        if (answer == Answer.Two) {
            assembly {
                mstore(0, 2)
                return(0, 32)
            }
        }
        if (answer == Answer.Short) {
            assembly {
                mstore(0, not(0))
                return(0, 31)
            }
        }
        return answer == Answer.True;
    }
}

/// Coin as a token, in the manner of WETH9: an owner needs no allowance for its own `transferFrom`, and any other call is a
/// deposit.
contract WrappedCoin {
    mapping(address => uint256) public balanceOf;

    receive() external payable {
        deposit();
    }

    fallback() external payable {
        deposit();
    }

    function deposit() public payable {
        balanceOf[msg.sender] += msg.value;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return transferFrom(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public returns (bool) {
        require(from == msg.sender, "allowance");
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }
}

/// Just enough of an ERC-721 token to be registered as one; its URI is what is set.
contract OddNFT {
    bytes public uri;
    bool public fails;

    function set(bytes calldata uri_, bool fails_) external {
        (uri, fails) = (uri_, fails_);
    }

    function supportsInterface(bytes4) external pure returns (bool) {
        return true;
    }

    function transferFrom(address, address, uint256) external {}

    function tokenURI(uint256) external view {
        bytes memory raw = uri;
        require(!fails, "no URI");
        assembly {
            return(add(raw, 32), mload(raw))
        }
    }
}

/// What a contract says about its interfaces, badly.
contract OddInterfaces {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback() external {
        bytes memory raw = _answer;
        assembly {
            return(add(raw, 32), mload(raw))
        }
    }
}

use super::*;
use crate::consensus::testing::{sign, Vectors};

/// The signature with n - S and the other V: the same signer.
fn high_s_twin(signature: &[u8; 65]) -> [u8; 65] {
    let mut twin = *signature;
    let s = U256::from_be_slice(&signature[32..64]);
    twin[32..64].copy_from_slice(&(ORDER - s).to_be_bytes::<32>());
    twin[64] ^= 1;
    twin
}

#[test]
fn recovers_the_signer_also_from_a_high_s() {
    let vectors = Vectors::load();
    let digest = keccak(7);
    let signature = sign(1, &digest);
    assert_eq!(recover_address(&digest, &signature), Ok(vectors.address(1)));
    assert_eq!(recover_address(&digest, &high_s_twin(&signature)), Ok(vectors.address(1)));
}

#[test]
fn rejects_each_part_out_of_its_range() {
    let digest = keccak(7);
    let good = sign(1, &digest);
    let with = |from: usize, bytes: &[u8]| {
        let mut bad = good;
        bad[from..from + bytes.len()].copy_from_slice(bytes);
        recover_address(&digest, &bad)
    };
    assert_eq!(with(64, &[4]), Err(CurveError::RecoveryId { got: 4 }));
    assert_eq!(with(64, &[27]), Err(CurveError::RecoveryId { got: 27 }));
    assert_eq!(with(0, &[0; 32]), Err(CurveError::ScalarR));
    assert_eq!(with(0, &ORDER.to_be_bytes::<32>()), Err(CurveError::ScalarR));
    assert_eq!(with(32, &[0; 32]), Err(CurveError::ScalarS));
    assert_eq!(with(32, &ORDER.to_be_bytes::<32>()), Err(CurveError::ScalarS));
    assert_eq!(with(64, &[2]), Err(CurveError::Coordinate));
}

#[test]
fn rejects_an_x_coordinate_that_is_on_no_point() {
    let digest = keccak(7);
    let mut signature = sign(1, &digest);
    signature[..32].copy_from_slice(&U256::from(5).to_be_bytes::<32>());
    assert_eq!(recover_address(&digest, &signature), Err(CurveError::NoKey));
}

fn keccak(n: u64) -> Hash {
    crate::primitives::keccak256(&n.to_be_bytes())
}

/// How many random signatures the comparison takes; `SPANLIGHT_SIGNATURES` asks for more.
#[cfg(all(feature = "libsecp256k1", feature = "k256"))]
fn signatures_wanted() -> u64 {
    std::env::var("SPANLIGHT_SIGNATURES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

#[test]
#[cfg(all(feature = "libsecp256k1", feature = "k256"))]
fn back_ends_agree() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let small = |n: u64| U256::from(n).to_be_bytes::<32>();
    let edges: [[u8; 32]; 11] = [
        small(0),
        small(1),
        small(2),
        small(5),
        (ORDER - U256::from(1)).to_be_bytes(),
        ORDER.to_be_bytes(),
        (ORDER >> 1usize).to_be_bytes(),
        ((ORDER >> 1usize) + U256::from(1)).to_be_bytes(),
        (PRIME_LESS_ORDER - U256::from(1)).to_be_bytes(),
        PRIME_LESS_ORDER.to_be_bytes(),
        [0xff; 32],
    ];
    let mut recovered = 0u64;
    let mut compare = |digest: &Hash, signature: &[u8; 65]| {
        let answer = libsecp::recover_address(digest, signature);
        assert_eq!(answer, pure::recover_address(digest, signature), "{digest} {signature:?}");
        recovered += u64::from(answer.is_ok());
    };
    for r in edges {
        for s in edges {
            for v in 0..5 {
                let mut signature = [v; 65];
                signature[..32].copy_from_slice(&r);
                signature[32..64].copy_from_slice(&s);
                for digest in [Hash::ZERO, Hash([0xff; 32]), Hash(ORDER.to_be_bytes()), keccak(1)] {
                    compare(&digest, &signature);
                }
            }
        }
    }
    for _ in 0..signatures_wanted() {
        let mut signature = [0u8; 65];
        for chunk in signature.chunks_mut(8) {
            chunk.copy_from_slice(&next().to_be_bytes()[..chunk.len()]);
        }
        signature[64] = (next() % 4) as u8;
        // V of 2 and 3 need a small R to be a coordinate at all.
        if signature[64] > 1 {
            signature[..16].fill(0);
        }
        compare(&keccak(next()), &signature);
    }
    assert!(recovered > 500);
}

#[test]
#[cfg(all(feature = "libsecp256k1", feature = "k256"))]
fn back_ends_agree_on_what_a_point_is() {
    let hex =
        |text: &str| -> [u8; 32] { core::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()) };
    let x = hex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    let y = hex("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8");
    let key = |x: [u8; 32], y: [u8; 32]| -> [u8; 65] { [&[4][..], &x, &y].concat().try_into().unwrap() };
    let mut off = y;
    off[31] ^= 1;
    let cases = [
        (key(x, y), true),
        (key(x, off), false),
        (key(y, x), false),
        (key([0xff; 32], y), false),
        (key([0; 32], [0; 32]), false),
    ];
    for (bytes, expected) in cases {
        assert_eq!((libsecp::is_uncompressed_key(&bytes), pure::is_uncompressed_key(&bytes)), (expected, expected));
    }
    for (sign, x) in [(2, x), (3, x), (4, x), (2, [0xff; 32]), (2, [0; 32]), (2, [5; 32])] {
        let compressed: [u8; 33] = [&[sign][..], &x].concat().try_into().unwrap();
        assert_eq!(libsecp::address_of_compressed(&compressed), pure::address_of_compressed(&compressed));
    }
}

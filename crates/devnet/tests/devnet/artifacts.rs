//! The creation code that is shipped is what the recorded chains were made with.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader};

#[test]
fn shipped_creation_code_is_that_of_the_recordings() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let story: Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{root}/tests/fixtures/transfers.json")).unwrap())
            .unwrap();
    for chain in ["main", "service"] {
        let file = std::fs::File::open(format!("{root}/tests/fixtures/{chain}.rpc.jsonl.gz")).unwrap();
        let mut found = 0;
        for line in BufReader::new(GzDecoder::new(file)).lines() {
            let exchange: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if exchange["method"] != "kaia_getBlockReceipts" {
                continue;
            }
            for receipt in exchange["result"].as_array().unwrap() {
                for (name, artifact) in [("bridge", "bridge_c"), ("erc20", "erc20"), ("erc721", "erc721")] {
                    let address = story["chains"][chain][name].as_str().unwrap().to_lowercase();
                    if receipt["contractAddress"].as_str() == Some(&address) {
                        let path = format!("{root}/crates/devnet/artifacts/{artifact}.hex");
                        let shipped = std::fs::read_to_string(path).unwrap();
                        let argument = 64;
                        let input = receipt["input"].as_str().unwrap();
                        assert_eq!(input[..input.len() - argument], *shipped.trim(), "{artifact}");
                        found += 1;
                    }
                }
            }
        }
        assert_eq!(found, 3, "{chain}");
    }
}

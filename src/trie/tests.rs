use super::*;
use crate::primitives::keccak256;
use crate::rlp::RlpStream;
use hash_db::EMPTY_PREFIX;
use memory_db::{HashKey, MemoryDB};
use std::collections::BTreeMap;
use std::vec::Vec;
use std::{format, vec};
use trie_db::{HashDB, Recorder, Trie, TrieConfiguration, TrieDBBuilder, TrieDBMutBuilder, TrieMut};

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// Root of `entries`, and exactly the nodes on the paths of `keys`, ascending by hash.
pub(crate) fn prove(entries: &Entries, keys: &[Vec<u8>]) -> (Hash, Vec<Vec<u8>>) {
    let mut db = MemoryDB::<KeccakHasher, HashKey<_>, Vec<u8>>::from_null_node(&[0x80], [0x80].as_slice().into());
    let mut root = [0u8; 32];
    {
        let mut trie = TrieDBMutBuilder::<EthereumLayout>::new(&mut db, &mut root).build();
        for (key, value) in entries {
            trie.insert(key, value).unwrap();
        }
        trie.commit();
    }
    // Three ways of building one root.
    assert_eq!(root, EthereumLayout::trie_root(entries.clone()));
    assert_eq!(Hash(root), trie_root(entries));
    let mut recorder = Recorder::<EthereumLayout>::new();
    if !entries.is_empty() {
        assert!(HashDB::contains(&db, &root, EMPTY_PREFIX));
        let trie = TrieDBBuilder::<EthereumLayout>::new(&db, &root).with_recorder(&mut recorder).build();
        for key in keys {
            assert_eq!(trie.get(key).unwrap().as_ref(), entries.get(key));
        }
    }
    (Hash(root), sorted(recorder.drain().into_iter().map(|record| record.data).collect()))
}

/// Ascending by hash, without duplicates.
pub(crate) fn sorted(nodes: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    nodes.into_iter().map(|node| (keccak256(&node), node)).collect::<BTreeMap<_, _>>().into_values().collect()
}

fn index_key(index: u32) -> Vec<u8> {
    crate::commitment::trie::key(index)
}

/// Entries with values of `length` bytes: 1 gives embedded leaves, 40 hashed ones.
fn entries(count: u32, length: usize) -> Entries {
    (0..count)
        .map(|i| (index_key(i), keccak256(&i.to_be_bytes()).0.iter().cycle().take(length).copied().collect()))
        .collect()
}

fn list(items: &[&[u8]]) -> Vec<u8> {
    let mut stream = RlpStream::new_list(items.len());
    for item in items {
        stream.append_raw(item, 1);
    }
    stream.out().to_vec()
}

/// A branch with these children, each as it stands, and no value.
fn branch(children: &[(usize, &[u8])]) -> Vec<u8> {
    let mut items: Vec<&[u8]> = vec![&[0x80]; 17];
    for (place, child) in children {
        items[*place] = child;
    }
    list(&items)
}

/// Reads a key from one node taken as the whole trie.
fn read_root(node: &[u8]) -> Result<Vec<Option<Vec<u8>>>, TrieError> {
    read_exact(&keccak256(node), &[vec![0x12, 0x34]], &[node.to_vec()])
}

fn hash_item(hash: Hash) -> Vec<u8> {
    let mut item = vec![0xa0];
    item.extend(hash.0);
    item
}

#[test]
fn empty_root_is_the_hash_of_the_empty_string_item() {
    assert_eq!(keccak256(&[0x80]), EMPTY_ROOT);
    assert_eq!(prove(&Entries::new(), &[]).0, EMPTY_ROOT);
}

#[test]
fn reads_values_and_absences_from_exactly_the_nodes_needed() {
    for (count, length) in [(1, 1), (2, 1), (3, 40), (17, 1), (17, 5), (130, 1), (130, 20), (130, 300), (300, 30)] {
        let entries = entries(count, length);
        for keys in [vec![index_key(0)], vec![index_key(count / 2), index_key(count - 1), index_key(count + 7)]] {
            let (root, nodes) = prove(&entries, &keys);
            let expected: Vec<Option<Vec<u8>>> = keys.iter().map(|key| entries.get(key).cloned()).collect();
            assert_eq!(read_exact(&root, &keys, &nodes), Ok(expected), "{count} entries of {length} bytes");
        }
    }
}

#[test]
fn reads_values_in_branches_and_below_embedded_extensions() {
    let entries: Entries = [
        (vec![0x12], vec![1]),
        (vec![0x12, 0x34], vec![2]),
        (vec![0x12, 0x35], vec![3]),
        (vec![0x20], vec![4; 40]),
        (vec![0x2f, 0xff, 0xff], vec![5]),
        (vec![0x2f, 0xff, 0xfe], vec![6]),
    ]
    .into();
    let keys: Vec<Vec<u8>> = entries.keys().cloned().chain([vec![0x2f], vec![0x12, 0x36], vec![]]).collect();
    let (root, nodes) = prove(&entries, &keys);
    let expected: Vec<Option<Vec<u8>>> = keys.iter().map(|key| entries.get(key).cloned()).collect();
    assert_eq!(read_exact(&root, &keys, &nodes), Ok(expected));
}

#[test]
fn every_key_of_the_empty_trie_is_absent_without_nodes() {
    assert_eq!(read_exact(&EMPTY_ROOT, &[index_key(0)], &[]), Ok(vec![None]));
    let unused = TrieError::NodeUnused { hash: EMPTY_ROOT.into() };
    assert_eq!(read_exact(&EMPTY_ROOT, &[index_key(0)], &[vec![0x80]]), Err(unused));
}

#[test]
fn rejects_a_missing_node() {
    let keys = [index_key(3), index_key(77)];
    let (root, nodes) = prove(&entries(130, 40), &keys);
    assert!(nodes.len() > 4);
    for drop in 0..nodes.len() {
        let mut fewer = nodes.clone();
        let hash = keccak256(&fewer.remove(drop));
        assert_eq!(read_exact(&root, &keys, &fewer), Err(TrieError::NodeMissing { hash: hash.into() }));
    }
}

#[test]
fn rejects_a_node_on_no_path() {
    let all = entries(130, 40);
    let (root, nodes) = prove(&all, &[index_key(3)]);
    let (_, more) = prove(&all, &[index_key(3), index_key(77)]);
    let extra: Vec<&Vec<u8>> = more.iter().filter(|node| !nodes.contains(node)).collect();
    assert!(!extra.is_empty());
    for node in extra {
        let mut given = nodes.clone();
        given.push(node.clone());
        let refused = Err(TrieError::NodeUnused { hash: keccak256(node).into() });
        assert_eq!(read_exact(&root, &[index_key(3)], &sorted(given)), refused);
    }
}

#[test]
fn rejects_duplicate_and_reordered_nodes() {
    let keys = [index_key(3)];
    let (root, nodes) = prove(&entries(130, 40), &keys);
    let mut twice = nodes.clone();
    twice.insert(1, nodes[0].clone());
    assert_eq!(read_exact(&root, &keys, &twice), Err(TrieError::NodesNotAscending { position: 1 }));
    let mut swapped = nodes;
    swapped.swap(0, 1);
    assert_eq!(read_exact(&root, &keys, &swapped), Err(TrieError::NodesNotAscending { position: 1 }));
}

#[test]
fn rejects_every_flipped_byte() {
    let keys = [index_key(1), index_key(9), index_key(40)];
    let (root, nodes) = prove(&entries(17, 33), &keys);
    for (place, node) in nodes.iter().enumerate() {
        for byte in 0..node.len() {
            let mut flipped = nodes.clone();
            flipped[place][byte] ^= 1;
            assert!(read_exact(&root, &keys, &flipped).is_err(), "node {place} byte {byte}");
            assert!(read_exact(&root, &keys, &sorted(flipped)).is_err(), "node {place} byte {byte}, sorted");
        }
    }
}

#[test]
fn rejects_more_nodes_than_the_keys_can_need() {
    let nodes = vec![vec![]; MAX_NODES_PER_KEY + 1];
    let refused = TrieError::TooManyNodes { limit: MAX_NODES_PER_KEY, got: MAX_NODES_PER_KEY + 1 };
    assert_eq!(read_exact(&Hash::ZERO, &[vec![1]], &nodes), Err(refused));
    assert_eq!(read_exact(&Hash::ZERO, &[], &[vec![]]), Err(TrieError::TooManyNodes { limit: 0, got: 1 }));
    assert_eq!(read_exact(&Hash::ZERO, &[], &[]), Ok(vec![]));
}

#[test]
fn rejects_lists_that_are_no_node() {
    assert_eq!(read_root(&list(&[&[1]])), Err(TrieError::ItemCount { got: 1 }));
    assert_eq!(read_root(&list(&[&[0x20], &[1], &[1]])), Err(TrieError::ItemCount { got: 3 }));
    assert_eq!(read_root(&list(&[[0x80].as_slice(); 18])), Err(TrieError::ItemCount { got: 18 }));
    assert_eq!(read_root(&list(&[[0x80].as_slice(); 300])), Err(TrieError::ItemCount { got: 18 }));
    assert_eq!(read_root(&[0x83, 1, 2, 3]), Err(TrieError::Rlp(RlpError::Kind)));
}

#[test]
fn rejects_trailing_bytes_and_longer_lengths() {
    let leaf = list(&[&[0x82, 0x20, 0x12], &[0x81, 0x99]]);
    assert_eq!(read_root(&leaf), Ok(vec![None]));
    let mut trailing = leaf.clone();
    trailing.push(0);
    assert_eq!(read_root(&trailing), Err(TrieError::Rlp(RlpError::TooMany)));
    let wrapped = list(&[&[0x82, 0x20, 0x12], &[0x81, 0x09]]);
    assert_eq!(read_root(&wrapped), Err(TrieError::Rlp(RlpError::Malformed)));
    let mut long = vec![0xf8, u8::try_from(leaf.len() - 1).unwrap()];
    long.extend(&leaf[1..]);
    assert_eq!(read_root(&long), Err(TrieError::Rlp(RlpError::Malformed)));
}

#[test]
fn rejects_bad_flags_and_padding_of_a_path() {
    for path in
        [&[0x40][..], &[0x81, 0x80], &[0x01], &[0x2f], &[0x7f], &[0x80], &[0x82, 0x21, 0x12], &[0x82, 0x60, 0x12]]
    {
        let node = list(&[path, &[0x81, 0x99]]);
        assert_eq!(read_root(&node), Err(TrieError::Path), "{path:?}");
    }
}

#[test]
fn rejects_an_extension_with_an_empty_path() {
    let node = list(&[&[0x00], &hash_item(Hash([1; 32]))]);
    assert_eq!(read_root(&node), Err(TrieError::EmptyExtension));
}

#[test]
fn rejects_an_extension_that_leads_to_no_branch() {
    assert_eq!(read_root(&list(&[&[0x11], &[0x80]])), Err(TrieError::ExtensionWithoutBranch));
    let embedded_leaf = list(&[&[0x82, 0x20, 0x34], &[5]]);
    assert_eq!(read_root(&list(&[&[0x11], &embedded_leaf])), Err(TrieError::ExtensionWithoutBranch));
    let leaf = list(&[&[0x82, 0x32, 0x34], &[&[0xb8, 0x40][..], &[7; 64]].concat()]);
    let extension = list(&[&[0x11], &hash_item(keccak256(&leaf))]);
    let nodes = sorted(vec![leaf, extension.clone()]);
    let read = read_exact(&keccak256(&extension), &[vec![0x12, 0x34]], &nodes);
    assert_eq!(read, Err(TrieError::ExtensionWithoutBranch));
}

#[test]
fn rejects_a_branch_with_fewer_than_two_entries() {
    let child = list(&[&[0x32], &[5]]);
    assert_eq!(read_root(&branch(&[])), Err(TrieError::SparseBranch { occupied: 0 }));
    assert_eq!(read_root(&branch(&[(1, &child)])), Err(TrieError::SparseBranch { occupied: 1 }));
    assert_eq!(read_root(&branch(&[(16, &[7])])), Err(TrieError::SparseBranch { occupied: 1 }));
    assert_eq!(read_root(&branch(&[(1, &child), (16, &[7])])), Ok(vec![None]));
    assert_eq!(read_root(&branch(&[(2, &child), (3, &child)])), Ok(vec![None]));
}

#[test]
fn rejects_references_that_are_not_32_bytes() {
    let good = hash_item(Hash([1; 32]));
    for got in [1usize, 2, 32, 34, 40] {
        let mut item = vec![0x80 + u8::try_from(got).unwrap() - 1];
        item.resize(got, 0x99);
        let item = if got == 1 { vec![0x05] } else { item };
        assert_eq!(read_root(&branch(&[(2, &good), (3, &item)])), Err(TrieError::Reference { got }));
    }
}

#[test]
fn rejects_an_embedded_node_of_32_bytes() {
    let good = hash_item(Hash([1; 32]));
    for length in [28usize, 29] {
        let value: Vec<u8> = [&[0x80 + u8::try_from(length).unwrap()][..], &vec![7; length]].concat();
        let embedded = list(&[&[0x32], &value]);
        let node = branch(&[(2, &good), (3, &embedded)]);
        match embedded.len() {
            31 => assert_eq!(read_root(&node), Ok(vec![None])),
            got => assert_eq!(read_root(&node), Err(TrieError::EmbeddedTooLong { got })),
        }
    }
}

#[test]
fn rejects_embedded_nodes_of_bad_form_also_beside_the_path() {
    let good = hash_item(Hash([1; 32]));
    let bad = list(&[&[0x41], &[5]]);
    assert_eq!(read_root(&branch(&[(2, &good), (9, &bad)])), Err(TrieError::Path));
}

#[test]
fn rejects_a_hash_of_a_node_below_32_bytes() {
    let short = list(&[&[0x82, 0x20, 0x34], &[5]]);
    let parent = branch(&[(1, &hash_item(keccak256(&short))), (3, &hash_item(Hash([1; 32])))]);
    let nodes = sorted(vec![short.clone(), parent.clone()]);
    let read = read_exact(&keccak256(&parent), &[vec![0x12, 0x34]], &nodes);
    assert_eq!(read, Err(TrieError::HashedTooShort { got: short.len() }));
}

#[test]
fn rejects_a_leaf_with_an_empty_value_and_one_with_a_list() {
    assert_eq!(read_root(&list(&[&[0x20], &[0x80]])), Err(TrieError::EmptyValue));
    assert_eq!(read_root(&list(&[&[0x20], &[0xc1, 0x05]])), Err(TrieError::Rlp(RlpError::Kind)));
}

#[test]
fn codes_are_distinct() {
    let hash = Hash::ZERO;
    let errors = [
        TrieError::TooManyNodes { limit: 0, got: 1 },
        TrieError::NodesNotAscending { position: 1 },
        TrieError::NodeMissing { hash: hash.into() },
        TrieError::NodeUnused { hash: hash.into() },
        TrieError::ItemCount { got: 1 },
        TrieError::Path,
        TrieError::EmptyExtension,
        TrieError::ExtensionWithoutBranch,
        TrieError::SparseBranch { occupied: 1 },
        TrieError::Reference { got: 1 },
        TrieError::EmbeddedTooLong { got: 32 },
        TrieError::HashedTooShort { got: 31 },
        TrieError::EmptyValue,
    ];
    let codes: std::collections::BTreeSet<&str> = errors.iter().map(TrieError::code).collect();
    assert_eq!(codes.len(), errors.len());
    assert!(codes.iter().all(|code| code.starts_with("trie.")), "{}", format!("{codes:?}"));
}

#[test]
fn a_node_that_an_enemy_made_never_panics_and_reads_only_if_it_is_canonical() {
    let keys = [vec![], vec![0x12], vec![0x12, 0x34], index_key(200)];
    let (_, nodes) = prove(&entries(300, 3), &[index_key(3), index_key(200)]);
    for node in &nodes {
        for (byte, value) in (0..node.len()).flat_map(|byte| [0, 1, 0x80, 0xa0, 0xc0, 0xf8].map(|value| (byte, value)))
        {
            let mut made = node.clone();
            made[byte] = value;
            if let Ok(plan) = <RlpNodeCodec as trie_db::NodeCodec>::decode_plan(&made) {
                plan.build(&made);
            }
            for key in &keys {
                let _ = read_exact(&keccak256(&made), core::slice::from_ref(key), core::slice::from_ref(&made));
            }
        }
    }
}

/// A bag of random entries: keys are RLP indices or hashes, values of every length from 1 to 80.
fn random_entries(seed: u32, count: u32, key: impl Fn(u32) -> Vec<u8>) -> Entries {
    let value = |i: u32| {
        let digest = keccak256(&[seed.to_be_bytes(), i.to_be_bytes()].concat()).0;
        digest.iter().cycle().take(1 + usize::from(digest[0]) % 80).copied().collect()
    };
    (0..count).map(|i| (key(i), value(i))).collect()
}

fn hashed_key(index: u32) -> Vec<u8> {
    keccak256(&index.to_be_bytes()).0.to_vec()
}

#[test]
fn built_nodes_have_the_root_and_prove_present_and_absent_keys() {
    let kinds: [fn(u32) -> Vec<u8>; 2] = [index_key, hashed_key];
    for key in kinds {
        for count in (0..20).chain([127, 128, 129, 200, 256, 257, 300]) {
            let entries = random_entries(count, count, key);
            let (root, nodes) = trie_nodes(&entries);
            assert_eq!(root, trie_root(&entries));
            assert_eq!(root.0, EthereumLayout::trie_root(&entries), "{count} entries");
            assert!(nodes.iter().all(|(hash, node)| *hash == keccak256(node)));
            let all: Vec<Vec<u8>> = entries.keys().cloned().collect();
            assert_eq!(prove_keys(&root, &all, &nodes), Ok(nodes.values().cloned().collect()), "no node is idle");
            for chosen in [vec![0], vec![count / 2], vec![count], vec![0, count / 3, count + 1, count + 100]] {
                let keys: Vec<Vec<u8>> = chosen.into_iter().map(key).collect();
                let proof = prove_keys(&root, &keys, &nodes).unwrap();
                let expected: Vec<_> = keys.iter().map(|key| entries.get(key).cloned()).collect();
                assert_eq!(read_exact(&root, &keys, &proof), Ok(expected));
                assert_eq!(proof, prove(&entries, &keys).1, "the same as another prover picks");
            }
        }
    }
}

#[test]
fn a_proof_needs_each_of_its_nodes() {
    let entries = random_entries(1, 200, hashed_key);
    let keys = [hashed_key(3), hashed_key(77), hashed_key(1000)];
    let (root, nodes) = trie_nodes(&entries);
    let proof = prove_keys(&root, &keys, &nodes).unwrap();
    assert!(proof.len() > 4 && proof.len() < nodes.len());
    for node in &proof {
        let hash = keccak256(node);
        let mut fewer = nodes.clone();
        fewer.remove(&hash);
        assert_eq!(prove_keys(&root, &keys, &fewer), Err(TrieError::NodeMissing { hash: hash.into() }));
        let mut swapped = nodes.clone();
        swapped.insert(hash, nodes.values().find(|other| *other != node).unwrap().clone());
        assert!(prove_keys(&root, &keys, &swapped).is_err(), "a node under another's hash");
    }
    assert_eq!(prove_keys(&root, &[], &nodes), Ok(vec![]));
}

#[test]
fn the_empty_trie_needs_no_node() {
    assert_eq!(trie_nodes(&Entries::new()), (EMPTY_ROOT, BTreeMap::new()));
    assert_eq!(prove_keys(&EMPTY_ROOT, &[index_key(0)], &BTreeMap::new()), Ok(vec![]));
}

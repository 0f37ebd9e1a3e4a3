use super::*;
use crate::config::Secret;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("spanlight-keys-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn sign_and_recover(signer: &dyn Signer) {
    for byte in 0..8 {
        let digest = Hash([byte; 32]);
        let signature = signer.sign(&digest).unwrap();
        assert_eq!(recover_address(&digest, &signature), Ok(signer.address()));
        let s = U256::try_from_be_slice(&signature[32..64]).unwrap();
        assert!(s <= ORDER.wrapping_shr(1), "S is low");
    }
}

#[test]
fn a_new_key_file_opens_with_its_password_only_and_signs() {
    let folder = folder("new");
    let (path, address) = create_key_file(&folder, "correct", Strength::Light).unwrap();
    let key = file::open(&path, "correct").unwrap();
    assert_eq!(key.address(), address);
    sign_and_recover(&key);
    let wrong = file::open(&path, "wrong").err().unwrap();
    assert!(wrong.to_string().starts_with(&format!("key file {}", path.display())), "{wrong}");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"version\":3") && text.contains("scrypt"), "Web3 secret storage");
    std::fs::remove_dir_all(folder).unwrap();
}

/// The test vector of the Web3 secret storage definition (pbkdf2).
#[test]
fn a_file_of_another_program_opens() {
    let folder = folder("vector");
    let text = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
        "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256",
        "salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
        "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
        "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
    let path = folder.join("key.json");
    std::fs::write(&path, text).unwrap();
    only_owner(&path);
    let key = file::open(&path, "testpassword").unwrap();
    let expected: Address = "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b".parse().unwrap();
    assert_eq!(key.address(), expected);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Made by a Kaia node.
#[test]
fn a_file_of_version_4_opens() {
    let folder = folder("version-4");
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/keystore-v4.json"));
    let path = folder.join("key.json");
    std::fs::write(&path, text.unwrap()).unwrap();
    only_owner(&path);
    let key = file::open(&path, "pass word 1").unwrap();
    assert_eq!(key.address(), "0x9fb5c65f9bbb727d88a9a40722922ec809dce025".parse().unwrap());
    sign_and_recover(&key);
    let wrong = file::open(&path, "pass word 2").err().unwrap();
    assert!(wrong.to_string().starts_with(&format!("key file {}", path.display())), "{wrong}");
    std::fs::remove_dir_all(folder).unwrap();
}

fn only_owner(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("mode");
    let (path, _) = create_key_file(&folder, "p", Strength::Light).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = file::open(&path, "p").err().unwrap();
    assert!(error.to_string().contains("chmod 600"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_missing_file_says_how_to_make_one() {
    let error = file::open(std::path::Path::new("/nowhere/key.json"), "p").err().unwrap();
    assert!(error.to_string().contains("keys new"), "{error}");
}

#[test]
fn a_key_file_is_made_for_its_owner_alone_and_never_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("private").join("keys");
    let (path, address) = import_key(&folder, "p", Strength::Light, &[7; 32]).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
    let error = import_key(&folder, "another", Strength::Light, &[7; 32]).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert_eq!(file::open(&path, "p").unwrap().address(), address, "the first password opens it still");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_weak_file_is_encrypted_anew_at_geths_strength() {
    let folder = folder("strengthen");
    let (path, address) = import_key(&folder, "old", Strength::Light, &[7; 32]).unwrap();
    assert!(vault::is_weak(&std::fs::read_to_string(&path).unwrap()));
    assert!(strengthen_key_file(&path, "wrong", "new").is_err());
    assert_eq!(strengthen_key_file(&path, "old", "new").unwrap(), address);
    assert!(!vault::is_weak(&std::fs::read_to_string(&path).unwrap()));
    assert!(file::open(&path, "old").is_err());
    sign_and_recover(&file::open(&path, "new").unwrap());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn passwords_come_from_a_descriptor_or_a_file_of_ones_own() {
    use std::io::{Seek, Write};
    use std::os::fd::AsRawFd;
    let folder = folder("secret");
    let path = folder.join("p");
    let mut file = std::fs::File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    file.write_all(b"a pass word\n").unwrap();
    file.rewind().unwrap();
    let read = read_secret(&Secret::Fd(file.as_raw_fd())).unwrap();
    assert_eq!(read.as_str(), "a pass word");
    assert!(read_secret(&Secret::Fd(987)).is_err());
    only_owner(&path);
    assert_eq!(read_secret(&Secret::File(path.clone())).unwrap().as_str(), "a pass word");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    let error = read_secret(&Secret::File(path)).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
    let error = read_secret(&Secret::File(folder.join("none"))).unwrap_err();
    assert!(error.to_string().contains("none"), "{error}");
    let error = read_secret(&Secret::Credential("main-password".to_owned())).unwrap_err();
    assert!(error.to_string().contains("LoadCredential=main-password"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_device_signature_gets_low_s_and_its_recovery_id() {
    let folder = folder("device");
    let (path, address) = create_key_file(&folder, "p", Strength::Light).unwrap();
    let key = file::open(&path, "p").unwrap();
    let digest = Hash([3; 32]);
    let signature = key.sign(&digest).unwrap();
    assert_eq!(complete(&signature[..64], &digest, address).unwrap(), signature);
    let s = U256::try_from_be_slice(&signature[32..64]).unwrap();
    let high = [&signature[..32], &ORDER.wrapping_sub(s).to_be_bytes::<32>()].concat();
    assert_eq!(complete(&high, &digest, address).unwrap(), signature, "the other S is brought down");
    assert!(complete(&signature[..64], &Hash([4; 32]), address).is_err());
    assert!(complete(&signature[..40], &digest, address).is_err());
    assert!(complete(&[255; 64], &digest, address).is_err());
    std::fs::remove_dir_all(folder).unwrap();
}

/// A token of SoftHSM with a fresh key pair, made with OpenSC's and SoftHSM's own tools.
#[test]
fn a_key_in_a_token_signs() {
    let Some(module) = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
    else {
        panic!("SoftHSM is missing: tools/setup brings it")
    };
    let folder = folder("token");
    std::fs::create_dir_all(folder.join("tokens")).unwrap();
    let conf = folder.join("softhsm2.conf");
    std::fs::write(&conf, format!("directories.tokendir = {}\n", folder.join("tokens").display())).unwrap();
    // The library reads the variable when it is loaded; no other test of this crate loads it.
    std::env::set_var("SOFTHSM2_CONF", &conf);
    let run = |program: &str, arguments: &[&str]| {
        let done = std::process::Command::new(program).args(arguments).output().unwrap();
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    };
    run("softhsm2-util", &["--init-token", "--free", "--label", "operator", "--so-pin", "12345678", "--pin", "1234"]);
    let wrong = pkcs11::Token::open(&module, "operator", "main", "9999").err().unwrap();
    assert!(wrong.to_string().contains("PIN"), "{wrong}");
    make_key_pair(&module);
    let token = pkcs11::Token::open(&module, "operator", "main", "1234").unwrap();
    sign_and_recover(&token);
    for (name, label) in [("other", "main"), ("operator", "none")] {
        assert!(pkcs11::Token::open(&module, name, label, "1234").is_err(), "{name} {label}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

fn make_key_pair(module: &std::path::Path) {
    use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
    use cryptoki::mechanism::Mechanism;
    use cryptoki::object::Attribute;
    use cryptoki::session::UserType;
    use cryptoki::types::AuthPin;
    let library = Pkcs11::new(module).unwrap();
    let _ = library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slots = library.get_slots_with_initialized_token().unwrap();
    let session = library.open_rw_session(slots[0]).unwrap();
    session.login(UserType::User, Some(&AuthPin::new("1234".into()))).unwrap();
    // The curve secp256k1, as an ASN.1 object identifier.
    let curve = vec![0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a];
    let label = Attribute::Label(b"main".to_vec());
    let public = [Attribute::Token(true), Attribute::EcParams(curve), label.clone()];
    let private = [Attribute::Token(true), Attribute::Sensitive(true), Attribute::Sign(true), label];
    session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private).unwrap();
}

/// A device that is down at times.
struct Failing {
    key: file::FileKey,
    is_down: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
}

impl Signer for Failing {
    fn address(&self) -> Address {
        self.key.address()
    }

    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.is_down.load(Ordering::SeqCst) {
            true => Err(KeyError::Service("down".to_owned())),
            false => self.key.sign(digest),
        }
    }
}

#[test]
fn a_key_that_fails_at_times_is_left_alone_for_a_while_and_then_signs() {
    let (is_down, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let key = Failing { key: file::FileKey::test(5), is_down: Arc::clone(&is_down), asked: Arc::clone(&asked) };
    let rest = Duration::from_secs(1);
    let key = Resting::resting_for(Box::new(key), rest);
    sign_and_recover(&key);
    is_down.store(true, Ordering::SeqCst);
    asked.store(0, Ordering::SeqCst);
    assert!(matches!(key.sign(&Hash([1; 32])), Err(KeyError::Service(_))));
    is_down.store(false, Ordering::SeqCst);
    for _ in 0..300 {
        assert!(matches!(key.sign(&Hash([1; 32])), Err(KeyError::Rests)));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "hundreds of transfers wait for it once");
    std::thread::sleep(rest);
    sign_and_recover(&key);
}

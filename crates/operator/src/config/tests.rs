use super::*;

const TRUST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/trust.toml");

/// A folder with a configuration, and with the trust file of the recordings beside it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("spanlight-config-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::copy(TRUST, path.join("trust.toml")).unwrap();
        Self(path)
    }

    fn read(&self, text: &str) -> Result<Config, ConfigError> {
        let path = self.0.join("operator.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn good() -> String {
    let chain = |name: &str| {
        format!(
            "[chains.{name}]\nendpoints = [\"http://127.0.0.1:1\"]\n\
             key = {{ kind = \"file\", path = \"{name}.json\", password = {{ file = \"password\" }} }}\n"
        )
    };
    format!(
        "name = \"one\"\ntrust = \"trust.toml\"\nstore = \"sqlite:operator.db\"\n{}{}",
        chain("main"),
        chain("service")
    )
}

/// What is wrong, for a text with one part replaced.
fn refusal(name: &str, from: &str, to: &str) -> ConfigError {
    let text = good();
    assert!(text.contains(from), "{from}");
    Folder::new(name).read(&text.replacen(from, to, 1)).unwrap_err()
}

#[test]
fn a_longer_period_than_the_trusts_is_for_chains_that_are_followed_without_jumps() {
    let folder = Folder::new("pause");
    let patient = good().replacen("endpoints =", "max_pause_s = 5000000\nendpoints =", 1);
    assert_eq!(folder.read(&good()).unwrap().chains["main"].max_pause_s, 0);
    assert_eq!(folder.read(&patient).unwrap().chains["main"].max_pause_s, 5_000_000);
    let trust = std::fs::read_to_string(TRUST).unwrap();
    assert!(trust.contains("allow_jump = false"));
    std::fs::write(folder.0.join("trust.toml"), trust.replace("allow_jump = false", "allow_jump = true")).unwrap();
    let refused = folder.read(&patient).unwrap_err();
    assert_eq!(refused.key, "chains.main.max_pause_s");
    assert!(folder.read(&good()).is_ok());
}

#[test]
fn a_good_file_is_read_and_its_paths_lie_beside_it() {
    let folder = Folder::new("good");
    let config = folder.read(&good()).unwrap();
    assert_eq!(config.store, format!("sqlite:{}", folder.0.join("operator.db").display()));
    let KeyConfig::File { path, .. } = &config.chains["main"].key else { panic!() };
    assert_eq!(*path, folder.0.join("main.json"));
    assert_eq!(config.directions().len(), 2);
    assert_eq!(config.evidence_max_mb, 1024);
    assert_eq!(config.voting, Voting::default());
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::read(Path::new("/nowhere/operator.toml")).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/operator.toml: the file: "), "{error}");
}

#[test]
fn malformed_and_unknown_keys_are_named_with_their_line() {
    let error = refusal("syntax", "name = \"one\"", "name = one\"");
    assert_eq!(error.key, "line 1");
    let error = refusal("unknown", "store =", "stroe =");
    assert_eq!(error.key, "line 3");
    assert!(error.what.contains("stroe"), "{error}");
    let error = refusal("kind", "kind = \"file\"", "kind = \"paper\"");
    assert!(error.what.contains("paper"), "{error}");
}

#[test]
fn secrets_cannot_be_written_into_the_file() {
    let error = refusal("secret", "password = { file = \"password\" }", "password = \"hunter2\"");
    assert!(!error.to_string().contains("hunter2") && error.what.contains("file"), "{error}");
    let error = refusal("env", "password = { file = \"password\" }", "password = { env = \"hunter2\" }");
    assert!(!error.to_string().contains("hunter2") && error.what.contains("credential"), "how to migrate: {error}");
}

/// Wherever in the file an address with a password stands, also where it does not belong.
#[test]
fn no_refusal_shows_a_password_in_an_address() {
    let places = [
        ("store = \"sqlite:operator.db\"", "store = \"mysql://me:hunter2@host/db\""),
        ("store = \"sqlite:operator.db\"", "store = [\"postgres://me:hunter2@host/db\"]"),
        ("store = \"sqlite:operator.db\"", "store = postgres://me:hunter2@host/db"),
        ("store = \"sqlite:operator.db\"", "store = \"postgres://me:hunter2@host/db"),
        ("store = \"sqlite:operator.db\"", "store = \"postgres://host/db?pasword=hunter2\""),
        ("[\"http://127.0.0.1:1\"]", "[\"http://me:hun/ter2@host\"]"),
        ("[\"http://127.0.0.1:1\"]", "[\"ftp://me:hunter2@host\"]"),
        ("[\"http://127.0.0.1:1\"]", "[\"me:hunter2@host\"]"),
        ("[\"http://127.0.0.1:1\"]", "[\"https//hunter2\"]"),
        ("[\"http://127.0.0.1:1\"]", "\"http://me:hunter2@host\""),
        ("[\"http://127.0.0.1:1\"]", "[\"http://127.0.0.1:1\"]\ntimeout_s = \"http://me:hunter2@host\""),
        ("[\"http://127.0.0.1:1\"]", "[\"http://127.0.0.1:1\"]\nmin_balance = \"http://me:hunter2@host\""),
        ("[chains.main]", "[voting]\nmode = \"http://me:hunter2@host\"\n[chains.main]"),
        ("[chains.main]", "[ops]\nlisten = \"http://me:hunter2@host\"\n[chains.main]"),
        ("[chains.main]", "log = \"http://me:hunter2@host\"\n[chains.main]"),
        ("kind = \"file\"", "kind = \"http://me:hunter2@host\""),
    ];
    for (index, (from, to)) in places.into_iter().enumerate() {
        let error = refusal(&format!("shown-{index}"), from, to);
        assert!(!format!("{error} {error:?}").contains("hun"), "{to}: {error}");
    }
    let text = good().replacen("sqlite:operator.db", "postgres://me:hunter2@host/db", 1);
    let text = text.replacen("http://127.0.0.1:1", "http://me:hunter2@node/hunter2", 1);
    let config = Folder::new("debug").read(&text).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
}

#[test]
fn amounts_of_any_size_are_coins_in_text() {
    let with = |amount: &str| good().replacen("[chains.main]", &format!("[chains.main]\nmin_liquidity = {amount}"), 1);
    let config = Folder::new("amount").read(&with("\"10860000000.5\"")).unwrap();
    assert_eq!(config.chains["main"].min_liquidity.peb().to_string(), "10860000000500000000000000000");
    assert!(Folder::new("amount-none").read(&with("0")).is_ok());
    for bad in ["5", "1.5", "\"5 coins\""] {
        let error = Folder::new("amount-bad").read(&with(bad)).unwrap_err();
        assert!(error.what.contains("\"12.5\"") || bad == "1.5", "{bad}: {error}");
    }
}

#[test]
fn every_rule_has_its_own_refusal() {
    let cases = [
        ("trust-missing", "trust = \"trust.toml\"", "trust = \"none.toml\"", "trust"),
        ("store", "sqlite:operator.db", "mysql://me:secret@host/db", "store"),
        ("chain-misspelt", "[chains.service]", "[chains.servcie]", "chains.servcie"),
        ("no-endpoints", "[\"http://127.0.0.1:1\"]", "[]", "chains.main.endpoints"),
        ("bad-endpoint", "http://127.0.0.1:1", "127.0.0.1:1", "chains.main.endpoints"),
        ("poll", "[chains.service]", "[voting]\nturn_blocks = 0\n[chains.service]", "voting.turn_blocks"),
        ("flight", "[chains.service]", "[voting]\nmax_in_flight = 0\n[chains.service]", "voting.max_in_flight"),
        ("price", "[chains.main]", "[chains.main]\nmax_gas_price = 0", "chains.main.max_gas_price"),
        ("time", "[chains.main]", "[chains.main]\ntimeout_s = 0", "chains.main.timeout_s"),
        ("slow", "[chains.main]", "[chains.main]\npoll_ms = 30000", "chains.main.poll_ms"),
        ("mode", "[chains.service]", "[voting]\nmode = \"signatures\"\n[chains.service]", "exchange"),
        ("anchor", "[chains.service]", "[anchor]\nperiod = 0\n[chains.service]", "anchor"),
    ];
    for (name, from, to, key) in cases {
        let error = refusal(name, from, to);
        assert_eq!(error.key, key, "{name}: {error}");
        assert!(!error.hint.is_empty() && !error.what.is_empty());
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let text = format!(
        "{}[chains.third]\nendpoints = [\"http://x\"]\nkey = {{ kind = \"aws_kms\", key_id = \"k\" }}\n",
        good()
    );
    assert_eq!(Folder::new("third").read(&text).unwrap_err().key, "chains.third");
}

#[test]
fn a_misspelt_chain_is_named_with_the_names_that_there_are() {
    let error = refusal("mian", "[chains.main]", "[chains.mian]");
    assert_eq!(error.key, "chains.mian");
    assert!(error.hint.contains("`main` and `service`"), "{error}");
}

#[test]
fn signatures_without_peers_are_refused() {
    let exchange = "[voting]\nmode = \"signatures\"\n[exchange]\nlisten = \"127.0.0.1:1\"\ncertificate = \"a.crt\"\n\
                    private_key = \"a.key\"\npeers = []\n[chains.service]";
    let error = refusal("no-peers", "[chains.service]", exchange);
    assert_eq!(error.key, "exchange.peers");
    assert!(error.hint.contains("voting.mode"), "{error}");
}

#[test]
fn two_peers_of_one_name_or_one_certificate_are_refused() {
    let folder = Folder::new("peers");
    for (name, pem) in [("a.crt", "one"), ("b.crt", "two"), ("copy.crt", "one")] {
        std::fs::write(folder.0.join(name), pem).unwrap();
    }
    let read = |peers: [(&str, &str); 2]| {
        let exchange = "listen = \"127.0.0.1:1\"\ncertificate = \"own.crt\"\nprivate_key = \"own.key\"\n";
        let mut text = format!("{}[voting]\nmode = \"signatures\"\n[exchange]\n{exchange}", good());
        for (name, certificate) in peers {
            text +=
                &format!("[[exchange.peers]]\nname = \"{name}\"\naddress = \"x:1\"\ncertificate = \"{certificate}\"\n");
        }
        folder.read(&text).map(|_| ()).map_err(|error| (error.key, error.what))
    };
    let refused = |what: &str| Err(("exchange.peers".to_owned(), what.to_owned()));
    assert_eq!(read([("one", "a.crt"), ("two", "b.crt")]), Ok(()));
    assert_eq!(read([("one", "a.crt"), ("one", "b.crt")]), refused("two peers are named `one`"));
    assert_eq!(read([("one", "a.crt"), ("two", "a.crt")]), refused("the certificate of `two` is another peer's too"));
    assert_eq!(
        read([("one", "a.crt"), ("two", "copy.crt")]),
        refused("the certificate of `two` is another peer's too")
    );
    assert_eq!(read([("one", "none.crt"), ("two", "missing.crt")]), Ok(()), "named when the exchange starts");
}

#[test]
fn a_trust_file_without_a_bridge_is_refused() {
    let folder = Folder::new("no-bridge");
    let mut trust: toml::Table = std::fs::read_to_string(TRUST).unwrap().parse().unwrap();
    trust.remove("bridge").unwrap();
    std::fs::write(folder.0.join("trust.toml"), trust.to_string()).unwrap();
    let error = folder.read(&good()).unwrap_err();
    assert_eq!((error.key.as_str(), error.what.as_str()), ("trust", "the trust file names no bridge pair"));
}

#[test]
fn the_shipped_example_is_a_good_file_with_the_defaults() {
    let folder = Folder::new("example");
    let config = folder.read(include_str!("../../operator.example.toml")).unwrap();
    assert_eq!((config.voting, config.ops), (Voting::default(), Ops::default()));
    let chain = &config.chains["main"];
    assert_eq!(
        (chain.poll_ms, chain.timeout_s, chain.max_gas_price),
        (default_poll_ms(), default_timeout_s(), default_max_gas_price())
    );
    assert_eq!(chain.vote_gas, default_vote_gas());
    assert_eq!((chain.min_balance, chain.min_liquidity), (Amount::default(), Amount::default()));
    assert_eq!(config.chains["service"].poll_ms, chain.poll_ms);
}

#[test]
fn an_account_is_named_apart_from_its_keys_and_several_need_one() {
    let file = |name: &str| format!("{{ kind = \"file\", path = \"{name}.json\", password = {{ file = \"p\" }} }}");
    let folder = Folder::new("accounts");
    let with = |lines: &str| folder.read(&good().replacen("key = ", &format!("{lines}\nkey = "), 1));
    let address = "address = \"0x0101010101010101010101010101010101010101\"";
    let several = format!("more_keys = [{}]", file("second"));
    let config = with(&format!("{address}\n{several}")).unwrap();
    let main = &config.chains["main"];
    assert_eq!(main.address, Some(Address([1; 20])));
    let [KeyConfig::File { path, .. }] = main.more_keys.as_slice() else { panic!() };
    assert_eq!(*path, folder.0.join("second.json"), "beside the file, as others");
    assert!(config.chains["service"].address.is_none());
    let refused = |lines: &str| with(lines).unwrap_err().key;
    assert_eq!(refused(&several), "chains.main.more_keys");
    let ten = format!("{address}\nmore_keys = [{}]", vec![file("k"); 10].join(","));
    assert_eq!(refused(&ten), "chains.main.more_keys");
    assert_eq!(refused(&format!("fee_payer_{address}")), "chains.main.fee_payer_address");
    assert!(with(&format!("fee_payer_{address}\nfee_payer = {}", file("fees"))).is_ok());
    let word = with("address = \"mine\"").unwrap_err();
    assert!(word.key.starts_with("line "), "{word}");
}

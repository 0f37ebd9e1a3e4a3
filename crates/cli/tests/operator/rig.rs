//! Two chains that run, a bridge between them, and operators as processes.

use serde_json::Value as Json;
use spanlight::bridge::HandleEvent;
use spanlight::commitment::CommitmentForm;
use spanlight::primitives::U256;
use spanlight::trust::Trust;
use spanlight::verdict::State;
use spanlight_devnet::pair::{BridgeKind, Requested, Side, Value, COIN};
use spanlight_devnet::wallet::private_key;
use spanlight_devnet::{Clock, NodeKind, Pair, PairConfig, Production};
use spanlight_operator::keys::{import_key, write_private_file, Strength};
use spanlight_prover::{
    audit, sync, Audit, Ends, Http, HttpLimits, Node, ProveOptions, Reach, Silent, SyncOptions, Time,
};
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time between blocks.
pub(crate) const BLOCK: Duration = Duration::from_millis(250);
pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// How a rig is set up.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) bridge: BridgeKind,
    pub(crate) operators: u64,
    pub(crate) threshold: u64,
    pub(crate) block: Duration,
    /// Time between two looks of an operator at a chain's head.
    pub(crate) poll: Duration,
    /// Whether votes are signatures.
    pub(crate) signed: bool,
    /// Seconds and blocks that both chains are old at the start; 0 where that does not matter.
    pub(crate) age: u64,
    /// Which states both chains' nodes keep.
    pub(crate) node: NodeKind,
    /// How long every answer of theirs takes.
    pub(crate) latency: Duration,
    /// Seconds by which both chains' clock is ahead of this machine's.
    pub(crate) clock_offset: i64,
    /// How the main chain commits to transactions and receipts.
    pub(crate) main_form: CommitmentForm,
    /// Seconds from one block's time to the next one's, where blocks come faster than one a second.
    pub(crate) step: u64,
    /// Seconds that the chains began before now.
    pub(crate) began: u64,
    /// More lines for the `[voting]` part of every operator.
    pub(crate) voting: String,
}

impl Plan {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            bridge: BridgeKind::C,
            operators: 4,
            threshold: 2,
            block: BLOCK,
            poll: Duration::from_millis(50),
            signed: false,
            age: 0,
            node: NodeKind::default(),
            latency: Duration::ZERO,
            clock_offset: 0,
            main_form: CommitmentForm::Concat,
            step: 1,
            began: 20_000,
            voting: String::new(),
        }
    }
}

/// One operator: its folder, and its process while it runs.
pub(crate) struct Operator {
    pub(crate) folder: PathBuf,
    process: Option<Child>,
    /// Where it shows how it stands.
    pub(crate) ops: SocketAddr,
}

impl Operator {
    /// Runs this command as its process.
    pub(crate) fn run(&mut self, command: &mut Command) {
        self.process = Some(command.spawn().unwrap());
    }

    /// Its process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }
}

pub(crate) struct Rig {
    pub(crate) pair: Pair,
    pub(crate) plan: Plan,
    pub(crate) trust: Trust,
    pub(crate) folder: PathBuf,
    pub(crate) operators: Vec<Operator>,
    /// Where operators exchange signatures, by index.
    exchanges: Vec<u16>,
}

impl Rig {
    /// Starts both chains; no operator runs yet.
    pub(crate) fn new(plan: Plan) -> Self {
        let folder = std::env::temp_dir().join(format!("spanlight-operator-{}-{}", std::process::id(), plan.name));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        // Where blocks come faster than one a second their times, whole seconds, cannot be the clock's; the chains begin some
        // time ago, so that they are not in the future.
        let clock = if plan.block < Duration::from_secs(1) { Clock::Step(plan.step) } else { Clock::System };
        let mut config = PairConfig {
            bridge: plan.bridge,
            operators: plan.operators,
            threshold: plan.threshold,
            age: plan.age,
            ..PairConfig::default()
        };
        config = config.produced(Production::Every(plan.block), clock);
        config.main.form = plan.main_form;
        for chain in [&mut config.main, &mut config.service] {
            chain.genesis_time = now() - plan.began;
            (chain.node, chain.latency, chain.clock_offset) = (plan.node, plan.latency, plan.clock_offset);
        }
        let pair = Pair::start(config).unwrap();
        let trust = pair.trust().unwrap();
        std::fs::write(folder.join("trust.json"), serde_json::to_string(&trust).unwrap()).unwrap();
        write_private_file(&folder.join("password"), PASSWORD.as_bytes()).unwrap();
        let mut rig = Self { pair, trust, folder, operators: Vec::new(), exchanges: Vec::new(), plan };
        rig.exchanges = (0..rig.plan.operators).map(|_| free_port()).collect();
        let urls = [rig.pair.main.url(), rig.pair.service.url()];
        for index in 0..rig.plan.operators {
            rig.add_operator(index as usize, &urls);
        }
        rig
    }

    /// Writes keys and configuration of an operator; `urls` are its endpoints.
    pub(crate) fn add_operator(&mut self, index: usize, urls: &[String; 2]) {
        let folder = self.folder.join(format!("operator-{index}"));
        self.write_operator(index, folder, urls, "sqlite:operator.db");
    }

    /// Another process with the same keys, on a store that they share.
    pub(crate) fn add_replica(&mut self, index: usize, replica: usize, urls: &[String; 2], store: &str) {
        let folder = self.folder.join(format!("operator-{index}-{replica}"));
        self.write_operator(index, folder, urls, store);
    }

    fn write_operator(&mut self, index: usize, folder: PathBuf, urls: &[String; 2], store: &str) {
        std::fs::create_dir_all(&folder).unwrap();
        let mut chains = String::new();
        for (side, name, url) in [(Side::Main, "main", &urls[0]), (Side::Service, "service", &urls[1])] {
            let key = private_key(self.pair.operator(index, side).unwrap());
            // A key file is never written over.
            let _ = std::fs::remove_dir_all(folder.join(name));
            let (path, _) = import_key(&folder.join(name), PASSWORD, Strength::Light, &key.0).unwrap();
            chains += &format!(
                "[chains.{name}]\nendpoints = [\"{url}\"]\npoll_ms = {}\ntimeout_s = 4\n\
                 key = {{ kind = \"file\", path = \"{}\", password = {{ file = \"../password\" }} }}\n",
                self.plan.poll.as_millis(),
                path.display()
            );
        }
        let (voting, exchange) = self.exchange(index);
        let ops = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let config = format!(
            "name = \"operator-{index}\"\ntrust = \"../trust.json\"\nstore = \"{store}\"\n{chains}\
             [voting]\nmax_head_age_s = 40000\n{}\n{voting}[ops]\nlisten = \"{ops}\"\n{exchange}",
            self.plan.voting,
        );
        std::fs::write(folder.join("operator.toml"), config).unwrap();
        self.operators.push(Operator { folder, process: None, ops });
    }

    /// The parts of a configuration by which signatures are exchanged, with certificates beside it.
    fn exchange(&self, index: usize) -> (String, String) {
        if !self.plan.signed {
            return (String::new(), String::new());
        }
        let certificate = |index: usize| self.folder.join(format!("exchange-{index}.crt"));
        for index in 0..self.exchanges.len() {
            if !certificate(index).exists() {
                let (pem, key) = spanlight_operator::exchange::create_certificate("operator").unwrap();
                std::fs::write(certificate(index), pem).unwrap();
                std::fs::write(self.folder.join(format!("exchange-{index}.key")), key).unwrap();
            }
        }
        let own = self.exchanges[index];
        let mut text = format!(
            "[exchange]\nlisten = \"127.0.0.1:{own}\"\ncertificate = \"../exchange-{index}.crt\"\nprivate_key = \"../exchange-{index}.key\"\n"
        );
        for (peer, port) in self.exchanges.iter().enumerate().filter(|(peer, _)| *peer != index) {
            text += &format!(
                "[[exchange.peers]]\nname = \"operator-{peer}\"\naddress = \"127.0.0.1:{port}\"\ncertificate = \"../exchange-{peer}.crt\"\n"
            );
        }
        ("mode = \"signatures\"\n".to_owned(), text)
    }

    /// Where an operator gives out its signatures.
    pub(crate) fn exchange_port(&self, index: usize) -> u16 {
        self.exchanges[index]
    }

    pub(crate) fn start_all(&mut self) {
        for index in 0..self.operators.len() {
            self.start(index, &[]);
        }
    }

    /// Starts an operator's process with some more environment.
    pub(crate) fn start(&mut self, index: usize, environment: &[(&str, &str)]) {
        self.start_by(index, spanlight(), environment);
    }

    /// The same, by a command that becomes the operator's.
    pub(crate) fn start_by(&mut self, index: usize, mut command: Command, environment: &[(&str, &str)]) {
        let operator = &mut self.operators[index];
        let log = File::options().create(true).append(true).open(operator.folder.join("log")).unwrap();
        command.args(["operator", "run", "--config"]).arg(operator.folder.join("operator.toml"));
        command.env("RUST_LOG", "info,spanlight_operator=debug,sqlx=warn");
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        operator.process = Some(command.spawn().unwrap());
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self, index: usize) {
        if let Some(mut process) = self.operators[index].process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Whether the operator's process has ended by itself.
    pub(crate) fn has_ended(&mut self, index: usize) -> bool {
        let process = self.operators[index].process.as_mut();
        process.is_none_or(|process| process.try_wait().unwrap().is_some())
    }

    /// Interrupts an operator and tells how long it took to end.
    pub(crate) fn stop(&mut self, index: usize) -> Duration {
        let mut process = self.operators[index].process.take().unwrap();
        let start = Instant::now();
        let done = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
        assert!(done.success());
        assert!(process.wait().unwrap().success());
        start.elapsed()
    }

    /// Runs another command of the operator's and gives its output.
    pub(crate) fn ask(&self, index: usize, arguments: &[&str]) -> String {
        let mut command = spanlight();
        command.arg("operator").args(arguments).arg("--config").arg(self.operators[index].folder.join("operator.toml"));
        let output = command.output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    pub(crate) fn status(&self, index: usize) -> Json {
        serde_json::from_str(&self.ask(index, &["status", "--json"])).unwrap_or(Json::Null)
    }

    pub(crate) fn log(&self, index: usize) -> String {
        std::fs::read_to_string(self.operators[index].folder.join("log")).unwrap_or_default()
    }

    /// Waits until an operator's log has so many lines with some words.
    pub(crate) fn wait_for_log(&self, index: usize, words: &str, times: usize) {
        let start = Instant::now();
        while self.log(index).matches(words).count() < times {
            assert!(start.elapsed() < Duration::from_secs(60), "`{words}` does not come\n{}", tail(&self.log(index)));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Requests one transfer of a kind by number: coin, fungible, single, and again.
    pub(crate) fn request(&self, from: Side, number: u64) -> Requested {
        let user = spanlight_devnet::pair::USERS[(number % 4) as usize];
        let value = match number % 3 {
            0 => Value::Coin(COIN),
            1 => Value::Erc20(U256::from(1000 + number)),
            _ => Value::Coin(U256::from(7 + number)),
        };
        self.pair.request(from, user, self.pair.user(user), value).unwrap()
    }

    /// Requests so far, and the lowest nonce not handled, in one direction; read from the chains themselves.
    pub(crate) fn progress(&self, from: Side) -> (u64, u64) {
        let word = |side: Side| {
            let end = self.pair.end(side);
            let chain = self.pair.chain(side).chain();
            let state = chain.state();
            let account = state.account(&end.bridge).unwrap().unwrap();
            let word = state.word(&account, &spanlight::bridge::layout::NONCES).unwrap();
            spanlight::bridge::layout::NonceWord::decode(&spanlight::Hash::from_u256(word)).unwrap()
        };
        (word(from).request_nonce, word(from.other()).lower_handle_nonce)
    }

    /// Waits until every request of a direction is handled.
    pub(crate) fn wait_handled(&self, from: Side, longest: Duration) -> Duration {
        let start = Instant::now();
        loop {
            let (requests, lower) = self.progress(from);
            if requests == lower {
                return start.elapsed();
            }
            if start.elapsed() > longest {
                let logs: String =
                    (0..self.operators.len()).map(|index| format!("--- {index}\n{}", tail(&self.log(index)))).collect();
                panic!("{from:?}: {lower} of {requests} handled after {longest:?}\n{logs}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Judges every transfer of a direction by the prover and the core. Both chains stand
    /// meanwhile: with four blocks a second a full node keeps the state of the head for 32 seconds,
    /// and a busy machine may need longer.
    pub(crate) fn audit(&self, from: Side) -> Audit {
        let stop = |stopped| {
            for chain in [&self.pair.main, &self.pair.service] {
                chain.chain().faults.stopped = stopped;
            }
        };
        stop(true);
        let audit = self.audit_standing(from);
        stop(false);
        audit
    }

    fn audit_standing(&self, from: Side) -> Audit {
        let (requests, _) = self.progress(from);
        // The chains' times lie in the past, so verdicts are as of their heads.
        let at = self.pair.main.time().max(self.pair.service.time()) + 100;
        let [main, service] = [&self.pair.main, &self.pair.service]
            .map(|chain| Http::new(&chain.url(), HttpLimits::default(), spanlight_prover::Cancel::default()).unwrap());
        let options = SyncOptions {
            to: None,
            mode: spanlight::consensus::FollowMode::Sparse,
            deep: false,
            time: Time::Fixed(at),
        };
        pollster::block_on(async {
            let [main_trust, service_trust] = ["main", "service"].map(|name| self.trust.chain(name).unwrap());
            let main = Node::new(&main, &main_trust.profile);
            let service = Node::new(&service, &service_trust.profile);
            let synced_main = sync(&main, main_trust, options, &Silent).await.unwrap();
            let synced_service = sync(&service, service_trust, options, &Silent).await.unwrap();
            let (here, there) = ((&main, &synced_main), (&service, &synced_service));
            let (source, destination) = if from == Side::Main { (here, there) } else { (there, here) };
            let ends = Ends { trust: &self.trust, source, destination };
            audit(&ends, (0, requests - 1), Reach::Found, ProveOptions::at(at), &Silent).await.unwrap()
        })
    }

    /// Every transfer is proven handled, and these are all.
    pub(crate) fn assert_all_handled(&self, from: Side) {
        let audit = self.audit(from);
        for transfer in &audit.report.transfers {
            let state = transfer.verdict.state();
            assert!(
                matches!(state, Some(State::Handled { .. })),
                "{from:?} {}: {:?}",
                transfer.nonce,
                transfer.verdict
            );
        }
        let judged: Vec<u64> = audit.report.transfers.iter().map(|transfer| transfer.nonce).collect();
        let (requests, _) = self.progress(from);
        assert_eq!(judged, Vec::from_iter(0..requests), "each request is judged, and once");
        assert!(audit.report.complete.as_ref().unwrap().as_ref().unwrap().complete);
        assert!(audit.beyond.is_empty());
    }

    /// Every transfer of a direction is proven handled by the verifier's audit, and the destination's blocks hold exactly one
    /// execution for each of them.
    pub(crate) fn assert_all_handled_once(&self, from: Side) {
        self.assert_all_handled(from);
        self.assert_all_executed_once(from);
    }

    /// The destination's blocks hold exactly one execution for each request of a direction.
    pub(crate) fn assert_all_executed_once(&self, from: Side) {
        let mut executed = self.executions(from.other());
        executed.sort_unstable();
        let (requests, _) = self.progress(from);
        assert_eq!(executed, Vec::from_iter(0..requests), "each request is executed, and once");
    }

    /// Nonces that were executed on a side, in the order of its blocks.
    fn executions(&self, side: Side) -> Vec<u64> {
        let bridge = self.pair.end(side).bridge;
        let chain = self.pair.chain(side).chain();
        let blocks = (0..=chain.height()).filter_map(|number| chain.block(number));
        let receipts = blocks.flat_map(|block| block.items.iter().map(|item| &item.executed.receipt));
        let logs = receipts.flat_map(|receipt| receipt.logs.iter().filter(|log| log.address == bridge));
        logs.filter_map(|log| HandleEvent::decode(log).ok()).map(|event| event.nonce).collect()
    }

    /// As [`Self::assert_all_handled`], beside one nonce that was only voted for.
    pub(crate) fn assert_all_handled_except(&self, from: Side, attempted: u64) {
        let audit = self.audit(from);
        for transfer in &audit.report.transfers {
            match transfer.verdict.state() {
                Some(State::Handled { .. }) => {}
                Some(State::Attempted { .. }) if transfer.nonce == attempted => {}
                _ => panic!("{from:?} {}: {:?}", transfer.nonce, transfer.verdict),
            }
        }
        assert_eq!(audit.beyond, [attempted]);
    }

    /// Lets every operator anchor: the trust lists them, and their configurations say how often.
    pub(crate) fn anchor_every(&mut self, period: u64) {
        let main = |index| spanlight_forge::keys::address(self.pair.operator(index, Side::Main).unwrap());
        self.trust.anchoring = Some(spanlight::trust::Anchoring {
            parent: "main".to_owned(),
            child: "service".to_owned(),
            accounts: (0..self.operators.len()).map(main).collect(),
        });
        std::fs::write(self.folder.join("trust.json"), serde_json::to_string(&self.trust).unwrap()).unwrap();
        for operator in &self.operators {
            let path = operator.folder.join("operator.toml");
            let text =
                std::fs::read_to_string(&path).unwrap() + &format!("[anchor]\nperiod = {period}\nturn_blocks = 20\n");
            std::fs::write(path, text).unwrap();
        }
    }

    /// Anchors in the main chain's blocks: numbers and hashes.
    pub(crate) fn anchors(&self) -> Vec<(u64, spanlight::Hash)> {
        use spanlight::bridge::Anchoring;
        let chain = self.pair.main.chain();
        let blocks = (0..=chain.height()).filter_map(|number| chain.block(number));
        let transactions = blocks.flat_map(|block| block.items.iter().map(|item| &item.signed.transaction));
        let anchoring = transactions
            .filter(|transaction| transaction.kind() == spanlight::transaction::TransactionKind::ChainDataAnchoring);
        let decoded = anchoring.map(|transaction| Anchoring::decode(transaction.input()).unwrap());
        decoded
            .filter_map(|anchor| match anchor {
                Anchoring::Block(data) => Some((data.number, data.block_hash)),
                Anchoring::Json(_) => None,
            })
            .collect()
    }

    /// Whether a nonce was handled on a side, also out of order.
    pub(crate) fn is_closed(&self, side: Side, nonce: u64) -> bool {
        let chain = self.pair.chain(side).chain();
        let state = chain.state();
        let account = state.account(&self.pair.end(side).bridge).unwrap().unwrap();
        let closed = state.word(&account, &spanlight::bridge::layout::closed_slot(nonce)).unwrap();
        let word = state.word(&account, &spanlight::bridge::layout::NONCES).unwrap();
        let word = spanlight::bridge::layout::NonceWord::decode(&spanlight::Hash::from_u256(word)).unwrap();
        !closed.is_zero() || word.lower_handle_nonce > nonce
    }

    /// The calldata of every vote that was taken.
    pub(crate) fn vote_inputs(&self, side: Side) -> Vec<Vec<u8>> {
        self.vote_transactions(side).into_iter().map(|(input, _)| input).collect()
    }

    /// Votes on a side: those in blocks, and those of them that failed.
    pub(crate) fn votes(&self, side: Side) -> (usize, usize) {
        let votes = self.vote_transactions(side);
        (votes.len(), votes.iter().filter(|(_, succeeded)| !succeeded).count())
    }

    /// Calls of a side's bridge that vote, and whether each succeeded.
    fn vote_transactions(&self, side: Side) -> Vec<(Vec<u8>, bool)> {
        let end = self.pair.end(side);
        let chain = self.pair.chain(side).chain();
        use spanlight::bridge::calls::{HANDLE_COIN, HANDLE_ERC20, HANDLE_ERC721};
        let selectors = [HANDLE_COIN, HANDLE_ERC20, HANDLE_ERC721, spanlight::bridge::signed::HANDLE_WITH_SIGNATURES];
        let mut votes = Vec::new();
        for number in 0..=chain.height() {
            for item in &chain.block(number).unwrap().items {
                let input = item.signed.transaction.input();
                if item.signed.transaction.to() == Some(end.bridge)
                    && selectors.iter().any(|selector| input.starts_with(selector))
                {
                    votes.push((input.to_vec(), item.executed.receipt.is_success()));
                }
            }
        }
        votes
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        for index in 0..self.operators.len() {
            self.kill(index);
        }
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n") + "\n"
}

/// The command under test.
pub(crate) fn spanlight() -> Command {
    Command::new(Path::new(env!("CARGO_BIN_EXE_spanlight")))
}

/// A port that was free a moment ago: an operator has to be told one.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

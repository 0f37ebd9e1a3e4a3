//! The first cases: honest transfers, a network that fails, and nodes that fail.

use super::chains::coin;
use super::story::{time, Case};
use super::Live;
use crate::failure::Failure;
use crate::gather;
use crate::show::style::toned;
use crate::show::words;
use spanlight::primitives::U256;
use spanlight_devnet::pair::{Side, Value};
use spanlight_prover::{HeaderPlan, Silent, Subject};

/// Blocks for which everything is cut.
const CUT_BLOCKS: u64 = 6;

impl Live {
    /// Transfers of every kind, both ways.
    pub(super) fn transfers(&mut self) -> Result<Case, Failure> {
        let mut case = self.story.case("transfers", "Transfers of every kind, both ways");
        let started = self.start(&[0, 1, 2, 3])?;
        self.story.now(&format!("Four operators follow both chains, {} after their processes began.", time(started)));
        let tokens = U256::from(250u64);
        let forth = [Value::Coin(coin(3)), Value::Erc20(tokens), Value::Erc721(U256::ONE)];
        let back = [Value::Coin(coin(1)), Value::Erc20(tokens), Value::Erc721(U256::ONE)];
        let mut longest = std::time::Duration::ZERO;
        // The first user sends to the second, who sends back what came.
        for (from, values, users) in [(Side::Main, forth, [0, 1]), (Side::Service, back, [1, 0])] {
            let sent = values.map(|value| self.request(from, value, users));
            let sent = sent.into_iter().collect::<Result<Vec<_>, _>>()?;
            longest = longest.max(self.wait_executed(&sent)?);
        }
        case.figure("transfers", 6);
        case.time("operators_ready_s", started);
        case.time("longest_s", longest);
        Ok(case)
    }

    /// Some operators lose their network, then all do.
    pub(super) fn network_failure(&mut self) -> Result<Case, Failure> {
        let mut case = self.story.case("network_failure", "1  The network fails");
        self.network.cut(&[0, 1]);
        self.story.now("Operators 1 and 2 lose every connection to both chains.");
        let sent = [
            self.request(Side::Main, Value::Erc20(U256::from(40u64)), [2, 3])?,
            self.request(Side::Service, Value::Coin(coin(2)), [3, 2])?,
        ];
        case.time("two_cut_longest_s", self.wait_executed(&sent)?);
        self.network.cut(&[2, 3]);
        self.story.now("Now 3 and 4 do too: nobody carries anything.");
        let sent = [
            self.request(Side::Main, Value::Coin(coin(5)), [0, 2])?,
            self.request(Side::Service, Value::Coin(coin(1)), [0, 2])?,
        ];
        let until = self.pair.main.height().saturating_add(CUT_BLOCKS);
        self.story.wait("all operators are cut off", super::LONGEST, || Ok(self.pair.main.height() >= until))?;
        let mut executed = Vec::new();
        for sent in &sent {
            if sent.is_executed(&self.pair)? {
                executed.push(sent.words());
            }
        }
        let claim = format!("{CUT_BLOCKS} blocks later both requests still wait.");
        let told = case
            .claim(executed.is_empty(), &claim, || format!("executed while all were cut off: {}", executed.join("; ")));
        self.story.now(&told);
        self.story.now("The network comes back.");
        let healed = std::time::Instant::now();
        self.network.heal(&[0, 1, 2, 3]);
        self.wait_executed(&sent)?;
        let caught_up = healed.elapsed();
        self.story.now(&format!("Both are executed, {} after the network came back.", time(caught_up)));
        case.time("caught_up_s", caught_up);
        Ok(case)
    }

    /// Operators are killed, more of them than may be missing, and some come back.
    pub(super) fn node_failure(&mut self) -> Result<Case, Failure> {
        let mut case = self.story.case("node_failure", "2  Nodes fail");
        let mut sent = vec![self.request(Side::Main, Value::Coin(coin(4)), [1, 2])?];
        [0, 1].iter().for_each(|index| self.operators.kill(*index));
        self.story.now("Operators 1 and 2 are killed with SIGKILL, while this transfer is on its way:");
        sent.push(self.request(Side::Service, Value::Coin(coin(2)), [1, 2])?);
        case.time("two_killed_longest_s", self.wait_executed(&sent)?);

        self.operators.kill(2);
        self.story.now("Operator 3 is killed too: one is left, and 2 votes are needed.");
        let waiting = self.request(Side::Main, Value::Erc721(U256::from(2u64)), [0, 3])?;
        self.show_voting(&mut case, waiting.nonce())?;
        let restarted = std::time::Instant::now();
        let started = self.start(&[0, 1])?;
        self.story.now(&format!("Operators 1 and 2 start again from their stores and work after {}.", time(started)));
        self.wait_executed(&[waiting])?;
        case.time("executed_after_restart_s", restarted.elapsed());

        self.operators.kill(3);
        self.story.now("Operator 4 is killed as well. 3 and 4 never come back; two of four are enough:");
        let sent = [
            self.request(Side::Main, Value::Erc20(U256::from(60u64)), [0, 1])?,
            self.request(Side::Service, Value::Erc721(U256::from(2u64)), [3, 0])?,
        ];
        case.time("two_gone_longest_s", self.wait_executed(&sent)?);
        Ok(case)
    }

    /// What the verifier says of a request that one operator alone has voted for.
    fn show_voting(&self, case: &mut Case, nonce: u64) -> Result<(), Failure> {
        let [main, service] = self.nodes()?;
        let pair = gather::Pair { trust: &self.trust, names: ["main", "service"], nodes: [&main, &service], now: None };
        let mut shown = None;
        self.story.wait("the verifier sees the only vote", super::LONGEST, || {
            let judged = gather::prove(&pair, Subject::Nonce(nonce), HeaderPlan::Sparse, &Silent)?;
            let Some(transfer) = judged.report.transfers.into_iter().next() else { return Ok(false) };
            let voted = transfer.verdict.state().and_then(|state| state.votes()).is_some_and(|(votes, _)| votes > 0);
            shown = Some(transfer);
            Ok(voted)
        })?;
        let Some(transfer) = shown else { return Ok(()) };
        let label = words::label(&transfer.verdict);
        case.unless(label == "VOTING", || format!("request {nonce} is {label} with one vote"));
        let label = toned(words::tone(&transfer.verdict), &label);
        self.story.now(&format!("The verifier says of request {nonce}: {label}  {}.", words::sentence(&transfer)));
        Ok(())
    }
}

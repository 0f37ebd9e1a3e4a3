//! One case: what is believed, what is supplied, and when.

use spanlight::bundle::{ChainProof, Claim, ProofBundle, TransferProof};
use spanlight::trust::Trust;
use spanlight::verdict::{State, TransferVerdict, Verdict};
use spanlight::verify::{verify, Report};

/// One case.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What is believed.
    pub trust: Trust,
    /// What is supplied.
    pub bundle: ProofBundle,
    /// The time.
    pub now: u64,
}

impl Scenario {
    /// What the core says.
    #[must_use]
    pub fn verify(&self) -> Report {
        verify(&self.bundle, &self.trust, self.now).expect("the trust is usable and the bundle in order")
    }

    /// What the core says of the first transfer.
    #[must_use]
    pub fn transfer(&self) -> TransferVerdict {
        self.verify().transfers.remove(0)
    }

    /// The verdict on the first transfer.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.transfer().verdict
    }

    /// The proven state of the first transfer.
    ///
    /// # Panics
    /// Where nothing is proven.
    #[must_use]
    pub fn state(&self) -> State {
        match self.verdict() {
            Verdict::Proven { state, .. } => state,
            other => panic!("not proven: {other:?}"),
        }
    }

    /// Verdict name and code of the first transfer: `proven` and the state's name, or the verdict's name and its code.
    #[must_use]
    pub fn outcome(&self) -> (&'static str, &'static str) {
        let verdict = self.verdict();
        let said = verdict.state().map(State::name).or(verdict.code()).unwrap_or("");
        (verdict.name(), said)
    }

    /// The first chain's part.
    pub fn source(&mut self) -> &mut ChainProof {
        &mut self.bundle.chains[0]
    }

    /// The second chain's part.
    pub fn destination(&mut self) -> &mut ChainProof {
        &mut self.bundle.chains[1]
    }

    /// The first transfer's references.
    ///
    /// # Panics
    /// Where the claim is about something else.
    pub fn proof(&mut self) -> &mut TransferProof {
        match &mut self.bundle.claim {
            Claim::Transfers { transfers, .. } => &mut transfers[0],
            other => panic!("no transfers: {other:?}"),
        }
    }
}

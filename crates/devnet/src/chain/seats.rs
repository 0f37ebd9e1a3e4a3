//! Who proposes and who commits: the chain's own lottery among the validators at work. Source: chain.md 2.7.

use super::Chain;
use crate::config::Sealers;
use crate::error::DevnetError;
use spanlight::consensus::quorum::required_seals;
use spanlight::consensus::seals::{lottery, SealContext};
use spanlight::primitives::Address;
use spanlight::profile::QuorumPolicy;

/// The seats of one block.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    /// The round in which the block is made: the first whose proposer is at work.
    pub(super) round: u8,
    /// Key of the proposer.
    pub(super) proposer: u64,
    /// Keys of those who commit.
    pub(super) committers: Vec<u64>,
}

/// The round is one byte of the header.
const ROUNDS: u64 = 256;

impl Chain {
    /// The seats of the next block.
    ///
    /// # Errors
    /// Where too few are at work.
    pub(super) fn seats(&self) -> Result<Seats, DevnetError> {
        let parent = self.head();
        let (council, parameters) = self.next();
        let context = SealContext { profile: self.profile(), council, parameters, parent: Some(&parent.header) };
        let number = parent.header.number().saturating_add(1);
        let lottery = lottery(number, &context)?
            .ok_or_else(|| DevnetError::Config("this proposer policy is not run here".into()))?;
        let members = u64::try_from(council.len()).unwrap_or(u64::MAX).min(parameters.committee_size);
        let need = usize::try_from(required_seals(QuorumPolicy::Engine, members)).unwrap_or(usize::MAX);
        let mut most = 0;
        for round in 0..ROUNDS {
            let at_work: Vec<u64> = lottery.committee(round).iter().filter_map(|member| self.at_work(member)).collect();
            most = most.max(at_work.len());
            let Some(proposer) = lottery.proposer(round).and_then(|proposer| self.at_work(&proposer)) else { continue };
            if at_work.len() >= need {
                let mut committers = at_work;
                if self.config.sealers == Sealers::Quorum {
                    committers.truncate(need);
                }
                return Ok(Seats { round: u8::try_from(round).unwrap_or(u8::MAX), proposer, committers });
            }
        }
        Err(DevnetError::NoQuorum { have: most, need })
    }

    fn at_work(&self, member: &Address) -> Option<u64> {
        self.keys.get(member).copied().filter(|key| !self.faults.idle.contains(key))
    }

    /// The committee of the block of a height, as far as the chain tells.
    #[must_use]
    pub fn committee_at(&self, number: u64) -> Option<Vec<Address>> {
        let (council, parameters) = self.rules_at(number)?;
        if number == 0 {
            return Some(council.members().to_vec());
        }
        let parent = self.block(number.checked_sub(1)?)?;
        let context = SealContext { profile: self.profile(), council, parameters, parent: Some(&parent.header) };
        let round = self.block(number).map_or(0, |block| block.header.fields().round());
        Some(lottery(number, &context).ok()??.committee(round.into()))
    }

    /// The council and parameters that hold for the block of a height, at most one above the newest.
    #[must_use]
    pub fn rules_at(
        &self,
        number: u64,
    ) -> Option<(&spanlight::consensus::Council, &spanlight::consensus::parameters::Parameters)> {
        if number == self.height().saturating_add(1) {
            return Some(self.next());
        }
        let block = self.block(number)?;
        Some((&*block.council, &*block.parameters))
    }
}

//! While another replica acts for a direction: whether this one could, and when the one that acts
//! had better give the lease away.

use crate::direction::{Direction, WorkError, PAUSE};
use crate::link::Link;
use crate::store::{Lease, Standby};
use spanlight_prover::{Node, RpcError};
use std::time::{Duration, Instant};

/// An endpoint that takes longer to tell its head is no reason to be given the lease, and nothing
/// to wait for where the lease may be free any moment.
const ANSWERS: Duration = Duration::from_secs(1);

impl Direction {
    /// Waits while another replica acts, and shows the others whether this one could.
    pub(crate) async fn stand_by(
        &self,
        links: &mut [Link; 2],
        standby: &mut Option<Standby>,
        show: &impl Fn(&str, Option<String>),
    ) {
        match self.can_serve(links).await {
            Ok(()) => {
                if let Err(error) = self.shared.store.keep_standing_by(&self.name, standby).await {
                    tracing::debug!(direction = %self.name, %error, "the other replicas cannot be shown that this one stands by");
                }
                show("standby", None);
            }
            Err(error) => {
                *standby = None;
                show("failing", Some(error.to_string()));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }

    /// Whether an endpoint of each chain answers.
    async fn can_serve(&self, links: &mut [Link; 2]) -> Result<(), WorkError> {
        for (link, end) in links.iter_mut().zip([&self.from, &self.to]) {
            link.give_second_chance();
            let profile = &self.shared.config.trust.chain(&end.chain)?.profile;
            let node = Node::new(&link.endpoints, profile);
            let head = tokio::time::timeout(ANSWERS, node.head_number()).await;
            let head = head.unwrap_or_else(|_| Err(RpcError::Transport { reason: "no answer".to_owned() }.into()));
            if head.is_err() {
                link.rotate();
            }
            head?;
        }
        Ok(())
    }

    /// Whether the lease is to be given away: this replica's endpoints do not serve, and another
    /// replica's do.
    pub(crate) async fn is_unfit(&self, lease: &Lease) -> bool {
        if !lease.is_shared() || !self.fitness.is_unfit(Instant::now()) {
            return false;
        }
        let is_unfit = self.shared.store.has_standby(&self.name).await.unwrap_or(false);
        if is_unfit {
            tracing::warn!(direction = %self.name, "no endpoint serves; the lease is given to another replica");
            self.fitness.give_away(Instant::now());
        }
        is_unfit
    }
}

//! A bridge on which much happened: hundreds of transfers in every usual state, for what must cope with many.

use crate::actions::{coin, erc20};
use crate::stage::{Stage, StageSetup};
use spanlight::U256;

/// Transfers in one block.
const TOGETHER: u64 = 20;

/// Chains on which `count` transfers were requested. The last twentieth is on its way, half of it with one vote; of the others
/// each hundredth (49, 149, …) was executed with another value: fraud. All else is handled.
#[must_use]
pub fn busy(count: u64) -> Stage {
    let mut stage = Stage::new(&StageSetup::default());
    let mut requests = Vec::new();
    for first in (0..count).step_by(TOGETHER as usize) {
        let nonces = first..count.min(first + TOGETHER);
        let event = |nonce: u64| if nonce.is_multiple_of(3) { erc20(100 + nonce) } else { coin(100 + nonce) };
        requests
            .extend(stage.source.block(|block| nonces.map(|nonce| block.request(event(nonce))).collect::<Vec<_>>()));
    }
    let open = count - count / 20;
    for together in requests.chunks(TOGETHER as usize) {
        let calls: Vec<_> = together.iter().map(|request| (request.event.nonce, stage.call(request))).collect();
        stage.destination.block(|block| {
            for (nonce, mut call) in calls {
                if nonce % 100 == 49 {
                    call.value += U256::ONE;
                }
                let voters: &[u64] = match nonce {
                    nonce if nonce < open => &[11, 12],
                    nonce if nonce % 2 == 0 => &[13],
                    _ => &[],
                };
                for voter in voters {
                    block.vote(*voter, &call.encode());
                }
            }
            block.transfer(108);
        });
    }
    stage
}

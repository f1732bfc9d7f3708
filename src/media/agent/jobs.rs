//! What the agent asks of the store. Each job runs beside the agent and answers with what became of it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::{info, warn};

use super::Surroundings;
use super::state::Tenure;
use crate::cluster::placement::LEASE;
use crate::ids::NodeId;
use crate::store::Result;
use crate::store::leases::ByHolder;

/// Between two attempts to reach the store.
const RETRY: Duration = Duration::from_millis(250);

/// What became of a job.
pub(super) enum Done {
    /// Leases were renewed, asked for at this time; each was granted or not. `None`: the store did not answer.
    Renewed(Instant, Option<Vec<(Tenure, bool)>>),
    /// Whether a lease is this node's, asked for at this time.
    Verified(Instant, Tenure, bool),
    /// A lease is released, or was another's.
    Released(Tenure),
    /// A lease is another node's; or nobody's.
    HandedOver(Tenure, bool),
    /// The nodes there are. `None`: the store did not answer.
    Nodes(Option<HashSet<NodeId>>),
}

pub(super) async fn renew(with: Surroundings, all: Vec<Tenure>) -> Done {
    let since = Instant::now();
    let held: Vec<_> = all.iter().map(|of| (of.room, of.epoch)).collect();
    match with.store.renew_rooms(with.node, &held, LEASE).await {
        Ok(answers) => Done::Renewed(since, Some(all.into_iter().zip(answers.iter().map(is_done)).collect())),
        Err(error) => {
            warn!(%error, rooms = all.len(), "rooms could not be renewed");
            Done::Renewed(since, None)
        }
    }
}

pub(super) async fn verify(with: Surroundings, of: Tenure) -> Done {
    loop {
        let since = Instant::now();
        match with.store.renew_rooms(with.node, &[(of.room, of.epoch)], LEASE).await {
            Ok(answers) => return Done::Verified(since, of, answers.first().is_some_and(is_done)),
            Err(error) => again(&error).await,
        }
    }
}

pub(super) async fn release(with: Surroundings, of: Tenure) -> Done {
    loop {
        match with.store.release_room(of.room, with.node, of.epoch).await {
            Ok(_) => return Done::Released(of),
            Err(error) => again(&error).await,
        }
    }
}

pub(super) async fn hand_over(with: Surroundings, of: Tenure) -> Done {
    loop {
        match try_to_hand_over(&with, of).await {
            Ok(nobody) => return Done::HandedOver(of, nobody),
            Err(error) => again(&error).await,
        }
    }
}

pub(super) async fn upgrade(with: Surroundings, (of, heir): (Tenure, NodeId)) -> Done {
    loop {
        match with.store.hand_over_room(of.room, with.node, of.epoch, heir, LEASE).await {
            Ok(given) => {
                if is_done(&given) {
                    info!(room = %of.room, %heir, "a peer-to-peer call goes on at a media node");
                }
                return Done::HandedOver(of, false);
            }
            Err(error) => again(&error).await,
        }
    }
}

/// True if nobody has it now.
async fn try_to_hand_over(with: &Surroundings, of: Tenure) -> Result<bool> {
    let Some(heir) = with.placement.heir(of.room, with.node) else {
        return with.store.release_room(of.room, with.node, of.epoch).await;
    };
    let given = with.store.hand_over_room(of.room, with.node, of.epoch, heir, LEASE).await?;
    if is_done(&given) {
        info!(room = %of.room, %heir, "a room was handed over");
    }
    Ok(false)
}

pub(super) async fn look_at_nodes(with: Surroundings) -> Done {
    match with.store.nodes().await {
        Ok((nodes, _)) => Done::Nodes(Some(nodes.into_iter().map(|node| node.id).collect())),
        Err(error) => {
            warn!(%error, "whether the nodes of participants are still there cannot be seen");
            Done::Nodes(None)
        }
    }
}

fn is_done(answer: &ByHolder) -> bool {
    matches!(answer, ByHolder::Done(_))
}

async fn again(error: &crate::store::StoreError) {
    warn!(%error, "the store was not told of a room yet");
    sleep(RETRY).await;
}

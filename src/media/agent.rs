//! The media agent: between the letters of participants' nodes and what serves rooms. That is shards, on a media node; or, where there are none,
//! a lane that serves them by signaling only.
//!
//! It holds each room in an epoch that the store vouches for, renews the leases, and gives rooms up that are not its any more ([`state`]).
//! Letters come in over a desk ([`crate::cluster::Desk`]) and a bounded queue; one task does everything in order and never waits for the
//! store: what it wants of that runs beside it ([`jobs`]).
//!
//! | module | what it is |
//! |---|---|
//! | `addresses` | where clients are told to come |
//! | `clerk` | tells everybody who is in which call |
//! | `desk` | takes letters |
//! | `jobs` | what the store is asked |
//! | `lane` | the way to a shard, and what comes back |
//! | `run` | the task |
//! | `signaling` | the lane without a shard |
//! | `stamps` | of which epoch it is what comes out of rooms |
//! | `state` | which rooms are held, and what follows from what happens |

mod addresses;
mod clerk;
mod desk;
mod jobs;
mod lane;
mod run;
mod signaling;
mod stamps;
mod state;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::desk::AgentDesk;
use self::lane::Lane;
use self::run::{Order, Running};
use self::signaling::SignalingLane;
use self::state::Output;
use super::peer::{Identity, IdentityError};
use super::room::{RoomCommand, RoomOutput, RoomSettings};
use super::shard::Work;
use crate::cluster::placement::Placement;
use crate::cluster::registry::Registry;
use crate::cluster::{Desk, Relay};
use crate::config::{Media, MediaAddress};
use crate::ids::NodeId;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::nodes::{MediaInfo, MediaLoad};

/// What the agent works with.
#[derive(Clone)]
pub struct Surroundings {
    /// This node.
    pub node: NodeId,
    /// Has the leases.
    pub store: Arc<dyn Store>,
    /// Brings letters and takes them along.
    pub relay: Arc<Relay>,
    /// Tells the others how busy this node is.
    pub registry: Arc<Registry>,
    /// Knows who could have a room instead.
    pub placement: Arc<Placement>,
    /// Counts.
    pub metrics: Arc<Metrics>,
}

/// How this node carries calls.
#[derive(Clone, Debug)]
pub struct MediaSettings {
    /// What shards are bound to.
    pub ip: IpAddr,
    /// A shard for each of these ports; 0: any that is free. Without any the node serves rooms by signaling only.
    pub ports: Vec<u16>,
    /// Where clients reach the shards; none: at this machine's own addresses.
    pub addresses: Vec<MediaAddress>,
    /// See [`RoomSettings`]; its addresses are set for each shard.
    pub rooms: RoomSettings,
}

impl MediaSettings {
    /// Of a node with so many shards that listens at this address for HTTP.
    #[must_use]
    pub fn new(media: &Media, shards: usize, ip: IpAddr) -> Self {
        let rooms = RoomSettings {
            addresses: Vec::new(),
            max_participants: media.media_max_participants,
            max_tracks: media.media_max_tracks,
            max_bitrate: media.media_max_bitrate,
        };
        Self { ip, ports: media.ports(shards), addresses: media.media_addresses.0.clone(), rooms }
    }
}

/// Why a node cannot carry calls.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A port.
    #[error("cannot bind {0} for UDP and TCP (MEDIA_PORT, MEDIA_SHARDS)")]
    Bind(SocketAddr, #[source] io::Error),
    /// The machine's addresses.
    #[error("the machine's addresses cannot be read; MEDIA_ADDRESSES names them")]
    Addresses(#[source] io::Error),
    /// The certificate.
    #[error("no certificate for connections with browsers")]
    Identity(#[from] IdentityError),
}

/// A running agent.
pub struct Agent {
    desk: Arc<AgentDesk>,
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

impl Agent {
    /// Starts the shards, if there are any, and the agent, and tells the others of them with the next heartbeat. `make` makes the rooms of a shard, on its
    /// thread; what comes out of them goes into the sender, of which there must be no other when they are dropped.
    ///
    /// # Errors
    /// [`AgentError`]; nothing runs then.
    pub fn start<W: Work<Command = RoomCommand> + Send + 'static>(
        settings: &MediaSettings,
        with: Surroundings,
        make: impl Fn(RoomSettings, mpsc::UnboundedSender<RoomOutput>) -> W + Clone + Send + 'static,
    ) -> Result<Self, AgentError> {
        let (sender, outputs) = mpsc::unbounded_channel();
        let lanes = if settings.ports.is_empty() { Vec::new() } else { lanes(settings, &sender, make)? };
        let addresses: Vec<SocketAddr> = lanes.iter().flat_map(|(_, addresses)| addresses).copied().collect();
        let lanes: Vec<Lane> = lanes.into_iter().map(|(lane, _)| lane).collect();
        if lanes.is_empty() {
            with.registry.tell_signaling(Some(MediaLoad::default()));
        } else {
            with.registry.tell_media(Some(MediaInfo { addresses: addresses.clone(), load: MediaLoad::default() }));
        }
        let signaling = SignalingLane::new(lanes.len(), settings.rooms.max_tracks, sender);
        let (desk, letters) = AgentDesk::new(with.relay.clone());
        let (orders, taken) = mpsc::channel(4);
        let task = tokio::spawn(Running::new(with, lanes, signaling, addresses).run(letters, outputs, taken));
        Ok(Self { desk, orders, task })
    }

    /// Where letters for it are handed in.
    #[must_use]
    pub fn desk(&self) -> Arc<dyn Desk> {
        self.desk.clone()
    }

    /// Gives all rooms to other media nodes. Their participants are served here until they have left, for two seconds at most; then this
    /// returns. The registry should say already that the node is about to stop.
    pub async fn drain(&self) {
        let (done, drained) = oneshot::channel();
        if self.orders.send(Order::Drain(done)).await.is_ok() {
            // An error means that it has stopped, and all rooms are gone.
            let _ = drained.await;
        }
    }

    /// Closes what is left, ends the threads and returns when they have ended.
    pub async fn stop(self) {
        drop(self.orders);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the media agent did not end in order");
        }
    }
}

/// A shard for each port, and where clients reach it.
fn lanes<W: Work<Command = RoomCommand> + Send + 'static>(
    settings: &MediaSettings,
    outputs: &mpsc::UnboundedSender<(usize, Output)>,
    make: impl Fn(RoomSettings, mpsc::UnboundedSender<RoomOutput>) -> W + Clone + Send + 'static,
) -> Result<Vec<(Lane, Vec<SocketAddr>)>, AgentError> {
    let identity = Arc::new(Identity::generate()?);
    let own = addresses::own(settings).map_err(AgentError::Addresses)?;
    let start = |(number, port): (usize, &u16)| {
        let bind = SocketAddr::new(settings.ip, *port);
        let (make, rooms, told) = (make.clone(), settings.rooms.clone(), own.clone());
        let rooms = move |bound, outputs| make(RoomSettings { addresses: addresses::of_shard(&told, number, bound), ..rooms }, outputs);
        let lane = Lane::start(number, bind, identity.clone(), outputs.clone(), rooms).map_err(|error| AgentError::Bind(bind, error))?;
        let addresses = addresses::of_shard(&own, number, lane.address());
        Ok((lane, addresses))
    };
    settings.ports.iter().enumerate().map(start).collect()
}

#[cfg(test)]
mod tests;

//! A node from start to stop: puts the floors together, keeps them running, and takes them down in order.

mod media;
mod store;
mod upkeep;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::cluster::calls::Calls;
use crate::cluster::hub::HubEar;
use crate::cluster::placement::Placement;
use crate::cluster::registry::Registry;
use crate::cluster::{Bus, Hub, Janitor, Relay};
use crate::config::{self, Address, Config, DialectName, FailureRate, MessageRate, Role};
use crate::dialect::Services;
use crate::dialect::chat::Chat;
use crate::dialect::lobby::Lobby;
use crate::dialect::mesh::Mesh;
use crate::dialect::rooms;
use crate::dialect::stage::Stage;
use crate::domain::ice::{IceServers, Turn};
use crate::domain::lobbies::{LobbyRules, Times};
use crate::domain::moderation::Moderation;
use crate::domain::named_rooms::Limits as RoomLimits;
use crate::domain::passes::Passes;
use crate::domain::people::People;
use crate::domain::{Accounts, Channels, Hasher, Lobbies, Meshes, NamedRooms, Rooms, Rules, Tally};
use crate::http::{self, Floors, InvalidMount, Mount, Origins, Readiness, RoomDesk, Settings};
use crate::ids::NodeId;
use crate::media::agent::{Agent, AgentError, Surroundings};
use crate::metrics::Metrics;
use crate::session::close::CloseCode;
use crate::session::{Dialect, Limits, Rate, Sessions};
use crate::store::lobbies::Allowance;
use crate::store::{Store, StoreError};

/// What the janitor gets at the end to take out what sessions left; the reaper of another node does the rest.
const TIDY: Duration = Duration::from_secs(2);
/// A node that cannot be reached by others for so long serves all the same: whoever asks is told so, and does not wait for it.
const REACHABLE: Duration = Duration::from_secs(10);
/// A reaped node gives its clients so long to be told.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a node could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The address to listen on.
    #[error("cannot listen on {0}")]
    Listen(String, #[source] std::io::Error),
    /// The store.
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
    /// The embedded store.
    #[error("the embedded store cannot be used")]
    Embedded(#[from] crate::store::embedded::OpenError),
    /// Calls.
    #[error("calls cannot be carried")]
    Media(#[from] AgentError),
    /// Two things at one path.
    #[error("MOUNTS")]
    Mount(#[from] InvalidMount),
    /// A policy that is no header.
    #[error("CONTENT_SECURITY_POLICY is no header value")]
    Policy(#[from] axum::http::header::InvalidHeaderValue),
    /// bcrypt's cost.
    #[error("BCRYPT_COST")]
    Bcrypt(#[from] bcrypt::BcryptError),
    /// The operating system does not give signals.
    #[error("signals cannot be received")]
    Signals(#[source] std::io::Error),
}

/// Runs a node until SIGTERM or SIGINT. A node that its cluster has declared dead (it was cut off, or asleep) closes its sessions
/// and begins anew under another identity.
pub async fn run(config: Config) -> Result<(), NodeError> {
    let mut stop = upkeep::Signals::new().map_err(NodeError::Signals)?;
    let mut address = None;
    loop {
        let node = tokio::select! {
            node = Node::start(&config, address) => node?,
            () = stop.received() => return Ok(()),
        };
        address = Some(node.address());
        tokio::select! {
            () = stop.received() => {
                node.drain(config.node.drain_seconds).await;
                return Ok(());
            }
            () = node.reaped() => {
                warn!("the cluster has declared this node dead; starting anew");
                node.abandon().await;
            }
        }
    }
}

/// A node that runs.
pub struct Node {
    id: NodeId,
    address: SocketAddr,
    store: Arc<dyn Store>,
    sessions: Arc<Sessions>,
    registry: Arc<Registry>,
    relay: Arc<Relay>,
    janitor: Janitor,
    media: Agent,
    stop_http: oneshot::Sender<()>,
    tasks: JoinSet<()>,
}

impl Node {
    /// Starts a node; it serves when this returns. `address` goes before the one of the settings.
    pub async fn start(config: &Config, address: Option<SocketAddr>) -> Result<Self, NodeError> {
        let address = match address {
            Some(address) => address,
            None => resolve(config).await?,
        };
        let metrics = Metrics::new();
        let id = NodeId::random();
        let store::Opened { store, secret } = store::open(config).await?;
        // Not before: whoever connects would wait for an answer for as long as the store is waited for.
        let listener = http::listen(address).map_err(|error| NodeError::Listen(address.to_string(), error))?;
        let address = listener.local_addr().map_err(|error| NodeError::Listen(address.to_string(), error))?;

        let (bus, bus_task) = Bus::new(id, store.clone(), metrics.clone());
        let hub = Hub::new(id, store.clone(), bus.clone(), metrics.clone());
        let relay = Relay::new(store.clone(), hub.clone(), metrics.clone());
        let registry = Registry::new(id, config.node.role.as_str().to_owned(), store.clone(), hub.clone(), relay.clone(), metrics.clone());
        let placement = Placement::new(store.clone());
        let calls = Calls::new(id, relay.clone(), placement.clone());
        relay.set_calls_desk(calls.clone());
        let surroundings = Surroundings {
            node: id,
            store: store.clone(),
            relay: relay.clone(),
            registry: registry.clone(),
            placement: placement.clone(),
            metrics: metrics.clone(),
        };
        // Before the first heartbeat, which tells the others of it.
        let media = media::start(config, address.ip(), surroundings)?;
        let janitor = Janitor::start(store.clone());
        let sessions = Sessions::new(session_limits(config), metrics.clone());
        let readiness = Arc::new(Readiness::default());

        let mut tasks = JoinSet::new();
        tasks.spawn(bus_task.run(Arc::new(HubEar(hub.clone()))));
        tasks.spawn(registry.clone().run());
        tasks.spawn(relay.clone().read());
        tasks.spawn(placement.run());
        tasks.spawn(upkeep::verify_generations(store.clone(), hub.clone(), bus.clone()));
        tasks.spawn(upkeep::flush_crowd(hub.clone()));
        tasks.spawn(upkeep::watch_readiness(store.clone(), bus.clone(), readiness.clone()));

        let rules = Arc::new(rules(config));
        let hasher = Arc::new(Hasher::new(config.accounts.bcrypt_cost, config.accounts.bcrypt_queue, metrics.clone())?);
        let tally = Tally::new(secret);
        let rooms = Rooms::new(store.clone(), tally.clone(), config.limits.numbered_room_idle(), window(config.limits.rate_rooms));
        tasks.spawn(rooms.clone().run());
        let limits = RoomLimits {
            idle: config.limits.named_room_idle(),
            rooms: window(config.limits.rate_rooms),
            failures: window(config.limits.rate_signin_failures),
        };
        let keys = (Passes::new(secret), tally.clone());
        let named_rooms = NamedRooms::new(id, store.clone(), janitor.clone(), hasher.clone(), keys, limits);
        tasks.spawn(named_rooms.clone().run());
        let lobbies = Lobbies::new(store.clone(), relay.clone(), hub.clone(), secret, lobby_rules(config));
        tasks.spawn(lobbies.clone().run());
        let services = Arc::new(Services {
            store: store.clone(),
            hub: hub.clone(),
            janitor: janitor.clone(),
            accounts: Accounts::new(store.clone(), hasher, rules.clone(), tally.clone()),
            meshes: Meshes::new(store.clone(), hub.clone(), relay.clone(), config.limits.mesh_max_peers),
            channels: Channels::new(store.clone(), hub, rules.clone()),
            people: People::new(store.clone()),
            calls,
            ice: ice_servers(config),
            rooms,
            named_rooms: named_rooms.clone(),
            lobbies: lobbies.clone(),
            relay: relay.clone(),
            moderation: Moderation::new(store.clone(), relay.clone()),
            rules,
            metrics: metrics.clone(),
        });
        let rooms = serves(config, DialectName::Rooms)
            .then(|| RoomDesk { rooms: named_rooms.clone(), origins: same_or(&config.network.allowed_origins) });
        let floors = Floors { sessions: sessions.clone(), metrics, readiness, rooms };
        let mounts = mounts(config, &services, &named_rooms);
        let settings = http_settings(config)?;
        let mut router = http::router(mounts, &settings, &floors)?;
        if serves(config, DialectName::Lobby) {
            router = router.merge(http::lobby_routes(lobbies, lobby_origins(config), settings.trusted_proxy_hops));
        }
        // Before that nothing that other nodes tell, all of them or this one, would reach who is connected here.
        let reachable = async { tokio::join!(registry.entered(), bus.connected()) };
        if timeout(REACHABLE, reachable).await.is_err() {
            warn!("other nodes cannot reach this one yet; it serves, and is not ready");
        }
        let (stop_http, stopped) = oneshot::channel();
        tasks.spawn(async move {
            let stop = async move {
                let _ = stopped.await;
            };
            if let Err(error) = http::serve(listener, router, stop).await {
                warn!(%error, "the HTTP server ended");
            }
        });
        info!(%address, node = %id, version = env!("CARGO_PKG_VERSION"), "listening");
        Ok(Self { id, address, store, sessions, registry, relay, janitor, media, stop_http, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resolves when the cluster has declared this node dead.
    pub async fn reaped(&self) {
        self.registry.reaped().await;
    }

    /// Stops in good order, within `within`: no new work, clients and rooms sent elsewhere, nothing left behind.
    pub async fn drain(self, within: Duration) {
        info!("draining");
        self.registry.drain();
        let clients = self.sessions.drain(within.saturating_sub(TIDY).max(within / 2));
        let rooms = async {
            if timeout(within.max(TIDY), self.media.drain()).await.is_err() {
                warn!("there was no time to send all rooms elsewhere");
            }
        };
        tokio::join!(clients, rooms);
        let _ = self.stop_http.send(());
        self.media.stop().await;
        // Also what those leave who did not take their leave in time: once the node is off the list, nobody looks for it.
        let left = async {
            self.sessions.end().await;
            self.janitor.idle().await;
        };
        let tidy = timeout(TIDY, left).await.is_ok();
        self.relay.close();
        let mut tasks = self.tasks;
        // A heartbeat after that would put the node on the list again.
        tasks.shutdown().await;
        if !tidy {
            warn!("what sessions left in the store is left to the other nodes");
        } else if let Ok(Err(error)) = timeout(TIDY, leave_list(&*self.store, self.id)).await {
            warn!(%error, "the node could not be taken off the list");
        }
        info!("stopped");
    }

    /// Stops at once: what this node held is not its own any more.
    pub async fn abandon(self) {
        self.sessions.close_all(CloseCode::Restart, "this node was cut off; come back");
        let _ = timeout(FAREWELL, async {
            while !self.sessions.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        let _ = self.stop_http.send(());
        // Another start may want the same ports.
        self.media.stop().await;
        self.relay.close();
        let mut tasks = self.tasks;
        tasks.shutdown().await;
    }
}

/// Takes a node off the list, unless something is left of it: the others clear away only after those that are on the list.
async fn leave_list(store: &dyn Store, node: NodeId) -> Result<(), StoreError> {
    if store.holdings(node, 1).await?.is_empty() {
        store.retire(node).await?;
    } else {
        warn!("what is still in the store of this node is left to the other nodes");
    }
    Ok(())
}

async fn resolve(config: &Config) -> Result<SocketAddr, NodeError> {
    let (host, port) = config.network.listen();
    let failed = |error| NodeError::Listen(format!("{host}:{port}"), error);
    let mut found = lookup_host((host.as_str(), port)).await.map_err(failed)?;
    found.next().ok_or_else(|| failed(std::io::ErrorKind::AddrNotAvailable.into()))
}

/// Whether this protocol, and what belongs to it over HTTP, is to be had here.
fn serves(config: &Config, dialect: DialectName) -> bool {
    config.node.role != Role::Media && config.network.mounts.0.iter().any(|mount| mount.dialect == dialect)
}

fn mounts(config: &Config, services: &Arc<Services>, named_rooms: &Arc<NamedRooms>) -> Vec<Mount> {
    if config.node.role == Role::Media {
        return Vec::new();
    }
    let chat = Chat::new(services.clone());
    let stage = Stage::new(services.clone());
    let rooms = rooms::Rooms::new(services.clone(), named_rooms.clone(), config.limits.room_ping_seconds);
    let lobby = Lobby::new(services.clone());
    let own_origins = same_or(&config.network.allowed_origins);
    let mesh_origins = config.network.mesh_origins.as_ref().map_or(Origins::Any, same_or);
    let lobby_origins = lobby_origins(config);
    let mounts = &config.network.mounts.0;
    mounts
        .iter()
        .map(|mount| {
            let (dialect, origins): (Arc<dyn Dialect>, _) = match mount.dialect {
                DialectName::Chat => (chat.clone(), &own_origins),
                DialectName::Stage => (stage.clone(), &own_origins),
                DialectName::Mesh => (Mesh::new(services.clone(), &mount.path), &mesh_origins),
                DialectName::Rooms => (rooms.clone(), &own_origins),
                DialectName::Lobby => (lobby.clone(), &lobby_origins),
            };
            Mount { path: mount.path.clone(), dialect, origins: origins.clone() }
        })
        .collect()
}

fn same_or(allowed: &config::Origins) -> Origins {
    let allowed: Vec<String> = allowed.0.iter().map(|origin| origin.as_str().to_owned()).collect();
    if allowed.is_empty() { Origins::Same } else { Origins::SameOr(allowed) }
}

fn http_settings(config: &Config) -> Result<Settings, NodeError> {
    let policy = config.network.content_security_policy.as_deref().map(axum::http::HeaderValue::from_str).transpose()?;
    Ok(Settings {
        no_app: config.node.role == Role::Media,
        client_location: config.network.client_location.clone(),
        content_security_policy: policy,
        metrics_token: config.observation.metrics_token.as_ref().map(|token| token.expose().to_owned()),
        trusted_proxy_hops: config.network.trusted_proxy_hops,
    })
}

fn session_limits(config: &Config) -> Limits {
    let limits = &config.limits;
    Limits {
        max_frame_bytes: limits.max_frame_bytes,
        rate: match limits.rate_messages {
            MessageRate::Off => None,
            MessageRate::Bucket { burst, per_second } => Some(Rate { burst, per_second }),
        },
        ping_every: limits.ping_seconds,
        stall: limits.stall_seconds,
        ..Limits::default()
    }
}

fn ice_servers(config: &Config) -> IceServers {
    let calls = &config.calls;
    let address = |host: &str, port| Address { host: host.to_owned(), port }.to_string();
    let turn = calls.turn_host.as_ref().zip(calls.turn_static_auth_secret.as_ref()).map(|(host, secret)| Turn {
        address: address(host, calls.turn_port),
        secret: secret.expose().as_bytes().to_vec(),
        ttl: calls.turn_credential_ttl,
    });
    IceServers { stun: calls.stun_host.as_ref().map(|host| address(host, calls.stun_port)), turn }
}

/// Lobbies use no cookies, so any page may use them, unless the settings say which.
fn lobby_origins(config: &Config) -> Origins {
    config.network.lobby_origins.as_ref().map_or(Origins::Any, same_or)
}

fn lobby_rules(config: &Config) -> LobbyRules {
    let lobbies = &config.lobbies;
    LobbyRules {
        times: Times {
            grace: lobbies.lobby_grace_seconds,
            timeout: lobbies.lobby_room_timeout_seconds,
            snapshot: lobbies.lobby_snapshot_seconds,
        },
        max_guests: lobbies.lobby_max_guests,
        allowed: Allowance { rooms: lobbies.lobby_max_rooms, bytes: lobbies.lobby_max_snapshot_bytes },
        making: window(lobbies.rate_lobby_rooms),
        guessing: window(lobbies.rate_lobby_codes),
    }
}

fn window(rate: FailureRate) -> Option<(u64, Duration)> {
    match rate {
        FailureRate::Off => None,
        FailureRate::Window { failures, window } => Some((u64::from(failures), window)),
    }
}

fn rules(config: &Config) -> Rules {
    Rules {
        max_message_chars: config.limits.max_message_chars,
        signin_failures: window(config.limits.rate_signin_failures),
        new_accounts: window(config.limits.rate_accounts),
        access_key_ttl: config.accounts.access_key_ttl,
        moderators: config.accounts.moderators.0.clone(),
        holds_acknowledgements: config.store.ack_replicas > 0,
    }
}

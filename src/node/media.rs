//! What a node does for calls.

use std::net::IpAddr;

use super::NodeError;
use crate::config::Config;
use crate::media::agent::{Agent, MediaSettings, Surroundings};
use crate::media::room::Rooms;

/// Starts the part of a node that serves rooms, and hands it its letters: on shards, or without any by signaling only.
pub(super) fn start(config: &Config, ip: IpAddr, with: Surroundings) -> Result<Agent, NodeError> {
    let shards = config.media.shards(config.node.role);
    let relay = with.relay.clone();
    let agent = Agent::start(&MediaSettings::new(&config.media, shards, ip), with, Rooms::new)?;
    relay.set_media_desk(agent.desk());
    Ok(agent)
}

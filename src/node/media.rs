//! What a node does for calls.

use std::net::IpAddr;

use super::NodeError;
use crate::config::Config;
use crate::media::agent::{Agent, MediaSettings, Surroundings};
use crate::media::room::Rooms;

/// Starts the media part of a node that has one, and hands it its letters.
pub(super) fn start(config: &Config, ip: IpAddr, with: Surroundings) -> Result<Option<Agent>, NodeError> {
    let shards = config.media.shards(config.node.role);
    if shards == 0 {
        return Ok(None);
    }
    let relay = with.relay.clone();
    let agent = Agent::start(&MediaSettings::new(&config.media, shards, ip), with, Rooms::new)?;
    relay.set_media_desk(agent.desk());
    Ok(Some(agent))
}

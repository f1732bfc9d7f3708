//! Settings of calls.

use std::net::{IpAddr, SocketAddr};

use clap::Args;

use super::values::whole;
use super::{Role, SettingError};

/// What this node does for calls, and how clients reach it for that.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Calls")]
pub struct Media {
    /// Threads that carry calls, each with a port of its own; 0: this node carries none; unset: one a processor core
    #[arg(long, env, value_name = "NUMBER", value_parser = whole::<usize>(0, 256))]
    pub media_shards: Option<usize>,

    /// Port of calls, UDP and TCP; each further thread has the next one; unset: any that are free
    #[arg(long, env, value_name = "NUMBER", value_parser = whole::<u16>(1, 65_535))]
    pub media_port: Option<u16>,

    /// Where clients reach those ports, `ip` or `ip:port`, separated by commas, the best first; a port here is the first thread's;
    /// unset: this machine's own addresses
    #[arg(long, env, value_name = "LIST", default_value = "", value_parser = addresses)]
    pub media_addresses: MediaAddresses,

    /// Participants that a call may have
    #[arg(long, env, value_name = "NUMBER", default_value = "100", value_parser = whole::<usize>(2, 10_000))]
    pub media_max_participants: usize,

    /// Tracks that one participant may send; a microphone, a camera, a screen and its sound are four
    #[arg(long, env, value_name = "NUMBER", default_value = "4", value_parser = whole::<usize>(1, 4))]
    pub media_max_tracks: usize,

    /// The most that is sent to one participant, pictures and sound; sound is never left out. What one sends may be four times as much
    #[arg(long, env, value_name = "BITS PER SECOND", default_value = "8000000", value_parser = whole::<u64>(100_000, 1_000_000_000))]
    pub media_max_bitrate: u64,
}

/// Where clients are told to send their media.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaAddresses(pub Vec<MediaAddress>);

/// One such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaAddress {
    /// The IP address, as clients reach it.
    pub ip: IpAddr,
    /// The first thread's port, as clients reach it; each further thread has the next one. `None`: as the threads are bound.
    pub port: Option<u16>,
}

impl Media {
    /// How many threads carry calls on a node of this role; 0: none, it is no media node.
    #[must_use]
    pub fn shards(&self, role: Role) -> usize {
        match role {
            Role::Chat => 0,
            Role::All | Role::Media => {
                self.media_shards.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
            }
        }
    }

    /// The ports of as many threads: consecutive ones, or 0 where any will do.
    #[must_use]
    pub fn ports(&self, shards: usize) -> Vec<u16> {
        match self.media_port {
            Some(first) => (first..=u16::MAX).take(shards).collect(),
            None => vec![0; shards],
        }
    }

    /// Checks these settings against each other and those of the role. `port`: where the node listens for HTTP.
    pub(super) fn check(&self, role: Role, port: u16) -> Result<(), SettingError> {
        let shards = self.shards(role);
        if role == Role::Media && shards == 0 {
            return Err(SettingError::new("MEDIA_SHARDS", "a node of ROLE=media carries calls and does nothing else", "MEDIA_SHARDS=2"));
        }
        let wrong = |fault: String| Err(SettingError::new("MEDIA_PORT", fault, "MEDIA_PORT=40000"));
        let ports = self.ports(shards);
        if ports.len() < shards {
            return wrong(format!("there are no {shards} ports from there on, and MEDIA_SHARDS is as many"));
        }
        if port != 0 && ports.contains(&port) {
            return wrong(format!("the ports of MEDIA_SHARDS={shards} threads from there on include {port}, which is PORT"));
        }
        let last = u16::try_from(shards.saturating_sub(1)).unwrap_or(u16::MAX);
        if self.media_addresses.0.iter().any(|address| address.port.is_some_and(|port| port.checked_add(last).is_none())) {
            let fault = format!("there are no {shards} ports from there on, and MEDIA_SHARDS is as many");
            return Err(SettingError::new("MEDIA_ADDRESSES", fault, "MEDIA_ADDRESSES=203.0.113.7:40000"));
        }
        Ok(())
    }
}

fn addresses(text: &str) -> Result<MediaAddresses, String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(address).collect::<Result<_, _>>().map(MediaAddresses)
}

fn address(text: &str) -> Result<MediaAddress, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = match (bare.parse::<IpAddr>(), text.parse::<SocketAddr>()) {
        (Ok(ip), _) => Some(MediaAddress { ip, port: None }),
        (_, Ok(both)) => Some(MediaAddress { ip: both.ip(), port: Some(both.port()) }),
        _ => None,
    };
    let usable = address.filter(|address| !address.ip.is_unspecified() && address.port != Some(0));
    usable.ok_or_else(|| format!("`{text}` is not an IP address that clients can reach, with or without a port"))
}

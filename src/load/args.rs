//! The command line of `rialto load`, and what is worked out from it.

use clap::{Args, Subcommand};

use super::check::Route;
use super::marker;
use super::media::MediaArgs;

/// `rialto load`
#[derive(Args, Clone, Debug)]
pub struct LoadArgs {
    /// What to load.
    #[command(subcommand)]
    pub what: LoadTarget,
}

/// What can be put under load.
#[derive(Clone, Debug, Subcommand)]
pub enum LoadTarget {
    /// Chat: guests on one or more nodes who write to each other, every delivery checked
    ///
    /// All times are in seconds. Nodes under test must run with RATE_MESSAGES=0 and RATE_ACCOUNTS=0, or their limits are what is measured. Every run leaves its
    /// guests and messages in the store: use one of its own. The exit code is 0 only if every message reached everybody once and in order.
    Chat(ChatArgs),
    /// Media: calls on one or more nodes, every packet checked
    ///
    /// All times are in seconds. Nodes under test must run with RATE_MESSAGES=0 and RATE_ACCOUNTS=0 if many join, and with a MEDIA_MAX_BITRATE above what a participant
    /// gets. The exit code is 0 only if every packet that a node sent came once, whole and in order; what it left out for want of room is told.
    Media(MediaArgs),
}

/// `rialto load chat`.
#[derive(Args, Clone, Debug)]
pub struct ChatArgs {
    /// WebSocket of a node, ws://HOST:PORT/ws; repeat it for several: connections take turns among them
    #[arg(long = "url", value_name = "URL", required = true, value_delimiter = ',')]
    pub urls: Vec<String>,

    /// Connections; each signs in as a guest and receives
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub connections: u32,

    /// Instead of everybody in the general channel: pairs in direct channels, the two ends on different nodes, the first one sending (direct channels
    /// have two members, so this is the only load of many channels)
    #[arg(long, conflicts_with = "senders")]
    pub pairs: bool,

    /// How many of the connections also send, taking turns
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub senders: u32,

    /// Messages a second, over all senders, on a fixed schedule: a late answer never slows the next message
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub rate: f64,

    /// Length of a message text, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 256)]
    pub payload: usize,

    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub duration: f64,

    /// How long to send before measuring; these messages are checked too, but not timed
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub warmup: f64,

    /// Only connect, sign in, join, settle and read the memory
    #[arg(long)]
    pub idle: bool,

    /// Rest between the last join and the reading of the memory
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    pub settle: f64,

    /// How long to wait for deliveries after the last message
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub drain: f64,

    /// How long connecting, signing in and joining may take altogether
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0)]
    pub connect_timeout: f64,

    /// Connections being set up at once
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    pub window: u32,

    /// Receiving threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub threads: u32,

    /// Server processes on this machine (Linux) whose CPU and memory to read, NAME=PID,…: the nodes first, in the order of --url, then others, such as
    /// Redis
    #[arg(long, value_name = "NAME=PID", value_delimiter = ',')]
    pub pids: Vec<String>,

    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// A combination of arguments that makes no sense, in words.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ArgsError(String);

impl ArgsError {
    /// Says it.
    pub fn new(words: String) -> Self {
        Self(words)
    }
}

/// Refuses what is no time to wait for.
pub fn check_seconds(times: &[(&str, f64)]) -> Result<(), ArgsError> {
    match times.iter().find(|(_, value)| !(0.0..=1e6).contains(value)) {
        Some((name, value)) => Err(ArgsError(format!("--{name} {value}: a number of seconds, at most a million"))),
        None => Ok(()),
    }
}

impl ChatArgs {
    /// Refuses what clap cannot.
    pub fn check(&self) -> Result<(), ArgsError> {
        let refuse = |words: String| Err(ArgsError(words));
        if self.pairs && !self.connections.is_multiple_of(2) {
            return refuse(format!("--connections {}: --pairs needs an even number", self.connections));
        }
        if self.senders > self.connections {
            return refuse(format!("--senders {}: there are only {} connections", self.senders, self.connections));
        }
        if self.payload < marker::SHORTEST {
            return refuse(format!("--payload {}: at least {} bytes, or the marker does not fit", self.payload, marker::SHORTEST));
        }
        let times = [
            ("duration", self.duration),
            ("warmup", self.warmup),
            ("settle", self.settle),
            ("drain", self.drain),
            ("connect-timeout", self.connect_timeout),
        ];
        check_seconds(&times)?;
        if !(self.rate > 0.0 && self.rate <= 1e6) {
            return refuse(format!("--rate {}: messages a second, above 0 and at most a million", self.rate));
        }
        Ok(())
    }

    /// How many channels there are.
    pub fn channels(&self) -> u64 {
        if self.pairs { u64::from(self.connections / 2) } else { 1 }
    }

    /// What connection `index` will receive. The two of a pair are neighbours, so that they are on different nodes.
    pub fn route(&self, index: usize) -> Route {
        if self.pairs {
            Route { channels: self.channels(), channel: index as u64 / 2, senders: 1 }
        } else {
            Route { channels: 1, channel: 0, senders: u64::from(self.senders) }
        }
    }

    /// The connection that sends message `number`.
    pub fn sender(&self, number: u64) -> usize {
        if self.pairs { (number % self.channels() * 2) as usize } else { (number % u64::from(self.senders)) as usize }
    }

    /// Whether connection `index` ever sends.
    pub fn sends(&self, index: usize) -> bool {
        if self.pairs { index.is_multiple_of(2) } else { index < self.senders as usize }
    }

    /// The other one of a pair.
    pub fn peer(&self, index: usize) -> Option<usize> {
        self.pairs.then_some(index ^ 1)
    }

    /// How many receive each message.
    pub fn receivers(&self) -> u64 {
        if self.pairs { 2 } else { u64::from(self.connections) }
    }

    /// How many messages are due in this many seconds.
    pub fn messages_in(&self, seconds: f64) -> u64 {
        (self.rate * seconds).round() as u64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn parse(line: &str) -> ChatArgs {
        match Command::parse_from(line.split(' ')).load.what {
            LoadTarget::Chat(args) => args,
            LoadTarget::Media(_) => panic!("{line}"),
        }
    }

    #[test]
    fn pairs_share_a_channel_and_the_first_sends() {
        let args = parse("load chat --url ws://a/ws,ws://b/ws -n 6 --pairs");
        args.check().unwrap();
        assert_eq!((args.channels(), args.receivers(), args.peer(4), args.peer(5)), (3, 2, Some(5), Some(4)));
        assert_eq!((0..4).map(|number| args.sender(number)).collect::<Vec<_>>(), [0, 2, 4, 0]);
        assert_eq!(args.route(4), args.route(5));
        assert!(args.sends(4) && !args.sends(5));
    }

    #[test]
    fn senders_take_turns_in_the_general_channel() {
        let args = parse("load chat --url ws://a/ws --url ws://b/ws -n 6 --senders 2 --rate 100");
        assert_eq!(args.urls.len(), 2);
        assert_eq!((0..4).map(|number| args.sender(number)).collect::<Vec<_>>(), [0, 1, 0, 1]);
        assert_eq!((args.messages_in(2.5), args.receivers(), args.peer(0)), (250, 6, None));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (line, word) in [
            ("load chat --url ws://a/ws -n 3 --pairs", "--pairs"),
            ("load chat --url ws://a/ws -n 3 --senders 4", "--senders"),
            ("load chat --url ws://a/ws --payload 10", "--payload"),
            ("load chat --url ws://a/ws --duration NaN", "--duration"),
            ("load chat --url ws://a/ws --rate 0", "--rate"),
        ] {
            assert!(parse(line).check().unwrap_err().to_string().contains(word), "{line}");
        }
    }
}

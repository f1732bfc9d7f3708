//! The command line of `rialto load media`, and what is worked out from it.

use clap::Args;

use super::packet::{LONGEST, SHORTEST};
use crate::load::args::{ArgsError, check_seconds};

/// `rialto load media`.
#[derive(Args, Clone, Debug)]
pub struct MediaArgs {
    /// WebSocket of a node, ws://HOST:PORT/ws; repeat it for several: participants take turns among them
    #[arg(long = "url", value_name = "URL", required = true, value_delimiter = ',')]
    pub urls: Vec<String>,

    /// Rooms, each a call by itself
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rooms: u32,

    /// Participants of a room who publish; they also receive each other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub publishers: u32,

    /// Participants of a room who only receive
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub subscribers: u32,

    /// What a publisher sends of video, in payload bits a second; 0: no video
    #[arg(long, value_name = "BITS", default_value_t = 1_000_000)]
    pub bitrate: u64,

    /// Length of a video packet's payload, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 1_200)]
    pub payload: usize,

    /// Pictures a second; the packets of one are sent at once
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub fps: u32,

    /// No audio, which is 50 packets of 80 bytes a second otherwise
    #[arg(long)]
    pub no_audio: bool,

    /// Measure what arrives, also of a server that cannot forward everything
    #[arg(long)]
    pub overload: bool,

    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub duration: f64,

    /// How long media flows before that, once everybody gets everything
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub warmup: f64,

    /// Only connect, settle and read the memory; nothing is published
    #[arg(long)]
    pub idle: bool,

    /// Instead of media: so many joins and leaves, after a tenth as many (at least 100) that are not counted; then memory, files and threads of
    /// the servers, and the tasks that nodes tell of at /metrics, are compared with those before; what has grown is looked at again after as
    /// many more, up to four times, since only a leak grows every time
    #[arg(long, value_name = "N", conflicts_with = "idle")]
    pub churn: Option<u64>,

    /// Rest before memory is read, and the other figures of what is left
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub settle: f64,

    /// How long to wait for packets after the last one that is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    pub drain: f64,

    /// How long it may take until everybody is connected and gets everything
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub connect_timeout: f64,

    /// Participants joining at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub window: u32,

    /// Threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub threads: u32,

    /// Server processes on this machine (Linux) whose CPU and memory to read, NAME=PID,…: media nodes first, chat nodes and others after
    #[arg(long, value_name = "NAME=PID", value_delimiter = ',')]
    pub pids: Vec<String>,

    /// How many of --pids are media nodes: packets are divided by the CPU time of these
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub media_pids: usize,

    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

impl MediaArgs {
    /// Refuses what clap cannot.
    pub fn check(&self) -> Result<(), ArgsError> {
        let refuse = |words: String| Err(ArgsError::new(words));
        if self.size() < 2 {
            return refuse(format!("--publishers {} and --subscribers {}: it takes two to have a call", self.publishers, self.subscribers));
        }
        if !(SHORTEST..=LONGEST).contains(&self.payload) {
            return refuse(format!("--payload {}: {SHORTEST} to {LONGEST} bytes", self.payload));
        }
        if self.bitrate > 1_000_000_000 {
            return refuse(format!("--bitrate {}: at most a billion bits a second", self.bitrate));
        }
        if self.tracks() == 0 && !self.idle && self.churn.is_none() {
            return refuse("there is nothing to measure: no publishers, or neither audio nor video; or is it --idle?".to_owned());
        }
        if self.media_pids > self.pids.len() && !self.pids.is_empty() {
            return refuse(format!("--media-pids {}: there are only {} processes", self.media_pids, self.pids.len()));
        }
        let times = [
            ("duration", self.duration),
            ("warmup", self.warmup),
            ("settle", self.settle),
            ("drain", self.drain),
            ("connect-timeout", self.connect_timeout),
        ];
        check_seconds(&times)
    }

    /// Participants of a room.
    pub fn size(&self) -> u32 {
        self.publishers + self.subscribers
    }

    /// Participants of all rooms.
    pub fn participants(&self) -> u32 {
        self.rooms * self.size()
    }

    /// The room of participant `index`.
    pub fn room(&self, index: usize) -> usize {
        index / self.size() as usize
    }

    /// Whether participant `index` publishes.
    pub fn publishes(&self, index: usize) -> bool {
        index % (self.size() as usize) < self.publishers as usize
    }

    /// Tracks that somebody publishes.
    pub fn tracks(&self) -> u64 {
        if self.publishers == 0 { 0 } else { u64::from(!self.no_audio) + u64::from(self.bitrate > 0) }
    }

    /// Tracks that come in somewhere, counted at each receiver.
    pub fn flows(&self) -> u64 {
        u64::from(self.rooms) * u64::from(self.publishers) * u64::from(self.size() - 1) * self.tracks()
    }

    /// Joins and leaves of `--churn`, with those that are not counted: a tenth as many, and no fewer than it takes to have all connections to Redis.
    pub fn all_joins(&self) -> u64 {
        self.churn.map_or(0, |joins| joins + (joins / 10).max(100))
    }

    /// Video packets of one publisher in a second.
    pub fn packets_per_second(&self) -> f64 {
        self.bitrate as f64 / 8.0 / self.payload as f64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use clap::Parser;

    use super::*;
    use crate::load::{LoadArgs, LoadTarget};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn parse(line: &str) -> MediaArgs {
        match Command::parse_from(line.split(' ')).load.what {
            LoadTarget::Media(args) => args,
            LoadTarget::Chat(_) => panic!("{line}"),
        }
    }

    #[test]
    fn rooms_are_filled_one_after_the_other() {
        let args = parse("load media --url ws://a/ws --rooms 2 --publishers 2 --subscribers 1 --bitrate 19200000");
        args.check().unwrap();
        assert_eq!((args.participants(), args.room(2), args.room(3), args.flows()), (6, 0, 1, 16));
        assert_eq!((0..6).map(|index| args.publishes(index)).collect::<Vec<_>>(), [true, true, false, true, true, false]);
        assert_eq!(args.packets_per_second(), 2_000.0);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (line, word) in [
            ("load media --url ws://a/ws --publishers 1 --subscribers 0", "--subscribers"),
            ("load media --url ws://a/ws --payload 20", "--payload"),
            ("load media --url ws://a/ws --publishers 0", "--idle"),
            ("load media --url ws://a/ws --duration NaN", "--duration"),
            ("load media --url ws://a/ws --pids a=1 --media-pids 2", "--media-pids"),
        ] {
            assert!(parse(line).check().unwrap_err().to_string().contains(word), "{line}");
        }
    }
}

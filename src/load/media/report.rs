//! What a run found out, for people and for programs.

use std::fmt;

use serde::Serialize;

use super::churn::Churn;
use super::flow::Faults;
use crate::load::report::Percentiles;

/// The figures of one run. Names end in their unit.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Rooms.
    pub rooms: u32,
    /// Participants; all of them were connected.
    pub participants: u32,
    /// From the first join to the last connection.
    pub connect_seconds: f64,
    /// Participants who were out before the run ended.
    pub dropped_participants: u64,
    /// Connections that are not protected by AES-128-GCM.
    pub without_gcm: u64,
    /// The user stopped it.
    pub interrupted: bool,
    /// Nothing if the run was idle, or joined and left.
    pub traffic: Option<Traffic>,
    /// Of `--churn`.
    pub churn: Option<Churn>,
    /// This process: what the measuring itself costs. Nothing where the system does not tell.
    pub client: Option<Usage>,
    /// The processes of `--pids`.
    pub servers: Vec<Usage>,
    /// The first few failures, in words.
    pub failures: Vec<String>,
}

/// What was published and what arrived; all of the measured part, but for what is said otherwise.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Traffic {
    /// Length of a video packet's payload.
    pub payload_bytes: usize,
    /// Packets published.
    pub published: u64,
    /// Published packets that this system did not take, over the whole run.
    pub unsent: u64,
    /// What receivers should have got.
    pub expected: u64,
    /// What they got, each packet counted once.
    pub delivered: u64,
    /// What the server sent and they did not get.
    pub lost: u64,
    /// What the server did not send: it did not get it, or thought that the way had no room for it.
    pub withheld: u64,
    /// What else was wrong, over the whole run.
    #[serde(flatten)]
    pub faults: Faults,
    /// How long was measured.
    pub measured_seconds: f64,
    /// Packets delivered in a second.
    pub delivered_per_second: f64,
    /// Packets delivered in a second of the media nodes' CPU time.
    pub delivered_per_cpu_second: Option<f64>,
    /// From the time at which a packet was due to its arrival.
    pub latency_us: Percentiles,
    /// Keyframes that the server asked for, over the whole run.
    pub keyframe_requests: u64,
    /// Packets that the server asked for again, over the whole run.
    pub asked_again: u64,
    /// Retransmissions and probes that came, over the whole run.
    pub repairs: u64,
    /// Times that a call moved to another media node, counted at each participant.
    pub moves: u64,
}

/// What a process used.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Usage {
    /// As given to `--pids`.
    pub name: String,
    /// As given to `--pids`.
    pub pid: u32,
    /// Resident memory before the first join.
    pub rss_kib_before: u64,
    /// Resident memory when all were connected and had settled.
    pub rss_kib_idle: u64,
    /// Resident memory at the end.
    pub rss_kib_end: u64,
    /// Growth of the idle memory for each participant.
    pub rss_kib_per_participant: f64,
    /// CPU time of the measured part.
    pub cpu_seconds: Option<f64>,
}

impl Report {
    /// Nothing was lost, duplicated or reordered (what the server has left out is another matter), everybody stayed, and joins and leaves left nothing behind.
    pub fn clean(&self) -> bool {
        self.dropped_participants == 0
            && self.traffic.as_ref().is_none_or(|traffic| traffic.lost == 0 && traffic.faults.none())
            && self.churn.as_ref().is_none_or(Churn::left_nothing)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rooms, participants, connect_seconds, dropped_participants, without_gcm, .. } = self;
        writeln!(f, "participants {participants} in {rooms} room(s), connected in {connect_seconds:.2} s, {dropped_participants} dropped")?;
        if *without_gcm > 0 {
            writeln!(f, "protection   {without_gcm} connections without AES-128-GCM")?;
        }
        if let Some(traffic) = &self.traffic {
            write!(f, "{traffic}")?;
        }
        if let Some(churn) = &self.churn {
            write!(f, "{churn}")?;
        }
        for usage in self.servers.iter().chain(&self.client) {
            writeln!(f, "{usage}")?;
        }
        for failure in &self.failures {
            writeln!(f, "failure      {failure}")?;
        }
        let verdict = if self.clean() { "clean" } else { "NOT CLEAN" };
        write!(f, "result       {verdict}{}", if self.interrupted { ", ended early" } else { "" })
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { published, unsent, expected, delivered, lost, faults, .. } = self;
        writeln!(f, "published    {published} packets, video of {} bytes each; {unsent} not taken by this system", self.payload_bytes)?;
        let share = if *expected > 0 { *lost as f64 * 100.0 / *expected as f64 } else { 0.0 };
        writeln!(f, "delivered    {delivered} of {expected}: {lost} lost ({share:.4} %), {} withheld", self.withheld)?;
        let Faults { duplicated, out_of_order, misrouted, damaged, misnumbered } = faults;
        writeln!(
            f,
            "faults       {duplicated} duplicated, {out_of_order} out of order, {misrouted} misrouted, {damaged} damaged, {misnumbered} misnumbered"
        )?;
        writeln!(f, "throughput   {:.0} packets/s over {:.2} s", self.delivered_per_second, self.measured_seconds)?;
        if let Some(each) = self.delivered_per_cpu_second {
            writeln!(f, "forwarding   {each:.0} packets per CPU second of the media nodes")?;
        }
        writeln!(f, "latency      {}", self.latency_us)?;
        let Self { keyframe_requests, asked_again, repairs, moves, .. } = self;
        writeln!(
            f,
            "asked        {keyframe_requests} keyframes, {asked_again} packets again; {repairs} repairs and probes came, {moves} moves"
        )
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12} ", self.name)?;
        if let Some(seconds) = self.cpu_seconds {
            write!(f, "{seconds:.2} s CPU; ")?;
        }
        let [before, idle, end] = [self.rss_kib_before, self.rss_kib_idle, self.rss_kib_end].map(|kib| kib as f64 / 1024.0);
        write!(f, "RSS {before:.1} MiB before, {idle:.1} idle, {end:.1} at the end, {:.2} KiB a participant", self.rss_kib_per_participant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::media::churn::Left;

    #[test]
    fn any_fault_makes_it_unclean() {
        let report = |traffic| Report { traffic: Some(traffic), ..Report::default() };
        assert!(report(Traffic::default()).clean());
        assert!(!report(Traffic { lost: 1, ..Traffic::default() }).clean());
        assert!(!report(Traffic { faults: Faults { damaged: 1, ..Faults::default() }, ..Traffic::default() }).clean());
        assert!(!Report { dropped_participants: 1, ..Report::default() }.clean());
        let left = Left { files: [5, 6], ..Left::default() };
        assert!(!Report { churn: Some(Churn { servers: vec![left], ..Churn::default() }), ..Report::default() }.clean());
    }

    #[test]
    fn people_read_the_same_figures_as_programs() {
        let traffic = Traffic { expected: 100, delivered: 99, lost: 1, delivered_per_cpu_second: Some(776_000.4), ..Traffic::default() };
        let report = Report { traffic: Some(traffic), ..Report::default() };
        let words = report.to_string();
        for expected in ["99 of 100: 1 lost (1.0000 %)", "776000 packets per CPU second", "NOT CLEAN"] {
            assert!(words.contains(expected), "{expected} in {words}");
        }
        let json = serde_json::to_value(&report).unwrap_or_default();
        assert_eq!((&json["traffic"]["lost"], &json["traffic"]["damaged"]), (&1.into(), &0.into()));
    }
}

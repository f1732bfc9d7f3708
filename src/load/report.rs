//! What a run found out, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use hdrhistogram::{CreationError, Histogram};
use serde::Serialize;

use super::check::Faults;

/// The figures of one run. Names end in their unit.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Connections asked for; all of them became ready.
    pub connections: u32,
    /// Nodes that they are spread over.
    pub nodes: usize,
    /// From the first connect to the last join.
    pub connect_seconds: f64,
    /// Connections that ended before the run did.
    pub dropped_connections: u64,
    /// The user stopped it.
    pub interrupted: bool,
    /// Nothing if the run was idle.
    pub traffic: Option<Traffic>,
    /// This process: what the measuring itself costs. Nothing where the system does not tell.
    pub client: Option<Usage>,
    /// The processes of `--pids`.
    pub servers: Vec<Usage>,
    /// CPU of all those processes for one delivery.
    pub servers_cpu_us_per_delivery: Option<f64>,
    /// The first few failures, in words.
    pub failures: Vec<String>,
}

/// What was sent and what arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Traffic {
    /// As asked for.
    pub messages_per_second: f64,
    /// Length of a message text.
    pub payload_bytes: usize,
    /// Messages sent, warm-up included.
    pub messages_sent: u64,
    /// Deliveries that should have come, warm-up included.
    pub deliveries_expected: u64,
    /// Deliveries that came, each counted once.
    pub deliveries: u64,
    /// Those that did not.
    pub lost: u64,
    /// What else was wrong with them.
    #[serde(flatten)]
    pub faults: Faults,
    /// How often a node refused a message, by error code. Refused messages are lost ones.
    pub refused: BTreeMap<i64, u64>,
    /// Deliveries of the measured part.
    pub deliveries_measured: u64,
    /// From the first measured message to the last delivery.
    pub measured_seconds: f64,
    /// Measured deliveries in a second.
    pub deliveries_per_second: f64,
    /// From the time at which a message was due to its delivery.
    pub latency_us: Percentiles,
    /// From the time at which a message was due to its writing: how well the client kept the schedule.
    pub sender_lag_us: Percentiles,
}

/// A distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// Half are at most this.
    pub p50: u64,
    /// 95 % are at most this.
    pub p95: u64,
    /// 99 % are at most this.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

/// What a process used.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Usage {
    /// As given to `--pids`.
    pub name: String,
    /// As given to `--pids`.
    pub pid: u32,
    /// Resident memory before the first connection.
    pub rss_kib_before: u64,
    /// Resident memory when all had joined and settled.
    pub rss_kib_idle: u64,
    /// Resident memory at the end.
    pub rss_kib_end: u64,
    /// Growth of the idle memory for each connection of that node.
    pub rss_kib_per_connection: Option<f64>,
    /// CPU time of the measured part.
    pub cpu_seconds: Option<f64>,
    /// CPU time of the measured part for one delivery, over all nodes.
    pub cpu_us_per_delivery: Option<f64>,
}

impl Report {
    /// Nothing was lost, duplicated or reordered, and every connection stayed.
    pub fn clean(&self) -> bool {
        self.dropped_connections == 0 && self.traffic.as_ref().is_none_or(|traffic| traffic.lost == 0 && traffic.faults.none())
    }
}

/// An empty histogram of microseconds, up to ten minutes; what is longer counts as that.
pub fn microseconds() -> Result<Histogram<u64>, CreationError> {
    Histogram::new_with_bounds(1, 600_000_000, 3)
}

impl From<&Histogram<u64>> for Percentiles {
    fn from(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: histogram.max() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, nodes, connect_seconds, dropped_connections, .. } = self;
        writeln!(f, "connections  {connections} on {nodes} node(s), ready in {connect_seconds:.2} s, {dropped_connections} dropped")?;
        if let Some(traffic) = &self.traffic {
            write!(f, "{traffic}")?;
        }
        for usage in self.servers.iter().chain(&self.client) {
            writeln!(f, "{usage}")?;
        }
        if let Some(cpu) = self.servers_cpu_us_per_delivery {
            writeln!(f, "all servers  {cpu:.3} µs CPU a delivery")?;
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
        let Self { messages_sent, messages_per_second, payload_bytes, faults, .. } = self;
        writeln!(f, "messages     {messages_sent} sent at {messages_per_second}/s, {payload_bytes} bytes each")?;
        for (code, count) in &self.refused {
            writeln!(f, "refused      {count} with error {code}")?;
        }
        writeln!(
            f,
            "deliveries   {} of {}: {} lost, {} duplicated, {} out of order, {} misrouted",
            self.deliveries, self.deliveries_expected, self.lost, faults.duplicated, faults.out_of_order, faults.misrouted
        )?;
        writeln!(f, "Seq          {} skipped, {} backwards, {} absent", faults.seq_skipped, faults.seq_backwards, faults.seq_absent)?;
        writeln!(f, "throughput   {:.0} deliveries/s over {:.2} s", self.deliveries_per_second, self.measured_seconds)?;
        writeln!(f, "latency      {}", self.latency_us)?;
        writeln!(f, "sender lag   {}", self.sender_lag_us)
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p95, p99, max] = [self.p50, self.p95, self.p99, self.max].map(|us| us as f64 / 1e3);
        write!(f, "p50 {p50:.2}  p95 {p95:.2}  p99 {p99:.2}  max {max:.2} ms")
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12} ", self.name)?;
        if let (Some(seconds), Some(each)) = (self.cpu_seconds, self.cpu_us_per_delivery) {
            write!(f, "{seconds:.2} s CPU, {each:.3} µs a delivery; ")?;
        }
        let [before, idle, end] = [self.rss_kib_before, self.rss_kib_idle, self.rss_kib_end].map(|kib| kib as f64 / 1024.0);
        write!(f, "RSS {before:.1} MiB before, {idle:.1} idle, {end:.1} at the end")?;
        self.rss_kib_per_connection.map_or(Ok(()), |each| write!(f, ", {each:.2} KiB a connection"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(lost: u64, faults: Faults) -> Report {
        let traffic = Traffic {
            messages_per_second: 100.0,
            payload_bytes: 256,
            messages_sent: 10,
            deliveries_expected: 100,
            deliveries: 100 - lost,
            lost,
            faults,
            refused: BTreeMap::from([(17, 1)]),
            deliveries_measured: 80,
            measured_seconds: 1.0,
            deliveries_per_second: 80.0,
            latency_us: Percentiles { p50: 1_200, p95: 2_000, p99: 3_000, max: 4_560 },
            sender_lag_us: Percentiles::default(),
        };
        Report {
            connections: 10,
            nodes: 2,
            connect_seconds: 0.5,
            dropped_connections: 0,
            interrupted: false,
            traffic: Some(traffic),
            client: None,
            servers: Vec::new(),
            servers_cpu_us_per_delivery: None,
            failures: Vec::new(),
        }
    }

    #[test]
    fn any_fault_makes_it_unclean() {
        assert!(report(0, Faults::default()).clean());
        assert!(!report(1, Faults::default()).clean());
        assert!(!report(0, Faults { duplicated: 1, ..Faults::default() }).clean());
        assert!(!report(0, Faults { out_of_order: 1, ..Faults::default() }).clean());
        assert!(!report(0, Faults { seq_skipped: 1, ..Faults::default() }).clean());
        assert!(!Report { dropped_connections: 1, ..report(0, Faults::default()) }.clean());
    }

    #[test]
    fn long_latencies_are_not_cut() -> Result<(), Box<dyn std::error::Error>> {
        let mut histogram = microseconds()?;
        (1..=1000).for_each(|count| histogram.saturating_record(count * 1_000));
        let Percentiles { p50, max, .. } = Percentiles::from(&histogram);
        assert!((499_000..502_000).contains(&p50) && (1_000_000..1_002_000).contains(&max), "{p50} {max}");
        Ok(())
    }

    #[test]
    fn people_read_the_same_figures_as_programs() {
        let report = report(1, Faults { duplicated: 2, ..Faults::default() });
        let words = report.to_string();
        for expected in ["99 of 100: 1 lost, 2 duplicated", "p50 1.20  p95 2.00  p99 3.00  max 4.56 ms", "NOT CLEAN", "1 with error 17"] {
            assert!(words.contains(expected), "{expected} in {words}");
        }
        let json = serde_json::to_value(&report).unwrap_or_default();
        assert_eq!((&json["traffic"]["lost"], &json["traffic"]["duplicated"]), (&1.into(), &2.into()));
    }
}

//! Scenarios that say something exact of what may be lost on machines where a process stands still for longer than others wait for it:
//! leases, packets, answers of the store.

use super::node::Node;

/// How often a scenario is played again. What is at fault in the product disturbs it each time.
const ATTEMPTS: usize = 4;
/// What a node counts when it was about to renew a lease that is another's by now.
const REFUSED: &str = "rialto_media_renewals_refused_total";
/// What it logs then.
const LOST: &str = "a room is another node's";
/// What a node logs that claims for a call another node than the one that it was at.
const MOVED: &str = "a room has moved to another node";

/// Plays a scenario until it answers that nothing was lost in it but by what it did itself.
pub async fn undisturbed(scenario: impl AsyncFn() -> bool) {
    for _ in 0..ATTEMPTS {
        if scenario().await {
            return;
        }
    }
    panic!("each of {ATTEMPTS} attempts was disturbed");
}

impl Node {
    /// How often it was refused a lease that it took for its own.
    pub async fn refused_leases(&self) -> f64 {
        self.metric(REFUSED).await
    }

    /// Whether it has lost a room or noticed that one moved: for a look before the scenario makes that happen.
    pub fn has_seen_a_move(&self) -> bool {
        self.lost_a_room() || self.log().iter().any(|line| line.contains(MOVED))
    }

    /// Whether it lost a room, as far as its log says; also of a node that has ended.
    pub fn lost_a_room(&self) -> bool {
        self.log().iter().any(|line| line.contains(LOST))
    }
}

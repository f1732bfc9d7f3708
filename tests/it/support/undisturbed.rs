//! Scenarios that say something exact of what may be lost on machines where a process stands still for longer than others wait for it:
//! leases, packets, answers of the store.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;

use super::node::Node;

tokio::task_local! {
    /// A node of the attempt that is being played lost a room.
    static DISTURBED: Arc<AtomicBool>;
}

/// How often a scenario is played again. What is at fault in the product disturbs it each time.
const ATTEMPTS: usize = 4;
/// What a node counts when it was about to renew a lease that is another's by now.
const REFUSED: &str = "rialto_media_renewals_refused_total";
/// What it logs then.
const LOST: &str = "a room is another node's";
/// What a node logs that claims for a call another node than the one that it was at.
const MOVED: &str = "a room has moved to another node";

/// Plays a scenario until it answers that nothing was lost in it but by what it did itself. One that fails after a node has lost a room is
/// played again, too.
pub async fn undisturbed(scenario: impl AsyncFn() -> bool) {
    for attempt in 1..=ATTEMPTS {
        let disturbed = Arc::new(AtomicBool::new(false));
        let outcome = DISTURBED.scope(disturbed.clone(), AssertUnwindSafe(scenario()).catch_unwind()).await;
        match outcome {
            Ok(true) => return,
            Ok(false) => {}
            Err(_) if disturbed.load(Ordering::Relaxed) && attempt < ATTEMPTS => {
                println!("attempt {attempt} failed; a node had lost a room")
            }
            Err(failure) => resume_unwind(failure),
        }
    }
    panic!("each of {ATTEMPTS} attempts was disturbed");
}

/// The node is looked at for the last time: whether it lost a room is noted for the attempt that it belongs to.
pub(super) fn note_what_was_lost(node: &Node) {
    // Elsewhere nobody wants to know.
    let _ = DISTURBED.try_with(|disturbed| disturbed.fetch_or(node.lost_a_room(), Ordering::Relaxed));
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

//! What is known of one room, and what follows from a look at its lease. No IO; time is passed in.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{LEASE, RENEW_EVERY, Serving};
use crate::ids::RoomEpoch;
use crate::store::leases::Lease;

/// Who saw a lease alive so short a time ago, and now sees that it has run out, knows that its holder had the store to renew it in.
/// Shorter than a store has to be away for a lease to run out because of that.
const JUST_NOW: Duration = Duration::from_millis(900);
/// A lease is not looked at more often, however little is left of it.
const AT_MOST_EVERY: Duration = Duration::from_millis(10);

/// What a look at the lease calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is held.
    Held,
    /// It has run out, perhaps only because the store was away: its holder gets a chance to renew it.
    Wait,
    /// The room needs a node.
    Claim,
}

/// A room that somebody here follows.
pub(super) struct Room {
    pub(super) serving: watch::Sender<Serving>,
    /// When to look at it next; at once, if it never was.
    pub(super) due: Option<Instant>,
    /// The latest epoch seen.
    pub(super) seen: RoomEpoch,
    alive: Option<Instant>,
    run_out: Option<(RoomEpoch, Instant)>,
    /// Whose holder is known to have let it run out.
    lost: Option<RoomEpoch>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            serving: watch::Sender::new(Serving::Unknown),
            due: None,
            seen: RoomEpoch::default(),
            alive: None,
            run_out: None,
            lost: None,
        }
    }

    /// Takes notice of the lease as it was read. `now`: when the answer was here.
    pub(super) fn judge(&mut self, lease: Option<Lease>, now: Instant) -> Verdict {
        self.due = Some(now + RENEW_EVERY);
        let Some(lease) = lease.filter(|lease| lease.epoch >= self.seen) else { return Verdict::Claim };
        self.seen = lease.epoch;
        if !lease.left.is_zero() {
            self.serve(lease, now);
            return Verdict::Held;
        }
        let since = match self.run_out {
            Some((epoch, since)) if epoch == lease.epoch => since,
            _ => now,
        };
        self.run_out = Some((lease.epoch, since));
        let was_just_alive = self.alive.is_some_and(|alive| now.saturating_duration_since(alive) <= JUST_NOW);
        let had_its_chance = now.saturating_duration_since(since) >= LEASE;
        if was_just_alive || had_its_chance { Verdict::Claim } else { Verdict::Wait }
    }

    /// Whether it is news that the holder of the lease has let it run out.
    pub(super) fn is_lost_anew(&mut self, lease: Option<Lease>) -> bool {
        lease.is_some_and(|lease| self.lost.replace(lease.epoch) != Some(lease.epoch))
    }

    /// Takes notice of who got the room; `None`: nobody is there to take it.
    pub(super) fn claimed(&mut self, lease: Option<Lease>, now: Instant) {
        match lease {
            Some(lease) => {
                self.seen = self.seen.max(lease.epoch);
                self.serve(lease, now);
            }
            None => self.tell(Serving::Nowhere),
        }
    }

    fn serve(&mut self, lease: Lease, now: Instant) {
        self.alive = Some(now);
        self.run_out = None;
        self.due = Some(now + lease.left.clamp(AT_MOST_EVERY, RENEW_EVERY));
        self.tell(Serving::On { node: lease.node, epoch: lease.epoch });
    }

    fn tell(&self, serving: Serving) {
        self.serving.send_if_modified(|before| std::mem::replace(before, serving) != serving);
    }
}

#[cfg(test)]
mod tests {
    use Verdict::{Claim, Held, Wait};

    use super::*;
    use crate::ids::NodeId;

    /// Milliseconds that a lease still has.
    fn lease(epoch: u64, left: u64) -> Option<Lease> {
        Some(Lease { node: NodeId(uuid::Uuid::from_u128(1)), epoch: RoomEpoch(epoch), left: Duration::from_millis(left) })
    }

    /// What each look at a room calls for: milliseconds since the first one, and the lease then.
    fn looks<const N: usize>(looks: [(u64, Option<Lease>); N]) -> [Verdict; N] {
        let start = Instant::now();
        let mut room = Room::new();
        looks.map(|(at, lease)| room.judge(lease, start + Duration::from_millis(at)))
    }

    #[test]
    fn a_room_that_was_alive_just_now_is_claimed_as_soon_as_its_lease_has_run_out() {
        assert_eq!(
            looks([(0, lease(7, 1_200)), (500, lease(7, 700)), (1_000, lease(7, 200)), (1_201, lease(7, 0))]),
            [Held, Held, Held, Claim]
        );
    }

    #[test]
    fn a_room_that_nobody_holds_is_claimed_at_once() {
        assert_eq!(looks([(0, None)]), [Claim]);
        assert_eq!(looks([(0, lease(7, 1_000)), (500, None)]), [Held, Claim]);
    }

    #[test]
    fn after_the_store_was_away_the_holder_has_time_to_renew() {
        let away = [(0, lease(7, 1_200)), (5_000, lease(7, 0)), (5_500, lease(7, 1_400)), (6_000, lease(7, 900))];
        assert_eq!(looks(away), [Held, Wait, Held, Held]);
        let and_dead = [(0, lease(7, 1_200)), (5_000, lease(7, 0)), (5_500, lease(7, 0)), (6_500, lease(7, 0))];
        assert_eq!(looks(and_dead), [Held, Wait, Wait, Claim]);
        // Whoever got it in between may have been cut off as well.
        let another = [(0, lease(7, 0)), (1_000, lease(8, 0)), (2_000, lease(8, 0)), (2_500, lease(8, 0))];
        assert_eq!(looks(another), [Wait, Wait, Wait, Claim]);
    }

    #[test]
    fn a_lease_of_before_what_was_seen_does_not_count() {
        assert_eq!(looks([(0, lease(7, 1_200)), (500, lease(8, 1_500)), (1_000, lease(7, 1_500))]), [Held, Held, Claim]);
    }

    #[test]
    fn a_lease_is_looked_at_again_when_it_could_have_run_out() {
        let start = Instant::now();
        let mut room = Room::new();
        for (left, wait) in [(1_500, 500), (200, 200), (1, 10), (0, 500)] {
            room.judge(lease(7, left), start);
            assert_eq!(room.due, Some(start + Duration::from_millis(wait)));
        }
    }

    #[test]
    fn followers_hear_of_changes_only() {
        let (mut room, now) = (Room::new(), Instant::now());
        let mut follower = room.serving.subscribe();
        assert_eq!(*follower.borrow_and_update(), Serving::Unknown);
        room.judge(lease(7, 1_000), now);
        assert!(follower.has_changed().is_ok_and(|changed| changed));
        follower.mark_unchanged();
        for left in [500, 0, 1_500] {
            room.judge(lease(7, left), now);
        }
        assert!(follower.has_changed().is_ok_and(|changed| !changed));
        room.claimed(None, now);
        assert_eq!(*follower.borrow_and_update(), Serving::Nowhere);
        room.claimed(lease(9, 1_500), now);
        assert!(matches!(*follower.borrow_and_update(), Serving::On { epoch: RoomEpoch(9), .. }));
    }
}

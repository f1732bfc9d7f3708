//! What the choice of a media node promises, over many rooms and nodes.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const IDLE: MediaLoad = MediaLoad { rooms: 0, participants: 0, egress: 0 };

fn node(number: u64, load: MediaLoad) -> MediaNode {
    MediaNode { id: NodeId(made_up(number)), load, draining: false }
}

fn room(number: u64) -> RoomId {
    RoomId(made_up(number))
}

/// Looks random and is the same in every run.
fn made_up(number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes())
}

fn idle(numbers: impl IntoIterator<Item = u64>) -> Vec<MediaNode> {
    numbers.into_iter().map(|number| node(number, IDLE)).collect()
}

fn choice(room: RoomId, nodes: &[MediaNode]) -> NodeId {
    choices(room, nodes)[0]
}

/// Gives each room to its node, one after another, as when all come within a busy hour. Answers each node's rooms.
fn fill(rooms: std::ops::Range<u64>, nodes: &mut [MediaNode]) -> Vec<u64> {
    for number in rooms {
        let chosen = choice(room(number), nodes);
        nodes.iter_mut().filter(|node| node.id == chosen).for_each(|node| node.load.rooms += 1);
    }
    nodes.iter().map(|node| node.load.rooms).collect()
}

#[test]
fn the_weight_is_the_same_for_ever() {
    let (node, room) =
        (Uuid::from_u128(0x1111_1111_1111_4111_8111_1111_1111_1111), Uuid::from_u128(0x2222_2222_2222_4222_8222_2222_2222_2222));
    // The beginning of what sha256sum says of these 32 bytes.
    assert_eq!(weight(RoomId(room), NodeId(node)), 0x6b98_298d_7dd9_45af);
}

#[test]
fn nobody_takes_a_room_where_all_are_draining() {
    assert_eq!(choices(room(0), &[]), []);
    let mut nodes = idle(0..3);
    nodes.iter_mut().for_each(|node| node.draining = true);
    assert_eq!(choices(room(0), &nodes), []);
}

#[test]
fn a_node_that_is_alone_takes_everything() {
    let busy = MediaLoad { rooms: 1_000, participants: 9_000, egress: 10_000_000_000 };
    assert_eq!(choice(room(0), &[node(1, busy)]), node(1, busy).id);
}

#[test]
fn who_has_too_much_of_anything_is_passed_over_but_comes_before_nobody() {
    let average = MediaLoad { rooms: 10, participants: 100, egress: 1_000_000 };
    for too_much in
        [MediaLoad { rooms: 20, ..average }, MediaLoad { participants: 200, ..average }, MediaLoad { egress: 2_000_000, ..average }]
    {
        let nodes = [node(1, too_much), node(2, average), node(3, average)];
        for number in 0..50 {
            assert_eq!(choices(room(number), &nodes)[2], nodes[0].id, "{too_much:?}");
        }
    }
}

#[test]
fn hashing_alone_spreads_rooms_evenly() {
    for count in 2..=12_u64 {
        let nodes = idle(0..count);
        let mut rooms: HashMap<NodeId, u64> = HashMap::new();
        for number in 0..20_000 {
            *rooms.entry(choice(room(number), &nodes)).or_default() += 1;
        }
        // Within five standard deviations of the mean: beyond that it is no chance.
        let mean = 20_000.0 / count as f64;
        assert!(rooms.values().all(|rooms| (*rooms as f64 - mean).abs() < 5.0 * mean.sqrt()), "{count} nodes: {rooms:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_node_gets_more_rooms_than_the_bound(count in 1..12_u64, first in any::<u32>(), rooms in 1..400_u64) {
        let first = u64::from(first);
        let filled = fill(first..first + rooms, &mut idle(first..first + count));
        prop_assert_eq!(filled.iter().sum::<u64>(), rooms);
        let bound = (HEADROOM * rooms as f64 / count as f64).ceil() as u64;
        prop_assert!(filled.iter().all(|rooms| *rooms <= bound), "{:?}, the bound is {}", filled, bound);
    }

    #[test]
    fn a_node_that_leaves_moves_its_own_rooms_only(count in 2..12_u64, leaving in any::<prop::sample::Index>(), first in any::<u32>()) {
        let nodes = idle(0..count);
        let leaving = nodes[leaving.index(nodes.len())].id;
        let rest: Vec<MediaNode> = nodes.iter().copied().filter(|node| node.id != leaving).collect();
        let mut heirs = HashSet::new();
        for number in (0..300).map(|number| u64::from(first) + number) {
            let (before, after) = (choice(room(number), &nodes), choice(room(number), &rest));
            if before == leaving {
                // To the second choice, which every node knows beforehand.
                prop_assert_eq!(after, choices(room(number), &nodes)[1]);
                heirs.insert(after);
            } else {
                prop_assert_eq!(after, before);
            }
        }
        prop_assert!(heirs.len() > 1 || count < 4, "all went to one");
    }

    #[test]
    fn a_node_that_joins_takes_only_what_it_wins(count in 1..12_u64, first in any::<u32>()) {
        let (nodes, more) = (idle(0..count), idle(0..=count));
        let new = more[more.len() - 1].id;
        let mut won = 0_u64;
        for number in (0..600).map(|number| u64::from(first) + number) {
            let (before, after) = (choice(room(number), &nodes), choice(room(number), &more));
            prop_assert!(after == before || after == new);
            won += u64::from(after == new);
        }
        let share = 600.0 / (count + 1) as f64;
        prop_assert!((won as f64 - share).abs() < 6.0 * share.sqrt(), "it won {} rooms of {}", won, share);
    }

    #[test]
    fn a_draining_node_is_as_good_as_gone(
        loads in prop::collection::vec((0..50_u64, 0..500_u64, 0..1_000_000_u64), 2..8),
        draining in any::<prop::sample::Index>(),
        number in any::<u64>(),
    ) {
        let mut nodes = loaded(&loads);
        let index = draining.index(nodes.len());
        nodes[index].draining = true;
        let with = choices(room(number), &nodes);
        nodes.remove(index);
        prop_assert_eq!(with, choices(room(number), &nodes));
    }

    #[test]
    fn the_order_of_the_nodes_is_irrelevant(
        loads in prop::collection::vec((0..50_u64, 0..500_u64, 0..1_000_000_u64), 1..8),
        order in any::<u64>(),
        number in any::<u64>(),
    ) {
        let nodes = loaded(&loads);
        let mut shuffled = nodes.clone();
        shuffled.sort_by_key(|node| made_up(order ^ node.load.rooms << 32 ^ node.id.0.as_u128() as u64));
        let all = choices(room(number), &nodes);
        prop_assert_eq!(&all, &choices(room(number), &shuffled));
        prop_assert_eq!(all.into_iter().collect::<HashSet<_>>(), nodes.iter().map(|node| node.id).collect::<HashSet<_>>());
    }

    #[test]
    fn the_choice_is_within_all_bounds_if_anybody_is(
        loads in prop::collection::vec((0..50_u64, 0..500_u64, 0..1_000_000_u64), 1..8),
        number in any::<u64>(),
    ) {
        let nodes = loaded(&loads);
        let bounds = Bounds::of(&nodes.iter().collect::<Vec<_>>());
        prop_assert!(nodes.iter().any(|node| node.load.rooms as f64 + 1.0 <= bounds.rooms), "not all can have more than the mean");
        let chosen = choice(room(number), &nodes);
        let chosen = nodes.iter().find(|node| node.id == chosen).unwrap();
        prop_assert!(!bounds.pass_over(&chosen.load) || nodes.iter().all(|node| bounds.pass_over(&node.load)));
    }
}

fn loaded(loads: &[(u64, u64, u64)]) -> Vec<MediaNode> {
    let load = |(rooms, participants, egress): &(u64, u64, u64)| MediaLoad { rooms: *rooms, participants: *participants, egress: *egress };
    (0..).zip(loads).map(|(number, loads)| node(number, load(loads))).collect()
}

//! The rules case by case, and under fire: many random steps, after each of which the promises hold.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::domain::lobbies::sight::{Look, Sight, Told};
use crate::ids::{NodeId, SessionId};
use crate::store::record;

const TIMES: Times = Times { grace: Duration::from_secs(30), timeout: Duration::from_secs(60), snapshot: Duration::from_secs(3_600) };
const HOSTS: Coming = Coming::Joining { can_host: Some(true) };
const JOINS: Coming = Coming::Joining { can_host: None };

fn somewhere() -> SessionRef {
    SessionRef { node: NodeId::random(), session: SessionId::random() }
}

fn at(seconds: u64) -> Micros {
    Micros(seconds * 1_000_000)
}

fn room() -> LobbyRecord {
    fresh(at(0), String::new(), LobbyWishes::default())
}

fn come(room: &mut LobbyRecord, second: u64, id: LobbyClientId, coming: Coming) -> Result<(Came, SessionRef), Refused> {
    let place = somewhere();
    enter(room, at(second), id, place, coming, 8).map(|came| (came, place))
}

#[test]
fn a_room_waits_for_its_host_and_only_a_host_opens_it() {
    let mut room = room();
    let [ann, bob] = [(); 2].map(|()| LobbyClientId::random());
    assert_eq!(come(&mut room, 1, bob, JOINS).unwrap_err(), Refused::NoHost);
    assert_eq!(come(&mut room, 1, bob, Coming::ByQuery { host: false }).unwrap_err(), Refused::NoHost);
    assert!(come(&mut room, 2, ann, HOSTS).unwrap().0.is_host);
    assert!(!come(&mut room, 3, bob, HOSTS).unwrap().0.is_host, "there is one");
    assert_eq!(come(&mut room, 3, LobbyClientId::random(), Coming::ByQuery { host: true }).unwrap_err(), Refused::HostExists);
    assert_eq!((room.term, room.hostless, due(&room, &TIMES)), (1, None, None));
}

#[test]
fn the_host_has_its_place_for_the_grace_and_not_longer() {
    let mut room = room();
    let [ann, bob, eve] = [(); 3].map(|()| LobbyClientId::random());
    let (_, anns) = come(&mut room, 1, ann, HOSTS).unwrap();
    come(&mut room, 2, eve, Coming::Joining { can_host: Some(false) }).unwrap();
    come(&mut room, 3, bob, JOINS).unwrap();
    assert!(drop(&mut room, at(10), ann, anns));
    assert!(!drop(&mut room, at(10), ann, anns), "once");
    assert_eq!(come(&mut room, 11, LobbyClientId::random(), HOSTS).unwrap_err(), Refused::NoHost, "it may come back");
    let (came, anns) = come(&mut room, 39, ann, Coming::Returning { can_host: None }).unwrap();
    assert_eq!((came.is_host, came.reconnected, came.displaced), (true, true, None));
    drop(&mut room, at(40), ann, anns);
    assert_eq!(due(&room, &TIMES), Some(at(70)));
    assert!(!pass(&mut room, at(70), &TIMES, |_| false));
    assert_eq!((room.host, room.term), (Some(bob), 2), "eve was first, but does not want to");
    let (came, _) = come(&mut room, 71, ann, Coming::Returning { can_host: Some(true) }).unwrap();
    assert_eq!((came.is_host, came.reconnected), (false, false));
}

#[test]
fn a_room_may_wait_less_long_than_others_and_never_longer() {
    for (wish, seconds) in [(None, 30), (Some(2), 2), (Some(30), 30), (Some(31), 30), (Some(u64::MAX), 30)] {
        let mut room = fresh(at(0), String::new(), LobbyWishes { grace_seconds: wish, ..LobbyWishes::default() });
        let [ann, bob] = [(); 2].map(|()| LobbyClientId::random());
        let (_, anns) = come(&mut room, 1, ann, HOSTS).unwrap();
        let (_, bobs) = come(&mut room, 2, bob, JOINS).unwrap();
        drop(&mut room, at(10), bob, bobs);
        drop(&mut room, at(10), ann, anns);
        come(&mut room, 10, bob, Coming::Returning { can_host: None }).unwrap();
        assert_eq!(due(&room, &TIMES), Some(at(10 + seconds)), "{wish:?}");
        pass(&mut room, Micros(at(10 + seconds).0 - 1), &TIMES, |_| false);
        assert_eq!(room.host, Some(ann), "{wish:?}");
        pass(&mut room, at(10 + seconds), &TIMES, |_| false);
        assert_eq!((room.host, room.term), (Some(bob), 2), "{wish:?}");
    }
}

#[test]
fn a_room_that_says_nothing_of_the_grace_is_as_it_was_stored_before_rooms_could() {
    let stored = r#"{"v":2,"born":1,"term":1,"members":[],"joins":1,"wishes":{"max_guests":3},"account":"a"}"#;
    let room: LobbyRecord = record::decode_known(stored.as_bytes(), "a lobby room").unwrap();
    assert_eq!((room.wishes.max_guests, room.wishes.grace_seconds, grace(&room, &TIMES)), (Some(3), None, TIMES.grace));
    assert_eq!(record::encode(&room), stored, "a node of that time reads it");
}

#[test]
fn a_guest_that_was_away_while_the_host_changed_learns_it() {
    let mut room = room();
    let [ann, bob, cid] = [(); 3].map(|()| LobbyClientId::random());
    let (_, anns) = come(&mut room, 1, ann, HOSTS).unwrap();
    come(&mut room, 2, bob, JOINS).unwrap();
    let (_, cids) = come(&mut room, 3, cid, JOINS).unwrap();
    drop(&mut room, at(10), ann, anns);
    drop(&mut room, at(30), cid, cids);
    pass(&mut room, at(41), &TIMES, |_| false);
    let (came, _) = come(&mut room, 42, cid, Coming::Returning { can_host: None }).unwrap();
    assert!(came.reconnected && came.missed_term && !came.is_host);
}

#[test]
fn who_comes_by_query_goes_at_once_and_its_place_is_free() {
    let mut room = room();
    let [ann, bob, cid] = [(); 3].map(|()| LobbyClientId::random());
    let (_, anns) = come(&mut room, 1, ann, Coming::ByQuery { host: true }).unwrap();
    come(&mut room, 2, bob, Coming::ByQuery { host: false }).unwrap();
    drop(&mut room, at(3), ann, anns);
    assert_eq!(room.host, None, "bob would not understand");
    assert!(come(&mut room, 4, cid, Coming::ByQuery { host: true }).unwrap().0.is_host);
    assert_eq!(room.term, 2);
}

#[test]
fn a_room_without_a_host_closes_unless_there_is_a_game_to_resume() {
    let [ann, eve] = [(); 2].map(|()| LobbyClientId::random());
    for version in [None, Some(7)] {
        let mut room = room();
        let (_, anns) = come(&mut room, 1, ann, HOSTS).unwrap();
        come(&mut room, 2, eve, Coming::Joining { can_host: Some(false) }).unwrap();
        if let Some(version) = version {
            save(&mut room, ann, anns, version).unwrap();
            assert_eq!(save(&mut room, ann, anns, version), Err(Refused::Stale));
        }
        drop(&mut room, at(10), ann, anns);
        assert!(!pass(&mut room, at(40), &TIMES, |_| false));
        assert_eq!((room.host, due(&room, &TIMES)), (None, Some(at(100))));
        assert_eq!(pass(&mut room, at(100), &TIMES, |_| false), version.is_none());
        assert!(room.members.is_empty(), "eve hears that it is closed");
        if version.is_some() {
            assert_eq!(due(&room, &TIMES), Some(at(3_700)));
            assert_eq!(come(&mut room.clone(), 3_000, eve, JOINS).unwrap_err(), Refused::NoHost);
            assert!(come(&mut room.clone(), 3_000, ann, Coming::Returning { can_host: None }).unwrap().0.is_host);
            assert!(pass(&mut room, at(3_700), &TIMES, |_| false));
        }
    }
}

#[test]
fn a_full_room_takes_nobody_but_those_who_have_a_place() {
    let mut room = fresh(at(0), String::new(), LobbyWishes { max_guests: Some(1), ..LobbyWishes::default() });
    let [ann, bob] = [(); 2].map(|()| LobbyClientId::random());
    come(&mut room, 1, ann, HOSTS).unwrap();
    let (_, bobs) = come(&mut room, 2, bob, JOINS).unwrap();
    drop(&mut room, at(3), bob, bobs);
    assert_eq!(come(&mut room, 4, LobbyClientId::random(), JOINS).unwrap_err(), Refused::Full);
    assert!(come(&mut room, 5, bob, Coming::Returning { can_host: None }).unwrap().0.reconnected);
}

#[test]
fn only_the_hosts_connection_is_the_host() {
    let mut room = room();
    let [ann, bob] = [(); 2].map(|()| LobbyClientId::random());
    let (_, anns) = come(&mut room, 1, ann, HOSTS).unwrap();
    let (_, bobs) = come(&mut room, 2, bob, JOINS).unwrap();
    assert_eq!(save(&mut room, bob, bobs, 1), Err(Refused::NotHost));
    let (came, _) = come(&mut room, 3, ann, Coming::Returning { can_host: None }).unwrap();
    assert_eq!(came.displaced, Some(anns));
    assert_eq!(save(&mut room, ann, anns, 1), Err(Refused::Outside), "the connection that was displaced");
    assert_eq!(kick(&mut room, at(4), bob, bobs, ann), Err(Refused::NotHost));
}

#[derive(Clone, Debug)]
enum Step {
    Join(usize, Option<bool>),
    Query(usize, bool),
    Return(usize),
    Drop(usize),
    KillNode(usize),
    KillHost,
    Save(i64),
    Kick(usize),
    Wait(u64),
}

const PEOPLE: usize = 8;
const NODES: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..PEOPLE, prop_oneof![Just(None), Just(Some(true)), Just(Some(false))]).prop_map(|(who, can)| Step::Join(who, can)),
        1 => (0..PEOPLE, any::<bool>()).prop_map(|(who, host)| Step::Query(who, host)),
        4 => (0..PEOPLE).prop_map(Step::Return),
        3 => (0..PEOPLE).prop_map(Step::Drop),
        1 => (0..NODES).prop_map(Step::KillNode),
        1 => Just(Step::KillHost),
        2 => (0..40_i64).prop_map(Step::Save),
        1 => (0..PEOPLE).prop_map(Step::Kick),
        3 => prop_oneof![1..10_u64, 25..70_u64].prop_map(Step::Wait),
    ]
}

/// Everybody with what they know, on nodes that die.
struct World {
    room: LobbyRecord,
    revision: u64,
    now: u64,
    people: Vec<LobbyClientId>,
    connections: HashMap<usize, (SessionRef, Sight, Option<LobbyClientId>)>,
    nodes: Vec<NodeId>,
    dead: Vec<NodeId>,
    newest: Option<i64>,
    term: u64,
}

impl World {
    fn new() -> Self {
        Self {
            room: room(),
            revision: 1,
            now: 0,
            people: (0..PEOPLE).map(|_| LobbyClientId::random()).collect(),
            connections: HashMap::new(),
            nodes: (0..NODES).map(|_| NodeId::random()).collect(),
            dead: Vec::new(),
            newest: None,
            term: 0,
        }
    }

    fn enter(&mut self, who: usize, coming: Coming) {
        let place = SessionRef { node: self.nodes[self.revision as usize % NODES], session: SessionId::random() };
        if let Ok(came) = enter(&mut self.room, at(self.now), self.people[who], place, coming, 6) {
            let sight = Sight::of(self.revision, &self.room, self.people[who]);
            let host = sight.host();
            let is_host = host == Some(self.people[who]);
            assert!(if is_host { came.is_host || came.missed_term } else { !came.is_host });
            self.connections.insert(who, (place, sight, host));
        }
    }

    fn host(&self) -> Option<usize> {
        self.people.iter().position(|id| Some(*id) == self.room.host)
    }

    fn step(&mut self, step: &Step) {
        self.revision += 1;
        let dead = self.dead.clone();
        if pass(&mut self.room, at(self.now), &TIMES, |place| dead.contains(&place.node)) {
            // The code is free, and somebody gets it.
            (self.room, self.newest, self.term) = (room(), None, 0);
            self.room.hostless = Some(at(self.now));
            self.room.empty = Some(at(self.now));
            self.connections.clear();
        }
        match *step {
            Step::Join(who, can_host) => self.enter(who, Coming::Joining { can_host }),
            Step::Query(who, host) => self.enter(who, Coming::ByQuery { host }),
            Step::Return(who) => self.enter(who, Coming::Returning { can_host: None }),
            Step::Drop(who) => self.drop(who),
            Step::KillHost => self.host().into_iter().for_each(|host| self.drop(host)),
            Step::KillNode(index) => {
                let node = std::mem::replace(&mut self.nodes[index], NodeId::random());
                self.dead.push(node);
                self.connections.retain(|_, (place, ..)| place.node != node);
            }
            Step::Save(version) => {
                if let Some((host, (place, ..))) = self.host().and_then(|host| Some((host, self.connections.get(&host)?))) {
                    match save(&mut self.room, self.people[host], *place, version) {
                        Ok(()) => assert!(self.newest.replace(version).is_none_or(|before| before < version), "backwards"),
                        Err(refused) => assert_eq!(refused, Refused::Stale),
                    }
                }
            }
            Step::Kick(guest) => {
                if let Some((host, (place, ..))) = self.host().and_then(|host| Some((host, self.connections.get(&host)?))) {
                    let _ = kick(&mut self.room, at(self.now), self.people[host], *place, self.people[guest]);
                }
            }
            Step::Wait(seconds) => self.now += seconds,
        }
        let dead = self.dead.clone();
        pass(&mut self.room, at(self.now), &TIMES, |place| dead.contains(&place.node));
        self.everybody_looks();
        self.holds();
    }

    fn drop(&mut self, who: usize) {
        if let Some((place, ..)) = self.connections.remove(&who) {
            drop(&mut self.room, at(self.now), self.people[who], place);
        }
    }

    fn everybody_looks(&mut self) {
        let mut out = Vec::new();
        for (who, (place, sight, host)) in &mut self.connections {
            match sight.look(self.revision + 1, &self.room, self.people[*who], *place) {
                Look::Here(told) => {
                    for told in told {
                        if let Told::Migrated(migrated) = told {
                            assert_eq!(migrated.is_host, migrated.host == self.people[*who]);
                            *host = Some(migrated.host);
                        }
                    }
                }
                Look::Dropped | Look::Displaced | Look::Kicked | Look::Lost => out.push(*who),
            }
        }
        out.iter().for_each(|who| {
            self.connections.remove(who);
        });
        self.revision += 1;
    }

    fn holds(&mut self) {
        let room = &self.room;
        let eligible = |member: &&LobbyMember| member.speaks && member.at.is_some() && member.can_host != Some(false);
        match room.host {
            Some(host) => assert_eq!(room.members.iter().filter(|member| member.id == host).count(), 1),
            None => assert_eq!(room.members.iter().find(eligible), None, "somebody could be host"),
        }
        assert!(room.term >= self.term && room.snapshot == self.newest);
        self.term = room.term;
        for (who, (_, _, host)) in &self.connections {
            assert!(room.host.is_none() || *host == room.host, "{who} thinks that another one is host");
        }
        let connected = room.members.iter().filter(|member| member.at.is_some()).count();
        assert_eq!(connected, self.connections.len(), "the room knows who is connected");
        if room.members.iter().any(|member| member.at.is_none()) || room.host.is_none() {
            assert!(due(room, &TIMES).is_some(), "nothing stays for ever");
        }
    }

    /// Everybody goes; by the times when something is due, nothing is left.
    fn all_go(&mut self) {
        for who in 0..PEOPLE {
            self.drop(who);
        }
        for _ in 0..4 * PEOPLE {
            let Some(due) = due(&self.room, &TIMES) else { panic!("{:?} stays for ever", self.room) };
            self.now = self.now.max(due.0.div_ceil(1_000_000));
            let dead = self.dead.clone();
            if pass(&mut self.room, at(self.now), &TIMES, |place| dead.contains(&place.node)) {
                return;
            }
        }
        panic!("{:?} stays too long", self.room);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_lobby_under_fire(steps in proptest::collection::vec(step(), 1_000)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.all_go();
    }
}

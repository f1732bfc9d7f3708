//! A shard without sockets, and browsers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rtc_rtcp::packet::Packet as Report;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::browser::Browser;
use crate::ids::{NodeId, RoomId, SessionId, SessionRef, UserId, Username};
use crate::media::peer::Identity;
use crate::media::peer::tests::client::route;
use crate::media::room::{RoomCommand, RoomOutput, RoomSettings, Rooms};
use crate::media::shard::{Peers, Work};
use crate::store::record::Person;
use crate::store::record::calls::{Ask, Join, Source, Tell};

pub(super) const STEP: Duration = Duration::from_millis(5);

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) peers: Peers,
    pub(super) rooms: Rooms,
    pub(super) browsers: Vec<Browser>,
    /// Everything that was told of who is where.
    pub(super) people: Vec<(RoomId, Vec<String>)>,
    pub(super) loads: Vec<(u64, u64, u64)>,
    outputs: UnboundedReceiver<RoomOutput>,
    turn: u32,
    steps: u64,
    next: u32,
}

pub(super) fn settings() -> RoomSettings {
    RoomSettings { addresses: vec!["192.0.2.1:7000".parse().unwrap()], max_participants: 100, max_tracks: 4, max_bitrate: 10_000_000 }
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(settings())
    }

    pub(super) fn with(settings: RoomSettings) -> Self {
        let (sender, outputs) = unbounded_channel();
        Self {
            now: Instant::now(),
            peers: Peers::new(Arc::new(Identity::generate().unwrap())),
            rooms: Rooms::with_random(settings, sender, StdRng::seed_from_u64(11)),
            browsers: Vec::new(),
            people: Vec::new(),
            loads: Vec::new(),
            outputs,
            turn: 0,
            steps: 0,
            next: 0,
        }
    }

    pub(super) fn room(name: &str) -> RoomId {
        RoomId::named(name)
    }

    /// Somebody who is about to join.
    pub(super) fn browser(&mut self, room: &str, publishes: &[Source]) -> usize {
        let number = self.next;
        self.next += 1;
        let to = SessionRef { node: NodeId::random(), session: SessionId::random() };
        let who = Person { id: UserId::random(), name: Username::parse(&format!("user{number}")).unwrap() };
        let from = route(&format!("198.51.100.7:{}", 10_000 + number * 20));
        let mut browser = Browser::new(self.now, number, Self::room(room), to, who, from);
        browser.publishes = publishes.to_vec();
        self.browsers.push(browser);
        self.browsers.len() - 1
    }

    /// Somebody who joins, and is connected a moment later.
    pub(super) fn enter(&mut self, room: &str, publishes: &[Source]) -> usize {
        let index = self.browser(room, publishes);
        self.join(index, |_| ());
        self.run(100);
        index
    }

    pub(super) fn join(&mut self, index: usize, change: impl FnOnce(&mut Join)) {
        let browser = &self.browsers[index];
        let mut join = Join { publish: browser.publishes.clone(), ..Join::of(browser.who.clone()) };
        change(&mut join);
        self.ask(index, Ask::Join(Box::new(join)));
    }

    pub(super) fn ask(&mut self, index: usize, ask: Ask) {
        let (room, from) = (self.browsers[index].room, self.browsers[index].to);
        self.command(RoomCommand::Ask { room, from, ask });
    }

    pub(super) fn command(&mut self, command: RoomCommand) {
        self.rooms.command(self.now, command, &mut self.peers);
        self.settle();
        // What was settled a moment ago is not again before this.
        self.run(5);
    }

    /// Answers what somebody was offered.
    pub(super) fn answer(&mut self, index: usize) {
        let (offer, sdp) = self.browsers[index].answer();
        let (room, from) = (self.browsers[index].room, self.browsers[index].to);
        self.rooms.command(self.now, RoomCommand::Ask { room, from, ask: Ask::Answer { offer, sdp } }, &mut self.peers);
        if self.browsers[index].client.srtp.is_none() {
            self.check(index);
            for datagram in self.browsers[index].client.flight() {
                self.peers.handle(self.now, self.browsers[index].route, &datagram);
            }
        }
    }

    pub(super) fn report(&mut self, index: usize, packets: &[Box<dyn Report>]) {
        let bytes = self.browsers[index].report(packets);
        self.peers.handle(self.now, self.browsers[index].route, &bytes);
        self.settle();
    }

    /// Lets time pass, with everybody's media.
    pub(super) fn run(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds / 5 {
            self.now += STEP;
            self.steps += 1;
            if self.steps.is_multiple_of(4) {
                self.turn += 1;
                self.publish();
            }
            for index in 0..self.browsers.len() {
                if self.browsers[index].next_check <= self.now {
                    self.check(index);
                }
            }
            self.peers.handle_timeout(self.now);
            if self.rooms.poll_timeout().is_some_and(|at| at <= self.now) {
                self.rooms.handle_timeout(self.now, &mut self.peers);
            }
            self.settle();
        }
    }

    fn publish(&mut self) {
        for browser in self.browsers.iter_mut().filter(|browser| browser.client.srtp.is_some()) {
            for packet in browser.media(self.turn) {
                self.peers.handle(self.now, browser.route, &packet);
            }
        }
    }

    fn check(&mut self, index: usize) {
        let browser = &mut self.browsers[index];
        browser.next_check = self.now + Duration::from_millis(2500);
        if let Some(check) = browser.check() {
            self.peers.handle(self.now, browser.route, &check);
        }
    }

    /// Carries everything to where it goes, until there is no more.
    pub(super) fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some((from, arrival)) = self.peers.arrival() {
                quiet = false;
                self.rooms.arrival(self.now, from, arrival, &mut self.peers);
            }
            while let Ok(output) = self.outputs.try_recv() {
                quiet = false;
                self.output(output);
            }
            let mut packets = self.peers.sends();
            let mut media: Vec<BytesMut> = Vec::new();
            while let Some(to) = self.peers.media(&mut media) {
                packets.extend(media.drain(..).map(|packet| (to, packet)));
            }
            for (to, bytes) in packets {
                quiet = false;
                let Some(browser) = self.browsers.iter_mut().find(|browser| browser.route == to) else { continue };
                for answer in browser.handle(self.now, &bytes) {
                    self.peers.handle(self.now, to, &answer);
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn output(&mut self, output: RoomOutput) {
        match output {
            RoomOutput::Tell { to, tell, room } => {
                let Some(index) = self.browsers.iter().position(|browser| browser.to == to) else { return };
                let browser = &mut self.browsers[index];
                assert_eq!(browser.room, room);
                if let Tell::Roster(roster) = &tell {
                    browser.roster = roster.clone();
                }
                let is_offer = matches!(tell, Tell::Offer { .. });
                browser.tells.push(tell);
                if is_offer && browser.answers {
                    self.answer(index);
                }
            }
            RoomOutput::People { room, people } => {
                self.people.push((room, people.iter().map(|person| person.name.as_str().to_owned()).collect()));
            }
            RoomOutput::Load { rooms, participants, sent } => self.loads.push((rooms, participants, sent)),
        }
    }

    /// What somebody hears and sees should be: each line of the roster with the packets of whose it is.
    pub(super) fn expected(&self, index: usize) -> BTreeSet<(String, Bytes)> {
        let lines = self.browsers[index].roster.lines.iter().map(|line| {
            let whose = self.browsers.iter().find(|browser| browser.to.session == line.participant).unwrap();
            let number = whose.who.name.as_str().trim_start_matches("user").parse().unwrap();
            (line.mid.clone(), Browser::tag(number, line.source))
        });
        lines.collect()
    }

    /// Everybody hears and sees all others on the right lines, and nothing else.
    pub(super) fn assert_all_hear_all(&mut self, room: &str) {
        // A keyframe is asked for every half second at most.
        self.run(600);
        self.browsers.iter_mut().for_each(|browser| browser.received.clear());
        self.run(200);
        let members: Vec<usize> = (0..self.browsers.len()).filter(|index| self.browsers[*index].room == Self::room(room)).collect();
        for index in &members {
            let others: usize = members.iter().filter(|other| *other != index).map(|other| self.browsers[*other].publishes.len()).sum();
            let expected = self.expected(*index);
            assert_eq!(expected.len(), others, "lines of {index}: {:?}", self.browsers[*index].roster);
            assert_eq!(self.browsers[*index].heard(), expected, "what {index} gets");
        }
    }

    /// The session of somebody.
    pub(super) fn session(&self, index: usize) -> SessionId {
        self.browsers[index].to.session
    }

    /// What somebody was told since this was last asked, without rosters and offers.
    pub(super) fn told(&mut self, index: usize) -> Vec<Tell> {
        let tells = std::mem::take(&mut self.browsers[index].tells);
        tells.into_iter().filter(|tell| !matches!(tell, Tell::Roster(_) | Tell::Offer { .. })).collect()
    }
}

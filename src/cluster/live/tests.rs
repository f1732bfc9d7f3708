//! A channel with a topic that loses, doubles and reorders, a log that is trimmed and loses data, members that come, go, fall behind and
//! write: whatever happens, each gets every entry once and in order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use proptest::prelude::*;

use super::{Live, Reading, Roles, Start, Wants};
use crate::cluster::listener::Sent;
use crate::cluster::{Encoder, Listener, LogEvent};
use crate::ids::{ChannelId, Epoch, MessageId, MessageText, Micros, Position, Seq, SessionId, UserId, Username};
use crate::store::channels::{Entry, Head, Tail};
use crate::store::record::{self, LogRecord, MessageRecord, NewsRecord, Signal};

const SESSIONS: usize = 3;
const TAIL_LIMIT: usize = 3;

/// Something that may happen.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody who is not here writes.
    Post,
    /// A session writes, and must not see its message before it is safe.
    PostHeld(usize),
    /// The oldest of those messages is safe.
    Release,
    /// A message is changed: an entry between two messages.
    Change,
    /// So many come over the topic, together.
    Hear(usize),
    /// The next on the topic is lost.
    Lose,
    /// The next on the topic comes twice.
    Double,
    /// The next two on the topic change places.
    Swap,
    /// A reading of the log goes on: it is read, or what was read is handed in.
    Read(usize),
    /// A client looks at the channel.
    Look(usize),
    /// The client that looked enters.
    Enter(usize),
    Exit(usize),
    /// A client does not read, or reads again.
    Clog(usize, bool),
    /// So many entries are trimmed.
    Trim(usize),
    /// So many of the newest entries are lost; the channel gets a new epoch.
    Forget(usize),
    /// The subscriber connection stands again.
    Reconnect,
}

fn step() -> impl Strategy<Value = Step> {
    let session = 0..SESSIONS;
    prop_oneof![
        6 => Just(Step::Post),
        2 => session.clone().prop_map(Step::PostHeld),
        2 => Just(Step::Release),
        2 => Just(Step::Change),
        6 => (1..5_usize).prop_map(Step::Hear),
        2 => Just(Step::Lose),
        1 => Just(Step::Double),
        1 => Just(Step::Swap),
        8 => (0..8_usize).prop_map(Step::Read),
        4 => session.clone().prop_map(Step::Look),
        4 => session.clone().prop_map(Step::Enter),
        1 => session.clone().prop_map(Step::Exit),
        3 => (session, any::<bool>()).prop_map(|(session, on)| Step::Clog(session, on)),
        1 => (1..4_usize).prop_map(Step::Trim),
        1 => (1..4_usize).prop_map(Step::Forget),
        1 => Just(Step::Reconnect),
    ]
}

/// The log as the store keeps it.
#[derive(Clone)]
struct Log {
    epoch: Epoch,
    /// The end, and what stands behind the trimmed part.
    end: Position,
    entries: Vec<Entry>,
    /// Every entry that was ever in the log in an epoch.
    history: HashMap<Epoch, HashSet<Bytes>>,
}

impl Log {
    fn head(&self) -> Head {
        let oldest = self.entries.first().map_or(self.end.seq.0 + 1, |entry| entry.position.seq.0);
        Head { epoch: self.epoch, position: self.end, oldest: Seq(oldest) }
    }

    fn append(&mut self, position: Position, record: &LogRecord) -> Entry {
        let entry = Entry { epoch: self.epoch, position, previous: self.end, at: Micros(0), body: record::encode(record) };
        self.end = position;
        self.entries.push(entry.clone());
        self.history.entry(self.epoch).or_default().insert(mark(&entry));
        entry
    }

    fn tail(&self, behind: Position) -> Tail {
        let entries = self.entries.iter().filter(|entry| entry.position > behind).take(TAIL_LIMIT).cloned().collect();
        Tail { entries, head: self.head() }
    }

    fn forget(&mut self, count: usize) -> bool {
        let kept = self.entries.len().saturating_sub(count);
        let lost = self.entries.split_off(kept);
        let Some(first) = lost.first() else { return false };
        self.end = first.previous;
        self.epoch = Epoch(self.epoch.0 + 1);
        let marks = self.entries.iter().map(mark).collect();
        self.history.insert(self.epoch, marks);
        true
    }
}

/// What tells one entry from any other: its place and its bytes.
fn mark(entry: &Entry) -> Bytes {
    [entry.position.to_string().as_bytes(), b" ", &entry.body].concat().into()
}

/// What a client was sent.
#[derive(Clone, Debug)]
enum Frame {
    Event { position: Position, previous: Position, mark: Bytes },
    Reset,
}

#[derive(Default)]
struct Received {
    frames: Mutex<Vec<Frame>>,
}

struct TestEncoder;

/// Frames are JSON lines, so that several can stand in one buffer.
impl Encoder for TestEncoder {
    fn number(&self) -> usize {
        0
    }

    fn event(&self, event: &LogEvent) -> Bytes {
        let entry = &event.entry;
        format!("{} {} {}\n", entry.position, entry.previous, String::from_utf8_lossy(&entry.body)).into()
    }

    fn news(&self, _: &NewsRecord) -> Option<Bytes> {
        None
    }
}

struct TestListener {
    session: SessionId,
    user: UserId,
    clogged: AtomicBool,
    received: Received,
}

impl TestListener {
    fn take(&self) -> Vec<Frame> {
        std::mem::take(&mut self.received.frames.lock().unwrap())
    }
}

impl Listener for TestListener {
    fn session(&self) -> SessionId {
        self.session
    }

    fn user(&self) -> Option<UserId> {
        Some(self.user)
    }

    fn encoder(&self) -> &dyn Encoder {
        &TestEncoder
    }

    fn uses_additions(&self) -> bool {
        true
    }

    fn hears(&self, _: &NewsRecord) -> bool {
        false
    }

    fn send(&self, frames: &Bytes) -> Sent {
        if self.clogged.load(Ordering::Relaxed) {
            return Sent::Full;
        }
        let text = std::str::from_utf8(frames).unwrap();
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let (position, previous, body) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            let mark = format!("{position} {body}").into();
            let event = Frame::Event { position: position.parse().unwrap(), previous: previous.parse().unwrap(), mark };
            self.received.frames.lock().unwrap().push(event);
        }
        Sent::Done
    }

    fn tell(&self, _: Bytes) {
        self.received.frames.lock().unwrap().push(Frame::Reset);
    }

    fn drained(&self) -> BoxFuture<'static, bool> {
        Box::pin(std::future::ready(true))
    }

    fn reset_form(&self, _: ChannelId, _: Epoch) -> Option<Bytes> {
        Some(Bytes::new())
    }

    fn watched(&self, _: ChannelId, _: &LogEvent) {}

    fn direct_opened(self: Arc<Self>, _: UserId) {}

    fn read_moved(&self, _: &NewsRecord) {}

    fn renamed(&self, _: &Username) {}

    fn signal(self: Arc<Self>, _: Signal) {}
}

/// A client as it understands itself.
struct Client {
    listener: Arc<TestListener>,
    inside: bool,
    /// What it looked at, before it enters.
    looked: Option<Head>,
    /// The epoch it loaded; `None` when it was told to load anew, or is not there.
    epoch: Option<Epoch>,
    /// It has everything up to here.
    has: Position,
    /// The last entry that came by itself.
    last: Option<Position>,
    /// It entered again while it was behind: it gets again what it looked at.
    twice: bool,
}

impl Client {
    fn new() -> Self {
        let (session, user) = (SessionId::random(), UserId::random());
        let listener = TestListener { session, user, clogged: AtomicBool::new(false), received: Received::default() };
        let (has, last) = (Position::default(), None);
        Self { listener: Arc::new(listener), inside: false, looked: None, epoch: None, has, last, twice: false }
    }
}

enum Subject {
    Channel,
    Session(usize),
}

struct World {
    log: Log,
    topic: VecDeque<Result<Entry, Epoch>>,
    live: Live,
    clients: Vec<Client>,
    /// Readings of the log under way, with what was read.
    readings: Vec<(Subject, Option<(Start, Tail)>)>,
    /// Messages that are not safe yet.
    held: VecDeque<(usize, MessageId)>,
}

impl World {
    fn new() -> Self {
        let log = Log { epoch: Epoch(1), end: Position::default(), entries: Vec::new(), history: HashMap::new() };
        let live = Live::new(ChannelId::general(), log.head());
        let clients = (0..SESSIONS).map(|_| Client::new()).collect();
        Self { log, topic: VecDeque::new(), live, clients, readings: Vec::new(), held: VecDeque::new() }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Post => self.post(UserId::random(), MessageId::random()),
            Step::PostHeld(who) => {
                let (session, user) = (self.clients[who].listener.session, self.clients[who].listener.user);
                let message = MessageId::random();
                if self.clients[who].inside {
                    self.live.hold(session, message);
                    self.held.push_back((who, message));
                }
                self.post(user, message);
            }
            Step::Release => {
                if let Some((who, message)) = self.held.pop_front()
                    && self.live.release(self.clients[who].listener.session, message)
                {
                    self.readings.push((Subject::Session(who), None));
                }
            }
            Step::Change if self.log.end.seq > Seq(0) => {
                let end = self.log.end;
                let message = message(MessageId::random(), UserId::random());
                let record = LogRecord::Changed { seq: end.seq, posted: Micros(0), message };
                let entry = self.log.append(Position { sub: end.sub + 1, ..end }, &record);
                self.topic.push_back(Ok(entry));
            }
            Step::Change => {}
            Step::Hear(count) => {
                let count = count.min(self.topic.len());
                let together: Vec<_> = self.topic.drain(..count).collect();
                self.hear(together);
            }
            Step::Lose => drop(self.topic.pop_front()),
            Step::Double => {
                let again = self.topic.front().cloned();
                self.hear(again.into_iter().collect());
            }
            Step::Swap if self.topic.len() > 1 => self.topic.swap(0, 1),
            Step::Swap => {}
            Step::Read(which) if !self.readings.is_empty() => self.read(which % self.readings.len()),
            Step::Read(_) => {}
            Step::Look(who) => self.clients[who].looked = Some(self.log.head()),
            Step::Enter(who) => self.enter(who),
            Step::Exit(who) => {
                self.clients[who].inside = false;
                self.clients[who].epoch = None;
                self.held.retain(|(holder, _)| *holder != who);
                self.live.exit(self.clients[who].listener.session, JOINED);
            }
            Step::Clog(who, on) => self.clients[who].listener.clogged.store(on, Ordering::Relaxed),
            Step::Trim(count) => drop(self.log.entries.drain(..count.min(self.log.entries.len()))),
            Step::Forget(count) => {
                if self.log.forget(count) {
                    self.topic.push_back(Err(self.log.epoch));
                }
            }
            Step::Reconnect => {
                self.live.learn(self.log.head());
                self.live.begin_catch_up();
                self.readings.push((Subject::Channel, None));
            }
        }
        self.look_at_clients();
    }

    fn post(&mut self, author: UserId, id: MessageId) {
        let position = Position::message(self.log.end.seq.0 + 1);
        let entry = self.log.append(position, &LogRecord::Message(message(id, author)));
        self.topic.push_back(Ok(entry));
    }

    fn hear(&mut self, together: Vec<Result<Entry, Epoch>>) {
        let mut entries = Vec::new();
        for one in together {
            match one {
                Ok(entry) => entries.push(entry),
                Err(epoch) => {
                    let wants = self.live.heard(std::mem::take(&mut entries));
                    self.grant(wants);
                    self.live.begin_epoch(epoch);
                }
            }
        }
        let wants = self.live.heard(entries);
        self.grant(wants);
    }

    fn grant(&mut self, wants: Wants) {
        if wants.catch_up {
            self.readings.push((Subject::Channel, None));
        }
        for session in wants.refill {
            let who = self.clients.iter().position(|client| client.listener.session == session).unwrap();
            self.readings.push((Subject::Session(who), None));
        }
    }

    fn read(&mut self, which: usize) {
        let (subject, read) = &mut self.readings[which];
        let done = match (subject, read.take()) {
            (Subject::Channel, None) => {
                let start = self.live.start();
                *read = Some((start, self.log.tail(start.behind)));
                false
            }
            (Subject::Session(who), None) => {
                let listener = &self.clients[*who].listener;
                match self.live.behind(listener.session) {
                    None => true,
                    Some(_) if listener.clogged.load(Ordering::Relaxed) => false,
                    Some(start) => {
                        *read = Some((start, self.log.tail(start.behind)));
                        false
                    }
                }
            }
            (Subject::Channel, Some((start, tail))) => {
                let (reading, wants) = self.live.caught_up(start, tail.entries, tail.head);
                self.grant(wants);
                reading == Reading::Done
            }
            (Subject::Session(who), Some((start, tail))) => {
                let session = self.clients[*who].listener.session;
                self.live.refill(session, start, tail.entries, tail.head) == Reading::Done
            }
        };
        if done {
            self.readings.remove(which);
        }
    }

    fn enter(&mut self, who: usize) {
        let client = &mut self.clients[who];
        let Some(head) = client.looked.take() else { return };
        let behind = self.live.behind(client.listener.session).is_some() || self.live.is_held(client.listener.session);
        // The answer: everything up to the head that it saw.
        if client.epoch != Some(head.epoch) {
            (client.has, client.last, client.twice) = (head.position, None, false);
        }
        client.twice |= behind;
        client.has = client.has.max(head.position);
        (client.inside, client.epoch) = (true, Some(head.epoch));
        let wants = self.live.enter(client.listener.clone(), None, JOINED, head);
        self.grant(wants);
    }

    /// Every client looks at what it was sent, and complains.
    fn look_at_clients(&mut self) {
        for (who, client) in self.clients.iter_mut().enumerate() {
            for frame in client.listener.take() {
                let Frame::Event { position, previous, mark } = frame else {
                    client.epoch = None;
                    continue;
                };
                let Some(epoch) = client.epoch else { continue };
                assert!(client.inside, "{position} to a client that has left");
                assert!(self.log.history[&epoch].contains(&mark), "{position} is not of {epoch:?}, which the client loaded");
                assert!(client.last.is_none_or(|last| last < position), "{position} after {:?}", client.last);
                assert!(previous <= client.has, "{position} follows {previous}, the client has {}", client.has);
                assert!(client.twice || position > client.has, "{position} twice, the client has {}", client.has);
                for (holder, message) in &self.held {
                    let text = message.to_string();
                    let is_held = *holder == who && std::str::from_utf8(&mark).unwrap().contains(&text);
                    assert!(!is_held, "{position} was acknowledged before it was safe");
                }
                client.last = Some(position);
                client.has = client.has.max(position);
            }
        }
    }

    /// The weather clears up: what is left?
    fn settle(&mut self) {
        for who in 0..SESSIONS {
            self.take(&Step::Clog(who, false));
        }
        while !self.held.is_empty() {
            self.take(&Step::Release);
        }
        self.take(&Step::Hear(usize::MAX));
        self.take(&Step::Reconnect);
        for _ in 0..10_000 {
            if self.readings.is_empty() {
                break;
            }
            self.take(&Step::Read(0));
            let count = self.readings.len();
            self.readings.rotate_left(count.min(1));
        }
        assert!(self.readings.is_empty(), "the log is read for ever");
        for client in self.clients.iter().filter(|client| client.inside) {
            // Who was told to load anew will; everybody else has everything.
            if let Some(epoch) = client.epoch {
                assert_eq!((epoch, client.has), (self.log.epoch, self.log.end), "a client misses something");
            }
        }
    }
}

const JOINED: Roles = Roles { joined: true, watching: false };

fn message(id: MessageId, from: UserId) -> MessageRecord {
    MessageRecord {
        id,
        from,
        name: Username::parse("somebody").unwrap(),
        to: None,
        to_name: None,
        to_online: false,
        text: MessageText::parse("words".to_owned(), 10).unwrap(),
        client_id: None,
        via: None,
        edited: None,
        deleted: None,
        rev: 0,
        reactions: std::collections::BTreeMap::new(),
        badge: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_gets_everything_once_and_in_order(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.settle();
    }
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc as channel;
use std::time::Duration;

use rtc_rtp::Header;

use super::*;
use crate::media::peer::Event;
use crate::media::peer::tests::client::{Abilities, Check, Client, header, packet};
use crate::media::sdp::examples::credentials;
use crate::media::sdp::{Credentials, Fingerprint};

/// A room without rules: everybody gets everybody else's packets.
struct Everybody {
    peers: Vec<PeerId>,
    events: channel::Sender<(PeerId, Event)>,
}

enum Command {
    Add(Credentials, channel::Sender<PeerId>),
    Answer(PeerId, Credentials, Fingerprint),
    Remove(PeerId),
}

impl Work for Everybody {
    type Command = Command;

    fn command(&mut self, now: Instant, command: Command, peers: &mut Peers) {
        match command {
            Command::Add(credentials, reply) => {
                let id = peers.add(now, peers.identity().clone(), credentials).unwrap();
                self.peers.push(id);
                reply.send(id).unwrap();
            }
            Command::Answer(id, credentials, fingerprint) => peers.answer(now, id, &credentials, fingerprint).unwrap(),
            Command::Remove(id) => peers.remove(now, id),
        }
    }

    fn arrival(&mut self, now: Instant, from: PeerId, arrival: Arrival, peers: &mut Peers) {
        match arrival {
            Arrival::Rtp(packet) => {
                for to in self.peers.iter().filter(|to| **to != from) {
                    peers.send_rtp(now, *to, &packet);
                }
            }
            Arrival::Rtcp(packet) => {
                for to in self.peers.iter().filter(|to| **to != from) {
                    peers.send_rtcp(now, *to, &packet);
                }
            }
            Arrival::Event(event) => self.events.send((from, event)).unwrap(),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _: Instant, _: &mut Peers) {}
}

/// The client's end of the wire.
enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Wire {
    fn send(&mut self, bytes: &[u8]) {
        match self {
            Self::Udp(socket) => drop(socket.send(bytes).unwrap()),
            Self::Tcp(stream) => {
                let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length, bytes].concat()).unwrap();
            }
        }
    }

    /// None if nothing came for a while, or will come.
    fn receive(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Udp(socket) => {
                let mut bytes = vec![0; 2048];
                let length = socket.recv(&mut bytes).ok()?;
                bytes.truncate(length);
                Some(bytes)
            }
            Self::Tcp(stream) => {
                let mut length = [0; 2];
                stream.read_exact(&mut length).ok()?;
                let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
                // The rest of a packet is on its way.
                stream.set_read_timeout(None).unwrap();
                stream.read_exact(&mut bytes).ok()?;
                stream.set_read_timeout(Some(WAIT)).unwrap();
                Some(bytes)
            }
        }
    }
}

const WAIT: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_secs(90);

struct Participant {
    id: PeerId,
    client: Client,
    wire: Wire,
    server: Credentials,
    received: Vec<Header>,
}

impl Participant {
    /// Connects, with an answer that was made of the server's credentials.
    fn join(shard: &Shard<Command>, seed: u64, tcp: bool) -> Self {
        let (reply, id) = channel::channel();
        let server = credentials(seed);
        shard.command(Command::Add(server.clone(), reply)).unwrap();
        let id = id.recv().unwrap();
        let mut client = Client::new(Instant::now(), Abilities::default());
        client.credentials = credentials(1000 + seed);
        shard.command(Command::Answer(id, client.credentials.clone(), client.identity.fingerprint())).unwrap();
        let wire = if tcp {
            let stream = TcpStream::connect(shard.address()).unwrap();
            stream.set_read_timeout(Some(WAIT)).unwrap();
            Wire::Tcp(stream)
        } else {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.connect(shard.address()).unwrap();
            socket.set_read_timeout(Some(WAIT)).unwrap();
            Wire::Udp(socket)
        };
        let mut participant = Self { id, client, wire, server, received: Vec::new() };
        participant.check();
        participant.run_until(|participant| participant.client.srtp.is_some());
        participant
    }

    fn check(&mut self) {
        let check = self.client.check(&self.server, Check { nominates: true, ..Check::default() });
        self.wire.send(&check);
    }

    fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + LIMIT;
        while !done(self) {
            assert!(Instant::now() < end, "received {}", self.received.len());
            let Some(bytes) = self.wire.receive() else {
                if self.client.srtp.is_none() {
                    self.check();
                    self.client.flight().iter().for_each(|datagram| self.wire.send(datagram));
                }
                continue;
            };
            match bytes[0] {
                20..=63 => self.client.handle(Instant::now(), &bytes).iter().for_each(|answer| self.wire.send(answer)),
                128..=191 => {
                    let packet = self.client.open_rtp(&bytes).unwrap();
                    self.received.push(packet.header);
                }
                _ => {}
            }
        }
    }

    fn publish(&mut self, ssrc: u32, packets: std::ops::Range<u16>) {
        for sequence_number in packets {
            // Of several sizes, as a picture's packets are.
            let payload = vec![7; if sequence_number % 5 == 4 { 300 } else { 1000 }];
            let srtp = self.client.srtp.as_mut().unwrap();
            let bytes = srtp.seal_rtp(&packet(&header(ssrc, sequence_number), &payload)).unwrap();
            self.wire.send(&bytes);
        }
    }
}

fn shard() -> (Shard<Command>, channel::Receiver<(PeerId, Event)>) {
    let (events, happened) = channel::channel();
    let identity = Arc::new(Identity::generate().unwrap());
    let shard = Shard::start("127.0.0.1:0".parse().unwrap(), identity, move |_| Everybody { peers: Vec::new(), events }).unwrap();
    (shard, happened)
}

#[test]
fn media_goes_over_real_sockets() {
    let (shard, events) = shard();
    let mut ana = Participant::join(&shard, 1, false);
    let mut ben = Participant::join(&shard, 2, false);
    let mut cem = Participant::join(&shard, 3, true);
    for participant in [&ana, &ben, &cem] {
        assert_eq!(events.recv_timeout(LIMIT).unwrap(), (participant.id, Event::Connected));
    }
    // A little at a time, so that no socket's buffer overflows.
    for round in 0..10_u16 {
        ana.publish(5, round * 20..round * 20 + 20);
        cem.publish(6, round * 5..round * 5 + 5);
        let rounds = usize::from(round) + 1;
        ben.run_until(|ben| ben.received.len() == rounds * 25);
        cem.run_until(|cem| cem.received.len() == rounds * 20);
        ana.run_until(|ana| ana.received.len() == rounds * 5);
    }
    // UDP keeps no order when a sender changes from one core to another.
    let numbers = |participant: &Participant, ssrc: u32| {
        let of = participant.received.iter().filter(|header| header.ssrc == ssrc);
        let mut numbers: Vec<u16> = of.map(|header| header.sequence_number).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(&ben, 5), (0..200).collect::<Vec<_>>());
    assert_eq!(numbers(&ben, 6), (0..50).collect::<Vec<_>>());

    // Who is removed is told, and so are all when the shard ends.
    shard.command(Command::Remove(ana.id)).unwrap();
    ana.run_until(|ana| ana.client.closed);
    shard.stop().unwrap();
    ben.run_until(|ben| ben.client.closed);
    cem.run_until(|cem| cem.client.closed);
}

#[test]
fn strangers_on_tcp_are_few_and_do_not_get_in_the_way() {
    let (shard, _events) = shard();
    let mut strangers: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(shard.address()).unwrap()).collect();
    let turned_away = strangers.iter_mut().skip(16).all(|stream| {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        matches!(stream.read(&mut [0; 8]), Ok(0) | Err(_))
    });
    assert!(turned_away);
    // A frame that is too long ends a connection, and makes room for another.
    strangers[0].write_all(&[0xff; 8]).unwrap();
    strangers[0].set_read_timeout(Some(LIMIT)).unwrap();
    assert!(matches!(strangers[0].read(&mut [0; 8]), Ok(0) | Err(_)));
    let participant = Participant::join(&shard, 1, true);
    assert!(participant.client.srtp.is_some());
    assert_eq!(shard.stop(), Ok(()));
}

#[test]
fn a_path_can_be_shared_and_is_forgotten() {
    let now = Instant::now();
    let mut peers = Peers::new(Arc::new(Identity::generate().unwrap()));
    let route = crate::media::peer::tests::client::route("198.51.100.7:5000");
    let mut ids = Vec::new();
    for seed in 1..=6 {
        let mut client = Client::new(now, Abilities::default());
        let id = peers.add(now, peers.identity().clone(), credentials(seed)).unwrap();
        assert_eq!(peers.add(now, peers.identity().clone(), credentials(seed)), Err(PeerError::UfragInUse));
        let check = client.check(&credentials(seed), Check::default());
        peers.handle(now, route, &check);
        ids.push(id);
    }
    assert_eq!((peers.sends().len(), peers.len()), (6, 6));
    assert!(peers.knows(route));
    ids.into_iter().for_each(|id| peers.remove(now, id));
    assert!(!peers.knows(route) && peers.is_empty());
    peers.handle_timeout(now + Duration::from_secs(60));
    assert!(peers.arrival().is_none() && peers.poll_timeout().is_none());
}

#[test]
fn a_connection_that_fails_takes_no_other_with_it() {
    let now = Instant::now();
    let mut peers = Peers::new(Arc::new(Identity::generate().unwrap()));
    let ids: Vec<PeerId> = (1..=2).map(|seed| peers.add(now, peers.identity().clone(), credentials(seed)).unwrap()).collect();
    assert_eq!(peers.with(ids[0], |_, _| panic!("on purpose")), None::<()>);
    assert!(matches!(peers.arrival(), Some((id, Arrival::Event(Event::Failed(_)))) if id == ids[0]));
    assert_eq!((peers.len(), peers.with(ids[0], |_, _| ()), peers.with(ids[1], |_, _| ())), (1, None, Some(())));
    let another = peers.add(now, peers.identity().clone(), credentials(1)).unwrap();
    assert!(!ids.contains(&another), "its place is used again, its ID is not");
}

//! A participant's connection to a media node: publishes, receives, checks and tells what it received.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rtc_rtcp::packet::marshal;
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use super::flow::Flow;
use super::packet::{self, Medium};
use super::participant::{Ended, Tally};
use super::publisher::Track;
use super::sdp::{Direction, Offer, Published};
use super::state::{Run, add};
use crate::media::client::{Client, Received};
use crate::media::rtp::packet::{ExtensionIds, RtpPacket};
use crate::media::rtp::rtcp::{self, Message};
use crate::media::rtp::twcc::FeedbackBuilder;
use crate::media::sdp::Credentials;

/// Between reports of what arrived when, as browsers send them.
const FEEDBACK: Duration = Duration::from_millis(50);
/// Longest datagram.
const MAX_DATAGRAM: usize = 2_048;
/// Datagrams read before others have a turn.
const AT_ONCE: usize = 64;
/// Bytes of the kernel's buffer, if it allows as much.
const KERNEL_BUFFER: usize = 4 << 20;

/// See the module.
pub struct Connection {
    /// The server's number for it; another one is another connection.
    pub number: u64,
    index: usize,
    client: Client,
    own: Credentials,
    socket: UdpSocket,
    candidates: Vec<SocketAddr>,
    /// Where the server answers from.
    route: Option<SocketAddr>,
    tracks: Vec<Track>,
    flows: HashMap<u32, Incoming>,
    repairs: Vec<u32>,
    ids: ExtensionIds,
    feedback: FeedbackBuilder,
    next_feedback: Instant,
    transport_sequence: u16,
    ssrc: u32,
    send: Vec<BytesMut>,
}

/// A track that comes in.
struct Incoming {
    mid: String,
    /// Whose it is, and what, by the index in the run; known once its line was told of.
    of: Option<(u32, Medium)>,
    flow: Flow,
    flows: bool,
}

impl Connection {
    /// Begins to connect to where the first offer says.
    pub async fn open(run: &Run, index: usize, number: u64, offer: &Offer) -> Result<Self, Ended> {
        let own = Credentials::random(&mut StdRng::seed_from_u64(rand::random()));
        let now = Instant::now();
        let client = Client::new(now, run.identity.clone(), own.clone(), offer.credentials.clone())?;
        let any = if offer.candidates.iter().all(SocketAddr::is_ipv6) {
            "[::]:0".parse()
        } else {
            Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))
        };
        let socket = UdpSocket::bind(any.map_err(io::Error::other)?).await?;
        // The kernel may allow less; then it is that.
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(KERNEL_BUFFER);
        Ok(Self {
            number,
            index,
            client,
            own,
            socket,
            candidates: offer.candidates.clone(),
            route: None,
            tracks: Vec::new(),
            flows: HashMap::new(),
            repairs: Vec::new(),
            ids: ExtensionIds::default(),
            feedback: FeedbackBuilder::new(now),
            next_feedback: now + FEEDBACK,
            transport_sequence: 0,
            ssrc: rand::random(),
            send: Vec::new(),
        })
    }

    /// Answers an offer. `lines` are where the server wants what, by m-line.
    pub fn answer(&mut self, run: &Run, offer: &Offer, lines: &Value) -> String {
        for line in &offer.lines {
            let ids = line.ids;
            self.ids.transport_sequence = self.ids.transport_sequence.or(ids.transport_sequence);
            if let (Direction::Send, Some(ssrc)) = (line.direction, line.ssrcs.first()) {
                let new = || Incoming { mid: line.mid.clone(), of: None, flow: Flow::default(), flows: false };
                self.flows.entry(*ssrc).or_insert_with(new);
                self.repairs.extend(line.ssrcs.get(1).filter(|repair| !self.repairs.contains(repair)));
            }
        }
        for told in lines.as_array().into_iter().flatten() {
            let medium = match told["source"].as_str() {
                Some("microphone") if !run.args.no_audio => Medium::Audio,
                Some("camera") if run.args.bitrate > 0 => Medium::Video,
                _ => continue,
            };
            let line = told["mid"].as_str().and_then(|mid| offer.line(mid));
            let Some(line) = line.filter(|line| self.tracks.iter().all(|track| track.mid != line.mid)) else { continue };
            self.tracks.push(Track::new(medium, line.mid.clone(), rand::random(), line.payload_type, line.ids));
        }
        let published: Vec<Published<'_>> = self.tracks.iter().map(|track| Published { mid: &track.mid, ssrc: track.ssrc }).collect();
        offer.answer(&self.own, run.identity.fingerprint(), &format!("load-{}", self.index), &published)
    }

    /// What the server says of who is on which m-line.
    pub fn told(&mut self, run: &Run, lines: &Value) {
        for line in lines.as_array().into_iter().flatten() {
            let medium = if line["source"] == json!("microphone") { Medium::Audio } else { Medium::Video };
            let room = run.args.room(self.index) * run.args.size() as usize;
            let whose = (room..room + run.args.size() as usize)
                .find(|index| run.participants[*index].get().map(String::as_str) == line["participant"].as_str());
            let Some(incoming) = self.flows.values_mut().find(|incoming| line["mid"] == json!(incoming.mid)) else { continue };
            incoming.of = whose.map(|index| (index as u32, medium));
        }
    }

    /// Waits until something can be received.
    pub async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// When [`Connection::do_what_is_due`] wants to be called.
    pub fn due(&self, run: &Run) -> Instant {
        let mut due = self.client.poll_timeout().min(self.next_feedback);
        if self.publishes(run) {
            let now = run.now();
            let next = self.tracks.iter().map(|track| track.due(run).saturating_sub(now)).min();
            due = due.min(Instant::now() + Duration::from_micros(next.unwrap_or(1_000_000)));
        }
        due
    }

    /// Checks, publishes, reports.
    pub fn do_what_is_due(&mut self, run: &Run) {
        let now = Instant::now();
        self.client.poll(now, &mut self.send);
        self.flush();
        if self.next_feedback <= now {
            self.next_feedback = now + FEEDBACK;
            while let Some(feedback) = self.feedback.build(now, self.ssrc, self.flows.keys().next().copied().unwrap_or_default()) {
                let sealed = marshal(&[Box::new(feedback)]).ok().and_then(|bytes| self.client.seal_rtcp(&bytes).ok());
                self.send.extend(sealed);
            }
            self.flush();
        }
        if self.publishes(run) {
            self.publish(run);
        }
    }

    /// Takes what has come. True if the connection is there now and was not before.
    pub fn receive(&mut self, run: &Run, tally: &mut Tally) -> Result<bool, Ended> {
        let mut connected = false;
        let mut buffer = [0; MAX_DATAGRAM];
        for _ in 0..AT_ONCE {
            let (length, from) = match self.socket.try_recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Nobody listens at one of the addresses; there may be others.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error.into()),
            };
            self.route = Some(from);
            match self.client.handle(Instant::now(), from, &buffer[..length], &mut self.send) {
                Received::Nothing => {}
                Received::Connected => {
                    connected = true;
                    add(&run.progress.without_gcm, u64::from(!self.client.is_gcm()));
                }
                Received::Closed => return Err(Ended::Closed),
                Received::Rtp(packet) => self.media(run, packet, tally),
                Received::Rtcp(packet) => self.feedback(run, packet),
            }
        }
        self.flush();
        Ok(connected)
    }

    fn publishes(&self, run: &Run) -> bool {
        self.client.is_connected() && !run.args.idle && run.args.churn.is_none()
    }

    fn publish(&mut self, run: &Run) {
        let Self { tracks, client, socket, route, transport_sequence, .. } = self;
        let Some(route) = *route else { return };
        for track in tracks {
            let mut send = |packet: &[u8]| {
                let sent = client.seal_rtp(packet).is_ok_and(|sealed| socket.try_send_to(&sealed, route).is_ok());
                add(&run.progress.unsent, u64::from(!sent));
            };
            while track.publish(run, self.index, transport_sequence, &mut send) {}
        }
    }

    fn media(&mut self, run: &Run, packet: BytesMut, tally: &mut Tally) {
        let now = Instant::now();
        let Ok(packet) = RtpPacket::parse(packet.freeze(), &self.ids) else {
            tally.faults.damaged += 1;
            return;
        };
        if let Some(number) = packet.extensions.transport_sequence {
            self.feedback.receive(now, number);
        }
        if packet.payload.is_empty() {
            return;
        }
        let Some(incoming) = self.flows.get_mut(&packet.ssrc) else {
            if self.repairs.contains(&packet.ssrc) {
                add(&run.progress.repairs, 1);
            } else {
                tally.faults.misrouted += 1;
            }
            return;
        };
        let Some(mark) = packet::read(&packet.payload).filter(|mark| mark.run == run.id) else {
            tally.faults.damaged += 1;
            return;
        };
        let rightly = incoming.of.is_none_or(|of| of == (mark.publisher, mark.medium));
        if !rightly || run.args.room(mark.publisher as usize) != run.args.room(self.index) {
            tally.faults.misrouted += 1;
            return;
        }
        if !std::mem::replace(&mut incoming.flows, true) {
            add(&run.progress.flowing, 1);
        }
        let Some(lost) = incoming.flow.packet(&mark, packet.sequence_number, &mut tally.faults) else { return };
        add(&run.progress.arrived, 1);
        if run.measures(mark.due) {
            add(&run.progress.lost, lost);
            add(&run.progress.delivered, 1);
            tally.latency.saturating_record(run.now().saturating_sub(mark.due).max(1));
        }
    }

    fn feedback(&mut self, run: &Run, packet: BytesMut) {
        for message in rtcp::read(packet.freeze()).unwrap_or_default() {
            match message {
                Message::KeyframeRequest { ssrc } => {
                    add(&run.progress.keyframe_requests, 1);
                    self.tracks.iter_mut().filter(|track| track.ssrc == ssrc).for_each(|track| track.keyframe = true);
                }
                Message::Nack { numbers, .. } => add(&run.progress.asked_again, numbers.len() as u64),
                _ => {}
            }
        }
    }

    /// Sends what is to be sent; to all of the server's addresses until one has answered.
    fn flush(&mut self) {
        for bytes in self.send.drain(..) {
            let to = self.route.as_slice();
            for to in if to.is_empty() { &self.candidates } else { to } {
                // What the system does not take is lost, as in any network, and comes again.
                let _ = self.socket.try_send_to(&bytes, *to);
            }
        }
    }
}

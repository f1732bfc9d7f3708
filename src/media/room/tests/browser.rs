//! A browser: it answers offers, publishes what it is asked to, keeps what it gets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use rtc_rtcp::packet::{Packet as Report, marshal};
use rtc_rtp::{Header, Packet};

use crate::ids::{RoomId, SessionId, SessionRef};
use crate::media::peer::Route;
use crate::media::peer::tests::client::{Abilities, Check, Client, packet};
use crate::media::rtp::rtcp::{self, Message};
use crate::media::sdp::{Credentials, Kind, Password, Ufrag};
use crate::store::record::Person;
use crate::store::record::calls::{Roster, Source, Tell};

/// One stream that a browser sends.
pub(super) struct Sending {
    pub(super) source: Source,
    pub(super) ssrc: u32,
    pub(super) mid: String,
    pub(super) rid: Option<&'static str>,
    pub(super) sequence: u16,
    pub(super) keyframe_due: bool,
}

pub(super) struct Browser {
    pub(super) room: RoomId,
    pub(super) to: SessionRef,
    pub(super) who: Person,
    pub(super) route: Route,
    pub(super) client: Client,
    /// The server's, as last offered.
    pub(super) server: Option<Credentials>,
    /// Whether offers are answered as they come.
    pub(super) answers: bool,
    /// The sources that it puts tracks on, and the stream that those are of.
    pub(super) publishes: Vec<Source>,
    pub(super) stream: String,
    /// Codecs by name that it does not know.
    pub(super) lacks: Vec<&'static str>,
    pub(super) sending: Vec<Sending>,
    /// Whether packets name their line and layer, as they do until reports show that those are known.
    pub(super) names: bool,
    pub(super) voice: bool,
    /// The payload type of pictures, and how keyframes and others begin.
    pub(super) video: (u8, &'static [u8], &'static [u8]),
    /// Bytes of what a packet has besides, by its layer.
    pub(super) filling: fn(Source, Option<&'static str>) -> usize,
    /// Everything that it was told.
    pub(super) tells: Vec<Tell>,
    pub(super) roster: Roster,
    /// The lines of received SSRCs, and of retransmissions.
    pub(super) lines: BTreeMap<u32, (String, bool)>,
    pub(super) received: Vec<(String, Packet)>,
    /// Retransmissions.
    pub(super) repairs: usize,
    pub(super) messages: Vec<Message>,
    pub(super) next_check: Instant,
    number: u32,
    transport_sequence: u16,
}

impl Browser {
    pub(super) fn new(now: Instant, number: u32, room: RoomId, to: SessionRef, who: Person, route: Route) -> Self {
        Self {
            room,
            to,
            who,
            route,
            client: Client::new(now, Abilities::default()),
            server: None,
            answers: true,
            publishes: Vec::new(),
            stream: format!("stream-{number}"),
            lacks: Vec::new(),
            sending: Vec::new(),
            names: true,
            voice: false,
            video: (96, &KEYFRAME, &[0x10, 1]),
            filling: |source, _| if source.kind() == Kind::Video { 300 } else { 0 },
            tells: Vec::new(),
            roster: Roster::default(),
            lines: BTreeMap::new(),
            received: Vec::new(),
            repairs: 0,
            messages: Vec::new(),
            next_check: now,
            number,
            transport_sequence: 0,
        }
    }

    /// Another `RTCPeerConnection`, from another port.
    pub(super) fn reconnect(&mut self, now: Instant) {
        self.client = Client::new(now, Abilities::default());
        self.route.address.set_port(self.route.address.port() + 1);
        self.sending.clear();
        self.lines.clear();
    }

    /// What is in the payloads of one's packets.
    pub(super) fn tag(number: u32, source: Source) -> Bytes {
        Bytes::from(format!("<{number} {source:?}>"))
    }

    /// The last offer's number and text, and the lines to publish on.
    pub(super) fn offer(&self) -> (u64, String, Vec<(String, Source)>, String) {
        let offer = self.tells.iter().rev().find_map(|tell| match tell {
            Tell::Offer { offer, sdp, publish, skeleton } => Some((*offer, sdp.clone(), publish.clone(), skeleton.clone())),
            _ => None,
        });
        offer.expect("an offer")
    }

    /// Answers the last offer, as browsers do.
    pub(super) fn answer(&mut self) -> (u64, String) {
        let (number, sdp, publish, _) = self.offer();
        let mut text = String::new();
        let mut sections = sdp.split("\r\nm=");
        let head = sections.next().unwrap();
        let bundle = head.lines().find(|line| line.starts_with("a=group:")).unwrap();
        text += &format!("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{bundle}\r\n");
        self.lines.clear();
        for section in sections {
            text += &self.section(section, &publish);
        }
        (number, text)
    }

    fn section(&mut self, section: &str, publish: &[(String, Source)]) -> String {
        let value = |name: &str| section.lines().find_map(|line| line.strip_prefix(&format!("a={name}:"))).map(str::to_owned);
        let mid = value("mid").unwrap();
        let is = |name: &str| section.lines().any(|line| line == format!("a={name}"));
        let first = section.lines().next().unwrap();
        if first.split(' ').nth(1) == Some("0") {
            return format!("m={first}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=inactive\r\n");
        }
        self.server = Some(Credentials {
            ufrag: Ufrag::parse(&value("ice-ufrag").unwrap()).unwrap(),
            password: Password::parse(&value("ice-pwd").unwrap()).unwrap(),
        });
        // Payload types that are not known, with their retransmissions.
        let lacked: Vec<String> = section
            .lines()
            .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '))
            .filter(|(_, name)| self.lacks.iter().any(|lacked| name.starts_with(lacked)))
            .flat_map(|(number, _)| [number.to_owned(), (number.parse::<u8>().unwrap() + 1).to_string()])
            .collect();
        let words: Vec<&str> = first.split(' ').filter(|word| !lacked.iter().any(|lacked| lacked == word)).collect();
        let mut text = format!("m={}\r\nc=IN IP4 0.0.0.0\r\n", words.join(" "));
        for line in section.lines().skip(1) {
            let keeps = ["a=mid", "a=rtpmap", "a=fmtp", "a=rtcp-fb", "a=extmap", "a=rtcp-mux"].iter().any(|name| line.starts_with(name));
            let number = line.split([':', ' ']).nth(1).unwrap_or_default();
            let is_lacked = !line.starts_with("a=extmap") && !line.starts_with("a=mid") && lacked.iter().any(|lacked| lacked == number);
            if keeps && !is_lacked {
                text += &format!("{line}\r\n");
            }
        }
        let Credentials { ufrag, password } = &self.client.credentials;
        let fingerprint = self.client.identity.fingerprint();
        let password = password.as_str();
        text += &format!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\na=fingerprint:{fingerprint}\r\na=setup:active\r\n");
        let source =
            publish.iter().find(|(line, _)| *line == mid).map(|(_, source)| *source).filter(|source| self.publishes.contains(source));
        match source {
            Some(source) if is("recvonly") => {
                let layers: &[&'static str] = if section.contains("a=simulcast:") { &["l", "m", "h"] } else { &[] };
                text += &format!("a=sendonly\r\na=msid:{} track\r\n", self.stream);
                if layers.is_empty() {
                    let ssrc = self.ssrc(source, 0);
                    text += &format!("a=ssrc:{ssrc} cname:x\r\n");
                    self.send(source, &mid, None, ssrc);
                } else {
                    layers.iter().for_each(|layer| text += &format!("a=rid:{layer} send\r\n"));
                    text += &format!("a=simulcast:send {}\r\n", layers.join(";"));
                    for (place, layer) in layers.iter().enumerate() {
                        let ssrc = self.ssrc(source, u32::try_from(place).unwrap());
                        self.send(source, &mid, Some(layer), ssrc);
                    }
                }
            }
            _ if is("sendonly") => {
                text += "a=recvonly\r\n";
                let group = value("ssrc-group").unwrap_or_default();
                for line in section.lines().filter_map(|line| line.strip_prefix("a=ssrc:")) {
                    let ssrc = line.split(' ').next().unwrap();
                    self.lines.insert(ssrc.parse().unwrap(), (mid.clone(), group.ends_with(ssrc)));
                }
            }
            _ => text += "a=inactive\r\n",
        }
        text
    }

    /// SSRCs are the same for as long as the browser has the connection.
    fn ssrc(&self, source: Source, layer: u32) -> u32 {
        u32::from(self.route.address.port()) * 1000 + self.number * 100 + source as u32 * 10 + layer
    }

    fn send(&mut self, source: Source, mid: &str, rid: Option<&'static str>, ssrc: u32) {
        if !self.sending.iter().any(|sending| sending.ssrc == ssrc) {
            self.sending.push(Sending { source, ssrc, mid: mid.to_owned(), rid, sequence: 1000, keyframe_due: true });
        }
    }

    /// The packets of one turn, which is 20 ms; sealed.
    pub(super) fn media(&mut self, turn: u32) -> Vec<BytesMut> {
        let mut packets = Vec::new();
        for index in 0..self.sending.len() {
            let source = self.sending[index].source;
            if !self.publishes.contains(&source) || source.kind() == Kind::Video && turn % 2 == 1 {
                continue;
            }
            self.transport_sequence = self.transport_sequence.wrapping_add(1);
            let sending = &mut self.sending[index];
            sending.sequence = sending.sequence.wrapping_add(1);
            let tag = [&vec![0; (self.filling)(source, sending.rid)], &Self::tag(self.number, source)[..]].concat();
            let (payload_type, timestamp, payload) = match source.kind() {
                Kind::Audio => (111, turn * 960, tag),
                Kind::Video => {
                    let keyframe = std::mem::take(&mut sending.keyframe_due);
                    let (payload_type, first, others) = self.video;
                    (payload_type, turn * 1800, [if keyframe { first } else { others }, &tag].concat())
                }
            };
            let mut header = Header {
                version: 2,
                payload_type,
                sequence_number: sending.sequence,
                timestamp,
                ssrc: sending.ssrc,
                marker: true,
                ..Header::default()
            };
            header.set_extension(3, Bytes::copy_from_slice(&self.transport_sequence.to_be_bytes())).unwrap();
            if self.names {
                header.set_extension(4, Bytes::copy_from_slice(sending.mid.as_bytes())).unwrap();
            }
            if let Some(rid) = sending.rid.filter(|_| self.names) {
                header.set_extension(10, Bytes::from_static(rid.as_bytes())).unwrap();
            }
            if source.kind() == Kind::Audio {
                header.set_extension(1, Bytes::copy_from_slice(&[if self.voice { 0x80 | 20 } else { 127 }])).unwrap();
            }
            packets.push(self.client.srtp.as_mut().unwrap().seal_rtp(&packet(&header, &payload)).unwrap());
        }
        packets
    }

    /// RTCP, sealed.
    pub(super) fn report(&mut self, packets: &[Box<dyn Report>]) -> BytesMut {
        self.client.srtp.as_mut().unwrap().seal_rtcp(&marshal(packets).unwrap()).unwrap()
    }

    /// A datagram of the server; what to send in return.
    pub(super) fn handle(&mut self, now: Instant, bytes: &[u8]) -> Vec<BytesMut> {
        match bytes[0] {
            20..=63 => return self.client.handle(now, bytes),
            128..=191 if (192..=223).contains(&bytes[1]) => {
                let plain = self.client.open_rtcp(bytes).expect("authentic");
                for message in rtcp::read(plain.freeze()).unwrap() {
                    if let Message::KeyframeRequest { ssrc } = message {
                        let asked = self.sending.iter_mut().find(|sending| sending.ssrc == ssrc).expect("one's own SSRC");
                        asked.keyframe_due = true;
                    }
                    self.messages.push(message);
                }
            }
            128..=191 => {
                let packet = self.client.open_rtp(bytes).expect("authentic, and never the same twice");
                match self.lines.get(&packet.header.ssrc) {
                    Some((mid, false)) => self.received.push((mid.clone(), packet)),
                    Some((_, true)) => self.repairs += 1,
                    None => {}
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// The SSRC of what comes on the line of the roster for this.
    pub(super) fn line_of(&self, whose: SessionId, source: Source) -> u32 {
        let mut lines = self.roster.lines.iter();
        let line = lines.find(|line| (line.participant, line.source) == (whose, source)).expect("a line for it");
        *self.lines.iter().find(|(_, (mid, repair))| *mid == line.mid && !repair).unwrap().0
    }

    pub(super) fn check(&mut self) -> Option<Vec<u8>> {
        let server = self.server.clone()?;
        Some(self.client.check(&server, Check { nominates: true, ..Check::default() }))
    }

    /// What came since this was last asked: lines, and whose packets came on each. Fillers are nobody's.
    pub(super) fn heard(&mut self) -> BTreeSet<(String, Bytes)> {
        let tags = std::mem::take(&mut self.received).into_iter().filter_map(|(mid, packet)| {
            let from = packet.payload.iter().position(|byte| *byte == b'<')?;
            Some((mid, packet.payload.slice(from..)))
        });
        tags.collect()
    }
}

/// The beginning of a keyframe of 640×480 (RFC 7741, section 4.2; RFC 6386, section 9.1).
const KEYFRAME: [u8; 11] = [0x10, 0x00, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];

//! A publisher, a media node's forwarding core and subscribers, joined by links.

use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;

use super::link::{Link, LinkSettings};
use super::publisher::{self, AUDIO, Publisher, RIDS, VIDEO, VIDEO_RTX, ids};
use super::receiver::{self, Receiver};
use crate::media::rtp::codec::Codec;
use crate::media::rtp::downlink::Downlink;
use crate::media::rtp::estimate::EstimateLimits;
use crate::media::rtp::layers::Demand;
use crate::media::rtp::nack::ResponderLimits;
use crate::media::rtp::outgoing::{Outgoing, Purpose, Scratch};
use crate::media::rtp::packet::RtpPacket;
use crate::media::rtp::ring::RingLimits;
use crate::media::rtp::rtx::RtxStream;
use crate::media::rtp::track::{SubscriberId, SubscriptionSettings, Target, Track, TrackSettings, Upstream};

pub enum FromPublisher {
    Media(Bytes),
    Report(SenderReport),
}

pub enum FromSubscriber {
    Nack(Vec<u16>),
    Feedback(TransportLayerCc),
    Report(ReceptionReport),
}

pub struct Subscriber {
    pub receiver: Receiver,
    pub down: Link<Bytes>,
    pub up: Link<FromSubscriber>,
    /// Sender reports on their way, as the block that will answer each.
    reports: Link<ReceptionReport>,
    pub downlink: Downlink,
    /// Lines that it shows; `None` if somebody else decides what it gets.
    pub shows: Option<u16>,
    /// The estimate every 100 ms.
    pub estimates: Vec<u64>,
    pub resent: u64,
    pub probed: u64,
}

pub struct World {
    pub start: Instant,
    pub now: Instant,
    pub publisher: Publisher,
    pub up: Link<FromPublisher>,
    pub back: Link<Upstream>,
    pub video: Track,
    pub audio: Track,
    pub subscribers: Vec<Subscriber>,
    scratch: Scratch,
    wishes: Vec<Upstream>,
    seed: u64,
}

/// SRTP's authentication tag and the headers of UDP and IP.
const OVERHEAD: usize = 16 + 28;

pub fn id(subscriber: usize) -> SubscriberId {
    SubscriberId(subscriber as u64)
}

impl World {
    pub fn new(layers: usize, uplink: LinkSettings, seed: u64) -> Self {
        let start = Instant::now();
        let (rtx_payload_type, ring) = (Some(VIDEO_RTX), RingLimits::VIDEO);
        let settings = TrackSettings { codec: Codec::Vp8, payload_type: VIDEO, rtx_payload_type, repair: true, ring };
        let mut video = Track::new(settings);
        for rid in &RIDS[..layers] {
            video.add_encoding(start, Some(Bytes::from_static(rid.as_bytes())), None, None);
        }
        let (rtx_payload_type, ring) = (None, RingLimits::AUDIO);
        let mut audio = Track::new(TrackSettings { codec: Codec::Opus, payload_type: AUDIO, rtx_payload_type, repair: false, ring });
        audio.add_encoding(start, None, Some(publisher::AUDIO_SSRC), None);
        Self {
            start,
            now: start,
            publisher: Publisher::new(start, layers, seed),
            up: Link::new(uplink, seed + 1),
            back: Link::new(uplink, seed + 2),
            video,
            audio,
            subscribers: Vec::new(),
            scratch: Scratch::default(),
            wishes: Vec::new(),
            seed,
        }
    }

    /// Adds a subscriber behind such a link, to whom `encoding` shall be sent.
    pub fn subscribe(&mut self, link: LinkSettings, encoding: usize) -> usize {
        let index = self.subscribers.len();
        let seed = self.seed * 1_000 + index as u64 * 10;
        let rtx = RtxStream { ssrc: receiver::RTX_SSRC, payload_type: VIDEO_RTX, next: 65_500 };
        let video = SubscriptionSettings {
            ssrc: receiver::VIDEO_SSRC,
            payload_type: VIDEO,
            rtx: Some(rtx),
            extensions: ids(),
            limits: ResponderLimits::default(),
            first_number: 65_000,
            first_timestamp: u32::MAX - 100_000,
        };
        let audio = SubscriptionSettings { ssrc: receiver::AUDIO_SSRC, payload_type: AUDIO, rtx: None, ..video };
        self.video.subscribe(id(index), video);
        self.audio.subscribe(id(index), audio);
        self.video.set_target(id(index), Some(Target::whole(encoding)));
        self.audio.set_target(id(index), Some(Target::whole(0)));
        let (down, up) = (Link::new(link, seed), Link::new(LinkSettings { rate: None, ..link }, seed + 1));
        let downlink = Downlink::new(self.now, EstimateLimits::default(), OVERHEAD);
        let (receiver, estimates) = (Receiver::new(self.now), Vec::new());
        let reports = Link::new(LinkSettings { rate: None, ..link }, seed + 2);
        self.subscribers.push(Subscriber { receiver, down, up, reports, downlink, shows: None, estimates, resent: 0, probed: 0 });
        index
    }

    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
            self.now += Duration::from_millis(1);
        }
    }

    /// Lets everything under way arrive, and lost packets be repaired, without anything new.
    pub fn settle(&mut self) {
        for layer in 0..self.video.encodings().len() {
            self.publisher.set_active(layer, false);
        }
        self.publisher.audio = false;
        self.run(Duration::from_secs(1));
    }

    pub fn since_start(&self) -> Duration {
        self.now - self.start
    }

    fn step(&mut self) {
        let now = self.now;
        for packet in self.publisher.tick(now) {
            self.up.send(now, packet.len(), FromPublisher::Media(packet));
        }
        if self.since_start().as_millis().is_multiple_of(1_000) {
            for report in self.publisher.sender_reports(now) {
                self.up.send(now, 28, FromPublisher::Report(report));
            }
        }
        for (_, arrived) in self.up.receive(now) {
            self.arrived(arrived);
        }
        for index in 0..self.subscribers.len() {
            self.serve(index);
        }
        if self.since_start().as_millis().is_multiple_of(5) {
            (0..self.subscribers.len()).for_each(|index| self.probe(index));
            self.video.poll(now, &mut self.wishes);
            self.audio.poll(now, &mut self.wishes);
        }
        for wish in self.wishes.drain(..) {
            self.back.send(now, 40, wish);
        }
        for (_, wish) in self.back.receive(now) {
            for packet in self.publisher.feedback(now, &wish) {
                self.up.send(now, packet.len(), FromPublisher::Media(packet));
            }
        }
    }

    fn arrived(&mut self, arrived: FromPublisher) {
        let Self { now, video, audio, subscribers, scratch, .. } = self;
        match arrived {
            FromPublisher::Report(report) => video.sender_report(*now, &report),
            FromPublisher::Media(bytes) => {
                let packet = RtpPacket::parse(bytes, &ids()).unwrap();
                let track = if packet.ssrc == publisher::AUDIO_SSRC { audio } else { video };
                track.receive(*now, packet, scratch, &mut |to, packet| subscribers[to.0 as usize].transmit(*now, packet));
            }
        }
    }

    fn serve(&mut self, index: usize) {
        let Self { start, now, video, audio, subscribers, scratch, .. } = self;
        let subscriber = &mut subscribers[index];
        for (at, bytes) in subscriber.down.receive(*now) {
            subscriber.receiver.receive(at, bytes);
        }
        let numbers = subscriber.receiver.nacks(*now);
        if !numbers.is_empty() {
            subscriber.up.send(*now, 60, FromSubscriber::Nack(numbers));
        }
        let passed = (*now - *start).as_millis();
        if passed.is_multiple_of(50) {
            while let Some(feedback) = subscriber.receiver.feedback(*now) {
                subscriber.up.send(*now, 80, FromSubscriber::Feedback(feedback));
            }
        }
        if passed.is_multiple_of(1_000) {
            let report = video.sender_report_for(*now, id(index)).map(|report| (report.ntp_time >> 16) as u32);
            if let Some(last_sender_report) = report {
                subscriber.reports.send(*now, 28, ReceptionReport { last_sender_report, ..ReceptionReport::default() });
            }
        }
        for (_, block) in subscriber.reports.receive(*now) {
            subscriber.up.send(*now, 32, FromSubscriber::Report(block));
        }
        let mut fed_back = false;
        for (_, what) in subscriber.up.receive(*now) {
            match what {
                FromSubscriber::Nack(numbers) => {
                    video.nack(*now, id(index), numbers, scratch, &mut |_, packet| subscriber.transmit(*now, packet));
                }
                FromSubscriber::Report(block) => {
                    let round_trip = video.subscription_mut(id(index)).unwrap().receiver_report(*now, &block);
                    assert!(round_trip.is_some_and(|round_trip| round_trip >= Duration::from_millis(49)), "{round_trip:?}");
                    subscriber.downlink.receiver_report(*now, 0.0, round_trip);
                }
                FromSubscriber::Feedback(feedback) => {
                    subscriber.downlink.feedback(*now, &feedback);
                    fed_back = true;
                }
            }
        }
        if passed.is_multiple_of(100) {
            subscriber.estimates.push(subscriber.downlink.rate());
        }
        let Some(wanted_height) = subscriber.shows.filter(|_| fed_back || passed.is_multiple_of(100)) else { return };
        let sound = Demand { audio: true, priority: 0, wanted_height: 0, steps: audio.steps(*now) };
        let picture = Demand { audio: false, priority: 0, wanted_height, steps: video.steps(*now) };
        let choice = subscriber.downlink.allocate(*now, &[(1, sound), (2, picture)]).choices[1];
        video.set_target(id(index), choice.target);
        if choice.interrupt {
            video.subscription_mut(id(index)).unwrap().interrupt();
        }
    }

    fn probe(&mut self, index: usize) {
        let Self { now, video, subscribers, scratch, .. } = self;
        let subscriber = &mut subscribers[index];
        let bytes = subscriber.downlink.poll_probe(*now);
        if bytes > 0 {
            video.probe(*now, id(index), bytes, scratch, &mut |_, packet| subscriber.transmit(*now, packet));
        }
    }
}

impl Subscriber {
    fn transmit(&mut self, now: Instant, mut packet: Outgoing<'_>) {
        self.resent += u64::from(packet.purpose == Purpose::Retransmission);
        self.probed += u64::from(packet.purpose == Purpose::Probe);
        self.downlink.stamp(now, &mut packet);
        self.down.send(now, packet.bytes().len() + OVERHEAD, Bytes::copy_from_slice(packet.bytes()));
    }
}

//! A browser's side of a connection, made of the same crates, and a network between the two.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_rtp::{Header, Packet};
use rtc_shared::TransportProtocol;
use rtc_shared::marshal::{Marshal, Unmarshal};
use rtc_stun::attributes::{
    ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType, RawAttribute,
};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};

use crate::media::peer::srtp::Srtp;
use crate::media::peer::{Event, Identity, Output, Peer, Route};
use crate::media::sdp::examples::credentials;
use crate::media::sdp::{Credentials, Protocol};

/// What a client can do.
pub(crate) struct Abilities {
    pub(crate) profiles: Vec<SrtpProtectionProfile>,
    pub(crate) certificate: bool,
    pub(crate) extended_master_secret: bool,
    /// Bytes of a handshake fragment.
    pub(crate) mtu: usize,
}

impl Default for Abilities {
    fn default() -> Self {
        Self {
            // In the order of browsers.
            profiles: vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80, SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm],
            certificate: true,
            extended_master_secret: true,
            mtu: 1200,
        }
    }
}

/// The attributes of a check besides the usual ones.
#[derive(Clone, Copy, Default)]
pub(crate) struct Check {
    pub(crate) nominates: bool,
    pub(crate) controlled: bool,
    pub(crate) unknown: Option<u16>,
}

pub(crate) struct Client {
    pub(crate) identity: Identity,
    pub(crate) credentials: Credentials,
    pub(crate) endpoint: Endpoint,
    pub(crate) srtp: Option<Srtp>,
    pub(crate) closed: bool,
    flight: Vec<BytesMut>,
    resend: Option<Instant>,
    records: u16,
    transaction: u64,
}

/// The server as the client knows it.
pub(crate) fn server() -> std::net::SocketAddr {
    "192.0.2.1:7000".parse().unwrap()
}

pub(crate) fn route(text: &str) -> Route {
    Route { protocol: Protocol::Udp, address: text.parse().unwrap() }
}

impl Client {
    pub(crate) fn new(now: Instant, abilities: Abilities) -> Self {
        let identity = Identity::generate().unwrap();
        let config = ConfigBuilder::default()
            .with_crypto_provider(identity.provider.clone())
            .with_certificates(if abilities.certificate { vec![identity.certificate.clone()] } else { vec![] })
            .with_srtp_protection_profiles(abilities.profiles)
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(if abilities.extended_master_secret {
                ExtendedMasterSecretType::Require
            } else {
                ExtendedMasterSecretType::Disable
            })
            .with_mtu(abilities.mtu)
            .build(true, None)
            .unwrap();
        let mut endpoint = Endpoint::new("127.0.0.1:2".parse().unwrap(), TransportProtocol::UDP, None);
        endpoint.connect(now, server(), Arc::new(config), None).unwrap();
        let flight: Vec<BytesMut> = std::iter::from_fn(|| endpoint.poll_transmit()).map(|transmit| transmit.message).collect();
        Self {
            identity,
            credentials: credentials(40),
            endpoint,
            srtp: None,
            closed: false,
            flight,
            resend: None,
            records: 0,
            transaction: 0,
        }
    }

    /// A check, as browsers write it.
    pub(crate) fn check(&mut self, server: &Credentials, check: Check) -> Vec<u8> {
        self.transaction += 1;
        let mut transaction = [7; 12];
        transaction[..8].copy_from_slice(&self.transaction.to_be_bytes());
        let attribute = |typ: AttrType, value: Vec<u8>| {
            Box::new(RawAttribute { typ, length: u16::try_from(value.len()).unwrap(), value }) as Box<dyn Setter>
        };
        let name = format!("{}:{}", server.ufrag, self.credentials.ufrag);
        let role = if check.controlled { ATTR_ICE_CONTROLLED } else { ATTR_ICE_CONTROLLING };
        let mut setters: Vec<Box<dyn Setter + '_>> = vec![
            Box::new(TransactionId(transaction)),
            Box::new(BINDING_REQUEST),
            attribute(ATTR_USERNAME, name.into_bytes()),
            attribute(AttrType(0xc057), vec![0, 1, 0, 10]),
            attribute(role, vec![9; 8]),
            attribute(ATTR_PRIORITY, vec![1, 2, 3, 4]),
        ];
        if check.nominates {
            setters.push(attribute(ATTR_USE_CANDIDATE, vec![]));
        }
        if let Some(unknown) = check.unknown {
            setters.push(attribute(AttrType(unknown), vec![1]));
        }
        let password = server.password.as_str().to_owned();
        setters.push(Box::new(MessageIntegrity::new_short_term_integrity_with_provider(password, self.identity.provider.crypto())));
        setters.push(Box::new(FINGERPRINT));
        let mut message = Message::new();
        message.build(&setters).unwrap();
        message.raw
    }

    /// Opens a packet of the server.
    pub(crate) fn open_rtp(&mut self, bytes: &[u8]) -> Option<Packet> {
        self.srtp.as_mut()?.open_rtp(bytes, self.identity.crypto()).map(|bytes| read(&bytes))
    }

    /// Opens RTCP of the server.
    pub(crate) fn open_rtcp(&mut self, bytes: &[u8]) -> Option<BytesMut> {
        self.srtp.as_mut()?.open_rtcp(bytes, self.identity.crypto())
    }

    /// The last flight. When it is sent again its plain records have new numbers, as those of browsers do; the library gives up its own timer
    /// too early to be of use here.
    pub(crate) fn flight(&mut self) -> Vec<BytesMut> {
        for datagram in &mut self.flight {
            let mut place = 0;
            while place + 13 <= datagram.len() {
                if datagram[place + 3..place + 5] == [0, 0] {
                    self.records += 1;
                    datagram[place + 9..place + 11].copy_from_slice(&self.records.to_be_bytes());
                }
                place += 13 + usize::from(u16::from_be_bytes([datagram[place + 11], datagram[place + 12]]));
            }
        }
        self.flight.clone()
    }

    /// Says good-bye.
    pub(crate) fn close(&mut self, now: Instant) -> Vec<BytesMut> {
        self.endpoint.stop(now, server());
        std::iter::from_fn(|| self.endpoint.poll_transmit()).map(|transmit| transmit.message).collect()
    }

    pub(crate) fn handle(&mut self, now: Instant, bytes: &[u8]) -> Vec<BytesMut> {
        let mut finished = false;
        if let Ok(events) = self.endpoint.read(now, server(), None, BytesMut::from(bytes)) {
            for event in events {
                finished |= matches!(event, EndpointEvent::HandshakeComplete);
                self.closed |= matches!(event, EndpointEvent::PeerClosed);
            }
        }
        let mut send: Vec<BytesMut> = std::iter::from_fn(|| self.endpoint.poll_transmit()).map(|transmit| transmit.message).collect();
        if !send.is_empty() {
            (self.flight, self.resend) = (send, Some(now + Duration::from_secs(1)));
            send = self.flight();
        }
        if finished {
            self.resend = None;
            self.srtp = Srtp::new(self.endpoint.get_connection_state(server()).unwrap(), self.identity.provider.crypto());
        }
        send
    }
}

/// A client, the server's peer for it, and a network that loses some of the datagrams.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) peer: Peer,
    pub(crate) client: Client,
    pub(crate) route: Route,
    pub(crate) events: Vec<Event>,
    pub(crate) outputs: Vec<Output>,
    /// Lost datagrams of a hundred.
    pub(crate) loss: u32,
    /// Bytes that are changed in one datagram of ten: where, and into what.
    pub(crate) damage: Vec<(usize, u8)>,
    random: StdRng,
    next_check: Instant,
}

impl World {
    pub(crate) fn new(abilities: Abilities) -> Self {
        let now = Instant::now();
        let peer = Peer::new(now, Arc::new(Identity::generate().unwrap()), credentials(41));
        let client = Client::new(now, abilities);
        Self {
            now,
            peer,
            client,
            route: route("198.51.100.7:5000"),
            events: vec![],
            outputs: vec![],
            loss: 0,
            damage: vec![],
            random: StdRng::seed_from_u64(0),
            next_check: now,
        }
    }

    pub(crate) fn lossy(seed: u64, loss: u32, abilities: Abilities) -> Self {
        Self { random: StdRng::seed_from_u64(seed), loss, ..Self::new(abilities) }
    }

    pub(crate) fn answer(&mut self) {
        let (credentials, fingerprint) = (self.client.credentials.clone(), self.client.identity.fingerprint());
        self.peer.answer(self.now, &credentials, fingerprint, &mut self.outputs).unwrap();
        self.settle();
    }

    /// The server gets this from there; returns what comes out, apart from what goes to the client.
    pub(crate) fn give(&mut self, from: Route, bytes: &[u8]) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.peer.handle(self.now, from, bytes, &mut outputs);
        outputs
    }

    /// A check from where the client is.
    pub(crate) fn check(&mut self, check: Check) -> Vec<Output> {
        let bytes = self.client.check(&self.peer.credentials().clone(), check);
        self.give(self.route, &bytes)
    }

    /// Lets time pass, with checks every half a second, until it has come to this or the time is over.
    pub(crate) fn run(&mut self, how_long: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + how_long;
        for datagram in self.client.flight() {
            self.deliver(&datagram);
        }
        self.client.resend.get_or_insert(self.now + Duration::from_secs(1));
        while !done(self) {
            let timers = [self.peer.poll_timeout(), self.client.resend, Some(self.next_check)];
            self.now = timers.into_iter().flatten().min().unwrap().max(self.now + Duration::from_millis(1));
            if self.now > end {
                return false;
            }
            if self.now >= self.next_check {
                self.next_check = self.now + Duration::from_millis(500);
                let bytes = self.client.check(&self.peer.credentials().clone(), Check { nominates: true, ..Check::default() });
                self.deliver(&bytes);
            }
            if self.client.resend.is_some_and(|at| at <= self.now) {
                self.client.resend = Some(self.now + Duration::from_secs(1));
                for datagram in self.client.flight() {
                    self.deliver(&datagram);
                }
            }
            self.peer.handle_timeout(self.now, &mut self.outputs);
            self.settle();
        }
        true
    }

    /// Connects over a good network, or panics.
    pub(crate) fn connect(&mut self) {
        self.answer();
        assert!(self.run(Duration::from_secs(5), Self::is_connected), "{:?}", self.events);
        self.outputs.clear();
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.srtp.is_some() && self.events.contains(&Event::Connected)
    }

    fn is_lost(&mut self) -> bool {
        self.random.random_range(0..100) < self.loss
    }

    fn deliver(&mut self, bytes: &[u8]) {
        self.transport(bytes);
        self.settle();
    }

    /// Carries a datagram to the server, or does not.
    fn transport(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        if !self.damage.is_empty() && self.random.random_range(0..10) == 0 {
            for (place, byte) in &self.damage {
                let place = place % bytes.len();
                bytes[place] = *byte;
            }
        }
        if !self.is_lost() {
            self.peer.handle(self.now, self.route, &bytes, &mut self.outputs);
        }
    }

    /// Carries datagrams both ways until there are no more.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut answers = Vec::new();
            for output in std::mem::take(&mut self.outputs) {
                match output {
                    Output::Send(to, bytes) if to == self.route && bytes[0] >= 20 => {
                        if !self.is_lost() {
                            answers.extend(self.client.handle(self.now, &bytes));
                        }
                    }
                    Output::Event(event) => self.events.push(event),
                    Output::Send(..) | Output::Rtp(_) | Output::Rtcp(_) => {}
                }
            }
            if answers.is_empty() {
                return;
            }
            for bytes in answers {
                self.transport(&bytes);
            }
        }
    }

    /// A media packet of the client.
    pub(crate) fn rtp(&mut self, ssrc: u32, sequence_number: u16) -> BytesMut {
        self.client.srtp.as_mut().unwrap().seal_rtp(&packet(&header(ssrc, sequence_number), b"payload")).unwrap()
    }
}

pub(crate) fn header(ssrc: u32, sequence_number: u16) -> Header {
    Header { version: 2, payload_type: 96, sequence_number, timestamp: 1000, ssrc, ..Header::default() }
}

/// The bytes of a packet.
pub(crate) fn packet(header: &Header, payload: &[u8]) -> BytesMut {
    Packet { header: header.clone(), payload: Bytes::copy_from_slice(payload) }.marshal().unwrap()
}

pub(crate) fn read(packet: &[u8]) -> Packet {
    Packet::unmarshal(&mut &*packet).unwrap()
}

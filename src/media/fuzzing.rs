//! Where bytes from outside come in: one function for each kind, which must not panic, whatever it is given. The targets in `fuzz/` call
//! them, and so do the unit tests.
//!
//! Where a checksum or a key would keep a fuzzer out, the function adds it, since a participant can do that too. A panic here says that
//! something does not hold that the rest of the node counts on; nothing but fuzzers runs this.

mod forwarding;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rtc_crypto::{HmacAlgorithm, RTCCryptoProvider};
use rtc_stun::fingerprint::fingerprint_value;

use self::forwarding::Forwarding;
use super::peer::srtp::Srtp;
use super::peer::{Identity, Output, Peer, Route};
use super::sdp::{Answer, Candidate, Credentials, Fingerprint, Kind, Offer, Protocol, Skeleton, Source, StreamId, TrackId};

/// A datagram that begins as STUN does: as it is, and as more attributes of a request with the right user name, integrity and fingerprint.
pub fn stun(bytes: &[u8]) {
    let Some(mut peer) = peer() else { return };
    give(&mut peer, 0, bytes);
    let attributes = bytes.get(..bytes.len().min(1200) / 4 * 4).unwrap_or_default();
    if let Some(request) = authentic(attributes, &peer) {
        give(&mut peer, 0, &request);
    }
}

/// DTLS datagrams, each with its length in a byte before it (times eight), from a path that was checked.
pub fn dtls(mut bytes: &[u8]) {
    let Some(mut peer) = peer() else { return };
    // USE-CANDIDATE.
    if let Some(request) = authentic(&[0, 0x25, 0, 0], &peer) {
        give(&mut peer, 0, &request);
    }
    let mut outputs = Vec::new();
    if peer.answer(Instant::now(), &browser(), Fingerprint::new([3; 32]), &mut outputs).is_err() {
        return;
    }
    let mut passed = 0;
    while let Some((length, rest)) = bytes.split_first() {
        let (datagram, rest) = rest.split_at(rest.len().min(usize::from(*length) * 8));
        bytes = rest;
        passed += 100;
        give(&mut peer, passed, datagram);
        peer.handle_timeout(Instant::now() + Duration::from_millis(passed), &mut outputs);
    }
}

/// Media packets (see [`packets`]): as they are, and sealed and forwarded as those of a participant.
pub fn srtp(bytes: &[u8]) {
    let Some((mut srtp, crypto)) = mirrors() else { return };
    let mut forwarding = Forwarding::new();
    for (time, packet) in packets(bytes) {
        for srtp in &mut srtp {
            assert!(srtp.open_rtp(packet, crypto.crypto()).is_none(), "nobody sealed this");
            let Ok(sealed) = srtp.seal_rtp(packet) else { continue };
            let opened = srtp.open_rtp(&sealed, crypto.crypto());
            assert!(opened.is_none_or(|opened| opened == packet), "what is opened is what was sealed");
            assert!(srtp.open_rtp(&sealed, crypto.crypto()).is_none(), "a packet counts once");
        }
        forwarding.publish(time, packet);
    }
}

/// Compound RTCP packets (see [`packets`]): as they are, and as those of a participant who publishes and receives.
pub fn rtcp(bytes: &[u8]) {
    let Some((mut srtp, crypto)) = mirrors() else { return };
    let mut forwarding = Forwarding::busy();
    for (time, packet) in packets(bytes) {
        for srtp in &mut srtp {
            assert!(srtp.open_rtcp(packet, crypto.crypto()).is_none(), "nobody sealed this");
            let Ok(sealed) = srtp.seal_rtcp(packet) else { continue };
            let opened = srtp.open_rtcp(&sealed, crypto.crypto());
            assert!(opened.is_none_or(|opened| opened == packet), "what is opened is what was sealed");
            assert!(srtp.open_rtcp(&sealed, crypto.crypto()).is_none(), "a packet counts once");
        }
        forwarding.feed_back(time, packet);
    }
}

/// The packets in an input: each with two bytes before it, of which the upper five bits are how long after the one before it comes (the
/// square of that number, in milliseconds) and the others its length.
fn packets(mut bytes: &[u8]) -> impl Iterator<Item = (Duration, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_first_chunk()?;
        let head = u16::from_be_bytes(*head);
        let (packet, rest) = rest.split_at(rest.len().min(usize::from(head & 0x7ff)));
        bytes = rest;
        Some((Duration::from_millis(u64::from(head >> 11).pow(2)), packet))
    })
}

/// For each profile one that opens what it has sealed.
fn mirrors() -> Option<([Srtp; 2], Arc<dyn RTCCryptoProvider>)> {
    let provider = rtc_crypto::default_provider().ok()?;
    Some(([Srtp::mirror(true, provider.crypto())?, Srtp::mirror(false, provider.crypto())?], provider))
}

/// An answer, and a skeleton of another node.
pub fn sdp(bytes: &[u8]) {
    let random = &mut StdRng::seed_from_u64(3);
    let mut skeleton = Skeleton::new(random);
    for (source, simulcast) in [(Source::Microphone, false), (Source::Camera, true), (Source::Screen, false)] {
        drop(skeleton.publish(source, simulcast));
    }
    for kind in [Kind::Audio, Kind::Video] {
        if let (Ok(stream), Ok(track)) = (StreamId::parse("stream"), TrackId::parse("track")) {
            drop(skeleton.forward(kind, stream, track, random));
        }
    }
    if let Ok(answer) = Answer::parse(&String::from_utf8_lossy(bytes), &skeleton) {
        let offered = skeleton.clone();
        skeleton.settle(&offered, &answer);
    }
    if let Ok(mut skeleton) = serde_json::from_slice::<Skeleton>(bytes) {
        skeleton.renew_ssrcs(random);
        let candidates = [Candidate { protocol: Protocol::Tcp, address: SocketAddr::from(([192, 0, 2, 1], 9)) }];
        let (credentials, fingerprint) = (Credentials::random(random), Fingerprint::new([1; 32]));
        let offer = Offer { credentials: &credentials, fingerprint: &fingerprint, candidates: &candidates };
        drop(Answer::parse(&offer.write(&mut skeleton), &skeleton));
    }
}

/// A peer whose credentials are always the same.
fn peer() -> Option<Peer> {
    static IDENTITY: OnceLock<Option<Arc<Identity>>> = OnceLock::new();
    let identity = IDENTITY.get_or_init(|| Identity::generate().ok().map(Arc::new)).clone()?;
    let credentials = Credentials::random(&mut StdRng::seed_from_u64(1));
    Some(Peer::new(Instant::now(), identity, credentials))
}

/// Those of the other side.
fn browser() -> Credentials {
    Credentials::random(&mut StdRng::seed_from_u64(2))
}

fn give(peer: &mut Peer, after: u64, bytes: &[u8]) -> Vec<Output> {
    let mut outputs = Vec::new();
    let from = Route { protocol: Protocol::Udp, address: SocketAddr::from(([198, 51, 100, 7], 5000)) };
    peer.handle(Instant::now() + Duration::from_millis(after), from, bytes, &mut outputs);
    outputs
}

/// A binding request with these attributes, apart from those that every one has (RFC 8489, sections 14.3, 14.5 and 14.7).
fn authentic(more: &[u8], peer: &Peer) -> Option<Vec<u8>> {
    let provider = rtc_crypto::default_provider().ok()?;
    let Credentials { ufrag, password } = peer.credentials();
    let username = format!("{ufrag}:{}", browser().ufrag);
    let mut attributes = vec![0, 6, 0, u8::try_from(username.len()).ok()?];
    attributes.extend_from_slice(username.as_bytes());
    attributes.resize(attributes.len().next_multiple_of(4), 0);
    attributes.extend_from_slice(&[0, 0x24, 0, 4, 0, 0, 0, 1]);
    attributes.extend_from_slice(more);
    let mut bytes = vec![0, 1];
    bytes.extend_from_slice(&u16::try_from(attributes.len() + 24).ok()?.to_be_bytes());
    bytes.extend_from_slice(&[0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    bytes.extend_from_slice(&attributes);
    let mut tag = [0; 20];
    provider.crypto().new_hmac(HmacAlgorithm::Sha1, password.as_str().as_bytes()).ok()?.sign(&[&bytes], &mut tag).ok()?;
    bytes.extend_from_slice(&[0, 8, 0, 20]);
    bytes.extend_from_slice(&tag);
    let length = u16::try_from(attributes.len() + 32).ok()?;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    let fingerprint = fingerprint_value(&bytes);
    bytes.extend_from_slice(&[0x80, 0x28, 0, 4]);
    bytes.extend_from_slice(&fingerprint.to_be_bytes());
    Some(bytes)
}

#[cfg(test)]
mod tests;

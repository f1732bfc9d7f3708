#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::media::sdp::examples::{candidates, credentials, fingerprint};
use crate::media::sdp::{Answer, Source, StreamId, TrackId};

/// The offers that `tests/browser/media_offer.test.mjs` gives to a real browser. `RIALTO_WRITE_FIXTURES=1` writes them anew.
fn fixture(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/media").join(name);
    if std::env::var_os("RIALTO_WRITE_FIXTURES").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    // Git may have its own idea of line ends.
    let expected = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert_eq!(text.replace("\r\n", "\n"), expected, "{name}");
}

/// A participant publishes sound, picture and screen, and gets sound and picture of somebody else.
pub(crate) fn first(random: &mut StdRng) -> Skeleton {
    let mut skeleton = Skeleton::new(random);
    for (source, simulcast) in [(Source::Microphone, false), (Source::Camera, true), (Source::Screen, false)] {
        skeleton.publish(source, simulcast).unwrap();
    }
    for kind in [Kind::Audio, Kind::Video] {
        let stream = StreamId::parse("{0b7e1f0a-5f0e-4a5e-9d7a-0c3f8c1d2e3f}").unwrap();
        skeleton.forward(kind, stream, TrackId::parse(kind.name()).unwrap(), random).unwrap();
    }
    skeleton
}

#[test]
fn offers_are_what_the_browser_test_uses() {
    let mut random = StdRng::seed_from_u64(3);
    let mut skeleton = first(&mut random);
    let (candidates, fingerprint) = (candidates(), fingerprint(0x5a));
    let credentials = [credentials(1), credentials(2)];
    let offer = |skeleton: &mut Skeleton, node: usize| {
        Offer { credentials: &credentials[node], fingerprint: &fingerprint, candidates: &candidates }.write(skeleton)
    };
    fixture("offer.sdp", &offer(&mut skeleton, 0));

    // The video ended, the screen was refused, another node goes on.
    let mid = skeleton.lines()[4].mid.clone();
    skeleton.release(&mid);
    let offered = skeleton.clone();
    let refused = skeleton.lines()[2].mid.clone();
    let answer = crate::media::sdp::examples::answer_to(&offered, &[refused.as_str()]);
    skeleton.settle(&offered, &Answer::parse(&answer, &offered).unwrap());
    skeleton.renew_ssrcs(&mut random);
    fixture("offer_moved.sdp", &offer(&mut skeleton, 1));

    // And somebody new.
    let (stream, track) = (StreamId::parse("new").unwrap(), TrackId::parse("newtrack").unwrap());
    skeleton.forward(Kind::Video, stream, track, &mut random).unwrap();
    skeleton.publish(Source::Screen, false).unwrap();
    fixture("offer_reused.sdp", &offer(&mut skeleton, 1));
}

#[test]
fn a_closed_line_keeps_its_place_and_leaves_the_bundle() {
    let mut random = StdRng::seed_from_u64(3);
    let mut skeleton = first(&mut random);
    let offered = skeleton.clone();
    let answer = crate::media::sdp::examples::answer_to(&offered, &["1"]);
    skeleton.settle(&offered, &Answer::parse(&answer, &offered).unwrap());
    let text = Offer { credentials: &credentials(1), fingerprint: &fingerprint(1), candidates: &candidates() }.write(&mut skeleton);
    assert!(text.contains("a=group:BUNDLE 0 2 3 4\r\n"));
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines[1], "m=video 0 UDP/TLS/RTP/SAVPF 96 97 98 99 102 103");
    assert_eq!(lines.len(), 5);
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::media::sdp::offer::tests::first;

/// What Chromium wrote in `tests/browser/media_offer.test.mjs`.
const CHROMIUM: &str = include_str!("../../../../tests/fixtures/media/answer_chromium.sdp");
/// What Firefox 153 wrote to the same offer: everything by name, the fingerprint once for the session, no H.264.
const FIREFOX: &str = include_str!("../../../../tests/fixtures/media/answer_firefox.sdp");

fn offered() -> Skeleton {
    first(&mut StdRng::seed_from_u64(3))
}

fn parse(text: &str) -> Result<Answer, AnswerError> {
    Answer::parse(text, &offered())
}

fn layers(line: &AnsweredLine) -> Vec<&str> {
    line.layers.iter().map(Rid::as_str).collect()
}

#[test]
fn chromium_is_understood() {
    let answer = parse(CHROMIUM).unwrap();
    assert!(CHROMIUM.contains(&answer.fingerprint.to_string()) && CHROMIUM.contains(answer.credentials.password.as_str()));
    let [microphone, camera, screen, sound, picture] = answer.lines.as_slice() else { panic!("{answer:?}") };
    assert_eq!((microphone.direction, &microphone.codecs), (Direction::SendOnly, &vec![(Codec::Opus, false)]));
    assert_eq!(microphone.ssrcs.len(), 1);
    assert!(microphone.extensions.contains(&Extension::AudioLevel) && microphone.feedback.transport_cc);
    assert_eq!((camera.direction, layers(camera)), (Direction::SendOnly, vec!["l", "m", "h"]));
    assert_eq!(camera.codecs, [(Codec::Vp8, true), (Codec::Vp9, true), (Codec::H264, true)]);
    assert_eq!(camera.feedback, Feedback { nack: true, pli: true, fir: true, transport_cc: true, remb: true });
    assert_eq!(camera.msid.as_ref().unwrap().stream, microphone.msid.as_ref().unwrap().stream);
    assert!(camera.msid.as_ref().unwrap().stream.is_some());
    assert!(camera.extensions.contains(&Extension::RepairedRid) && !camera.extensions.contains(&Extension::AudioLevel));
    assert_eq!((screen.direction, screen.msid.as_ref()), (Direction::Inactive, None));
    assert_eq!((sound.direction, picture.direction), (Direction::RecvOnly, Direction::RecvOnly));
}

#[test]
fn firefox_is_understood() {
    let answer = parse(FIREFOX).unwrap();
    let [microphone, camera, screen, _, picture] = answer.lines.as_slice() else { panic!("{answer:?}") };
    let msid = microphone.msid.as_ref().unwrap();
    assert_eq!(msid.stream.as_ref().unwrap().as_str(), "{ab44165e-ee67-46e6-9214-d6b9308f21da}");
    assert_eq!(layers(camera), ["l", "m", "h"]);
    assert_eq!(camera.ssrcs, [(4290587636, Some(689685148)), (3700654246, Some(3390492713)), (3244488634, Some(1664153262))]);
    assert_eq!(screen.codecs, [(Codec::Vp8, true), (Codec::Vp9, true)]);
    assert!(picture.ssrcs.is_empty(), "a receiver's own SSRC says nothing");
}

#[test]
fn a_paused_layer_is_a_layer() {
    let answer = parse(&FIREFOX.replace("send l;m;h", "send l;~m;h")).unwrap();
    assert_eq!(layers(&answer.lines[1]), ["l", "m", "h"]);
}

#[test]
fn a_refused_line_is_fine() {
    let text = CHROMIUM.replacen("m=video 9", "m=video 0", 1).replace("BUNDLE 0 1 2", "BUNDLE 0 2");
    let answer = parse(&text).unwrap();
    assert!(answer.lines[1].rejected && answer.lines[1].codecs.is_empty() && answer.lines[1].msid.is_none());
}

#[test]
fn what_was_not_offered_is_refused() {
    let mid = |name: &str| Mid::parse(name).unwrap();
    let all_refused = CHROMIUM.replace("m=video 9", "m=video 0").replace("m=audio 9", "m=audio 0");
    let cases: [(String, AnswerError); 20] = [
        ("hello".to_owned(), AnswerError::Syntax),
        ("v=0\r\n".repeat(120_000), AnswerError::TooLong),
        (CHROMIUM.replacen("a=mid:0", &format!("{}a=mid:0", "a=x\r\n".repeat(300)), 1), AnswerError::TooLong),
        (CHROMIUM.split("m=video").next().unwrap().to_owned(), AnswerError::LineCount { offered: 5, answered: 1 }),
        (CHROMIUM.replace("a=mid:1", "a=mid:7"), AnswerError::OtherLine(mid("1"))),
        (CHROMIUM.replacen("m=audio", "m=video", 1), AnswerError::OtherLine(mid("0"))),
        (CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 0"), AnswerError::NotBundled(mid("1"))),
        (CHROMIUM.replacen("a=rtcp-mux\r\n", "", 1), AnswerError::NotMultiplexed(mid("0"))),
        (CHROMIUM.replace("setup:active", "setup:passive"), AnswerError::NotActive),
        (CHROMIUM.replace("a=setup:active\r\n", ""), AnswerError::Missing("setup")),
        (CHROMIUM.replace("a=fingerprint:sha-256", "a=fingerprint:sha-1"), AnswerError::Malformed("fingerprint")),
        (CHROMIUM.replacen("a=ice-ufrag:", "a=ice-ufrag:x", 1), AnswerError::Differs("ice-ufrag")),
        (CHROMIUM.replacen("t=0 0", "t=0 0\r\na=ice-lite", 1), AnswerError::Lite),
        (CHROMIUM.replacen("a=sendonly", "a=sendrecv", 1), AnswerError::Direction(mid("0"))),
        (CHROMIUM.replacen("a=recvonly", "a=sendonly", 1), AnswerError::Direction(mid("3"))),
        (CHROMIUM.replace("SAVPF 111", "SAVPF 96"), AnswerError::PayloadType(96)),
        (CHROMIUM.replace("96 VP8/90000", "96 VP9/90000"), AnswerError::PayloadType(96)),
        (CHROMIUM.replace("a=extmap:4 ", "a=extmap:5 "), AnswerError::Extension(5)),
        (CHROMIUM.replace("send l;m;h", "send l;m;q"), AnswerError::Layer(mid("1"))),
        (all_refused, AnswerError::Missing("ice-ufrag")),
    ];
    for (text, error) in cases {
        assert_eq!(parse(&text), Err(error));
    }
}

#[test]
fn line_breaks_of_either_kind_will_do() {
    assert_eq!(parse(&CHROMIUM.replace("\r\n", "\n")), parse(CHROMIUM));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ -~\r\n]{0,300}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_damage_makes_it_panic(place in 0..CHROMIUM.len(), length in 0_usize..40, other in "[ -~\r\n]{0,20}", firefox: bool) {
        let mut text = if firefox { FIREFOX.to_owned() } else { CHROMIUM.to_owned() };
        let start = place.min(text.len());
        let end = (start + length).min(text.len());
        text.replace_range(start..end, &other);
        let _ = parse(&text);
    }
}

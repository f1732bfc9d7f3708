#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::media::sdp::examples::{answer_to, credentials, fingerprint};
use crate::media::sdp::{Candidate, Offer, Protocol};

fn skeleton() -> (Skeleton, StdRng) {
    let mut random = StdRng::seed_from_u64(7);
    (Skeleton::new(&mut random), random)
}

fn names() -> (StreamId, TrackId) {
    (StreamId::parse("stream").unwrap(), TrackId::parse("track").unwrap())
}

fn forward(skeleton: &mut Skeleton, random: &mut StdRng, kind: Kind) -> Mid {
    let (stream, track) = names();
    skeleton.forward(kind, stream, track, random).unwrap()
}

/// The browser accepts everything.
fn settle(skeleton: &mut Skeleton) {
    let offered = skeleton.clone();
    let answer = Answer::parse(&answer_to(&offered, &[]), &offered).unwrap();
    skeleton.settle(&offered, &answer);
}

#[test]
fn each_source_has_one_line() {
    let (mut skeleton, _) = skeleton();
    let microphone = skeleton.publish(Source::Microphone, false).unwrap();
    assert_eq!(skeleton.publish(Source::Microphone, false).unwrap(), microphone);
    assert_ne!(skeleton.publish(Source::Camera, true).unwrap(), microphone);
    assert_eq!(skeleton.lines().len(), 2);
}

#[test]
fn a_line_is_used_again_only_after_the_browser_heard_that_its_track_ended() {
    let (mut skeleton, mut random) = skeleton();
    let first = forward(&mut skeleton, &mut random, Kind::Video);
    settle(&mut skeleton);
    skeleton.release(&first);
    let second = forward(&mut skeleton, &mut random, Kind::Video);
    assert_ne!(second, first);
    settle(&mut skeleton);
    assert_ne!(forward(&mut skeleton, &mut random, Kind::Audio), first, "another kind");
    assert_eq!(forward(&mut skeleton, &mut random, Kind::Video), first);
    assert_eq!(skeleton.lines().len(), 3);
}

#[test]
fn an_answer_to_an_older_offer_frees_nothing() {
    let (mut skeleton, mut random) = skeleton();
    let mid = forward(&mut skeleton, &mut random, Kind::Audio);
    let offered = skeleton.clone();
    skeleton.release(&mid);
    let answer = Answer::parse(&answer_to(&offered, &[]), &offered).unwrap();
    skeleton.settle(&offered, &answer);
    assert_eq!(skeleton.line(&mid).unwrap().carries, Carries::Ended);
}

#[test]
fn the_place_of_a_refused_line_is_taken_under_a_new_name() {
    let (mut skeleton, mut random) = skeleton();
    skeleton.publish(Source::Microphone, false).unwrap();
    let refused = skeleton.publish(Source::Camera, true).unwrap();
    let offered = skeleton.clone();
    let answer = Answer::parse(&answer_to(&offered, &[refused.as_str()]), &offered).unwrap();
    skeleton.settle(&offered, &answer);
    assert_eq!(skeleton.line(&refused).unwrap().carries, Carries::Closed);
    let next = forward(&mut skeleton, &mut random, Kind::Audio);
    assert_ne!(next, refused);
    assert_eq!(skeleton.lines()[1].mid, next);
    assert!(skeleton.line(&refused).is_none());
}

#[test]
fn there_is_an_end_to_lines() {
    let (mut skeleton, mut random) = skeleton();
    for _ in 0..MAX_LINES {
        forward(&mut skeleton, &mut random, Kind::Video);
    }
    let (stream, track) = names();
    assert_eq!(skeleton.forward(Kind::Video, stream, track, &mut random), Err(SkeletonError::Full));
    assert_eq!(skeleton.publish(Source::Screen, false), Err(SkeletonError::Full));
    let ssrcs: HashSet<u32> = skeleton.lines().iter().flat_map(ssrcs).collect();
    assert_eq!(ssrcs.len(), 2 * MAX_LINES);
}

#[test]
fn another_node_offers_the_same_lines_with_its_own_transport() {
    let (mut skeleton, mut random) = skeleton();
    skeleton.publish(Source::Camera, true).unwrap();
    let mid = forward(&mut skeleton, &mut random, Kind::Video);
    let offer = |skeleton: &mut Skeleton, seed: u64| {
        let candidates = [Candidate { protocol: Protocol::Udp, address: "192.0.2.1:7000".parse().unwrap() }];
        Offer { credentials: &credentials(seed), fingerprint: &fingerprint(1), candidates: &candidates }.write(skeleton)
    };
    let before = offer(&mut skeleton, 1);
    let text = serde_json::to_string(&skeleton).unwrap();
    let mut moved: Skeleton = serde_json::from_str(&text).unwrap();
    assert_eq!(moved, skeleton);
    moved.renew_ssrcs(&mut random);
    assert_ne!(moved.line(&mid), skeleton.line(&mid));
    let after = offer(&mut moved, 2);
    let differs = |name: &str| ["o=", "a=ice-", "a=ssrc"].iter().any(|start| name.starts_with(start));
    let lines = |text: &str| text.lines().filter(|line| !differs(line)).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&after), lines(&before));
    assert!(before.contains("a=ice-ufrag:") && !after.contains(credentials(1).ufrag.as_str()));
    let origin = |text: &str| text.lines().find(|line| line.starts_with("o=")).unwrap().split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((&origin(&after)[1], &origin(&after)[2]), (&origin(&before)[1], &"2".to_owned()));
}

#[test]
fn the_serialised_form_is_this() {
    let (mut skeleton, _) = skeleton();
    skeleton.publish(Source::ScreenAudio, false).unwrap();
    let (stream, track) = names();
    skeleton.lines.push(Line {
        mid: Mid::parse("9").unwrap(),
        kind: Kind::Audio,
        carries: Carries::Forward(Forwarded { stream, track, ssrc: 5, repair_ssrc: None }),
    });
    skeleton.lines.push(Line { mid: Mid::parse("10").unwrap(), kind: Kind::Video, carries: Carries::Ended });
    skeleton.session = 77;
    assert_eq!(
        serde_json::to_value(&skeleton).unwrap(),
        serde_json::json!({
            "v": 1, "session": 77, "version": 0, "next_mid": 1,
            "payloads": [
                {"codec": "opus", "type": 111},
                {"codec": "vp8", "type": 96, "repair": 97},
                {"codec": "vp9", "type": 98, "repair": 99},
                {"codec": "h264", "type": 102, "repair": 103},
            ],
            "extensions": [
                {"extension": "audio_level", "id": 1},
                {"extension": "absolute_send_time", "id": 2},
                {"extension": "transport_sequence_number", "id": 3},
                {"extension": "mid", "id": 4},
                {"extension": "rid", "id": 10},
                {"extension": "repaired_rid", "id": 11},
            ],
            "lines": [
                {"mid": "0", "kind": "audio", "carries": {"publish": {"source": "screenAudio", "simulcast": false}}},
                {"mid": "9", "kind": "audio", "carries": {"forward": {"stream": "stream", "track": "track", "ssrc": 5}}},
                {"mid": "10", "kind": "video", "carries": "ended"},
            ],
        })
    );
}

#[test]
fn a_skeleton_that_cannot_be_is_refused() {
    let (mut skeleton, mut random) = skeleton();
    forward(&mut skeleton, &mut random, Kind::Video);
    let good = serde_json::to_value(&skeleton).unwrap();
    let refused = |pointer: &str, value: serde_json::Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        serde_json::from_value::<Skeleton>(bad).expect_err(pointer).to_string()
    };
    assert!(refused("/v", 2.into()).contains("version"));
    assert!(refused("/payloads/1/type", 111.into()).contains("payload types"));
    assert!(refused("/payloads/1/type", 20.into()).contains("payload types"));
    assert!(refused("/extensions/0/id", 15.into()).contains("extension IDs"));
    assert!(refused("/extensions/0/id", 4.into()).contains("extension IDs"));
    assert!(refused("/version", u64::MAX.into()).contains("version numbers"));
    assert!(refused("/lines/0/carries/forward/stream", "a\r\nb".into()).contains("stream ID"));
    let lines = good["lines"].as_array().unwrap();
    assert!(refused("/lines", [lines.clone(), lines.clone()].concat().into()).contains("m-lines"));
}

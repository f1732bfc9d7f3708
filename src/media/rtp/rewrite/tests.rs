#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::media::rtp::codec::vp8::PictureId;
use proptest::prelude::*;
use std::collections::HashMap;

const FRAME: Duration = Duration::from_millis(33);

fn audio(source: u32, extended: u64, timestamp: u32) -> Incoming<'static> {
    Incoming { source, extended, timestamp, vp8: None }
}

fn descriptor(picture: u16, tl0: u8) -> Descriptor {
    Descriptor {
        length: 6,
        begins_partition: true,
        partition: 0,
        picture_id: Some(PictureId { value: picture & 0x7fff, long: true }),
        tl0_picture_index: Some(tl0),
        temporal_layer: Some(0),
        layer_sync: false,
    }
}

#[test]
fn numbers_go_on_across_a_switch_and_late_packets_keep_theirs() {
    let (mut rewriter, now) = (Rewriter::new(90_000, u16::MAX, 1_000), Instant::now());
    rewriter.begin(now, &audio(1, 500, 70), None);
    let first = rewriter.pass(now, &audio(1, 500, 70)).unwrap();
    assert_eq!((first.extended as u16, first.offsets.timestamp(70)), (u16::MAX, 1_000));
    let third = rewriter.pass(now, &audio(1, 502, 3_070)).unwrap();
    assert_eq!((third.extended as u16, third.offsets.timestamp(3_070)), (1, 4_000));
    let later = now + FRAME;
    rewriter.begin(later, &audio(2, 90_000, 5), None);
    let fourth = rewriter.pass(later, &audio(2, 90_000, 5)).unwrap();
    assert_eq!((fourth.extended as u16, fourth.offsets.timestamp(5)), (2, 4_000 + 2_970));
    let second = rewriter.pass(later, &audio(1, 501, 70)).unwrap();
    assert_eq!((second.extended as u16, second.offsets.timestamp(70)), (0, 1_000), "its number was kept free");
    assert!(rewriter.pass(later, &audio(1, 503, 3_070)).is_none(), "not sent any more");
    assert!(rewriter.pass(later, &audio(2, 89_999, 5)).is_none(), "before the keyframe");
    let asked = rewriter.origin(0).unwrap();
    assert_eq!((asked.source, asked.extended, asked.place), (1, 501, second));
    assert_eq!(rewriter.origin(2).map(|origin| (origin.source, origin.extended)), Some((2, 90_000)));
    assert!(rewriter.origin(3).is_none() && rewriter.origin(u16::MAX - 1).is_none(), "never sent");
}

#[test]
fn sender_reports_decide_the_timestamp_if_they_are_plausible() {
    for (aligned, expected) in [(10_100, 10_100), (9_999, 12_970), (90_000, 12_970)] {
        let (mut rewriter, now) = (Rewriter::new(90_000, 0, 10_000), Instant::now());
        rewriter.begin(now, &audio(1, 500, 0), None);
        rewriter.pass(now, &audio(1, 500, 0));
        rewriter.begin(now + FRAME, &audio(2, 500, 7), Some(aligned));
        assert_eq!(rewriter.map_timestamp(2, 7), Some(if expected == 10_100 { expected } else { 10_000 + 2_970 }), "{aligned}");
    }
}

#[test]
fn a_pause_shows_in_the_timestamps_only() {
    let (mut rewriter, now) = (Rewriter::new(90_000, 7, 0), Instant::now());
    rewriter.begin(now, &audio(1, 500, 0), None);
    rewriter.pass(now, &audio(1, 500, 0));
    rewriter.pause();
    assert_eq!(rewriter.source(), None);
    assert!(rewriter.pass(now, &audio(1, 501, 3_000)).is_none());
    assert!(!rewriter.is_new(&audio(1, 500, 0)) && rewriter.is_new(&audio(1, 501, 0)) && rewriter.is_new(&audio(2, 1, 0)));
    rewriter.begin(now + 100 * FRAME, &audio(1, 600, 297_000), None);
    let place = rewriter.pass(now + 100 * FRAME, &audio(1, 600, 297_000)).unwrap();
    assert_eq!((place.extended as u16, place.offsets.timestamp(297_000)), (8, 297_000));
}

#[test]
fn picture_ids_go_on_across_switches_and_omissions() {
    let (mut rewriter, now) = (Rewriter::new(90_000, 7, 0), Instant::now());
    let mut sent = Vec::new();
    let mut pass = |rewriter: &mut Rewriter, source, extended: u64, picture, tl0| {
        let vp8 = descriptor(picture, tl0);
        let place = rewriter.pass(now, &Incoming { source, extended, timestamp: extended as u32, vp8: Some(&vp8) }).unwrap();
        sent.push((place.extended as u16, place.offsets.vp8(&vp8)));
    };
    let vp8 = descriptor(0x7ffe, 254);
    rewriter.begin(now, &Incoming { source: 1, extended: 10, timestamp: 10, vp8: Some(&vp8) }, None);
    pass(&mut rewriter, 1, 10, 0x7ffe, 254);
    for extended in [11, 12] {
        let vp8 = descriptor(0x7fff, 254);
        assert!(rewriter.leave_out(&Incoming { source: 1, extended, timestamp: 11, vp8: Some(&vp8) }).is_none());
    }
    pass(&mut rewriter, 1, 13, 0, 255);
    let vp8 = descriptor(5_000, 17);
    rewriter.begin(now + FRAME, &Incoming { source: 2, extended: 77, timestamp: 5, vp8: Some(&vp8) }, None);
    pass(&mut rewriter, 2, 77, 5_000, 17);
    pass(&mut rewriter, 2, 78, 5_001, 18);
    assert_eq!(sent, [(7, (0x7ffe, 254)), (8, (0x7fff, 255)), (9, (0, 0)), (10, (1, 1))]);
}

#[test]
fn what_is_left_out_too_late_leaves_a_place_to_fill() {
    let (mut rewriter, now) = (Rewriter::new(90_000, 7, 0), Instant::now());
    rewriter.begin(now, &audio(1, 10, 0), None);
    rewriter.pass(now, &audio(1, 10, 0));
    rewriter.pass(now, &audio(1, 12, 0));
    assert_eq!(rewriter.leave_out(&audio(1, 11, 0)).map(|place| place.extended as u16), Some(8));
    assert!(rewriter.leave_out(&audio(1, 9, 0)).is_none(), "it was never promised");
}

#[derive(Clone, Debug)]
enum Step {
    Pass,
    LeaveOut,
    Lose,
    Switch,
    Pause,
}

proptest! {
    /// Whatever comes late, is left out or switched: no two packets get the same number, the numbers have no hole but for lost
    /// packets, timestamps never go back, and each number leads back to its packet.
    #[test]
    fn the_stream_is_continuous(steps in prop::collection::vec(
        prop_oneof![8 => Just(Step::Pass), 2 => Just(Step::LeaveOut), 2 => Just(Step::Lose), 1 => Just(Step::Switch), 1 => Just(Step::Pause)],
        1..90,
    )) {
        let mut rewriter = Rewriter::new(90_000, u16::MAX - 5, u32::MAX - 9_000);
        let (mut now, mut source, mut next) = (Instant::now(), 1u32, 1_000u64);
        let mut given: HashMap<u64, (u32, u64)> = HashMap::new();
        let (mut lost, mut order, mut stamps) = (Vec::new(), Vec::new(), Vec::new());
        rewriter.begin(now, &audio(source, next, 0), None);
        for step in steps {
            now += FRAME;
            let timestamp = (next * 2_970) as u32;
            match step {
                Step::Pass => {
                    let place = rewriter.pass(now, &audio(source, next, timestamp)).unwrap();
                    prop_assert!(given.insert(place.extended, (source, next)).is_none());
                    order.push(place.extended);
                    stamps.push(place.offsets.timestamp(timestamp));
                }
                Step::LeaveOut => prop_assert!(rewriter.leave_out(&audio(source, next, timestamp)).is_none()),
                Step::Lose => lost.push((source, next)),
                Step::Switch => {
                    source += 1;
                    next += 5_000;
                    rewriter.begin(now, &audio(source, next + 1, (next as u32 + 1) * 2_970), None);
                }
                Step::Pause => rewriter.begin(now, &audio(source, next + 1, timestamp.wrapping_add(2_970)), None),
            }
            next += 1;
        }
        prop_assert!(order.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(stamps.windows(2).all(|pair| (pair[1].wrapping_sub(pair[0]) as i32) > 0));
        for (source, extended) in lost {
            if let Some(place) = rewriter.pass(now, &audio(source, extended, 0)) {
                prop_assert!(given.insert(place.extended, (source, extended)).is_none());
            }
        }
        let (first, count) = ((1u64 << 16) + u64::from(u16::MAX - 5), given.len() as u64);
        prop_assert!((first..first + count).all(|number| given.contains_key(&number)), "{given:?}");
        for (number, (source, extended)) in given {
            let origin = rewriter.origin(number as u16).unwrap();
            prop_assert_eq!((origin.source, origin.extended, origin.place.extended), (source, extended, number));
        }
    }
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// The inputs that are kept for a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let inputs: Vec<Vec<u8>> = files.collect();
    assert!(!inputs.is_empty(), "{target}");
    inputs
}

#[test]
fn the_corpus_is_survived() {
    for (target, run) in [("stun", stun as fn(&[u8])), ("dtls", dtls), ("srtp", srtp), ("sdp", sdp)] {
        corpus(target).iter().for_each(|input| run(input));
    }
}

#[test]
fn what_is_made_authentic_is_taken_so() {
    let mut peer = peer().unwrap();
    let request = authentic(&[], &peer).unwrap();
    assert_eq!(give(&mut peer, 0, &request).len(), 1);
}

proptest! {
    #[test]
    fn any_stun_is_survived(bytes in vec(any::<u8>(), 0..300)) {
        stun(&bytes);
    }

    /// A kept input with some bytes changed.
    #[test]
    fn damage_is_survived(which in 0..4_usize, input: prop::sample::Index, damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), end: prop::sample::Index) {
        let (target, run) = [("stun", stun as fn(&[u8])), ("dtls", dtls), ("srtp", srtp), ("sdp", sdp)][which];
        let inputs = corpus(target);
        let mut bytes = input.get(&inputs).clone();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        run(&bytes);
        bytes.truncate(end.index(bytes.len()));
        run(&bytes);
    }

    #[test]
    fn any_media_is_survived(mut bytes in vec(any::<u8>(), 1..200), rtcp: bool) {
        bytes[0] = 0x80 | (bytes[0] & 0x3f);
        if rtcp && bytes.len() > 1 {
            bytes[1] = 200 + bytes[1] % 8;
        }
        srtp(&bytes);
    }
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod mutations;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rand::RngExt;

use super::*;
use mutations::mutate;

/// How long each is fuzzed, unless `FUZZ_SECONDS` says otherwise.
const SECONDS: u64 = 5;
/// Where chance begins, unless `FUZZ_SEED` says otherwise: the same inputs in the same order each time.
const SEED: u64 = 1;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 5] = [("stun", stun), ("dtls", dtls), ("srtp", srtp), ("rtcp", rtcp), ("sdp", sdp)];

/// The inputs that are kept for a target, in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{target}");
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name}={value}: a whole number")))
}

/// Runs a target; if it panics, says with what and how to do that again.
fn run((name, target): Target, input: &[u8], how: impl FnOnce() -> String) {
    if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        let hex = input.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        panic!("{name} does not survive {} ({} bytes): {hex}", how(), input.len());
    }
}

#[test]
fn the_corpus_is_survived() {
    for target in TARGETS {
        for (index, input) in corpus(target.0).iter().enumerate() {
            run(target, input, || format!("input {index} of its corpus"));
        }
    }
}

/// No coverage guides this, as it does in `fuzz/`; but it needs no other compiler, and so runs each time that the tests do.
#[test]
fn what_is_made_of_the_corpus_is_survived() {
    let (seconds, seed) = (number("FUZZ_SECONDS", SECONDS), number("FUZZ_SEED", SEED));
    let end = Instant::now() + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        let threads = TARGETS.map(|target| scope.spawn(move || fuzz(target, seed, end)));
        let failures: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().err()).collect();
        let words: Vec<_> = failures.iter().filter_map(|failure| failure.downcast_ref::<String>()).collect();
        assert!(failures.is_empty(), "FUZZ_SEED={seed}: {words:#?}");
    });
}

fn fuzz(target: Target, seed: u64, end: Instant) {
    let random = &mut StdRng::seed_from_u64(seed);
    let inputs = corpus(target.0);
    let mut runs = 0_u64;
    while Instant::now() < end {
        let input = mutate(target.0, &inputs, random);
        run(target, &input, || format!("input {runs} of seed {seed}"));
        runs += 1;
    }
    println!("{}: {runs} inputs", target.0);
    assert!(runs > 0 || number("FUZZ_SECONDS", SECONDS) == 0, "{} takes too long for one input", target.0);
}

#[test]
fn what_is_made_authentic_is_taken_so() {
    let mut peer = peer().unwrap();
    let request = authentic(&[], &peer).unwrap();
    assert_eq!(give(&mut peer, 0, &request).len(), 1);
}

#[test]
fn inputs_are_split_into_packets() {
    let found: Vec<_> = packets(&[0x10, 2, 7, 8, 0, 0, 0, 9, 5]).collect();
    assert_eq!(found, [(Duration::from_millis(4), &[7, 8][..]), (Duration::ZERO, &[]), (Duration::ZERO, &[5])]);
    // Whatever is made of two inputs, it is made again.
    let again = || {
        let random = &mut StdRng::seed_from_u64(7);
        (0..50).map(|_| mutate("srtp", &corpus("srtp"), random)).collect::<Vec<_>>()
    };
    assert_eq!(again(), again());
    assert!(StdRng::seed_from_u64(1).random::<u64>() != StdRng::seed_from_u64(2).random::<u64>());
}

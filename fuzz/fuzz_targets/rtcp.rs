#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| rialto::media::fuzzing::rtcp(bytes));

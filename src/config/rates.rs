//! How often something may be done.

use std::time::Duration;

use super::values::duration;

/// Frames a connection may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageRate {
    /// As many as it likes; for load tests.
    Off,
    /// A bucket of `burst` frames that fills again by `per_second`.
    Bucket {
        /// Frames at once.
        burst: u32,
        /// Frames a second in the long run.
        per_second: u32,
    },
}

/// Failed sign-ins a username may have from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureRate {
    /// As many as it likes; for tests.
    Off,
    /// `failures` within `window`.
    Window {
        /// How many are allowed.
        failures: u32,
        /// The time they are counted over.
        window: Duration,
    },
}

pub(super) fn messages(text: &str) -> Result<MessageRate, String> {
    if text.trim() == "0" {
        return Ok(MessageRate::Off);
    }
    let fault = || format!("`{text}` is neither `burst,per second` (two whole numbers from 1) nor 0");
    let (burst, per_second) = text.split_once(',').ok_or_else(fault)?;
    match (burst.trim().parse(), per_second.trim().parse()) {
        (Ok(burst @ 1..), Ok(per_second @ 1..)) => Ok(MessageRate::Bucket { burst, per_second }),
        _ => Err(fault()),
    }
}

pub(super) fn failures(text: &str) -> Result<FailureRate, String> {
    if text.trim() == "0" {
        return Ok(FailureRate::Off);
    }
    let fault = || format!("`{text}` is neither `count/duration` (a whole number from 1 and a time) nor 0");
    let (count, window) = text.split_once('/').ok_or_else(fault)?;
    match (count.trim().parse(), duration(window.trim())) {
        (Ok(failures @ 1..), Ok(window)) => Ok(FailureRate::Window { failures, window }),
        _ => Err(fault()),
    }
}

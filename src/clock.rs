//! This machine's clock, where the store's is not needed.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::ids::Micros;

/// Now, by this machine.
#[must_use]
pub fn unix_now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// RFC 3339, UTC, with a fraction of a second.
#[must_use]
pub fn rfc3339(at: Micros) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000)
        .ok()
        .and_then(|time| {
            // A fraction is always written, also where it is zero.
            let text = time.replace_microsecond(time.microsecond().max(1)).ok()?.format(&Rfc3339).ok()?;
            Some(text)
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_fraction_and_are_utc() {
        assert_eq!(rfc3339(Micros(1_700_000_000_123_456)), "2023-11-14T22:13:20.123456Z");
        assert_eq!(rfc3339(Micros(1_700_000_000_000_000)), "2023-11-14T22:13:20.000001Z");
    }
}

//! Bytes on the wire: the payload of topics, and values as scripts answer them.

use bytes::Bytes;
use redis::{FromRedisValue, Value};

use crate::ids::{Epoch, Micros, Position, Seq};
use crate::store::channels::{Entry, Head, StoredMessage};
use crate::store::topics::Payload;
use crate::store::{Result, StoreError};

/// Published news: a header line with the version, then the record.
pub(super) fn news(body: &[u8]) -> Vec<u8> {
    [b"1 news\n", body].concat()
}

/// A published probe.
pub(super) const PROBE: &[u8] = b"1 probe\n";

/// Reads what `lua/prelude.lua` and [`news`] write. `None`: of a kind or version that this build does not know.
pub(super) fn payload(bytes: Vec<u8>) -> Option<Payload> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let bytes = Bytes::from(bytes);
    let header = std::str::from_utf8(&bytes[..end]).ok()?;
    let body = bytes.slice(end + 1..);
    let mut words = header.strip_prefix("1 ")?.split(' ');
    match words.next()? {
        "news" => Some(Payload::News(body)),
        "probe" => Some(Payload::Probe),
        "reset" => Some(Payload::Reset(Epoch(words.next()?.parse().ok()?))),
        "entry" => Some(Payload::Entry(Entry {
            epoch: Epoch(words.next()?.parse().ok()?),
            position: words.next()?.parse().ok()?,
            previous: words.next()?.parse().ok()?,
            at: Micros(words.next()?.parse().ok()?),
            body,
        })),
        _ => None,
    }
}

/// An answer that no script of this build gives.
pub(super) fn strange() -> StoreError {
    StoreError::Corrupt("a Redis script answered something unknown".to_owned())
}

/// Reads a value, where the answer's form is known.
pub(super) fn read<T: FromRedisValue>(value: Value) -> Result<T> {
    redis::from_redis_value(value).map_err(|_| strange())
}

/// Reads an identifier or a number written as text.
pub(super) fn parse<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| strange())
}

/// The four numbers of a log's end.
pub(super) fn head((epoch, seq, sub, oldest): (u64, u64, u32, u64)) -> Head {
    Head { epoch: Epoch(epoch), position: Position { seq: Seq(seq), sub }, oldest: Seq(oldest) }
}

/// A message in its present form.
pub(super) fn message((seq, at, record): (u64, u64, Vec<u8>)) -> StoredMessage {
    StoredMessage { seq: Seq(seq), at: Micros(at), record: record.into() }
}

/// An entry of the log.
pub(super) fn entry((epoch, position, previous, at, body): (u64, String, String, u64, Vec<u8>)) -> Result<Entry> {
    Ok(Entry { epoch: Epoch(epoch), position: parse(&position)?, previous: parse(&previous)?, at: Micros(at), body: body.into() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_read_and_strangers_skipped() {
        assert_eq!(payload(news(b"{\n}")), Some(Payload::News(Bytes::from_static(b"{\n}"))));
        assert_eq!(payload(PROBE.to_vec()), Some(Payload::Probe));
        assert_eq!(payload(b"1 reset 9\n".to_vec()), Some(Payload::Reset(Epoch(9))));
        let Some(Payload::Entry(entry)) = payload(b"1 entry 7 9-1 9-0 1700000000000000\nbody".to_vec()) else { unreachable!() };
        assert_eq!((entry.epoch, entry.position, entry.previous), (Epoch(7), "9-1".parse().unwrap(), Position::message(9)));
        assert_eq!((entry.at, entry.body.as_ref()), (Micros(1_700_000_000_000_000), b"body".as_ref()));
        for unknown in ["", "1 news", "2 news\n", "1 else\n", "1 entry 7\n", "1 entry x 1-0 0-0 1\n"] {
            assert_eq!(payload(unknown.as_bytes().to_vec()), None);
        }
    }
}

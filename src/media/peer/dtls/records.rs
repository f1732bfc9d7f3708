//! What of a datagram is let through to the DTLS library.
//!
//! The library keeps whatever handshake messages and records of the next epoch it gets, and puts messages together by recursion over their
//! fragments. So there is a budget, fragments have a least size, and records that no browser sends at that point are left out, among them
//! alerts that are not authenticated.

use bytes::BytesMut;

/// Bytes of a record's header (RFC 6347, section 4.1).
pub(super) const RECORD_HEADER: usize = 13;
/// Bytes of a handshake message's header (RFC 6347, section 4.2.2).
pub(super) const MESSAGE_HEADER: usize = 12;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;

/// The most bytes of a handshake message; a client's certificates are some hundred.
pub(super) const MAX_MESSAGE: usize = 16 * 1024;
/// The least bytes of a fragment that is not the last.
const MIN_FRAGMENT: usize = 64;
/// The most messages of one handshake; with a cookie, a client sends six.
const MAX_SEQUENCE: u16 = 16;

/// How many records one association takes.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    records: u32,
    finished: bool,
}

/// What was let through.
#[derive(Default)]
pub(super) struct Admitted {
    /// The records, one behind the other.
    pub(super) bytes: BytesMut,
    /// The lowest and highest number of a handshake message in them.
    pub(super) messages: Option<(u16, u16)>,
}

impl Budget {
    /// For a handshake, with all its retransmissions.
    pub(super) fn handshake() -> Self {
        Self { records: 256, finished: false }
    }

    /// For what comes after: the client repeats its last flight if ours was lost.
    pub(super) fn finished() -> Self {
        Self { records: 64, finished: true }
    }

    /// The client has shown that it knows the keys, so it need not repeat anything.
    pub(super) fn close(&mut self) {
        self.records = 0;
    }

    /// Takes apart and filters a datagram.
    pub(super) fn admit(&mut self, datagram: &[u8]) -> Admitted {
        let mut admitted = Admitted::default();
        let mut rest = datagram;
        while let Some((record, behind)) = split(rest) {
            rest = behind;
            if self.admits(record, &mut admitted) {
                admitted.bytes.extend_from_slice(record);
            }
        }
        admitted
    }

    fn admits(&mut self, record: &[u8], admitted: &mut Admitted) -> bool {
        let (kind, epoch) = (record[0], u16::from_be_bytes([record[3], record[4]]));
        let alert = epoch == 1 && kind == ALERT;
        if alert && self.finished {
            return true;
        }
        let expected = match (epoch, kind) {
            (0, HANDSHAKE) => match messages(&record[RECORD_HEADER..]) {
                Some((lowest, highest)) => {
                    let (before, after) = admitted.messages.unwrap_or((lowest, highest));
                    admitted.messages = Some((before.min(lowest), after.max(highest)));
                    true
                }
                None => false,
            },
            (0, CHANGE_CIPHER_SPEC) => record.len() == RECORD_HEADER + 1,
            (1, HANDSHAKE) => true,
            _ => alert,
        };
        let admits = expected && self.records > 0;
        self.records -= u32::from(admits);
        admits
    }
}

/// The first record of a datagram, and what is behind it.
pub(super) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(u16::from_be_bytes(bytes.get(11..RECORD_HEADER)?.try_into().ok()?));
    // RFC 6347, section 4.1: 0xfe is the major version of all DTLS; a record is never empty.
    if bytes.first().is_none_or(|kind| !(20..=23).contains(kind)) || bytes.get(1) != Some(&0xfe) || length == 0 {
        return None;
    }
    bytes.split_at_checked(RECORD_HEADER + length)
}

/// One handshake message or fragment of one.
pub(super) struct Fragment<'a> {
    pub(super) kind: u8,
    pub(super) length: usize,
    pub(super) sequence: u16,
    pub(super) offset: usize,
    pub(super) body: &'a [u8],
}

/// The first fragment of a record's content, and what is behind it.
pub(super) fn fragment(bytes: &[u8]) -> Option<(Fragment<'_>, &[u8])> {
    let number = |place: usize| {
        Some(usize::from(*bytes.get(place)?) << 16 | usize::from(*bytes.get(place + 1)?) << 8 | usize::from(*bytes.get(place + 2)?))
    };
    let (length, offset, size) = (number(1)?, number(6)?, number(9)?);
    let (kind, sequence) = (*bytes.first()?, u16::from_be_bytes(bytes.get(4..6)?.try_into().ok()?));
    let (body, behind) = bytes.get(MESSAGE_HEADER..)?.split_at_checked(size)?;
    let whole = size == length;
    let fits = length <= MAX_MESSAGE && offset + size <= length && sequence < MAX_SEQUENCE;
    let large_enough = whole || offset + size == length || size >= MIN_FRAGMENT;
    // The library takes everything behind a fragment for a part of it, so a fragment has its record to itself.
    (fits && large_enough && (whole || behind.is_empty())).then_some((Fragment { kind, length, sequence, offset, body }, behind))
}

/// The lowest and highest number of the messages in a record, if they are well-formed.
fn messages(mut bytes: &[u8]) -> Option<(u16, u16)> {
    let mut range: Option<(u16, u16)> = None;
    while !bytes.is_empty() {
        let (fragment, behind) = fragment(bytes)?;
        bytes = behind;
        let (lowest, highest) = range.unwrap_or((fragment.sequence, fragment.sequence));
        range = Some((lowest.min(fragment.sequence), highest.max(fragment.sequence)));
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, epoch: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 1], &length[..], content].concat()
    }

    fn part(length: u8, offset: u8, size: u8) -> Vec<u8> {
        [&[1, 0, 0, length, 0, 0, 0, 0, offset, 0, 0, size][..], &vec![7; usize::from(size)]].concat()
    }

    #[test]
    fn only_what_a_browser_sends_is_let_through() {
        let admitted = |finished: bool, bytes: &[u8]| {
            let mut budget = if finished { Budget::finished() } else { Budget::handshake() };
            !budget.admit(bytes).bytes.is_empty()
        };
        let cases = [
            (record(HANDSHAKE, 0, &part(10, 0, 10)), true, true),
            (record(HANDSHAKE, 0, &part(200, 0, 64)), true, true),
            (record(HANDSHAKE, 0, &part(200, 190, 10)), true, true),
            (record(HANDSHAKE, 0, &part(200, 0, 10)), false, false),
            (record(HANDSHAKE, 0, &part(10, 5, 10)), false, false),
            (record(HANDSHAKE, 0, &[part(200, 0, 64), part(10, 0, 10)].concat()), false, false),
            (record(HANDSHAKE, 0, &[1, 2, 3]), false, false),
            (record(CHANGE_CIPHER_SPEC, 0, &[1]), true, true),
            (record(CHANGE_CIPHER_SPEC, 0, &[1, 1]), false, false),
            (record(ALERT, 0, &[2, 40]), false, false),
            (record(23, 0, b"data"), false, false),
            (record(23, 1, b"data"), false, false),
            (record(ALERT, 1, &[0; 30]), true, true),
            (record(ALERT, 2, &[0; 30]), false, false),
            (vec![22; 13], false, false),
        ];
        for (bytes, shaking, finished) in cases {
            assert_eq!((admitted(false, &bytes), admitted(true, &bytes)), (shaking, finished), "{bytes:?}");
        }
    }

    #[test]
    fn the_budget_ends() {
        let (handshake, alert) = (record(HANDSHAKE, 0, &part(10, 0, 10)), record(ALERT, 1, &[0; 30]));
        let mut budget = Budget::handshake();
        let datagram = [handshake.as_slice(), &handshake].concat();
        let admitted: usize = (0..1000).map(|_| budget.admit(&datagram).bytes.len() / handshake.len()).sum();
        assert_eq!(admitted, 256);
        let mut budget = Budget::finished();
        budget.close();
        assert!(budget.admit(&handshake).bytes.is_empty());
        assert_eq!(budget.admit(&alert).bytes.len(), alert.len(), "a good-bye is heard for ever");
    }
}

//! Keyframes of H.264 (RFC 6184, section 5).

const IDR: u8 = 5;
const SEQUENCE_PARAMETERS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Whether decoding can begin with this payload: it holds parameter sets or begins an IDR picture.
#[must_use]
pub fn begins_keyframe(payload: &[u8]) -> bool {
    let opens = |nal: u8| matches!(nal & 0x1f, IDR | SEQUENCE_PARAMETERS);
    match payload {
        [head, rest @ ..] if head & 0x1f == STAP_A => Aggregated(rest).any(opens),
        [head, fragment, ..] if head & 0x1f == FU_A => fragment & 0x80 != 0 && opens(*fragment),
        [head, ..] => opens(*head),
        [] => false,
    }
}

/// The first bytes of the units in an aggregation packet.
struct Aggregated<'a>(&'a [u8]);

impl Iterator for Aggregated<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (size, rest) = self.0.split_first_chunk()?;
        let (unit, rest) = rest.split_at_checked(u16::from_be_bytes(*size).into())?;
        self.0 = rest;
        unit.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframes_are_found() {
        assert!(begins_keyframe(&[0x65, 1]), "an IDR picture in one packet");
        assert!(begins_keyframe(&[0x67]), "parameters");
        assert!(begins_keyframe(&[0x7c, 0x85]), "the first fragment");
        assert!(begins_keyframe(&[0x78, 0, 1, 0x06, 0, 2, 0x67, 0x42]), "aggregated after something else");
    }

    #[test]
    fn other_packets_are_not() {
        assert!(!begins_keyframe(&[]));
        assert!(!begins_keyframe(&[0x41]), "a predicted picture");
        assert!(!begins_keyframe(&[0x7c, 0x05]), "a later fragment");
        assert!(!begins_keyframe(&[0x78, 0, 9, 0x67]), "cut off");
        assert!(!begins_keyframe(&[0x78, 0, 0, 0, 1, 0x67]), "an empty unit");
    }
}

//! Ready-made server frames: unmasked, final, built once and shared by every socket they go to.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

use super::close::CloseCode;

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const FINAL: u8 = 0x80;
/// The longest header of an unmasked frame.
const MAX_HEADER: usize = 10;
/// What RFC 6455 allows in a control frame.
const MAX_CONTROL: usize = 125;

/// A complete text frame. The payload must be UTF-8.
#[must_use]
pub fn text(payload: impl AsRef<[u8]>) -> Bytes {
    let payload = payload.as_ref();
    let mut frame = BytesMut::with_capacity(payload.len() + MAX_HEADER);
    text_into(&mut frame, payload);
    frame.freeze()
}

/// A complete text frame with a message as JSON.
#[must_use]
pub fn json(message: &impl Serialize) -> Bytes {
    #[allow(clippy::expect_used, reason = "plain structs with string keys always serialize")]
    let payload = serde_json::to_vec(message).expect("wire types serialize");
    text(payload)
}

/// What a frame of less than 64 KiB says.
#[cfg(test)]
#[must_use]
pub fn payload(frame: &[u8]) -> &[u8] {
    &frame[if frame[1] == 126 { 4 } else { 2 }..]
}

/// Appends a complete text frame: several in one buffer go to a socket in one write. The payload must be UTF-8.
pub fn text_into(buffer: &mut BytesMut, payload: impl AsRef<[u8]>) {
    put(buffer, TEXT, payload.as_ref());
}

/// A ping without payload.
pub(super) fn ping() -> Bytes {
    const FRAME: [u8; 2] = [FINAL | PING, 0];
    Bytes::from_static(&FRAME)
}

/// A close frame; the reason is cut to what fits, at a character's boundary.
pub(super) fn close(code: CloseCode, reason: &str) -> Bytes {
    let mut end = reason.len().min(MAX_CONTROL - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = Vec::with_capacity(end + 2);
    payload.extend_from_slice(&code.number().to_be_bytes());
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    let mut frame = BytesMut::with_capacity(payload.len() + 2);
    put(&mut frame, CLOSE, &payload);
    frame.freeze()
}

fn put(buffer: &mut BytesMut, opcode: u8, payload: &[u8]) {
    buffer.reserve(payload.len() + MAX_HEADER);
    buffer.put_u8(FINAL | opcode);
    match payload.len() {
        length @ 0..=125 => buffer.put_u8(length as u8),
        length @ 126..=0xffff => {
            buffer.put_u8(126);
            buffer.put_u16(length as u16);
        }
        length => {
            buffer.put_u8(127);
            buffer.put_u64(length as u64);
        }
    }
    buffer.put_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(&text("hi")[..], b"\x81\x02hi");
        assert_eq!(&text(vec![b'x'; 126])[..4], [0x81, 126, 0, 126]);
        assert_eq!(&text(vec![b'x'; 65_535])[..4], [0x81, 126, 0xff, 0xff]);
        assert_eq!(&text(vec![b'x'; 65_536])[..10], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn frames_are_joined_in_one_buffer() {
        let mut both = BytesMut::new();
        text_into(&mut both, "a");
        text_into(&mut both, "b");
        assert_eq!(&both[..], b"\x81\x01a\x81\x01b");
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = close(CloseCode::Slow, &"ü".repeat(100));
        assert_eq!(frame[1] as usize, frame.len() - 2);
        assert!(frame.len() <= 2 + MAX_CONTROL);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }
}

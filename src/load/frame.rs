//! WebSocket frames as a load client needs them: whole masked frames out, and a reader that gives the server's frames away where
//! they lie in the read buffer.
//!
//! A general library copies and validates every frame; at 100,000 deliveries a second on the machine that also runs the servers,
//! that would be a good part of what is measured.

/// Longest frame that is accepted, in bytes: far above the server's limit, it only keeps a broken length from eating the memory.
const MAX_FRAME: usize = 16 * 1024 * 1024;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// The server sent what is no WebSocket frame, or none that it may send.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Only clients mask.
    #[error("the server masked a frame")]
    Masked,
    /// See [`MAX_FRAME`].
    #[error("a frame of {0} bytes")]
    TooLong(u64),
    /// An opcode that RFC 6455 does not know, or a continuation of nothing.
    #[error("a frame with the unexpected opcode {0}")]
    Opcode(u8),
}

/// What arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A whole text message, its fragments joined.
    Text(&'a [u8]),
    /// Wants a [`pong`] with the same bytes.
    Ping(&'a [u8]),
    /// The server is closing; 1005 stands for "no code", as in RFC 6455.
    Close {
        /// Why, as a number.
        code: u16,
        /// Why, in words.
        reason: &'a [u8],
    },
}

/// A text message.
pub fn text(body: &str) -> Vec<u8> {
    encode(TEXT, body.as_bytes())
}

/// The answer to a ping.
pub fn pong(body: &[u8]) -> Vec<u8> {
    encode(PONG, body)
}

/// "Normal closure".
pub fn close() -> Vec<u8> {
    encode(CLOSE, &1000_u16.to_be_bytes())
}

/// Makes messages of a stream of bytes. Keeps only what has not been complete yet.
#[derive(Debug, Default)]
pub struct Reader {
    carry: Vec<u8>,
    fragments: Vec<u8>,
    fragmented: bool,
}

impl Reader {
    /// Takes what was read and hands over each message that it completes, in order.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(Incoming<'_>)) -> Result<(), FrameError> {
        if self.carry.is_empty() {
            let used = self.consume(bytes, &mut each)?;
            self.carry.extend_from_slice(&bytes[used..]);
        } else {
            let mut carry = std::mem::take(&mut self.carry);
            carry.extend_from_slice(bytes);
            let used = self.consume(&carry, &mut each)?;
            if used < carry.len() {
                carry.drain(..used);
                self.carry = carry;
            }
        }
        Ok(())
    }

    fn consume(&mut self, bytes: &[u8], each: &mut impl FnMut(Incoming<'_>)) -> Result<usize, FrameError> {
        let mut used = 0;
        while let Some((head, body, length)) = split(&bytes[used..])? {
            used += length;
            let last = head & FINAL != 0;
            match head & 0x0f {
                TEXT if last => each(Incoming::Text(body)),
                TEXT => {
                    self.fragmented = true;
                    self.fragments.extend_from_slice(body);
                }
                CONTINUATION if self.fragmented => {
                    self.fragments.extend_from_slice(body);
                    if last {
                        self.fragmented = false;
                        each(Incoming::Text(&std::mem::take(&mut self.fragments)));
                    }
                }
                PING => each(Incoming::Ping(body)),
                PONG => {}
                CLOSE => match body {
                    [high, low, reason @ ..] => each(Incoming::Close { code: u16::from_be_bytes([*high, *low]), reason }),
                    _ => each(Incoming::Close { code: 1005, reason: b"" }),
                },
                other => return Err(FrameError::Opcode(other)),
            }
        }
        Ok(used)
    }
}

/// The first frame: its first byte, its body and its whole length. Nothing if it is not complete.
#[allow(clippy::type_complexity)]
fn split(bytes: &[u8]) -> Result<Option<(u8, &[u8], usize)>, FrameError> {
    let &[head, second, ref rest @ ..] = bytes else { return Ok(None) };
    if second & MASKED != 0 {
        return Err(FrameError::Masked);
    }
    let (length, rest) = match (second, rest) {
        (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        (127, [a, b, c, d, e, f, g, h, rest @ ..]) => (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), rest),
        (126 | 127, _) => return Ok(None),
        (short, rest) => (u64::from(short), rest),
    };
    let size = usize::try_from(length).ok().filter(|size| *size <= MAX_FRAME).ok_or(FrameError::TooLong(length))?;
    Ok(rest.get(..size).map(|body| (head, body, bytes.len() - rest.len() + size)))
}

fn encode(opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(body.len() + 14);
    frame.push(FINAL | opcode);
    match body.len() {
        short @ 0..=125 => frame.push(MASKED | short as u8),
        medium @ 126..=0xffff => {
            frame.push(MASKED | 126);
            frame.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            frame.push(MASKED | 127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    // A key of zeros: masked as the protocol demands, at no cost. Nobody else's bytes pass through this client.
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(body);
    frame
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn server_frame(head: u8, body: &[u8]) -> Vec<u8> {
        let mut frame = encode(head & 0x0f, body);
        let mask_at = frame.len() - body.len() - 4;
        frame.drain(mask_at..mask_at + 4);
        frame[0] = head;
        frame[1] &= !MASKED;
        frame
    }

    fn read(pieces: &[&[u8]]) -> Result<Vec<String>, FrameError> {
        let (mut reader, mut seen) = (Reader::default(), Vec::new());
        for piece in pieces {
            reader.push(piece, |incoming| {
                seen.push(match incoming {
                    Incoming::Text(body) => format!("text {}", String::from_utf8_lossy(body)),
                    Incoming::Ping(body) => format!("ping {}", String::from_utf8_lossy(body)),
                    Incoming::Close { code, reason } => format!("close {code} {}", String::from_utf8_lossy(reason)),
                });
            })?;
        }
        Ok(seen)
    }

    #[test]
    fn fragments_are_joined_around_a_ping() {
        let stream = [server_frame(TEXT, b"on"), server_frame(FINAL | PING, b"?"), server_frame(FINAL, b"e")].concat();
        assert_eq!(read(&[&stream]).unwrap(), ["ping ?", "text one"]);
    }

    #[test]
    fn a_close_tells_its_code() {
        let stream = server_frame(FINAL | CLOSE, b"\x03\xf5slow");
        assert_eq!(read(&[&stream]).unwrap(), ["close 1013 slow"]);
        assert_eq!(read(&[&server_frame(FINAL | CLOSE, b"")]).unwrap(), ["close 1005 "]);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(read(&[&text("x")]), Err(FrameError::Masked));
        assert_eq!(read(&[&server_frame(FINAL, b"x")]), Err(FrameError::Opcode(CONTINUATION)));
        assert_eq!(read(&[&[FINAL | TEXT, 127, 1, 0, 0, 0, 0, 0, 0, 0]]), Err(FrameError::TooLong(1 << 56)));
    }

    proptest! {
        #[test]
        fn any_cut_of_the_stream_gives_the_same_messages(
            sizes in proptest::collection::vec(prop_oneof![0..200_usize, 65_500..65_600_usize], 1..6),
            step in 1..5_000_usize,
        ) {
            let bodies: Vec<_> = sizes.iter().map(|size| "x".repeat(*size)).collect();
            let stream: Vec<u8> = bodies.iter().flat_map(|body| server_frame(FINAL | TEXT, body.as_bytes())).collect();
            let pieces: Vec<&[u8]> = stream.chunks(step).collect();
            let expected: Vec<_> = bodies.iter().map(|body| format!("text {body}")).collect();
            prop_assert_eq!(read(&pieces).unwrap(), expected);
        }
    }
}

//! Reading: the bytes of a socket through the WebSocket library.
//!
//! The library's state, its read buffer above all, exists only while something is being read: between two messages it is
//! dropped. So an idle connection costs no buffer, and a buffer that grew for a large message does not stay.

use std::io::{self, ErrorKind, Read, Write};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::Session;

/// Bytes read at once.
const BUFFER: usize = 4096;
/// Messages longer than allowed are read, and refused or not, up to this many times the limit.
const REFUSED_UP_TO: usize = 4;
const FINAL: u8 = 0x80;
const CONTROL: u8 = 0x08;
/// The opcode of a close frame (RFC 6455, section 5.2).
const CLOSE: u8 = 0x08;
const MASKED: u8 = 0x80;

pub(super) struct Reader {
    library: Option<Box<WebSocketContext>>,
    edge: Edge,
    config: WebSocketConfig,
}

impl Reader {
    /// `leftover` is what came with the handshake.
    pub(super) fn new(leftover: &[u8], max_frame_bytes: usize, longest: usize) -> Self {
        let most = max_frame_bytes.saturating_mul(REFUSED_UP_TO).max(longest);
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(most))
            .max_frame_size(Some(most));
        let mut reader = Self { library: None, edge: Edge::default(), config };
        if !leftover.is_empty() {
            reader.begin(leftover);
        }
        reader
    }

    /// The next message. An error is final, [`Error::ConnectionClosed`] the peer's end of the stream.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, session: &Session) -> Poll<Result<Message, Error>> {
        if self.library.is_none() {
            let mut first = [0; BUFFER];
            match ready!(session.socket.poll_read(context, &mut first)) {
                Ok(0) => return Poll::Ready(Err(Error::ConnectionClosed)),
                Ok(length) => self.begin(&first[..length]),
                Err(error) => return Poll::Ready(Err(Error::Io(error))),
            }
        }
        let Some(library) = &mut self.library else { return Poll::Pending };
        match library.read(&mut Stream { session, context, edge: &mut self.edge }) {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                if self.edge.between_messages() {
                    self.library = None;
                }
                Poll::Pending
            }
            outcome => Poll::Ready(outcome),
        }
    }

    /// Reads and forgets, after an error, until the peer's end of the stream.
    pub(super) fn poll_discard(context: &mut Context<'_>, session: &Session) -> Poll<()> {
        let mut nothing = [0; BUFFER];
        loop {
            match ready!(session.socket.poll_read(context, &mut nothing)) {
                Ok(0) | Err(_) => return Poll::Ready(()),
                Ok(_) => {}
            }
        }
    }

    fn begin(&mut self, bytes: &[u8]) {
        self.edge.pass(bytes);
        let library = WebSocketContext::from_partially_read(bytes.to_vec(), Role::Server, Some(self.config));
        self.library = Some(Box::new(library));
    }
}

/// The library's view of the socket: it reads from it, and what it writes (whole frames: pongs and the answer to a close)
/// takes its place in the outbox.
struct Stream<'a, 'b> {
    session: &'a Session,
    context: &'a mut Context<'b>,
    edge: &'a mut Edge,
}

impl Read for Stream<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.session.socket.poll_read(self.context, buffer) {
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
            Poll::Ready(Ok(length)) => {
                self.edge.pass(&buffer[..length]);
                Ok(length)
            }
            Poll::Ready(Err(error)) => Err(error),
        }
    }
}

impl Write for Stream<'_, '_> {
    fn write(&mut self, frames: &[u8]) -> io::Result<usize> {
        let (session, whole) = (self.session, Bytes::copy_from_slice(frames));
        if frames.first() == Some(&(FINAL | CLOSE)) {
            session.outbox().answer_close(whole, &*session.socket);
        } else {
            session.reply(whole);
        }
        Ok(frames.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Follows the bytes that pass to know whether the last one ended a message. It judges nothing: that is the library's.
#[derive(Default)]
struct Edge {
    header: [u8; 14],
    header_length: usize,
    payload: u64,
    message_open: bool,
}

impl Edge {
    fn between_messages(&self) -> bool {
        self.header_length == 0 && self.payload == 0 && !self.message_open
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let here = self.payload.min(bytes.len() as u64);
                self.payload -= here;
                bytes = &bytes[here as usize..];
                continue;
            }
            self.header[self.header_length] = bytes[0];
            self.header_length += 1;
            bytes = &bytes[1..];
            if self.header_length == self.needed() {
                self.frame_begins();
            }
        }
    }

    /// Length of the header, as far as it is known.
    fn needed(&self) -> usize {
        if self.header_length < 2 {
            return 2;
        }
        let extended = match self.header[1] & !MASKED {
            127 => 8,
            126 => 2,
            _ => 0,
        };
        2 + extended + if self.header[1] & MASKED != 0 { 4 } else { 0 }
    }

    fn frame_begins(&mut self) {
        self.payload = match self.header[1] & !MASKED {
            127 => self.header[2..10].iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
            126 => u64::from(self.header[2]) << 8 | u64::from(self.header[3]),
            length => u64::from(length),
        };
        if self.header[0] & CONTROL == 0 {
            self.message_open = self.header[0] & FINAL == 0;
        }
        self.header_length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked frame with the mask 0.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..=125 => frame.push(MASKED | length as u8),
            126..=0xffff => {
                frame.push(MASKED | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                frame.push(MASKED | 127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        frame.extend(std::iter::repeat_n(0, length + 4));
        frame
    }

    #[test]
    fn the_edge_is_found_however_the_bytes_come() {
        let whole = [frame(0x81, 5), frame(0x81, 0), frame(0x89, 3), frame(0x82, 300), frame(0x81, 70_000)];
        let joined = whole.concat();
        let ends: Vec<usize> = whole
            .iter()
            .scan(0, |end, frame| {
                *end += frame.len();
                Some(*end)
            })
            .collect();
        let mut edge = Edge::default();
        for (index, byte) in joined.iter().enumerate() {
            edge.pass(&[*byte]);
            assert_eq!(edge.between_messages(), ends.contains(&(index + 1)), "after byte {index}");
        }
        let mut edge = Edge::default();
        edge.pass(&joined);
        assert!(edge.between_messages());
    }

    #[test]
    fn a_ping_between_fragments_does_not_end_the_message() {
        let mut edge = Edge::default();
        edge.pass(&frame(0x01, 5));
        edge.pass(&frame(0x89, 0));
        assert!(!edge.between_messages());
        edge.pass(&frame(0x80, 5));
        assert!(edge.between_messages());
    }
}

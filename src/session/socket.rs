//! The stream below a session.

mod direct;
mod upgraded;

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A stream that any task may write to and that the session's own task reads from and waits on.
///
/// The `poll_` functions remember one waker for each direction: only the session's task calls them.
pub trait Socket: Send + Sync + 'static {
    /// Writes at once what can be written. `WouldBlock` leaves the bytes to the session's task.
    ///
    /// # Errors
    /// The connection is broken, or the write would block.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes the beginning of the slices, or waits until that is possible.
    fn poll_write(&self, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;

    /// Moves on what the stream itself still keeps of bytes that were written.
    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads something, or waits for it. 0 is the end of the stream.
    fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Tells the peer that nothing more will be written. It may still be read from.
    fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// A bare TCP connection: the task that publishes writes straight to it.
#[must_use]
pub fn direct(stream: TcpStream) -> Box<dyn Socket> {
    Box::new(direct::Direct(stream))
}

/// Any other stream (TLS in the process, for one): everything is written by the session's own task.
#[must_use]
pub fn upgraded<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S) -> Box<dyn Socket> {
    Box::new(upgraded::Upgraded::new(stream))
}

//! The UDP socket: receives in batches (recvmmsg, GRO), sends what goes to one address with as few calls as possible (GSO).

use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::BytesMut;
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Bytes of the kernel's buffers: a tenth of a second at 400 Mbit/s.
const KERNEL_BUFFER: usize = 5 << 20;
/// The most bytes of one call; the kernel takes less than 64 KiB.
const MAX_CALL: usize = 60_000;
/// The most bytes of a datagram.
const MAX_DATAGRAM: usize = 2048;
/// How long a full kernel buffer is waited for. Then the datagram is lost, as it would be in the network.
const PATIENCE: Duration = Duration::from_millis(5);

/// See the module.
pub(super) struct Udp {
    socket: UdpSocket,
    state: UdpSocketState,
    buffers: Vec<Vec<u8>>,
    together: Vec<u8>,
    is_ipv6: bool,
}

impl Udp {
    /// Takes over a bound socket, within a runtime.
    pub(super) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let is_ipv6 = socket.local_addr()?.is_ipv6();
        let socket = UdpSocket::from_std(socket)?;
        let state = UdpSocketState::new((&socket).into())?;
        // The kernel may allow less; then it is that.
        let _ = state.set_recv_buffer_size((&socket).into(), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size((&socket).into(), KERNEL_BUFFER);
        let buffers = vec![vec![0; MAX_DATAGRAM * state.gro_segments()]; BATCH_SIZE];
        Ok(Self { socket, state, buffers, together: Vec::with_capacity(MAX_CALL), is_ipv6 })
    }

    /// Waits until there is something to receive.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Receives a batch. False if there was nothing.
    pub(super) fn receive(&mut self, mut each: impl FnMut(SocketAddr, &[u8])) -> bool {
        let mut metas = [RecvMeta::default(); BATCH_SIZE];
        let mut slices: Vec<IoSliceMut<'_>> = self.buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        let (socket, state) = (&self.socket, &self.state);
        // An error is about one datagram that was sent to where nobody listens any more.
        let Ok(count) = socket.try_io(Interest::READABLE, || state.recv(socket.into(), &mut slices, &mut metas)) else {
            return false;
        };
        for (meta, buffer) in metas.iter().zip(&self.buffers).take(count) {
            let from = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let Some(bytes) = buffer.get(..meta.len) else { continue };
            bytes.chunks(meta.stride.max(1)).for_each(|datagram| each(from, datagram));
        }
        count > 0
    }

    /// Sends datagrams to one address, in their order.
    pub(super) async fn send(&mut self, to: SocketAddr, datagrams: &[BytesMut]) {
        let to = match to.ip() {
            IpAddr::V4(address) if self.is_ipv6 => SocketAddr::new(address.to_ipv6_mapped().into(), to.port()),
            _ => to,
        };
        let mut rest = datagrams;
        while let Some(first) = rest.first() {
            let (count, segment) = (together(rest, self.state.max_gso_segments()), first.len());
            let (now, later) = rest.split_at(count);
            rest = later;
            self.together.clear();
            now.iter().for_each(|datagram| self.together.extend_from_slice(datagram));
            let sent = self.transmit(to, &self.together, (count > 1).then_some(segment)).await;
            // Some drivers promise more than they do. The library takes note; these datagrams go one by one.
            if sent.is_err() && count > 1 {
                for datagram in now {
                    let _ = self.transmit(to, datagram, None).await;
                }
            }
        }
    }

    async fn transmit(&self, destination: SocketAddr, contents: &[u8], segment_size: Option<usize>) -> io::Result<()> {
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
        let send = || self.socket.try_io(Interest::WRITABLE, || self.state.try_send((&self.socket).into(), &transmit));
        match send() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                tokio::time::timeout(PATIENCE, self.socket.writable()).await.map_err(io::Error::from)??;
                match send() {
                    // Lost: to try again would be too late for media.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
                    result => result,
                }
            }
            result => result,
        }
    }
}

/// How many of the first datagrams go in one call: they are of one size, but for the last, which may be smaller.
fn together(datagrams: &[BytesMut], most: usize) -> usize {
    let Some(size) = datagrams.first().map(BytesMut::len) else { return 0 };
    let most = most.min(MAX_CALL / size.max(1)).max(1);
    let same = datagrams.iter().take(most).take_while(|datagram| datagram.len() == size).count();
    let smaller = same < most && datagrams.get(same).is_some_and(|datagram| datagram.len() < size);
    same + usize::from(smaller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_go_together_while_the_kernel_can_tell_them_apart() {
        let of = |sizes: &[usize]| sizes.iter().map(|size| BytesMut::zeroed(*size)).collect::<Vec<_>>();
        for (sizes, most, count) in [
            (&[9, 9, 9][..], 64, 3),
            (&[9, 9, 4, 9], 64, 3),
            (&[4, 9], 64, 1),
            (&[9, 9, 9], 2, 2),
            (&[9, 9, 9], 1, 1),
            (&[9, 4], 1, 1),
            (&[40_000, 40_000], 64, 1),
        ] {
            assert_eq!(together(&of(sizes), most), count, "{sizes:?}");
        }
    }
}

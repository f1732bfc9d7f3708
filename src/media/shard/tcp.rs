//! Participants whose network lets no UDP through connect by TCP (RFC 6544, passive). Each packet has its length before it (RFC 4571).

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::ids::customer;

/// The most connections of a shard.
const MAX_CONNECTIONS: usize = 1024;
/// The most connections from one network (see [`customer`]) that have proved nothing yet.
const MAX_STRANGERS: usize = 16;
/// Packets that wait for one connection. When it is full, packets are lost, as they would be in the network.
const MAX_WAITING: usize = 256;
/// The most bytes of a packet.
const MAX_PACKET: usize = 2048;
/// Who has not shown the password by then is a stranger that leaves.
const PROOF: Duration = Duration::from_secs(10);
/// Browsers check every few seconds; who is silent for so long, or takes nothing for so long, is gone.
const SILENCE: Duration = Duration::from_secs(30);

/// What comes from connections.
pub(super) enum Frame {
    /// A packet.
    Packet(SocketAddr, BytesMut),
    /// There will be no more from there.
    Closed(SocketAddr),
}

/// The listener and what it accepted.
pub(super) struct Tcp {
    listener: TcpListener,
    connections: HashMap<SocketAddr, Connection>,
    frames: mpsc::Sender<Frame>,
}

struct Connection {
    packets: mpsc::Sender<BytesMut>,
    proved: Arc<AtomicBool>,
}

impl Tcp {
    /// Takes over a bound listener, within a runtime. What arrives comes out of the receiver.
    pub(super) fn new(listener: std::net::TcpListener) -> io::Result<(Self, mpsc::Receiver<Frame>)> {
        listener.set_nonblocking(true)?;
        let (frames, received) = mpsc::channel(MAX_WAITING);
        Ok((Self { listener: TcpListener::from_std(listener)?, connections: HashMap::new(), frames }, received))
    }

    /// Waits for a connection.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.listener.accept().await
    }

    /// Serves a connection, unless there are too many.
    pub(super) fn add(&mut self, stream: TcpStream, from: SocketAddr) {
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        let is_stranger = |address: &SocketAddr, known: &Connection| {
            customer(address.ip()) == customer(from.ip()) && !known.proved.load(Ordering::Relaxed)
        };
        let strangers = self.connections.iter().filter(|(address, known)| is_stranger(address, known)).count();
        if self.connections.len() >= MAX_CONNECTIONS || strangers >= MAX_STRANGERS || stream.set_nodelay(true).is_err() {
            return;
        }
        let (packets, waiting) = mpsc::channel(MAX_WAITING);
        let proved = Arc::new(AtomicBool::new(false));
        tokio::spawn(serve(stream, from, waiting, self.frames.clone(), Arc::clone(&proved)));
        self.connections.insert(from, Connection { packets, proved });
    }

    /// Somebody there has shown the password.
    pub(super) fn prove(&self, from: SocketAddr) {
        if let Some(connection) = self.connections.get(&from) {
            connection.proved.store(true, Ordering::Relaxed);
        }
    }

    /// The connection has ended.
    pub(super) fn remove(&mut self, from: SocketAddr) {
        self.connections.remove(&from);
    }

    /// Queues a packet.
    pub(super) fn send(&self, to: SocketAddr, packet: BytesMut) {
        if let Some(connection) = self.connections.get(&to) {
            // Lost when the queue is full, or the connection has just ended.
            let _ = connection.packets.try_send(packet);
        }
    }
}

async fn serve(
    stream: TcpStream,
    from: SocketAddr,
    waiting: mpsc::Receiver<BytesMut>,
    frames: mpsc::Sender<Frame>,
    proved: Arc<AtomicBool>,
) {
    let (reader, writer) = stream.into_split();
    let expelled = async {
        let mut within = PROOF;
        // Checks come every few seconds from whoever is still there.
        while {
            tokio::time::sleep(within).await;
            proved.swap(false, Ordering::Relaxed)
        } {
            within = SILENCE;
        }
    };
    // Whichever ends first ends the connection; why is of no interest to anybody.
    tokio::select! {
        _ = read(reader, from, &frames) => {}
        _ = write(writer, waiting) => {}
        () = expelled => {}
    }
    // Fails only if the shard has ended.
    let _ = frames.send(Frame::Closed(from)).await;
}

/// Ends with an error, if only that the connection was closed.
async fn read(mut reader: OwnedReadHalf, from: SocketAddr, frames: &mpsc::Sender<Frame>) -> io::Result<()> {
    loop {
        let length = usize::from(timeout(SILENCE, reader.read_u16()).await??);
        if length > MAX_PACKET {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut packet = BytesMut::zeroed(length);
        timeout(SILENCE, reader.read_exact(&mut packet)).await??;
        if frames.send(Frame::Packet(from, packet)).await.is_err() {
            return Ok(());
        }
    }
}

async fn write(mut writer: OwnedWriteHalf, mut waiting: mpsc::Receiver<BytesMut>) -> io::Result<()> {
    let (mut packets, mut together) = (Vec::new(), Vec::new());
    while waiting.recv_many(&mut packets, MAX_WAITING).await > 0 {
        for packet in packets.drain(..) {
            let length = u16::try_from(packet.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
            together.extend_from_slice(&length.to_be_bytes());
            together.extend_from_slice(&packet);
        }
        timeout(SILENCE, writer.write_all(&together)).await??;
        together.clear();
    }
    Ok(())
}

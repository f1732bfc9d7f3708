//! The loop of a shard's thread.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::sync::mpsc;

use super::tcp::{Frame, Tcp};
use super::udp::Udp;
use super::{Peers, Work};
use crate::media::peer::Route;
use crate::media::sdp::Protocol;

/// The rest between two rounds.
const PACE: Duration = Duration::from_millis(2);
/// The most that connections may take to send what is left.
const FAREWELL: Duration = Duration::from_secs(1);
/// The most batches, frames or commands of one round, so that none of them holds up the others.
const MAX_BATCHES: usize = 32;
const MAX_FRAMES: usize = 256;
const MAX_COMMANDS: usize = 64;

/// Runs until the last sender of commands is gone.
pub(super) async fn run<W: Work>(
    mut udp: Udp,
    mut tcp: Tcp,
    mut frames: mpsc::Receiver<Frame>,
    mut inbox: mpsc::Receiver<W::Command>,
    mut peers: Peers,
    mut work: W,
) {
    let mut packets = Vec::new();
    loop {
        let due = [peers.poll_timeout(), work.poll_timeout()].into_iter().flatten().min();
        let (mut frame, mut command, mut connection, mut ended) = (None, None, None, false);
        tokio::select! {
            // An error shows again when it is received from.
            _ = udp.readable() => {}
            received = frames.recv() => frame = received,
            received = inbox.recv() => (ended, command) = (received.is_none(), received),
            // No connection, because the peer is gone again or this process has too many files open.
            accepted = tcp.accept() => connection = accepted.ok(),
            () = sleep_until(due) => {}
        }
        let now = Instant::now();
        if let Some((stream, from)) = connection {
            tcp.add(stream, from);
        }
        for _ in 0..MAX_BATCHES {
            if !udp.receive(|address, bytes| peers.handle(now, Route { protocol: Protocol::Udp, address }, bytes)) {
                break;
            }
        }
        for _ in 0..MAX_FRAMES {
            let Some(frame) = frame.take().or_else(|| frames.try_recv().ok()) else { break };
            take(now, frame, &mut tcp, &mut peers);
        }
        for _ in 0..MAX_COMMANDS {
            let Some(command) = command.take().or_else(|| inbox.try_recv().ok()) else { break };
            work.command(now, command, &mut peers);
        }
        peers.handle_timeout(now);
        while let Some((from, arrival)) = peers.arrival() {
            work.arrival(now, from, arrival, &mut peers);
        }
        if work.poll_timeout().is_some_and(|at| at <= now) {
            work.handle_timeout(now, &mut peers);
        }
        if ended {
            peers.remove_all(now);
        }
        for (to, bytes) in peers.sends() {
            packets.clear();
            packets.push(bytes);
            send(to, &mut packets, &mut udp, &tcp).await;
        }
        while let Some(to) = peers.media(&mut packets) {
            send(to, &mut packets, &mut udp, &tcp).await;
        }
        if ended {
            // What connections still have to send is sent; each ends then.
            drop(tcp);
            let _ = tokio::time::timeout(FAREWELL, async { while frames.recv().await.is_some() {} }).await;
            return;
        }
        // The thread itself rests: the runtime would look at each datagram that comes meanwhile.
        std::thread::sleep(PACE);
    }
}

fn take(now: Instant, frame: Frame, tcp: &mut Tcp, peers: &mut Peers) {
    match frame {
        Frame::Packet(address, bytes) => {
            let route = Route { protocol: Protocol::Tcp, address };
            peers.handle(now, route, &bytes);
            if peers.knows(route) {
                tcp.prove(address);
            }
        }
        Frame::Closed(address) => {
            tcp.remove(address);
            peers.forget(Route { protocol: Protocol::Tcp, address });
        }
    }
}

async fn send(to: Route, packets: &mut Vec<BytesMut>, udp: &mut Udp, tcp: &Tcp) {
    match to.protocol {
        Protocol::Udp => udp.send(to.address, packets).await,
        Protocol::Tcp => packets.drain(..).for_each(|packet| tcp.send(to.address, packet)),
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

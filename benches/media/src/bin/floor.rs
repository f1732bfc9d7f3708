//! The floor: AES-128-GCM and sends in batches (GSO), and nothing else. No packet comes in, no header is rewritten, nobody is kept track of.
//!
//! It sends what a media node would: every 5 ms the packets of one picture, sealed anew for each receiver and sent to it with one call.
//! `floor --pps 2000 --receivers 20 --fps 200 --payload 1200 --duration 10` prints packets per CPU second of its own.
//!
//! Receivers are sockets of another process (`floor --receive N`), which reads and throws away, as the kernel's share of a datagram on
//! loopback is paid by whoever sends it, up to the receiver's queue.

use std::io::{BufRead, BufReader, Error, Result};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use quinn_udp::{Transmit, UdpSocketState};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// RTP with a transport-wide number; the tag of AES-GCM.
const HEADER: usize = 20;
const TAG: usize = 16;

fn main() -> Result<()> {
    if let Some(receivers) = argument("--receive") {
        return receive(receivers as usize);
    }
    let (pps, receivers) = (argument("--pps").unwrap_or(2_000), argument("--receivers").unwrap_or(20) as usize);
    let (fps, payload) = (argument("--fps").unwrap_or(200), argument("--payload").unwrap_or(1_200) as usize);
    let duration = Duration::from_secs(argument("--duration").unwrap_or(10));

    // On the other core, as the load client is.
    let core = argument("--receiver-core").unwrap_or(1).to_string();
    let program = std::env::current_exe()?;
    let mut other = Command::new("taskset")
        .args(["-c", &core])
        .arg(program)
        .args(["--receive", &receivers.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(other.stdout.take().ok_or_else(|| Error::other("no output"))?).lines();
    let to: Vec<SocketAddr> =
        lines.take(receivers).map(|line| line?.parse().map_err(Error::other)).collect::<Result<_>>()?;

    let packets = (pps / fps) as usize;
    let result = send(&to, packets, payload, Duration::from_secs(1) / fps as u32, duration);
    other.kill()?;
    other.wait()?;
    let (sent, cpu) = result?;
    println!("{{\"sent\": {sent}, \"cpu_seconds\": {cpu:.4}, \"sent_per_cpu_second\": {:.0}}}", sent as f64 / cpu);
    Ok(())
}

/// How many were sent, and the CPU seconds for that.
fn send(to: &[SocketAddr], packets: usize, payload: usize, every: Duration, duration: Duration) -> Result<(u64, f64)> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let state = UdpSocketState::new((&socket).into())?;
    let _ = state.set_send_buffer_size((&socket).into(), 5 << 20);
    let keys: Vec<LessSafeKey> = to.iter().map(|_| UnboundKey::new(&AES_128_GCM, &[7; 16]).map(LessSafeKey::new)).collect::<std::result::Result<_, _>>().map_err(|_| Error::other("no key"))?;
    let size = HEADER + payload + TAG;
    let most = (60_000 / size).min(state.max_gso_segments());
    let mut together = vec![0_u8; size * packets];
    let (mut sent, mut number) = (0_u64, 0_u64);
    let (begun, mut next, before) = (Instant::now(), Instant::now(), cpu()?);
    while begun.elapsed() < duration {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        next += every;
        for (to, key) in to.iter().zip(&keys) {
            for (index, packet) in together.chunks_exact_mut(size).enumerate() {
                let (head, rest) = packet.split_at_mut(HEADER);
                let (body, tag) = rest.split_at_mut(payload);
                let mut nonce = [0; 12];
                nonce[4..].copy_from_slice(&(number + index as u64).to_be_bytes());
                head[4..12].copy_from_slice(&nonce[4..]);
                let sealed = key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&*head), body);
                tag.copy_from_slice(sealed.map_err(|_| Error::other("not sealed"))?.as_ref());
            }
            for part in together.chunks(size * most) {
                let transmit = Transmit { destination: *to, ecn: None, contents: part, segment_size: (part.len() > size).then_some(size), src_ip: None };
                if state.try_send((&socket).into(), &transmit).is_ok() {
                    sent += (part.len() / size) as u64;
                }
            }
        }
        number += packets as u64;
    }
    Ok((sent, cpu()? - before))
}

/// Tells the addresses of its sockets and reads from all of them.
fn receive(receivers: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        for _ in 0..receivers {
            let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
            println!("{}", socket.local_addr()?);
            tokio::task::spawn_local(async move {
                let mut buffer = [0; 2_048];
                while socket.readable().await.is_ok() {
                    while socket.try_recv(&mut buffer).is_ok() {}
                }
            });
        }
        std::future::pending::<Result<()>>().await
    })
}

/// CPU seconds of this thread, by the scheduler's own clock.
fn cpu() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split(' ').next().and_then(|word| word.parse().ok()).ok_or_else(|| Error::other("no schedstat"))?;
    Ok(nanoseconds / 1e9)
}

fn argument(name: &str) -> Option<u64> {
    std::env::args().skip_while(|word| word != name).nth(1)?.parse().ok()
}

//! A media server on the high-level `webrtc` API, made as its examples are: a peer connection each, what a publisher's track brings is sent
//! to a track of every subscriber. It speaks as much of Rialto's chat protocol as `rialto load media` needs, so that both are measured by the
//! same client. One room, one publisher.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::Registry;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::RTCConfigurationBuilder;
use rtc::peer_connection::configuration::interceptor_registry::register_default_interceptors;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8, MediaEngine};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, broadcast};
use tokio_tungstenite::tungstenite::Message;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState};
use webrtc::runtime::default_runtime;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const KINDS: [RtpCodecKind; 2] = [RtpCodecKind::Audio, RtpCodecKind::Video];
const SOURCES: [&str; 2] = ["microphone", "camera"];
const PUBLISHER: &str = "publisher";

/// What the publisher sends, by kind.
struct Room {
    audio: broadcast::Sender<rtp::Packet>,
    video: broadcast::Sender<rtp::Packet>,
    participants: AtomicU64,
}

impl Room {
    fn of(&self, kind: RtpCodecKind) -> &broadcast::Sender<rtp::Packet> {
        if kind == RtpCodecKind::Audio { &self.audio } else { &self.video }
    }
}

struct Handler {
    gathered: Arc<Notify>,
    room: Arc<Room>,
}

#[async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.notify_one();
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let to = self.room.of(track.kind().await).clone();
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    // Nobody listens yet.
                    let _ = to.send(packet);
                }
            }
        });
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Failure> {
    let port = std::env::var("PORT")?;
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let room = Arc::new(Room { audio: broadcast::channel(16_384).0, video: broadcast::channel(16_384).0, participants: AtomicU64::new(0) });
    loop {
        let (stream, _) = listener.accept().await?;
        let room = room.clone();
        tokio::spawn(async move {
            if let Err(failure) = serve(stream, room).await {
                eprintln!("{failure}");
            }
        });
    }
}

async fn serve(stream: TcpStream, room: Arc<Room>) -> Result<(), Failure> {
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    let number = room.participants.fetch_add(1, Ordering::Relaxed);
    let mut connection: Option<Arc<dyn PeerConnection>> = None;
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        let message: Value = serde_json::from_str(&text)?;
        let kind = message["type"].as_str().unwrap_or_default().to_owned();
        let body = &message[&kind];
        let mut answers: HashMap<usize, (&str, Value)> = HashMap::new();
        match kind.as_str() {
            "signIn" => drop(answers.insert(0, ("authorized", json!({})))),
            "callLeave" => drop(answers.insert(0, ("callLeave", json!({})))),
            "callAnswer" => {
                let answer = RTCSessionDescription::answer(body["sdp"].as_str().unwrap_or_default().to_owned())?;
                connection.as_ref().ok_or("an answer to nothing")?.set_remote_description(answer).await?;
            }
            "callJoin" => {
                let publishes = [body["audio"] == json!(true), body["video"] == json!(true)];
                let is_publisher = publishes.contains(&true);
                let gathered = Arc::new(Notify::new());
                let made = connect(&room, gathered.clone()).await?;
                let mut lines = Vec::new();
                for ((kind, source), publishes_it) in KINDS.into_iter().zip(SOURCES).zip(publishes) {
                    if publishes_it {
                        let init = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Recvonly, ..Default::default() };
                        made.add_transceiver_from_kind(kind, Some(init)).await?;
                    } else if !is_publisher {
                        subscribe(&made, &room, kind).await?;
                    } else {
                        continue;
                    }
                    lines.push(json!({ "mid": lines.len().to_string(), "participant": PUBLISHER, "source": source }));
                }
                let (sent, received) = if is_publisher { (lines, Vec::new()) } else { (Vec::new(), lines) };
                let offer = made.create_offer(None).await?;
                made.set_local_description(offer).await?;
                gathered.notified().await;
                let offer = made.local_description().await.ok_or("no offer")?;
                connection = Some(made);
                let participant = if is_publisher { PUBLISHER.to_owned() } else { format!("subscriber-{number}") };
                answers.insert(0, ("callJoined", json!({ "participant": participant })));
                answers.insert(1, ("callTracks", json!({ "participants": [], "lines": received })));
                answers.insert(2, ("callOffer", json!({ "type": "offer", "sdp": offer.sdp, "connection": 1, "offer": 1, "lines": sent })));
            }
            _ => {}
        }
        for index in 0..answers.len() {
            let (kind, body) = &answers[&index];
            // As Rialto sends it, the type first.
            socket.send(Message::text(format!(r#"{{"type":"{kind}","{kind}":{body}}}"#))).await?;
        }
    }
    if let Some(connection) = connection {
        connection.close().await?;
    }
    Ok(())
}

async fn connect(room: &Arc<Room>, gathered: Arc<Notify>) -> Result<Arc<dyn PeerConnection>, Failure> {
    let mut engine = MediaEngine::default();
    engine.register_default_codecs()?;
    let registry = register_default_interceptors(Registry::new(), &mut engine)?;
    // As a media node does: lite, on loopback here, and AES-128-GCM.
    let settings = SettingEngineBuilder::new()
        .with_lite(true)
        .with_include_loopback_candidate(true)
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_srtp_protection_profiles(vec![rtc::dtls::extension::extension_use_srtp::SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm])
        .build();
    let connection = PeerConnectionBuilder::new()
        .with_configuration(RTCConfigurationBuilder::new().build())
        .with_media_engine(engine)
        .with_setting_engine(settings)
        .with_interceptor_registry(registry)
        .with_handler(Arc::new(Handler { gathered, room: room.clone() }) as Arc<dyn PeerConnectionEventHandler>)
        .with_runtime(default_runtime().ok_or("no runtime")?)
        .with_udp_addrs(vec!["127.0.0.1:0".to_owned()])
        .build()
        .await?;
    Ok(Arc::new(connection))
}

async fn subscribe(connection: &Arc<dyn PeerConnection>, room: &Room, kind: RtpCodecKind) -> Result<(), Failure> {
    let codec = match kind {
        RtpCodecKind::Audio => RTCRtpCodec { mime_type: MIME_TYPE_OPUS.to_owned(), clock_rate: 48_000, channels: 2, ..Default::default() },
        _ => RTCRtpCodec { mime_type: MIME_TYPE_VP8.to_owned(), clock_rate: 90_000, ..Default::default() },
    };
    static SSRC: AtomicU64 = AtomicU64::new(1_000);
    let ssrc = SSRC.fetch_add(1, Ordering::Relaxed) as u32;
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
        codec,
        ..Default::default()
    };
    let track = MediaStreamTrack::new(format!("stream-{ssrc}"), format!("track-{ssrc}"), format!("label-{ssrc}"), kind, vec![encoding]);
    let track = Arc::new(TrackLocalStaticRTP::new(track));
    let init = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Sendonly, ..Default::default() };
    connection.add_transceiver_from_track(track.clone() as Arc<dyn TrackLocal>, Some(init)).await?;
    let mut packets = room.of(kind).subscribe();
    tokio::spawn(async move {
        loop {
            match packets.recv().await {
                Ok(mut packet) => {
                    // Extensions that this leg did not negotiate would be refused.
                    packet.header.ssrc = ssrc;
                    packet.header.extension = false;
                    packet.header.extensions.clear();
                    if track.write_rtp(packet).await.is_err() {
                        break;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => break,
            }
        }
    });
    Ok(())
}

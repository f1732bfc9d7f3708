//! Runs against a small chat server that can be told to make mistakes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex};

use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

use super::{ChatArgs, Faults, LoadArgs, LoadError, LoadTarget, Report, Traffic};

/// What happens to the fifth message of a channel on its way to the channel's second member.
#[derive(Clone, Copy, PartialEq)]
enum Mistake {
    None,
    Lose,
    Repeat,
    Swap,
    Hang,
    RefuseSignIn,
}

#[derive(Default)]
struct Channel {
    seq: u64,
    members: Vec<UnboundedSender<Message>>,
    held: Option<Message>,
}

struct Server {
    mistake: Mistake,
    users: Mutex<u64>,
    channels: Mutex<HashMap<String, Channel>>,
    posted: watch::Sender<u64>,
}

impl Server {
    async fn start(mistake: Mistake) -> String {
        Self::start_counting(mistake).await.0
    }

    /// Also counts the messages.
    async fn start_counting(mistake: Mistake) -> (String, watch::Receiver<u64>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/ws", listener.local_addr().unwrap());
        let posted = watch::Sender::new(0);
        let count = posted.subscribe();
        let server = Arc::new(Self { mistake, users: Mutex::default(), channels: Mutex::default(), posted });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(server.clone().serve(stream));
            }
        });
        (url, count)
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let (mut sink, mut source) = tokio_tungstenite::accept_async(stream).await.unwrap().split();
        let (outbox, mut queue) = unbounded_channel::<Message>();
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                if sink.send(message).await.is_err() {
                    break;
                }
            }
        });
        let say = |value: Value| outbox.send(Message::text(value.to_string())).unwrap();
        say(json!({"type": "ready", "ready": {"sessionUUID": "s"}}));
        outbox.send(Message::Ping("are you there".into())).unwrap();
        let mut user = String::new();
        while let Some(Ok(message)) = source.next().await {
            let Message::Text(text) = message else { continue };
            let request: Value = serde_json::from_str(&text).unwrap();
            let kind = request["type"].as_str().unwrap();
            let recipient = request[kind]["recipientUUID"].as_str().unwrap_or_default();
            match kind {
                "signIn" if self.mistake == Mistake::RefuseSignIn => {
                    say(json!({"type": "error", "error": {"code": 15, "error": "too many requests"}}));
                }
                "signIn" => {
                    assert_eq!(request["signIn"], json!({"guest": true}));
                    let mut users = self.users.lock().unwrap();
                    *users += 1;
                    user = format!("user-{users}");
                    say(json!({"type": "authorized", "authorized": {"userUUID": user, "accessKey": "k"}}));
                    say(json!({"type": "sys", "sys": {"type": "channelJoin", "channelJoin": {}}}));
                }
                "channelJoin" => {
                    let mut channels = self.channels.lock().unwrap();
                    channels.entry(name(&user, recipient)).or_default().members.push(outbox.clone());
                    say(json!({"type": "channelJoin", "channelJoin": {"recipientUUID": recipient, "messages": [], "users": []}}));
                }
                "channelMessage" => self.post(&name(&user, recipient), request["channelMessage"]["message"].as_str().unwrap()),
                other => panic!("unexpected {other}"),
            }
        }
    }

    fn post(&self, channel: &str, text: &str) {
        self.posted.send_modify(|count| *count += 1);
        let mut channels = self.channels.lock().unwrap();
        let Channel { seq, members, held } = channels.get_mut(channel).unwrap();
        *seq += 1;
        let event = json!({"type": "channelMessage", "channelMessage": {"UUID": "m", "Message": text, "Seq": *seq}});
        let event = Message::text(event.to_string());
        for (place, member) in members.iter().enumerate() {
            let mistake = if (place, *seq) == (1, 5) { self.mistake } else { Mistake::None };
            let deliver = |message: Message| drop(member.send(message));
            match mistake {
                Mistake::Lose => {}
                Mistake::Repeat => (0..2).for_each(|_| deliver(event.clone())),
                Mistake::Swap => *held = Some(event.clone()),
                Mistake::Hang => deliver(Message::Close(None)),
                Mistake::None | Mistake::RefuseSignIn => {
                    deliver(event.clone());
                    if place == 1 {
                        held.take().map(deliver);
                    }
                }
            }
        }
    }
}

fn name(user: &str, recipient: &str) -> String {
    let mut pair = [user, recipient];
    pair.sort_unstable();
    if recipient.is_empty() { "general".into() } else { pair.concat() }
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    load: LoadArgs,
}

fn args(url: &str, more: &str) -> ChatArgs {
    let line = format!("load chat --url {url} --warmup 0.05 --duration 0.3 --settle 0 --drain 60 --rate 100 {more}");
    let LoadTarget::Chat(args) = Command::parse_from(line.split_whitespace()).load.what else { panic!("{line}") };
    args
}

async fn run(mistake: Mistake, more: &str) -> (Report, Traffic) {
    let mut args = args(&Server::start(mistake).await, more);
    if matches!(mistake, Mistake::Lose | Mistake::Swap | Mistake::Hang) {
        // It waits for what never comes, or not before the warmup is over.
        args.drain = 3.0;
    }
    let report = super::chat(args, pending()).await.unwrap();
    let traffic = report.traffic.clone().unwrap();
    (report, traffic)
}

#[tokio::test]
async fn an_honest_server_is_clean() {
    let (report, traffic) = run(Mistake::None, "-n 7 --senders 3 --threads 2").await;
    assert!(report.clean(), "{report}");
    assert_eq!((traffic.messages_sent, traffic.deliveries, traffic.deliveries_measured), (35, 35 * 7, 30 * 7));
    assert!(traffic.latency_us.p50 > 0 && traffic.latency_us.max < 5_000_000, "{report}");
}

#[tokio::test]
async fn pairs_write_to_each_other_only() {
    let (report, traffic) = run(Mistake::None, "-n 6 --pairs").await;
    assert!(report.clean(), "{report}");
    assert_eq!((traffic.messages_sent, traffic.deliveries), (35, 70));
}

#[tokio::test]
async fn a_loss_is_reported() {
    let (report, traffic) = run(Mistake::Lose, "-n 3").await;
    assert!(!report.clean());
    assert_eq!((traffic.lost, traffic.faults), (1, Faults { seq_skipped: 1, ..Faults::default() }));
}

#[tokio::test]
async fn a_duplicate_is_reported() {
    let (report, traffic) = run(Mistake::Repeat, "-n 3").await;
    assert!(!report.clean());
    assert_eq!((traffic.lost, traffic.faults), (0, Faults { duplicated: 1, seq_backwards: 1, ..Faults::default() }));
}

#[tokio::test]
async fn a_swap_is_reported() {
    let (report, traffic) = run(Mistake::Swap, "-n 3").await;
    assert!(!report.clean());
    assert_eq!((traffic.lost, traffic.faults), (0, Faults { out_of_order: 1, seq_skipped: 1, seq_backwards: 1, ..Faults::default() }));
}

#[tokio::test]
async fn a_closed_connection_is_counted_and_named() {
    let (report, traffic) = run(Mistake::Hang, "-n 3").await;
    assert_eq!((report.dropped_connections, traffic.lost), (1, 31));
    assert!(report.failures[0].contains("closed it with 1005"), "{report}");
}

#[tokio::test]
async fn a_stopped_run_still_reports() {
    let (url, mut posted) = Server::start_counting(Mistake::None).await;
    let stop = async move { drop(posted.wait_for(|count| *count >= 20).await) };
    let report = super::chat(ChatArgs { duration: 3600.0, ..args(&url, "-n 3") }, stop).await.unwrap();
    assert!(report.interrupted && report.clean(), "{report}");
    assert!(report.traffic.unwrap().deliveries >= 60);
}

#[tokio::test]
async fn a_refused_sign_in_ends_the_run_with_the_cure() {
    let error = super::chat(args(&Server::start(Mistake::RefuseSignIn).await, "-n 2"), pending()).await.unwrap_err();
    assert!(matches!(error, LoadError::SetUp { done: 0, all: 2, .. }));
    assert!(error.to_string().contains("RATE_MESSAGES=0"), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_idle_run_reads_memory_and_sends_nothing() {
    let url = Server::start(Mistake::None).await;
    let report = super::chat(args(&url, &format!("-n 4 --idle --pids self={}", std::process::id())), pending()).await.unwrap();
    assert!(report.traffic.is_none() && report.clean());
    assert!(report.servers[0].rss_kib_idle > 0 && report.servers[0].rss_kib_per_connection.is_some());
}

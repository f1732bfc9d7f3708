//! A served router and a client that speaks plain HTTP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{Floors, Mount, Origins, Readiness, Settings, listen, router, serve};
use crate::metrics::Metrics;
use crate::session::{Conversation, Dialect, Limits, Refusal, Session, Sessions, Target, frame};

pub struct Node {
    pub address: SocketAddr,
    pub floors: Floors,
}

impl Node {
    /// `/ws` and `/` for the own pages and those of `https://app.example`, `/any/{name}` for all.
    pub async fn start(settings: Settings) -> Self {
        let metrics = Metrics::new();
        let sessions = Sessions::new(Limits::default(), Arc::clone(&metrics));
        let floors = Floors { sessions, metrics, readiness: Arc::new(Readiness::default()), rooms: None };
        let some = Origins::SameOr(vec!["https://app.example".into()]);
        let mounts = [("/ws", some.clone()), ("/", some), ("/any/{name}", Origins::Any)].map(|(path, origins)| Mount {
            path: path.into(),
            dialect: Arc::new(Address),
            origins,
        });
        let router = router(mounts.into(), &settings, &floors).unwrap();
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, router, std::future::pending()));
        Self { address, floors }
    }

    pub async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.ask("GET", path, headers).await
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", self.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let status = head[9..12].parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new(), stream };
        if let (Some(length), false) = (answer.header("content-length"), method == "HEAD") {
            answer.body = vec![0; length.parse().unwrap()];
            answer.stream.read_exact(&mut answer.body).await.unwrap();
        }
        answer
    }
}

pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
    /// What follows, for an upgraded connection.
    pub stream: TcpStream,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Tells each client its address, then what was asked for (`parameter NAME`, `query NAME`), or echoes.
struct Address;

impl Dialect for Address {
    fn begin(self: Arc<Self>, session: Arc<Session>, target: Target) -> Box<dyn Conversation> {
        Box::new(AddressConversation { session, target })
    }
}

struct AddressConversation {
    session: Arc<Session>,
    target: Target,
}

#[async_trait]
impl Conversation for AddressConversation {
    async fn opened(&mut self) {
        let address: IpAddr = self.session.client();
        self.session.reply(frame::text(address.to_string()));
    }

    async fn text(&mut self, text: &str) {
        let known = match text.split_once(' ') {
            Some(("parameter", name)) => self.target.parameter(name),
            Some(("query", name)) => self.target.query(name),
            _ => Some(text),
        };
        self.session.reply(frame::text(known.unwrap_or("nothing")));
    }

    async fn refused(&mut self, _refusal: Refusal<'_>) {}

    async fn closed(&mut self) {}
}

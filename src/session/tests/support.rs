//! A server with a small dialect, and clients.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tungstenite::Message;
use tungstenite::protocol::Role;

use crate::metrics::Metrics;
use crate::session::{Conversation, Dialect, Limits, Refusal, Session, Sessions, Target, frame, socket};

pub type Client = WebSocketStream<TcpStream>;

/// Which stream is below the sessions.
#[derive(Clone, Copy, Debug)]
pub enum Below {
    Direct,
    Upgraded,
}

/// Runs a test over both kinds of stream.
pub async fn over_both<F: Future<Output = ()>>(test: impl Fn(Below) -> F) {
    for below in [Below::Direct, Below::Upgraded] {
        timeout(Duration::from_secs(30), test(below)).await.unwrap_or_else(|_| panic!("hangs over {below:?}"));
    }
}

/// What the dialect of the tests was told.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    Opened,
    Text(String),
    Binary,
    TooLarge,
    TooMany,
    Closed,
}

pub struct Server {
    pub address: SocketAddr,
    pub sessions: Arc<Sessions>,
    pub metrics: Arc<Metrics>,
    told: UnboundedReceiver<Told>,
}

impl Server {
    /// Every accepted connection becomes a session at once: the handshake is the HTTP floor's. Socket buffers are small, so
    /// that little is needed to fill them.
    pub async fn start(below: Below, limits: Limits) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Metrics::new();
        let sessions = Sessions::new(limits, Arc::clone(&metrics));
        let (telling, told) = unbounded_channel();
        let dialect = Arc::new(Plain { telling });
        let serving = Arc::clone(&sessions);
        tokio::spawn(async move {
            loop {
                let (stream, peer) = listener.accept().await.unwrap();
                SockRef::from(&stream).set_send_buffer_size(8 * 1024).unwrap();
                let socket = match below {
                    Below::Direct => socket::direct(stream),
                    Below::Upgraded => socket::upgraded(stream),
                };
                let (serving, dialect) = (Arc::clone(&serving), Arc::clone(&dialect));
                tokio::spawn(async move { serving.serve(socket, Bytes::new(), dialect, Target::default(), peer.ip()).await });
            }
        });
        Self { address, sessions, metrics, told }
    }

    pub async fn raw(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    pub async fn client(&mut self) -> Client {
        let client = WebSocketStream::from_raw_socket(self.raw().await, Role::Client, None).await;
        assert_eq!(self.told().await, Told::Opened);
        client
    }

    /// The next thing the dialect was told.
    pub async fn told(&mut self) -> Told {
        self.told.recv().await.unwrap()
    }

    /// The only session there is.
    pub fn session(&self) -> Arc<Session> {
        let mut found = None;
        self.sessions.for_each(|session| found = Some(Arc::clone(session)));
        found.unwrap()
    }

    /// Nothing more was told.
    pub fn is_silent(&mut self) -> bool {
        self.told.try_recv().is_err()
    }
}

/// `echo X` answers X, `panic` panics, anything is told to the test.
struct Plain {
    telling: UnboundedSender<Told>,
}

impl Dialect for Plain {
    fn begin(self: Arc<Self>, session: Arc<Session>, _target: Target) -> Box<dyn Conversation> {
        Box::new(PlainConversation { dialect: self, session })
    }
}

struct PlainConversation {
    dialect: Arc<Plain>,
    session: Arc<Session>,
}

impl PlainConversation {
    fn tell(&self, told: Told) {
        // The test may be over.
        let _ = self.dialect.telling.send(told);
    }
}

#[async_trait]
impl Conversation for PlainConversation {
    async fn opened(&mut self) {
        self.tell(Told::Opened);
    }

    async fn text(&mut self, text: &str) {
        self.tell(Told::Text(text.into()));
        if let Some(echo) = text.strip_prefix("echo ") {
            self.session.reply(frame::text(echo));
        }
        assert_ne!(text, "panic");
    }

    async fn refused(&mut self, refusal: Refusal<'_>) {
        self.tell(match refusal {
            Refusal::Binary => Told::Binary,
            Refusal::TooLarge => Told::TooLarge,
            Refusal::TooMany { retry_after, .. } => {
                assert!(retry_after > Duration::ZERO);
                Told::TooMany
            }
        });
    }

    async fn closed(&mut self) {
        self.tell(Told::Closed);
    }
}

/// Sends and expects the echo.
pub async fn assert_alive(client: &mut Client) {
    client.send(Message::text("echo still here")).await.unwrap();
    assert_eq!(next_text(client).await, "still here");
}

/// The next text frame; control frames are passed over.
pub async fn next_text(client: &mut Client) -> String {
    loop {
        match client.next().await.unwrap().unwrap() {
            Message::Text(text) => return text.as_str().to_owned(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?} instead of a text"),
        }
    }
}

/// Reads to the close frame and the end of the connection.
pub async fn close_code(client: &mut Client) -> (u16, String) {
    let mut code = None;
    while let Some(Ok(message)) = client.next().await {
        if let Message::Close(Some(close)) = message {
            code = Some((close.code.into(), close.reason.as_str().to_owned()));
        }
    }
    code.expect("a close frame")
}

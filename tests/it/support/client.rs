//! A client of the chat protocol: a few words for what tests do, and everything that it ever received.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::described::{Protocol, Side};
use super::node::Node;

/// Bytes that the system keeps of what was not read.
const RECEIVE_BUFFER: u32 = 64 * 1024;
/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(90);

type Socket = WebSocketStream<TcpStream>;

/// Who somebody is once they are signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub uuid: String,
    pub key: String,
    pub name: String,
}

/// How quickly a client reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    #[default]
    Full,
    /// One frame each time.
    Slow(Duration),
    Stopped,
}

/// One connection. Requests go out without waiting; what comes in is kept, and `expect` takes it out one by one.
pub struct Client {
    sink: SplitSink<Socket, Message>,
    inbox: Arc<Inbox>,
    reader: JoinHandle<()>,
    pace: watch::Sender<Pace>,
    session: String,
    account: Option<Account>,
    requests: u64,
}

impl Client {
    /// Connects and waits for `ready`.
    pub async fn connect(node: &Node) -> Self {
        Self::connect_to(node.address()).await
    }

    /// As [`Client::connect`], through a proxy.
    pub async fn connect_to(address: SocketAddr) -> Self {
        Self::open(address, None).await.expect("the node accepts the connection")
    }

    /// As a browser whose page came from `origin`.
    pub async fn connect_from(node: &Node, origin: &str) -> Result<Self, Error> {
        Self::open(node.address(), Some(origin)).await
    }

    async fn open(address: SocketAddr, origin: Option<&str>) -> Result<Self, Error> {
        let mut client = Self::open_at(address, "/ws", origin).await?;
        let ready = client.expect_type("ready").await;
        client.session = text(&ready["ready"]["sessionUUID"]);
        Ok(client)
    }

    /// A connection to any path, whatever is spoken there.
    pub async fn open_at(address: SocketAddr, path: &str, origin: Option<&str>) -> Result<Self, Error> {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        Self::open_with(address, path, &headers).await
    }

    /// As [`Client::open_at`], with these headers in the handshake.
    pub async fn open_with(address: SocketAddr, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let socket = TcpSocket::new_v4().map_err(Error::Io)?;
        // So that a client that reads slowly is felt at the other end soon.
        socket.set_recv_buffer_size(RECEIVE_BUFFER).map_err(Error::Io)?;
        let stream = socket.connect(address).await.map_err(Error::Io)?;
        stream.set_nodelay(true).map_err(Error::Io)?;
        let (socket, _) = client_async(request, stream).await?;
        let (sink, source) = socket.split();
        let inbox = Arc::new(Inbox { protocol: Protocol::at(path), ..Inbox::default() });
        let pace = watch::Sender::default();
        let reader = tokio::spawn(read(source, Arc::clone(&inbox), pace.subscribe()));
        Ok(Self { sink, inbox, reader, pace, session: String::new(), account: None, requests: 0 })
    }

    /// Connects and comes in as a guest. (+)
    pub async fn guest(node: &Node) -> Self {
        let mut client = Self::connect(node).await;
        client.send("signIn", json!({ "guest": true })).await;
        client.authorized().await;
        client
    }

    /// Connects and signs in.
    pub async fn sign_in(node: &Node, name: &str, password: &str) -> Self {
        let mut client = Self::connect(node).await;
        client.send("signIn", json!({ "username": name, "password": password })).await;
        client.authorized().await;
        client
    }

    /// Connects, to come in by this account's key with its next request.
    pub async fn resume(node: &Node, account: &Account) -> Self {
        let mut client = Self::connect(node).await;
        client.account = Some(account.clone());
        client
    }

    /// Waits for `authorized` and remembers who that is.
    pub async fn authorized(&mut self) -> Account {
        let body = self.expect_type("authorized").await["authorized"].clone();
        let uuid = text(&body["userUUID"]);
        let news = self.expect(&format!("the own sign-in of {uuid}"), |v| v["sys"]["signIn"]["uuid"] == uuid.as_str()).await;
        let account = Account { uuid, key: text(&body["accessKey"]), name: text(&news["sys"]["signIn"]["username"]) };
        self.account = Some(account.clone());
        account
    }

    /// The session's UUID.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Who is signed in.
    pub fn account(&self) -> Account {
        self.account.clone().expect("signed in")
    }

    /// The user's UUID.
    pub fn uuid(&self) -> String {
        self.account().uuid
    }

    /// The user's name.
    pub fn name(&self) -> String {
        self.account().name
    }

    /// Sends `{"type": kind, kind: payload}`.
    pub async fn send(&mut self, kind: &str, payload: Value) {
        self.send_json(json!({ "type": kind, kind: payload })).await;
    }

    /// Sends any JSON.
    pub async fn send_json(&mut self, frame: Value) {
        self.send_text(frame.to_string()).await;
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.send_message(Message::text(text.into())).await;
    }

    /// Sends a text of which the node may take what it can use, and more than is described.
    pub async fn send_anything(&mut self, text: &str) {
        timeout(PATIENCE, self.sink.send(Message::text(text))).await.expect("the node reads").expect("the connection stands");
    }

    /// Sends any frame.
    pub async fn send_message(&mut self, message: Message) {
        if let Message::Text(text) = &message {
            self.inbox.goes_out(text);
        }
        timeout(PATIENCE, self.sink.send(message)).await.expect("the node reads").expect("the connection stands");
    }

    /// Sends a request with an `id` (+) and answers what came back with it, an error or not.
    pub async fn request(&mut self, kind: &str, payload: Value) -> Value {
        let answer = self.try_request(kind, payload).await;
        answer.unwrap_or_else(|| panic!("the connection ended before {kind} was answered; received: {}", self.inbox.shown()))
    }

    /// As [`Client::request`]; `None` if the connection ends before the answer.
    pub async fn try_request(&mut self, kind: &str, payload: Value) -> Option<Value> {
        self.requests += 1;
        let id = format!("{kind} {}", self.requests);
        let mut frame = json!({ "type": kind, kind: payload, "id": id });
        if let Some(account) = &self.account {
            frame["userUUID"] = json!(account.uuid);
            frame["userAccessKey"] = json!(account.key);
        }
        let frame = frame.to_string();
        self.inbox.goes_out(&frame);
        timeout(PATIENCE, self.sink.send(Message::text(frame))).await.expect("the node reads").ok()?;
        self.find(&format!("the answer to {id}"), |v| v["id"] == id.as_str()).await
    }

    /// As [`Client::request`], of a request that succeeds; answers the payload.
    pub async fn ask(&mut self, kind: &str, payload: Value) -> Value {
        let mut answer = self.request(kind, payload).await;
        assert_eq!(answer["type"], kind, "{answer}");
        answer[kind].take()
    }

    /// As [`Client::request`], of a request that fails; answers the code.
    pub async fn refused(&mut self, kind: &str, payload: Value) -> u64 {
        let answer = self.request(kind, payload).await;
        assert_eq!(answer["type"], "error", "{answer}");
        answer["error"]["code"].as_u64().unwrap()
    }

    /// Joins a channel: `""` the general one, else the direct one with that user.
    pub async fn join(&mut self, recipient: &str) -> Value {
        self.send("channelJoin", json!({ "recipientUUID": recipient })).await;
        self.expect("the channel joined", |v| v["type"] == "channelJoin" && v["channelJoin"]["recipientUUID"] == recipient).await["channelJoin"]
            .clone()
    }

    /// Watches channels (+); answers what is unread in them.
    pub async fn watch(&mut self, which: Value) -> Vec<Value> {
        let answer = self.request("watch", which).await;
        assert_eq!(answer["type"], "unread", "{answer}");
        answer["unread"]["channels"].as_array().unwrap().clone()
    }

    /// Writes to a channel and waits until the message is acknowledged.
    pub async fn say(&mut self, recipient: &str, words: &str) -> Value {
        self.post(recipient, words).await;
        let own = self.uuid();
        self.expect(&format!("{words:?} acknowledged"), |v| says(v, words) && v["channelMessage"]["SenderUUID"] == own.as_str()).await
            ["channelMessage"]
            .clone()
    }

    /// Writes to a channel.
    pub async fn post(&mut self, recipient: &str, words: &str) {
        self.send("channelMessage", json!({ "recipientUUID": recipient, "message": words })).await;
    }

    /// Waits for a message with this text.
    pub async fn hears(&self, words: &str) -> Value {
        self.expect(&format!("the message {words:?}"), |v| says(v, words)).await["channelMessage"].clone()
    }

    /// Waits for a frame of this type.
    pub async fn expect_type(&self, kind: &str) -> Value {
        self.expect(kind, |v| v["type"] == kind).await
    }

    /// Waits for an error and answers its code and payload.
    pub async fn expect_error(&self) -> (u64, Value) {
        let error = self.expect_type("error").await;
        (error["error"]["code"].as_u64().unwrap(), error["error"]["payload"].clone())
    }

    /// Waits for a frame that no `expect` has taken yet and that fits, and takes it.
    pub async fn expect(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let found = self.find(what, fits).await;
        found.unwrap_or_else(|| panic!("the connection ended before {what}; received: {}", self.inbox.shown()))
    }

    /// As [`Client::expect`]; `None` if the connection ends before.
    pub async fn find(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut changed = self.inbox.changed.subscribe();
        let found = async {
            loop {
                changed.mark_unchanged();
                let ended = !self.is_open();
                let found = self.inbox.take(&fits);
                if ended || found.is_some() {
                    return found;
                }
                changed.changed().await.unwrap();
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{what} did not come; received: {}", self.inbox.shown()))
    }

    /// Waits until what was received so far, as a whole, fits.
    pub async fn until(&self, what: &str, fits: impl Fn(&[Value]) -> bool) {
        let mut changed = self.inbox.changed.subscribe();
        let fitting = async {
            loop {
                changed.mark_unchanged();
                if fits(&self.received()) {
                    return;
                }
                if let Some(end) = self.inbox.end.lock().unwrap().as_ref() {
                    panic!("the connection ended ({end:?}) before {what}; received: {}", self.inbox.shown());
                }
                changed.changed().await.unwrap();
            }
        };
        timeout(PATIENCE, fitting).await.unwrap_or_else(|_| panic!("never {what}; received: {}", self.inbox.shown()));
    }

    /// When this returns, everything that was sent before it has been answered. Uses no addition to the protocol.
    pub async fn fence(&mut self) {
        self.requests += 1;
        let kind = format!("fence {}", self.requests);
        self.send_json(json!({ "type": kind })).await;
        self.expect(&kind, |v| v["error"]["payload"]["type"] == kind.as_str()).await;
    }

    /// Everything received so far, in order.
    pub fn received(&self) -> Vec<Value> {
        self.inbox.frames.lock().unwrap().iter().map(|(_, frame)| frame.clone()).collect()
    }

    /// Everything received so far of one type: the payloads, in order.
    pub fn received_of(&self, kind: &str) -> Vec<Value> {
        self.received().iter().filter(|frame| frame["type"] == kind).map(|frame| frame[kind].clone()).collect()
    }

    /// Every channel message received so far, live, in order.
    pub fn messages(&self) -> Vec<Value> {
        self.received_of("channelMessage")
    }

    /// Waits until the node has closed the connection, and answers how.
    pub async fn closed(&self) -> (u16, String) {
        let mut changed = self.inbox.changed.subscribe();
        let closed = async {
            loop {
                changed.mark_unchanged();
                if let Some(end) = self.inbox.end.lock().unwrap().clone() {
                    return end;
                }
                changed.changed().await.unwrap();
            }
        };
        timeout(PATIENCE, closed).await.unwrap_or_else(|_| panic!("the connection stayed; received: {}", self.inbox.shown()))
    }

    /// Reads as quickly as this from now on.
    pub fn read_at(&self, pace: Pace) {
        self.pace.send_replace(pace);
    }

    /// Whether the connection still stands.
    pub fn is_open(&self) -> bool {
        self.inbox.end.lock().unwrap().is_none()
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        let _ = self.sink.send(Message::Close(None)).await;
        self.closed().await;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.reader.abort();
        if !std::thread::panicking() {
            self.inbox.documented();
        }
    }
}

/// Whether a frame is the message with this text.
pub fn says(frame: &Value, words: &str) -> bool {
    frame["type"] == "channelMessage" && frame["channelMessage"]["Message"] == words
}

/// A JSON string as what it says.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string")).to_owned()
}

/// The numbers of these messages.
pub fn seqs(messages: &[Value]) -> Vec<u64> {
    messages.iter().map(|message| message["Seq"].as_u64().expect("every message has a number")).collect()
}

/// The texts of these messages.
pub fn texts(messages: &[Value]) -> Vec<String> {
    messages.iter().map(|message| text(&message["Message"])).collect()
}

#[derive(Default)]
struct Inbox {
    /// What came, and whether an `expect` has taken it.
    frames: Mutex<Vec<(bool, Value)>>,
    /// Close code (1006: none) and reason.
    end: Mutex<Option<(u16, String)>>,
    changed: watch::Sender<()>,
    /// What is spoken, if that is described.
    protocol: Option<&'static Protocol>,
    /// What came and is not as described.
    faults: Mutex<Vec<String>>,
    /// What was sent and is not as described, so that an error has to follow; with an `id` that one's.
    odd: Mutex<Vec<(Option<Value>, String)>>,
}

impl Inbox {
    /// Compares what is sent with what is described.
    fn goes_out(&self, text: &str) {
        let Some(protocol) = self.protocol else { return };
        // No JSON is described nowhere.
        let Ok(frame) = serde_json::from_str::<Value>(text) else { return };
        if let Err(why) = protocol.check(Side::Client, &frame) {
            self.odd.lock().unwrap().push((frame.get("id").cloned(), format!("{why}; sent: {text}")));
        }
    }

    /// Compares what came with what is described.
    fn came(&self, frame: &Value) {
        let Some(protocol) = self.protocol else { return };
        if let Err(why) = protocol.check(Side::Server, frame) {
            self.faults.lock().unwrap().push(format!("{why}; received: {frame}"));
        }
        if frame["type"] != "error" && frame.get("id").is_some() {
            let mut odd = self.odd.lock().unwrap();
            if let Some(found) = odd.iter().position(|(id, _)| id.as_ref() == frame.get("id")) {
                self.faults.lock().unwrap().push(format!("{}; accepted: {frame}", odd.remove(found).1));
            }
        }
    }

    /// Panics if something was not as the AsyncAPI document says: frames that came, and requests that were not answered by an error.
    fn documented(&self) {
        let is_error = |frame: &Value| frame["type"] == "error" || frame["data"]["event"] == "error";
        let faults = self.faults.lock().unwrap();
        assert!(faults.is_empty(), "to be described in src/dialect/asyncapi: {}", faults.join("\n"));
        let odd = self.odd.lock().unwrap();
        let errors = self.frames.lock().unwrap().iter().filter(|(_, frame)| is_error(frame)).count();
        assert!(odd.len() <= errors, "{errors} errors came, and these requests are not as src/dialect/asyncapi describes them: {odd:#?}");
    }

    fn take(&self, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut frames = self.frames.lock().unwrap();
        let (taken, frame) = frames.iter_mut().find(|(taken, frame)| !taken && fits(frame))?;
        *taken = true;
        Some(frame.clone())
    }

    fn shown(&self) -> String {
        const MOST: usize = 60;
        let frames = self.frames.lock().unwrap();
        let skipped = frames.len().saturating_sub(MOST);
        let lines = frames[skipped..].iter().map(|(taken, frame)| format!("\n{} {frame}", if *taken { ' ' } else { '*' }));
        format!("({skipped} more){}", lines.collect::<String>())
    }
}

async fn read(mut source: SplitStream<Socket>, inbox: Arc<Inbox>, mut pace: watch::Receiver<Pace>) {
    let end = loop {
        let Ok(present) = pace.wait_for(|pace| *pace != Pace::Stopped).await.map(|pace| *pace) else { return };
        if let Pace::Slow(time) = present {
            sleep(time).await;
        }
        match source.next().await {
            Some(Ok(Message::Text(text))) => {
                let frame = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
                inbox.came(&frame);
                inbox.frames.lock().unwrap().push((false, frame));
                inbox.changed.send_replace(());
            }
            Some(Ok(Message::Close(frame))) => {
                break frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => break (1006, error.to_string()),
            None => break (1006, String::new()),
        }
    };
    *inbox.end.lock().unwrap() = Some(end);
    inbox.changed.send_replace(());
}

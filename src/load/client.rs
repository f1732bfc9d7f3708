//! One connection: signs in as a guest, joins its channel and checks what arrives.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use hdrhistogram::Histogram;
use serde_json::json;

use super::check::{Checker, Faults};
use super::frame::{self, FrameError, Incoming, Reader};
use super::marker::{self, Event, Scanner};
use super::report::microseconds;
use super::socket::{OpenError, Socket};
use super::state::{Run, add};

/// Bytes read at once.
const READ: usize = 256 * 1024;

/// What the connections of one thread share. They run one after the other, so nobody ever waits for the lock.
#[derive(Debug)]
pub struct Lane {
    /// What the thread has found out.
    pub tally: Tally,
    buffer: Vec<u8>,
}

/// What a thread has found out.
#[derive(Debug)]
pub struct Tally {
    /// Delivery times of the measured messages, in microseconds.
    pub latency: Histogram<u64>,
    /// What went wrong, warm-up included.
    pub faults: Faults,
    scanner: Scanner,
}

impl Lane {
    /// A thread's share of a run.
    pub fn new(run: &Run) -> Result<Self, hdrhistogram::CreationError> {
        let tally = Tally { latency: microseconds()?, faults: Faults::default(), scanner: Scanner::new(run.id) };
        Ok(Self { tally, buffer: vec![0; READ] })
    }
}

/// Lives one connection, from connecting on; ends only by failing.
pub async fn live(run: Arc<Run>, lane: Arc<Mutex<Lane>>, index: usize) {
    let mut ready = false;
    if let Err(ended) = converse(&run, &lane, index, &mut ready).await {
        add(if ready { &run.progress.dropped } else { &run.progress.failed }, 1);
        run.fail(format!("connection {index}: {ended}"));
    }
}

/// Whom connection `index` writes to: the other one of its pair, or nobody in particular for the general channel.
pub fn recipient(run: &Run, index: usize) -> &str {
    run.args.peer(index).and_then(|peer| run.users[peer].get()).map_or("", String::as_str)
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the server closed it with {0} {1:?}")]
    Closed(u16, String),
    #[error("error {code}: {words}{}", if *code == 15 { " (nodes under test run with RATE_MESSAGES=0 RATE_ACCOUNTS=0)" } else { "" })]
    Refused { code: i64, words: String },
    #[error("`authorized` without `userUUID`")]
    NoUser,
}

async fn converse(run: &Run, lane: &Mutex<Lane>, index: usize, ready: &mut bool) -> Result<(), Ended> {
    let mut may_join = run.may_join.subscribe();
    let permit = run.window.acquire().await.map_err(io::Error::other)?;
    let (socket, behind) = Socket::open(&run.targets[index % run.targets.len()]).await?;
    let socket = run.sockets[index].get_or_init(|| Arc::new(socket));
    let inbox = Inbox { reader: Reader::default(), checker: Checker::new(run.args.route(index)), awaiting: None, answer: None };
    let mut client = Client { run, lane, socket, inbox };
    client.inbox.take(run, socket, &mut lock(lane).tally, &behind)?;

    let answer = client.ask("authorized", &json!({"type": "signIn", "signIn": {"guest": true}}).to_string()).await?;
    let user = marker::authorized_user(&answer).ok_or(Ended::NoUser)?;
    run.users[index].get_or_init(|| user);
    add(&run.progress.signed_in, 1);
    drop(permit);

    while !*may_join.borrow_and_update() {
        tokio::select! {
            read = client.read() => read?,
            changed = may_join.changed() => changed.map_err(io::Error::other)?,
        }
    }
    let permit = run.window.acquire().await.map_err(io::Error::other)?;
    let join = json!({"type": "channelJoin", "channelJoin": {"recipientUUID": recipient(run, index)}}).to_string();
    client.ask("channelJoin", &join).await?;
    *ready = true;
    add(&run.progress.ready, 1);
    drop(permit);

    loop {
        client.read().await?;
    }
}

struct Client<'a> {
    run: &'a Run,
    lane: &'a Mutex<Lane>,
    socket: &'a Socket,
    inbox: Inbox,
}

impl Client<'_> {
    /// Sends a request and reads until its answer has come; what else arrives meanwhile is taken as always.
    async fn ask(&mut self, answer: &'static str, request: &str) -> Result<Vec<u8>, Ended> {
        self.inbox.awaiting = Some(answer);
        self.socket.send(&frame::text(request))?;
        loop {
            if let Some(answer) = self.inbox.answer.take() {
                return answer;
            }
            self.read().await?;
        }
    }

    /// Waits for bytes and takes them.
    async fn read(&mut self) -> Result<(), Ended> {
        self.socket.readable().await?;
        let mut lane = lock(self.lane);
        let Lane { tally, buffer } = &mut *lane;
        match self.socket.try_read(buffer) {
            Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(length) => self.inbox.take(self.run, self.socket, tally, &buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a connection knows of what it has received.
struct Inbox {
    reader: Reader,
    checker: Checker,
    awaiting: Option<&'static str>,
    answer: Option<Result<Vec<u8>, Ended>>,
}

impl Inbox {
    /// Checks and times the messages in what was read, answers pings, keeps the awaited answer.
    fn take(&mut self, run: &Run, socket: &Socket, tally: &mut Tally, bytes: &[u8]) -> Result<(), Ended> {
        let now = run.now();
        let (mut delivered, mut timed) = (0, 0);
        let mut outcome = Ok(());
        let Self { reader, checker, awaiting, answer } = self;
        reader.push(bytes, |incoming| match incoming {
            Incoming::Ping(body) => {
                if let Err(error) = socket.send(&frame::pong(body)) {
                    outcome = Err(error.into());
                }
            }
            Incoming::Close { code, reason } => outcome = Err(Ended::Closed(code, String::from_utf8_lossy(reason).into_owned())),
            Incoming::Text(text) if awaiting.is_some_and(|kind| marker::is_type(text, kind)) => {
                *awaiting = None;
                *answer = Some(Ok(text.to_vec()));
            }
            Incoming::Text(text) => match tally.scanner.scan(text) {
                Event::Message { seq, mark } => {
                    if !checker.message(seq, mark, &mut tally.faults) {
                        return;
                    }
                    delivered += 1;
                    if let Some(mark) = mark.filter(|mark| mark.number >= run.first_timed) {
                        timed += 1;
                        tally.latency.saturating_record(now.saturating_sub(mark.due).max(1));
                    }
                }
                Event::Refused { code, words } if awaiting.is_some() => *answer = Some(Err(Ended::Refused { code, words })),
                Event::Refused { code, .. } => run.refuse(code),
                Event::Other => {}
            },
        })?;
        if delivered > 0 {
            add(&run.progress.delivered, delivered);
            add(&run.progress.timed, timed);
            run.progress.last_delivery.fetch_max(now, Ordering::Relaxed);
        }
        outcome
    }
}

fn lock(lane: &Mutex<Lane>) -> std::sync::MutexGuard<'_, Lane> {
    lane.lock().unwrap_or_else(PoisonError::into_inner)
}

//! One participant: signs in as a guest, joins its room, and stays; or comes and goes.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::connection::Connection;
use super::flow::Faults;
use super::sdp::{Offer, OfferError};
use super::signaling::{Signaling, SignalingError};
use super::state::{Run, add, get};
use crate::load::report::microseconds;
use crate::media::client::ClientError;

/// The chat protocol's code for: try again.
const UNAVAILABLE: i64 = 17;
/// On a machine that stands still for longer than a lease lasts, a room may be nobody's for a moment: it is tried so often to join …
const TRIES: u32 = 20;
/// … with this in between.
const AGAIN: Duration = Duration::from_millis(500);

/// What the participants of a thread have found out. They run one after the other, so nobody ever waits for the lock.
#[derive(Debug)]
pub struct Tally {
    /// From when a packet was due until it was there, in microseconds; of the measured part.
    pub latency: Histogram<u64>,
    /// What went wrong, warm-up included.
    pub faults: Faults,
}

impl Tally {
    /// Nothing found yet.
    pub fn new() -> Result<Self, hdrhistogram::CreationError> {
        Ok(Self { latency: microseconds()?, faults: Faults::default() })
    }
}

/// Why a participant is out.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// No conversation with the node any more.
    #[error(transparent)]
    Signaling(#[from] SignalingError),
    /// The network's words.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The offer cannot be answered.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// No connection can be begun.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The node put it out of the call.
    #[error("the call ended: {0}")]
    Call(String),
    /// The media node closed the connection.
    #[error("the media node closed the connection")]
    Closed,
}

/// Lives one participant until `stop`.
pub async fn live(run: Arc<Run>, tally: Arc<Mutex<Tally>>, index: usize, mut stop: watch::Receiver<bool>) {
    let mut connected = false;
    if let Err(ended) = participate(&run, &tally, index, &mut stop, &mut connected).await {
        add(if connected { &run.progress.dropped } else { &run.progress.failed }, 1);
        run.fail(format!("participant {index}: {ended}"));
    }
}

async fn participate(
    run: &Run,
    tally: &Mutex<Tally>,
    index: usize,
    stop: &mut watch::Receiver<bool>,
    connected: &mut bool,
) -> Result<(), Ended> {
    let permit = run.window.acquire().await.map_err(io::Error::other)?;
    let mut signaling = Signaling::open(&run.targets[index % run.targets.len()]).await?;
    let mut call = Call::connect(run, index, &mut signaling, tally, stop).await?;
    add(&run.progress.connected, 1);
    *connected = true;
    drop(permit);
    while !*stop.borrow() {
        match run.args.churn {
            None => call.turn(&mut signaling, tally, stop).await?,
            // Nobody leaves before everybody came.
            Some(_) if get(&run.progress.connected) < u64::from(run.args.participants()) => call.turn(&mut signaling, tally, stop).await?,
            Some(_) if get(&run.progress.left) >= get(&run.progress.goal) => call.turn(&mut signaling, tally, stop).await?,
            Some(_) => {
                leave(run, &mut signaling).await?;
                call = Call::connect(run, index, &mut signaling, tally, stop).await?;
                add(&run.progress.rejoined, 1);
            }
        }
    }
    leave(run, &mut signaling).await?;
    signaling.close();
    Ok(())
}

async fn leave(run: &Run, signaling: &mut Signaling) -> Result<(), Ended> {
    signaling.send("callLeave", json!({}))?;
    signaling.wait_for("callLeave").await?;
    add(&run.progress.left, 1);
    Ok(())
}

/// A call that a participant is in.
struct Call<'a> {
    run: &'a Run,
    index: usize,
    connection: Option<Connection>,
    lines: Value,
    is_connected: bool,
}

impl<'a> Call<'a> {
    fn join(run: &'a Run, index: usize, signaling: &Signaling) -> Result<Self, Ended> {
        let room = format!("load-{:08x}-{}", run.id, run.args.room(index));
        let publishes = run.args.publishes(index);
        // Somebody idle has a connection too, which needs a line; so it would publish sound, and does not.
        let (audio, video) = (publishes && !run.args.no_audio || run.args.idle, publishes && run.args.bitrate > 0);
        signaling.send("callJoin", json!({ "room": room, "audio": audio, "video": video }))?;
        Ok(Self { run, index, connection: None, lines: Value::Null, is_connected: false })
    }

    /// Joins, and is connected. Who is told to try again does.
    async fn connect(
        run: &'a Run,
        index: usize,
        signaling: &mut Signaling,
        tally: &Mutex<Tally>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Self, Ended> {
        let mut call = Self::join(run, index, signaling)?;
        let mut tries = 1;
        while !call.is_connected && !*stop.borrow() {
            match call.turn(signaling, tally, stop).await {
                Err(Ended::Signaling(SignalingError::Refused(UNAVAILABLE, _))) if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(AGAIN).await;
                    call = Self::join(run, index, signaling)?;
                }
                turned => turned?,
            }
        }
        Ok(call)
    }

    /// Waits for whatever comes next, and does it.
    async fn turn(&mut self, signaling: &mut Signaling, tally: &Mutex<Tally>, stop: &mut watch::Receiver<bool>) -> Result<(), Ended> {
        while let Some((kind, body)) = signaling.next()? {
            self.message(signaling, &kind, &body).await?;
        }
        let run = self.run;
        let Some(connection) = &mut self.connection else {
            return tokio::select! {
                read = signaling.read() => Ok(read?),
                _ = stop.changed() => Ok(()),
            };
        };
        let due = connection.due(run);
        tokio::select! {
            biased;
            _ = stop.changed() => {}
            () = tokio::time::sleep_until(due.into()) => connection.do_what_is_due(run),
            ready = connection.readable() => {
                ready?;
                self.is_connected |= connection.receive(run, &mut tally.lock().unwrap_or_else(PoisonError::into_inner))?;
            }
            read = signaling.read() => read?,
        }
        Ok(())
    }

    async fn message(&mut self, signaling: &Signaling, kind: &str, body: &Value) -> Result<(), Ended> {
        match kind {
            "callJoined" => {
                let own = body["participant"].as_str().unwrap_or_default().to_owned();
                self.run.participants[self.index].get_or_init(|| own);
            }
            "callTracks" => {
                self.lines = body["lines"].clone();
                if let Some(connection) = &mut self.connection {
                    connection.told(self.run, &self.lines);
                }
            }
            "callOffer" => {
                let offer = Offer::parse(body["sdp"].as_str().unwrap_or_default())?;
                let number = body["connection"].as_u64().unwrap_or_default();
                if self.connection.as_ref().is_none_or(|connection| connection.number != number) {
                    self.connection = Some(Connection::open(self.run, self.index, number, &offer).await?);
                }
                if let Some(connection) = &mut self.connection {
                    let sdp = connection.answer(self.run, &offer, &body["lines"]);
                    connection.told(self.run, &self.lines);
                    let answer = json!({ "type": "answer", "sdp": sdp, "connection": number, "offer": body["offer"] });
                    signaling.send("callAnswer", answer)?;
                }
            }
            "callMoved" => add(&self.run.progress.moves, 1),
            "callEnded" => return Err(Ended::Call(body["reason"].as_str().unwrap_or_default().to_owned())),
            _ => {}
        }
        Ok(())
    }
}

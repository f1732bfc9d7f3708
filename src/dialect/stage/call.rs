//! A client's end of its room's call: what the call tells, as events.
//!
//! The original client has one `RTCPeerConnection` for its whole life and answers offers without saying which. Answers come in the
//! order of the offers, so each is taken for one to the oldest offer that has none; the call drops what is not to its newest. If a
//! client that is offered twice in a row answers only once, it is offered again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::error::{Failure, Status};
use super::out::{self, media};
use crate::clock::unix_now;
use crate::cluster::calls::{CallEvent, Ended, Told};
use crate::dialect::Services;
use crate::domain::rooms::Visitor;
use crate::ids::{RoomNumber, SessionId, UserId};
use crate::session::Session;
use crate::store::record::calls::{Refusal, Roster, Source};

/// Offers that wait for an answer; one does, and another for each time that the call moved meanwhile.
const OFFERS: usize = 8;
/// So many streams are remembered that may not be there any more.
const STREAMS: usize = 1_024;
/// A client whose answer was for an earlier offer gets this time for the one to the newest.
const ANSWER_IN: Duration = Duration::from_millis(1_500);

/// An offer that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offered {
    connection: u64,
    offer: u64,
    sdp: String,
    lines: Vec<(String, Source)>,
}

#[derive(Default)]
struct State {
    is_over: bool,
    roster: Roster,
    /// Whose each stream is or was.
    streams: HashMap<String, SessionId>,
    people: HashMap<SessionId, Visitor>,
    /// Who was looked up, also those who are not logged in: when they do, another look follows.
    looked_up: HashSet<SessionId>,
    /// The camera and microphone, as asked for.
    publish: Vec<Source>,
    has_ice_servers: bool,
    /// A look at who the participants are is on its way.
    will_look: bool,
    offers: VecDeque<Offered>,
    /// The one answered last.
    answered: Option<Offered>,
    /// The server's ICE name in the candidates told last.
    candidates_of: Option<String>,
    /// When the newest offer is sent again, unless it is answered.
    again: Option<Instant>,
}

/// A session in its room's call.
pub struct Call {
    session: Arc<Session>,
    services: Arc<Services>,
    room: RoomNumber,
    /// In whose name TURN is used. Whoever is not logged in has no number yet; the session's own will do.
    user: UserId,
    /// The client knows Rialto's additions.
    additions: bool,
    state: Mutex<State>,
}

/// What comes to a call's task.
enum Input {
    Told(CallEvent),
    /// Names may have changed.
    Look,
    /// An answer came that was of no use.
    Wait,
}

/// A call, for the client. The call's task ends when this and the call's own handle are gone.
#[derive(Clone)]
pub struct Handle {
    call: Arc<Call>,
    inputs: UnboundedSender<Input>,
}

/// The call's own handle.
struct Ear(UnboundedSender<Input>);

impl Told for Ear {
    fn tell(&self, event: CallEvent) {
        // Whoever does not listen any more has left.
        let _ = self.0.send(Input::Told(event));
    }
}

/// An answer: its description, and what a client with additions says that it answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The description.
    pub sdp: String,
    /// The numbers of the connection and the offer.
    pub numbers: Option<(u64, u64)>,
}

impl Handle {
    /// Of a session about to join; the second is for `Calls::join`.
    #[must_use]
    pub fn new(
        session: Arc<Session>,
        services: Arc<Services>,
        room: RoomNumber,
        user: UserId,
        additions: bool,
        publish: Vec<Source>,
    ) -> (Self, Arc<dyn Told>) {
        let (inputs, received) = unbounded_channel();
        let state = State { publish, ..State::default() };
        let call = Arc::new(Call { session, services, room, user, additions, state: Mutex::new(state) });
        tokio::spawn(run(call.clone(), received));
        (Self { call, inputs: inputs.clone() }, Arc::new(Ear(inputs)))
    }

    /// Whether the client knows Rialto's additions.
    #[must_use]
    pub fn has_additions(&self) -> bool {
        self.call.additions
    }

    /// Whether it has ended by itself, or was left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.call.state().is_over
    }

    /// Nothing is told any more.
    pub fn end(&self) {
        self.call.state().is_over = true;
    }

    /// What is to change so that of camera and microphone these are published.
    #[must_use]
    pub fn republish(&self, wanted: Vec<Source>) -> Vec<(Source, bool)> {
        let before = std::mem::replace(&mut self.call.state().publish, wanted.clone());
        let of = |source| (before.contains(&source), wanted.contains(&source));
        let changes = [Source::Microphone, Source::Camera].map(|source| (source, of(source)));
        changes.into_iter().filter(|(_, (was, is))| was != is).map(|(source, (_, is))| (source, is)).collect()
    }

    /// Who publishes this stream, or published it, and whether they still do.
    #[must_use]
    pub fn publisher(&self, stream: &str) -> Option<(SessionId, bool)> {
        let state = self.call.state();
        let session = *state.streams.get(stream)?;
        let present = state.roster.participants.iter().flat_map(|participant| &participant.tracks).any(|track| track.stream == stream);
        Some((session, present))
    }

    /// The video of a stream.
    #[must_use]
    pub fn video(&self, stream: &str) -> Option<(SessionId, Source)> {
        let state = self.call.state();
        let mut tracks = state
            .roster
            .participants
            .iter()
            .flat_map(|participant| participant.tracks.iter().map(move |track| (participant.session, track)));
        tracks
            .find(|(_, track)| track.stream == stream && matches!(track.source, Source::Camera | Source::Screen))
            .map(|(session, track)| (session, track.source))
    }

    /// The streams that this session publishes.
    #[must_use]
    pub fn own_streams(&self) -> Vec<String> {
        let state = self.call.state();
        let own = state.roster.participants.iter().filter(|participant| participant.session == self.call.session.id());
        let mut streams: Vec<String> = own.flat_map(|participant| participant.tracks.iter().map(|track| track.stream.clone())).collect();
        streams.sort();
        streams.dedup();
        streams
    }

    /// A session, or a user, may have another name now.
    pub fn look(&self, session: Option<SessionId>, user: UserId) {
        let concerns_it = {
            let mut state = self.call.state();
            let is_unknown = |participant: SessionId| {
                session == Some(participant) || state.people.get(&participant).is_none_or(|known| known.id == user)
            };
            let concerns_it = self.call.additions && state.roster.participants.iter().any(|participant| is_unknown(participant.session));
            // One look that is to come sees all that has happened by then.
            concerns_it && !std::mem::replace(&mut state.will_look, true)
        };
        if concerns_it {
            // Whoever does not listen any more has left.
            let _ = self.inputs.send(Input::Look);
        }
    }

    /// To which offer an answer is: the numbers of the connection and the offer. `None`: to none that is of use.
    pub fn answered(&self, answer: &Answer) -> Result<Option<(u64, u64)>, Failure> {
        let mut state = self.call.state();
        if let Some(numbers) = answer.numbers {
            state.offers.retain(|offered| (offered.connection, offered.offer) != numbers);
            return Ok(Some(numbers));
        }
        let oldest = state.offers.pop_front().ok_or_else(|| Failure::bad("there is no offer to answer"))?;
        if state.offers.is_empty() {
            let numbers = (oldest.connection, oldest.offer);
            state.again = None;
            state.answered = Some(oldest);
            return Ok(Some(numbers));
        }
        state.again = Some(Instant::now() + ANSWER_IN);
        drop(state);
        let _ = self.inputs.send(Input::Wait);
        Ok(None)
    }
}

/// Tells the client what comes, until both handles are gone.
async fn run(call: Arc<Call>, mut inputs: UnboundedReceiver<Input>) {
    loop {
        let again = call.state().again;
        let input = tokio::select! {
            input = inputs.recv() => input,
            () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => Some(Input::Wait),
        };
        let Some(input) = input else { return };
        if call.state().is_over {
            continue;
        }
        match input {
            Input::Told(event) => call.told(event).await,
            Input::Look => call.look_again().await,
            Input::Wait => call.offer_again(),
        }
    }
}

impl Call {
    async fn told(&self, event: CallEvent) {
        match event {
            CallEvent::Roster(roster) => self.roster(roster).await,
            CallEvent::Offer { connection, offer, sdp, publish } => self.offer(Offered { connection, offer, sdp, lines: publish }),
            CallEvent::Refused(Refusal::Answer(why)) => self.answer_refused(&why),
            // Of what is only for who can connect with others' pages, which no client of this protocol can.
            CallEvent::Refused(Refusal::NotPeerToPeer | Refusal::OnlyPeerToPeer | Refusal::NoSuchParticipant) => {}
            CallEvent::Refused(Refusal::NoSuchTrack) => self.fail(&Failure::bad("there is no such stream")),
            CallEvent::Refused(Refusal::TooManyTracks) => {
                self.fail(&Failure::new(Status::Unavailable, "no more streams fit into the room"))
            }
            CallEvent::Refused(Refusal::Busy) => self.fail(&Failure::new(Status::Unavailable, "the media node is too busy; try again")),
            CallEvent::Ended(why) => {
                self.state().is_over = true;
                self.fail(&Failure::new(
                    Status::Unavailable,
                    match why {
                        Ended::Full | Ended::TooManyPeers => "no more people fit into the room's video",
                        Ended::Connection => "the media connection is lost; request media again",
                        Ended::Unavailable => "there is no media node at present; request media again later",
                    },
                ));
            }
            _ if !self.additions => {}
            // News: who does not read does without.
            CallEvent::Speaking { active, speaking } => {
                self.session.send(&media::active_speaker(active, &speaking));
            }
            CallEvent::Quality(of) => {
                self.session.send(&media::connection_quality(&of));
            }
            CallEvent::Reaction { .. } | CallEvent::Peer { .. } => {}
            CallEvent::Moved => self.session.push(&media::room_moved(false)),
            CallEvent::Nowhere => self.session.push(&media::room_moved(true)),
        }
    }

    /// The answer does not fit its offer, which waits for another one.
    fn answer_refused(&self, why: &str) {
        let mut state = self.state();
        if state.offers.is_empty() {
            let refused = state.answered.take();
            state.offers.extend(refused);
        }
        drop(state);
        self.fail(&Failure::bad(format!("the answer does not fit the offer: {why}")));
    }

    async fn roster(&self, roster: Roster) {
        let first = {
            let mut state = self.state();
            if state.streams.len() > STREAMS {
                state.streams.clear();
            }
            for participant in &roster.participants {
                state.streams.extend(participant.tracks.iter().map(|track| (track.stream.clone(), participant.session)));
            }
            state.roster = roster;
            self.additions && !std::mem::replace(&mut state.has_ice_servers, true)
        };
        if !self.additions {
            return;
        }
        if first {
            let servers = self.services.ice.mint(self.user, unix_now());
            self.session.reply(media::ice_servers(&servers));
        }
        let is_known = {
            let state = self.state();
            state.roster.participants.iter().all(|participant| state.looked_up.contains(&participant.session))
        };
        if !is_known {
            self.learn_names().await;
        }
        self.tell_tracks();
    }

    async fn look_again(&self) {
        self.state().will_look = false;
        if self.learn_names().await {
            self.tell_tracks();
        }
    }

    /// Looks up who the participants are today; `true` if that is not as before.
    async fn learn_names(&self) -> bool {
        let sessions: Vec<SessionId> = self.state().roster.participants.iter().map(|participant| participant.session).collect();
        match self.services.rooms.people(self.room, &sessions).await {
            Ok(people) => {
                let mut state = self.state();
                state.looked_up = sessions.into_iter().collect();
                let before = std::mem::replace(&mut state.people, people.clone());
                before != people
            }
            Err(error) => {
                // They are told as they were when they came.
                tracing::debug!(%error, "who is in a call was not looked up");
                false
            }
        }
    }

    fn tell_tracks(&self) {
        let state = self.state();
        self.session.push(&media::tracks_changed(&state.roster, &state.people));
    }

    fn offer(&self, offered: Offered) {
        let mut state = self.state();
        self.send_offer(&offered);
        let name = media::ice_name(&offered.sdp).map(str::to_owned);
        if name != state.candidates_of {
            state.candidates_of = name;
            media::candidates(&offered.sdp).into_iter().for_each(|candidate| {
                self.session.push(&candidate);
            });
        }
        state.again = state.again.map(|_| Instant::now() + ANSWER_IN);
        state.offers.push_back(offered);
        if state.offers.len() > OFFERS {
            state.offers.pop_front();
        }
    }

    fn offer_again(&self) {
        let mut state = self.state();
        if state.again.is_none_or(|again| again > Instant::now()) {
            return;
        }
        state.again = None;
        let newest = state.offers.pop_back();
        // Whatever is answered from now on is an answer to this one.
        state.offers.clear();
        if let Some(offered) = newest {
            self.send_offer(&offered);
            state.offers.push_back(offered);
        }
    }

    fn send_offer(&self, offered: &Offered) {
        let Offered { connection, offer, sdp, lines } = offered;
        self.session.push(&if self.additions { media::numbered_offer(*connection, *offer, sdp, lines) } else { media::offer(sdp) });
    }

    fn fail(&self, failure: &Failure) {
        self.session.reply(out::error(failure));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

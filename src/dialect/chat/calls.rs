//! (+) Calls: into them, in them, out of them.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use super::channel::{acknowledge, place};
use super::client::{Client, Identity};
use super::error::{Code, Failure, Handled};
use super::out::calls::{self as frames, CallName};
use super::out::{self, Outgoing};
use super::wire::Request;
use super::wire::calls as wire;
use super::wire::peers::CallPeer;
use crate::clock::unix_now;
use crate::cluster::Listener;
use crate::cluster::calls::{CallEvent, Ended, NotInACall, Request as Coming, Told, Wish};
use crate::cluster::hub::Prepared;
use crate::dialect::Services;
use crate::dialect::rtc::{AnswerType, CandidateInit};
use crate::domain::channels::{ChannelError, Place};
use crate::domain::ice::IceServer;
use crate::ids::{ChannelId, Emoji, RequestId, RoomId, Slug};
use crate::session::{Sent, Session};
use crate::store::record::Person;
use crate::store::record::calls::{Refusal, Source};

/// `callJoin`: answered once the media node has answered, or will not.
pub(super) async fn join(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let payload: wire::CallJoin = request.payload()?;
    let (name, room) = match payload.room {
        Some(slug) => {
            let slug = Slug::parse(slug)?;
            let room = services.named_rooms.call(&slug, payload.token.as_deref()).await.map_err(Failure::door)?;
            (CallName::Room(slug), room)
        }
        None => {
            let place = place(me, payload.recipient);
            services.channels.call(&me.person, place).await.map_err(|error| Failure::channel(Code::Join, error))?;
            (CallName::Channel(place.peer), RoomId::of_channel(place.channel))
        }
    };
    let publish = [(payload.audio, Source::Microphone), (payload.video, Source::Camera)];
    let coming = Coming {
        who: me.person.clone(),
        publish: publish.into_iter().filter_map(|(on, source)| on.then_some(source)).collect(),
        simulcast: true,
        muted: payload.muted,
        keeps_connection: false,
        peer_to_peer: true,
        wants_peers: payload.mode.is_some_and(|mode| mode == "p2p"),
    };
    let ice_servers = services.ice.mint(me.person.id, unix_now());
    let call = Arc::new(Call::new(client.shared_connection(), name, ice_servers, request.id.clone()));
    if !client.set_call(me.person.id, &call) {
        return Err(Failure::new(Code::SignInNeeded, "signed out meanwhile"));
    }
    services.calls.join(client.session(), room, coming, call.clone());
    // Signed out between the last look and the join: what came in too late goes out again.
    if !client.is_in(&call) {
        services.calls.leave(client.session());
    }
    Ok(())
}

/// `callAnswer`.
pub(super) fn answer(client: &Client, services: &Services, request: &Request<'_>) -> Handled {
    let wire::CallAnswer { kind: AnswerType::Answer, sdp, connection, offer } = request.payload()?;
    if !sdp.starts_with("v=0") {
        return Err(Failure::malformed("callAnswer.sdp is no session description"));
    }
    wish(client, services, Wish::Answer { connection, offer, sdp })?;
    acknowledge(client, request, "callAnswer", json!({ "type": "answer", "connection": connection, "offer": offer }));
    Ok(())
}

/// `callCandidate`: the server hears from a client's addresses themselves.
pub(super) fn candidate(client: &Client, services: &Services, request: &Request<'_>) -> Handled {
    let _: CandidateInit = request.payload()?;
    if !services.calls.has(client.session()) {
        return Err(NotInACall.into());
    }
    acknowledge(client, request, "callCandidate", json!({}));
    Ok(())
}

/// `callPublish`.
pub(super) fn publish(client: &Client, services: &Services, request: &Request<'_>) -> Handled {
    let wire::CallPublish { source, on } = request.payload()?;
    wish(client, services, Wish::Publish { source, on })?;
    acknowledge(client, request, "callPublish", json!({ "source": source, "on": on }));
    Ok(())
}

/// `callState`.
pub(super) fn state(client: &Client, services: &Services, request: &Request<'_>) -> Handled {
    let wire::CallState { muted, hand, reaction } = request.payload()?;
    let reaction = reaction.map(|reaction| Emoji::parse(&reaction)).transpose()?;
    let reaction = reaction.map(|emoji| emoji.as_str().to_owned());
    wish(client, services, Wish::State { muted, hand, reaction })?;
    acknowledge(client, request, "callState", json!({}));
    Ok(())
}

/// `callSubscribe`.
pub(super) fn subscribe(client: &Client, services: &Services, request: &Request<'_>) -> Handled {
    let wire::CallSubscribe { participant, source, height } = request.payload()?;
    wish(client, services, Wish::Subscribe { participant, source, height })?;
    acknowledge(client, request, "callSubscribe", json!({ "participant": participant, "source": source, "height": height }));
    Ok(())
}

/// `callPeer`.
pub(super) fn peer(client: &Client, services: &Services, request: &Request<'_>) -> Handled {
    let (to, word) = request.payload::<CallPeer>()?.word()?;
    wish(client, services, Wish::Peer { to, word })?;
    acknowledge(client, request, "callPeer", json!({}));
    Ok(())
}

/// `callRestart`.
pub(super) fn restart(client: &Client, services: &Services, request: &Request<'_>) -> Handled {
    let wire::Nothing {} = request.payload()?;
    wish(client, services, Wish::Restart)?;
    acknowledge(client, request, "callRestart", json!({}));
    Ok(())
}

/// `callLeave`: the same back, also where the session is in no call.
pub(super) fn leave(client: &Client, request: &Request<'_>) -> Handled {
    let wire::Nothing {} = request.payload()?;
    client.leave_call();
    client.connection().reply(Outgoing::new("callLeave", json!({})).id(request.id.as_ref()).frame());
    Ok(())
}

/// Who is in the calls of channels that a client enters. One that knows no calls need not wait for that.
pub(super) async fn people(client: &Client, services: &Services, channels: &[ChannelId]) -> Result<Vec<Vec<Person>>, ChannelError> {
    if client.uses_additions() { services.channels.calls(channels).await } else { Ok(vec![Vec::new(); channels.len()]) }
}

/// Says who is in the call of a channel that the client has just entered without being answered about it, if anybody is: news of it may
/// have come before the client was there.
pub(super) async fn say(client: &Client, services: &Services, place: Place, entered: &Prepared) {
    let heard = entered.calls_heard();
    match people(client, services, &[place.channel]).await {
        Ok(calls) => {
            for people in calls.iter().filter(|people| !people.is_empty()) {
                client.connection().reply(frames::changed(place.peer, people));
                repeat(client, services, place, entered, heard, people).await;
            }
        }
        // The next change says it all.
        Err(error) => tracing::debug!(%error, "who is in a call was not told"),
    }
}

/// Says again who is in a channel's call, of which the client has just been told, if there was news of it since `heard`: it may have
/// come before the client was there to get it, or before an older answer.
pub(super) async fn repeat(client: &Client, services: &Services, place: Place, entered: &Prepared, heard: u64, told: &[Person]) {
    if !told.is_empty() {
        entered.has_call();
    }
    if !client.uses_additions() || entered.calls_heard() == heard {
        return;
    }
    match services.channels.calls(&[place.channel]).await {
        Ok(people) => people.iter().for_each(|people| client.connection().reply(frames::changed(place.peer, people))),
        // The next change says it all.
        Err(error) => tracing::debug!(%error, "who is in a call was not told"),
    }
}

fn wish(client: &Client, services: &Services, wish: Wish) -> Handled {
    Ok(services.calls.wish(client.session(), wish)?)
}

impl From<NotInACall> for Failure {
    fn from(error: NotInACall) -> Self {
        Self::malformed(error.to_string())
    }
}

/// A call as one client sees it: turns what its participant is told into frames.
pub(super) struct Call {
    session: Arc<Session>,
    name: CallName,
    ice_servers: Vec<IceServer>,
    stage: Mutex<Stage>,
}

enum Stage {
    /// The `callJoin` of this `id` is not answered yet.
    Joining(Option<RequestId>),
    In,
    /// The client has left, or was told that it is out.
    Over,
}

impl Call {
    fn new(session: Arc<Session>, name: CallName, ice_servers: Vec<IceServer>, id: Option<RequestId>) -> Self {
        Self { session, name, ice_servers, stage: Mutex::new(Stage::Joining(id)) }
    }

    /// The client is told nothing any more. An unanswered `callJoin` is: another one, or a `callLeave`, took its place.
    pub(super) fn end(&self) {
        let before = std::mem::replace(&mut *self.stage.lock().unwrap_or_else(PoisonError::into_inner), Stage::Over);
        if let Stage::Joining(id) = before {
            self.refuse(&Failure::new(Code::Join, "left before the call was joined"), id.as_ref());
        }
    }

    fn refuse(&self, failure: &Failure, id: Option<&RequestId>) {
        self.session.reply(out::error(failure, json!(""), id));
    }
}

impl Told for Call {
    fn tell(&self, event: CallEvent) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if let CallEvent::Roster(roster) = &event
            && let Stage::Joining(id) = &*stage
        {
            self.session.reply(frames::joined(&self.name, self.session.id(), &self.ice_servers, roster, id.as_ref()));
            *stage = Stage::In;
        }
        match (&*stage, event) {
            (Stage::Joining(id), CallEvent::Ended(why)) => {
                self.refuse(&not_joined(why), id.as_ref());
                *stage = Stage::Over;
            }
            (Stage::Joining(_) | Stage::Over, _) => {}
            (Stage::In, CallEvent::Ended(why)) => {
                self.session.reply(frames::ended(why));
                *stage = Stage::Over;
            }
            (Stage::In, CallEvent::Roster(roster)) => self.session.push(&frames::tracks(&roster)),
            (Stage::In, CallEvent::Offer { connection, offer, sdp, publish }) => {
                self.session.push(&frames::offer(connection, offer, &sdp, &publish));
            }
            (Stage::In, CallEvent::Peer { from, word }) => self.session.push(&frames::peer(from, word)),
            (Stage::In, CallEvent::Moved) => self.session.push(&frames::moved(false)),
            (Stage::In, CallEvent::Nowhere) => self.session.push(&frames::moved(true)),
            (Stage::In, CallEvent::Refused(why)) => self.refuse(&refused(why), None),
            // What a full queue does not take is of no interest any more when there is room.
            (Stage::In, CallEvent::Speaking { active, speaking }) => {
                let _: Sent = self.session.send(&frames::speaking(active, &speaking));
            }
            (Stage::In, CallEvent::Quality(of)) => {
                let _: Sent = self.session.send(&frames::quality(&of));
            }
            (Stage::In, CallEvent::Reaction { participant, reaction }) => {
                let _: Sent = self.session.send(&frames::reaction(participant, &reaction));
            }
        }
    }
}

fn not_joined(why: Ended) -> Failure {
    match why {
        Ended::Full => Failure::new(Code::Join, "the call is full"),
        Ended::TooManyPeers => Failure::new(Code::Join, "the call is full: it goes peer to peer at present, up to four"),
        Ended::Connection => Failure::new(Code::Join, "the connection was closed"),
        Ended::Unavailable => Failure::new(Code::Unavailable, "no node serves calls at present; try again"),
    }
}

fn refused(why: Refusal) -> Failure {
    match why {
        Refusal::Answer(why) => Failure::malformed(format!("callAnswer: {why}")),
        Refusal::NoSuchTrack => Failure::malformed("callSubscribe: there is no such track"),
        Refusal::TooManyTracks => Failure::new(Code::NotAllowed, "no more tracks fit into the call"),
        Refusal::Busy => Failure::new(Code::Unavailable, "the media node is too busy; try again"),
        Refusal::NotPeerToPeer | Refusal::OnlyPeerToPeer => Failure::malformed("not in a peer-to-peer call"),
        Refusal::NoSuchParticipant => Failure::malformed("callPeer: there is no such participant"),
    }
}

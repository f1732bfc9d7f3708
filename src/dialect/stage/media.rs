//! Orders for the room's video.

use std::sync::Arc;

use serde_json::json;

use super::call::{Answer, Handle};
use super::client::Client;
use super::error::{Failure, Handled};
use super::out;
use super::wire::{Order, media as wire};
use crate::cluster::Listener;
use crate::cluster::calls::{NotInACall, Request, Wish};
use crate::dialect::rtc::{AnswerType, CandidateInit};
use crate::ids::{RoomId, UserId, Username};
use crate::store::record::Person;
use crate::store::record::calls::Source;

/// Whoever is in a call without being logged in. Nobody is shown this name: participants are known by their sessions.
const NOBODY: &str = "not logged in";

impl From<NotInACall> for Failure {
    fn from(_: NotInACall) -> Self {
        Self::bad("request media first")
    }
}

/// `media_request`, also `request_media`: into the room's call. Once more: what is published changes.
pub(super) fn request(client: &Arc<Client>, order: &Order<'_>) -> Handled {
    let payload: wire::MediaRequest = order.object()?;
    let publish: Vec<Source> = [(payload.audio, Source::Microphone), (payload.video, Source::Camera)]
        .into_iter()
        .filter_map(|(on, source)| on.then_some(source))
        .collect();
    let calls = &client.services().calls;
    if let Some(call) = client.call().filter(|call| !call.is_over() && calls.has(client.session())) {
        for (source, on) in call.republish(publish) {
            calls.wish(client.session(), Wish::Publish { source, on })?;
        }
        return Ok(());
    }
    let additions = payload.v >= 2;
    let who = match client.identity() {
        Some(me) => me.person,
        None => Person { id: UserId(client.session().0), name: Username::parse(NOBODY)? },
    };
    // Pages with additions make a new connection where the original client goes on with its only one.
    let user = who.id;
    let request = Request {
        who,
        publish: publish.clone(),
        simulcast: additions,
        muted: Vec::new(),
        keeps_connection: !additions,
        peer_to_peer: false,
        wants_peers: false,
    };
    let (call, told) = Handle::new(client.shared_connection(), client.services().clone(), client.room(), user, additions, publish);
    client.set_call(call);
    calls.join(client.session(), RoomId::of_channel(client.place().channel), request, told);
    Ok(())
}

/// `answer`.
pub(super) fn answer(client: &Client, order: &Order<'_>) -> Handled {
    let call = present(client)?;
    let wire::Answer { kind: AnswerType::Answer, sdp, connection, offer } = order.in_string()?;
    if !sdp.starts_with("v=0") {
        return Err(Failure::bad("the answer has no session description"));
    }
    let answer = Answer { sdp, numbers: connection.zip(offer) };
    if let Some((connection, offer)) = call.answered(&answer)? {
        client.services().calls.wish(client.session(), Wish::Answer { connection, offer, sdp: answer.sdp })?;
    }
    Ok(())
}

/// `candidate`: the server hears from a client's addresses themselves.
pub(super) fn candidate(client: &Client, order: &Order<'_>) -> Handled {
    present(client)?;
    let _: Option<CandidateInit> = order.in_string()?;
    Ok(())
}

/// `identify_streamid`: who publishes a stream, by the name of today.
pub(super) async fn identify(client: &Client, order: &Order<'_>) -> Handled {
    let stream = order.string()?;
    let unknown = || Failure::bad("there is no such stream");
    let (session, present) = client.call().and_then(|call| call.publisher(&stream)).ok_or_else(unknown)?;
    let people = client.services().rooms.people(client.room(), &[session]).await?;
    let who = people.get(&session).ok_or_else(|| Failure::bad("who publishes this stream is not logged in yet"))?;
    client.connection().reply(out::streamid_user_name(present.then_some(&stream), &who.name));
    Ok(())
}

/// (+) `mute`.
pub(super) fn mute(client: &Client, order: &Order<'_>) -> Handled {
    with_additions(client)?;
    let wire::Mute { muted } = order.object()?;
    wish(client, Wish::State { muted: Some(muted), hand: None, reaction: None })
}

/// (+) `share_screen`.
pub(super) fn share_screen(client: &Client, order: &Order<'_>) -> Handled {
    with_additions(client)?;
    let wire::ShareScreen { on, audio } = order.object()?;
    wish(client, Wish::Publish { source: Source::Screen, on })?;
    if audio || !on {
        wish(client, Wish::Publish { source: Source::ScreenAudio, on })?;
    }
    Ok(())
}

/// (+) `subscribe`.
pub(super) fn subscribe(client: &Client, order: &Order<'_>) -> Handled {
    let call = with_additions(client)?;
    let wire::Subscribe { stream_id, quality } = order.object()?;
    let (participant, source) = call.video(&stream_id).ok_or_else(|| Failure::bad("there is no such video"))?;
    wish(client, Wish::Subscribe { participant, source, height: quality.height() })
}

/// (+) `restart_media`: the connection failed; another one is offered.
pub(super) fn restart(client: &Client) -> Handled {
    with_additions(client)?;
    wish(client, Wish::Restart)
}

/// (+) `leave_media`.
pub(super) fn leave(client: &Client) -> Handled {
    with_additions(client)?;
    client.leave_call();
    client.connection().reply(out::event("media_left", json!({})));
    Ok(())
}

fn present(client: &Client) -> Result<Handle, Failure> {
    client.call().filter(|call| !call.is_over()).ok_or(Failure::from(NotInACall))
}

fn with_additions(client: &Client) -> Result<Handle, Failure> {
    let call = present(client)?;
    if call.has_additions() { Ok(call) } else { Err(Failure::bad("this is for clients whose media_request has \"v\": 2")) }
}

fn wish(client: &Client, wish: Wish) -> Handled {
    Ok(client.services().calls.wish(client.session(), wish)?)
}

//! Joining, writing, reading back, changing.

use std::sync::Arc;

use serde_json::json;

use super::client::{Client, Identity};
use super::encoder::event_frame;
use super::error::{Code, Failure, Handled};
use super::out::calls::WireCall;
use super::out::{ChannelView, Outgoing, WireMessage, WireRecipient, WireUser};
use super::wire::{self, Recipient, Request};
use super::{Services, calls};
use crate::cluster::Listener;
use crate::cluster::hub::Entrant;
use crate::cluster::live::Roles;
use crate::domain::channels::{Change, ChannelError, DEFAULT_PAGE, Place, Post, Posted, Since, View};
use crate::ids::{ClientId, Emoji, MessageId, MessageText};
use crate::store::channels::Member;
use crate::store::record::NewsRecord;

/// Channels with more members announce no joins.
const ANNOUNCED_MEMBERS: usize = 100;

/// `channelJoin`: leaves the channel before, reads what the client wants of this one, and goes on from there.
pub(super) async fn join(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let payload: wire::ChannelJoin = request.payload()?;
    if payload.after.is_some() || payload.epoch.is_some() || payload.limit.is_some() {
        client.use_additions();
    }
    let failed = |error: ChannelError| Failure::channel(Code::Join, error);
    let place = place(me, payload.recipient);
    services.channels.peer(place).await.map_err(failed)?;
    let prepared = services.hub.prepare(place.channel).await?;
    let calls_heard = prepared.calls_heard();
    if let Some(before) = client.joined().filter(|before| *before != place) {
        leave_place(client, services, me, before).await;
    }
    let session = client.session();
    let member = Member { at: client.at(), user: me.person.id, username: me.person.name.clone(), peer: place.peer, number: None };
    let joined = NewsRecord::Joined { session, who: me.person.clone(), to: place.peer };
    services.janitor.done_with(session).await?;
    if let Err(error) = services.store.join(place.channel, &member, &place.news(&joined), ANNOUNCED_MEMBERS).await {
        // Perhaps it did.
        if client.joined() != Some(place) {
            services.janitor.please(client.leave_chore(me.person.id, place));
        }
        return Err(error.into());
    }
    let since = payload.after.map(|after| Since { after, epoch: payload.epoch });
    let channel = [place.channel];
    let read = tokio::try_join!(
        services.channels.view(place, since, payload.limit.unwrap_or(DEFAULT_PAGE)),
        services.channels.members(&me.person, place),
        calls::people(client, services, &channel),
    );
    let (view, users, calls) = match read {
        Ok(read) => read,
        Err(error) => {
            if client.joined() != Some(place) {
                services.janitor.please(client.leave_chore(me.person.id, place));
            }
            return Err(failed(error));
        }
    };
    if !client.set_joined(me.person.id, place) {
        services.janitor.please(client.leave_chore(me.person.id, place));
        return Err(Failure::new(Code::SignInNeeded, "signed out meanwhile"));
    }
    if client.uses_additions() {
        services.hub.crowd().view(session, users.iter().map(|user| user.id));
    }
    let users = users.iter().map(WireUser::from).collect();
    let entered = Entered { users, call: calls.first().and_then(|people| WireCall::of(people)) };
    let answer = answer("channelJoin", me, place, &view, Some(entered), request);
    let entrant = Entrant { listener: client.clone(), peer: place.peer, roles: Roles { joined: true, watching: false } };
    services.hub.enter(&prepared, entrant, view.head, || {
        client.connection().reply(answer);
        for change in &view.changes {
            client.connection().reply(event_frame(change, change.author() == Some(me.person.id), None));
        }
    });
    client.pay();
    calls::repeat(client, services, place, &prepared, calls_heard, calls.first().map_or(&[], Vec::as_slice)).await;
    // Signed out between the last look and the hub's: what came in too late goes out again.
    if client.joined() != Some(place) {
        services.janitor.please(client.leave_chore(me.person.id, place));
    }
    Ok(())
}

/// `channelMessage`: its answer is the event.
pub(super) async fn message(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let payload: wire::ChannelMessage = request.payload()?;
    let text = MessageText::parse(payload.message, services.rules.max_message_chars)?;
    let client_id = payload.client_id.map(ClientId::parse).transpose()?;
    if client_id.is_some() {
        client.use_additions();
    }
    let place = place(me, payload.recipient);
    if place.peer.is_some() && client.watches_all() && !client.watches(place.channel) {
        // Otherwise the author could get this message twice: as the answer, and as news of a new channel.
        super::watch::watch_place(client, services, me.person.id, place).await?;
    }
    let id = MessageId::random();
    client.owe(id, request.id.clone());
    let post = Post { session: client.session(), id, text, client_id, badge: None };
    match services.channels.post(&me.person, place, post).await {
        Ok(Posted::New(event)) => {
            services.metrics.messages_posted.inc();
            if client.watches(place.channel) {
                // Whoever writes has read. The message is acknowledged whether or not this can be noted.
                let noted = services.store.mark_read(me.person.id, place.channel, event.entry.position.seq).await;
                if let Err(error) = noted {
                    tracing::debug!(%error, "a read mark was not moved");
                }
            }
            // Whoever is in the channel gets it through the hub, in its order.
            if services.hub.roles(place.channel, client.session()) == Roles::default() {
                client.connection().reply(client.own_form(&event));
            } else {
                client.stored(place.channel, id, event);
            }
        }
        Ok(Posted::Before(shown)) => {
            client.settle(id);
            let message = WireMessage::shown(&shown, me.person.id);
            client.connection().reply(Outgoing::new("channelMessage", message).id(request.id.as_ref()).frame());
        }
        Err(error) => {
            client.settle(id);
            return Err(Failure::channel(Code::Message, error));
        }
    }
    Ok(())
}

/// `channelLeave`: the same message back, also where the session was not joined.
pub(super) async fn leave(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let wire::OneChannel { recipient } = request.payload()?;
    let place = place(me, recipient);
    if client.joined() == Some(place) {
        leave_place(client, services, me, place).await;
    }
    let body = json!({ "recipientUUID": WireRecipient(place.peer) });
    client.connection().reply(Outgoing::new("channelLeave", body).by(client.session(), me.person.id).id(request.id.as_ref()).frame());
    Ok(())
}

/// (+) `channelHistory`.
pub(super) async fn history(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let payload: wire::ChannelHistory = request.payload()?;
    let place = place(me, payload.recipient);
    let failed = |error| Failure::channel(Code::Join, error);
    services.channels.peer(place).await.map_err(failed)?;
    let view = services.channels.history(place, payload.before, payload.limit.unwrap_or(DEFAULT_PAGE)).await.map_err(failed)?;
    client.connection().reply(answer("channelHistory", me, place, &view, None, request));
    Ok(())
}

/// (+) Which change.
#[derive(Clone, Copy)]
pub(super) enum ChangeKind {
    /// `editMessage`
    Edit,
    /// `deleteMessage`
    Delete,
    /// `react`
    React,
}

impl ChangeKind {
    fn name(self) -> &'static str {
        match self {
            Self::Edit => "editMessage",
            Self::Delete => "deleteMessage",
            Self::React => "react",
        }
    }
}

/// (+) `editMessage`, `deleteMessage`, `react`: the channel is told; who gave the request an `id` gets it back as well.
pub(super) async fn change(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>, kind: ChangeKind) -> Handled {
    let (recipient, seq, change) = match kind {
        ChangeKind::Edit => {
            let payload: wire::EditMessage = request.payload()?;
            let text = MessageText::parse(payload.message, services.rules.max_message_chars)?;
            (payload.recipient, payload.seq, Change::Edit(text))
        }
        ChangeKind::Delete => {
            let payload: wire::OneMessage = request.payload()?;
            (payload.recipient, payload.seq, Change::Delete)
        }
        ChangeKind::React => {
            let payload: wire::React = request.payload()?;
            (payload.recipient, payload.seq, Change::React { emoji: Emoji::parse(&payload.emoji)?, on: payload.on })
        }
    };
    let place = place(me, recipient);
    // A direct channel is its two users' own: no moderator changes what stands in another's, or the other's message in theirs.
    let moderator = place.peer.is_none() && services.accounts.is_moderator(&me.person.name);
    let changed = services.channels.change(&me.person, moderator, place, seq, change).await;
    changed.map_err(|error| Failure::channel(Code::Message, error))?;
    acknowledge(client, request, kind.name(), json!({ "recipientUUID": WireRecipient(place.peer), "seq": seq }));
    Ok(())
}

/// (+) `typing`.
pub(super) async fn typing(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let wire::OneChannel { recipient } = request.payload()?;
    let place = place(me, recipient);
    let told = services.channels.typing(me.person.clone(), client.session(), place).await;
    told.map_err(|error| Failure::channel(Code::Message, error))?;
    acknowledge(client, request, "typing", json!({ "recipientUUID": WireRecipient(place.peer) }));
    Ok(())
}

/// Answers a request that has no answer of its own, if it was given an `id`.
pub(super) fn acknowledge(client: &Client, request: &Request<'_>, kind: &'static str, body: serde_json::Value) {
    if request.id.is_some() {
        client.connection().reply(Outgoing::new(kind, body).id(request.id.as_ref()).frame());
    }
}

/// The channel that a recipient names for this user.
pub(super) fn place(me: &Identity, recipient: Recipient) -> Place {
    Place::of(me.person.id, recipient.0)
}

async fn leave_place(client: &Client, services: &Services, me: &Identity, place: Place) {
    if client.take_joined(Some(place)).is_some() {
        services.janitor.now(client.leave_chore(me.person.id, place)).await;
    }
}

/// What only those are told who enter.
struct Entered<'a> {
    users: Vec<WireUser<'a>>,
    call: Option<WireCall<'a>>,
}

fn answer(
    kind: &'static str,
    me: &Identity,
    place: Place,
    view: &View,
    entered: Option<Entered<'_>>,
    request: &Request<'_>,
) -> bytes::Bytes {
    let (users, call) = entered.map(|entered| (entered.users, entered.call)).unzip();
    let body = ChannelView {
        recipient: WireRecipient(place.peer),
        messages: view.messages.iter().map(|shown| WireMessage::shown(shown, me.person.id)).collect(),
        users,
        seq: view.head.position.seq,
        epoch: view.head.epoch,
        more: view.more,
        reset: view.reset,
        call: call.flatten(),
    };
    Outgoing::new(kind, body).id(request.id.as_ref()).frame()
}

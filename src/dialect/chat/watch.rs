//! (+) Watching: messages of several channels without joining them, with what is unread.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use tracing::debug;

use super::channel::{acknowledge, place};
use super::client::{Client, Identity, Watched};
use super::error::{Code, Failure, Handled};
use super::out::calls::WireCall;
use super::out::{Outgoing, UnreadChannel, WireMessage, WireRecipient};
use super::wire::{self, Request};
use super::{Services, calls};
use crate::cluster::Listener;
use crate::cluster::hub::{Entrant, Prepared};
use crate::cluster::live::Roles;
use crate::domain::channels::{MAX_DIRECTS, Place, Unread};
use crate::ids::{Position, Seq, UserId};
use crate::store::channels::Head;
use crate::store::record::Person;

/// At most so many channels by name; `all` has a limit of its own.
const MAX_NAMED: usize = 200;
/// Channels made live at once for one client.
const CONCURRENT: usize = 16;
/// Between two attempts to read a list.
const RETRY: Duration = Duration::from_millis(500);
const WATCHING: Roles = Roles { joined: false, watching: true };

/// `watch`: from now on these channels and no others. Answered with what is unread in them.
pub(super) async fn watch(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let payload: wire::Watch = request.payload()?;
    if payload.recipients.len() > MAX_NAMED {
        return Err(Failure::malformed("at most 200 channels can be named"));
    }
    let failed = |error| Failure::channel(Code::Join, error);
    let user = me.person.id;
    for before in client.begin_watching(payload.all) {
        services.hub.exit(before.place.channel, client.session(), WATCHING);
    }
    let mut places: Vec<Place> = payload.recipients.into_iter().map(|recipient| place(me, recipient)).collect();
    if payload.all {
        places.extend(services.channels.directs(user).await.map_err(failed)?);
    }
    let mut seen = HashSet::new();
    places.retain(|place| seen.insert(place.channel));
    services.hub.crowd().view(client.session(), places.iter().filter_map(|place| place.peer));
    let ids: Vec<_> = places.iter().map(|place| place.channel).collect();
    let prepared: Vec<_> =
        futures_util::stream::iter(ids).map(|channel| services.hub.prepare(channel)).buffered(CONCURRENT).collect().await;
    let prepared = prepared.into_iter().collect::<Result<Vec<_>, _>>()?;
    let calls_heard: Vec<u64> = prepared.iter().map(Prepared::calls_heard).collect();
    let channels: Vec<_> = places.iter().map(|place| place.channel).collect();
    let read = tokio::try_join!(services.channels.unread(user, places), calls::people(client, services, &channels));
    let (unread, calls) = read.map_err(failed)?;
    for (prepared, unread) in prepared.iter().zip(&unread) {
        enter(client, services, user, prepared, unread);
    }
    let channels: Vec<_> = unread.iter().zip(&calls).map(|(unread, people)| channel(unread, people, user)).collect();
    let frame = Outgoing::new("unread", json!({ "channels": channels })).id(request.id.as_ref()).frame();
    client.connection().reply(frame);
    client.pay();
    for (((prepared, heard), unread), people) in prepared.iter().zip(calls_heard).zip(&unread).zip(&calls) {
        calls::repeat(client, services, unread.place, prepared, heard, people).await;
    }
    Ok(())
}

/// `read`: up to this message.
pub(super) async fn read(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let wire::OneMessage { recipient, seq } = request.payload()?;
    let place = place(me, recipient);
    let moved = services.channels.read_up_to(me.person.id, client.session(), place, seq).await;
    moved.map_err(|error| Failure::channel(Code::Message, error))?;
    acknowledge(client, request, "read", json!({ "recipientUUID": WireRecipient(place.peer), "seq": seq }));
    Ok(())
}

/// Watches one more channel, from its present end on.
pub(super) async fn watch_place(client: &Arc<Client>, services: &Services, user: UserId, place: Place) -> Handled {
    let prepared = services.hub.prepare(place.channel).await?;
    let unread = services.channels.unread(user, vec![place]).await.map_err(|error| Failure::channel(Code::Join, error))?;
    if let Some(unread) = unread.first() {
        enter(client, services, user, &prepared, unread);
        calls::say(client, services, place, &prepared).await;
    }
    Ok(())
}

/// A direct channel appeared in the user's list: everything in it is new.
pub(super) async fn watch_opened(client: &Arc<Client>, services: &Services, peer: UserId) {
    let Some(me) = client.identity() else { return };
    let place = Place::of(me.person.id, Some(peer));
    if client.watches(place.channel) {
        return;
    }
    let opened = async {
        let prepared = services.hub.prepare(place.channel).await?;
        let head = services.store.heads(&[place.channel]).await?.first().copied().unwrap_or_default();
        Ok::<_, crate::store::StoreError>((prepared, head))
    };
    match opened.await {
        Ok((prepared, head)) => {
            services.hub.crowd().view(client.session(), [peer]);
            let beginning = Head { position: Position::default(), ..head };
            let unread = Unread { place, count: 0, last: None, head: beginning, read: Seq(0) };
            if !client.watches(place.channel) {
                enter(client, services, me.person.id, &prepared, &unread);
                services.hub.reaches(place.channel, head);
                calls::say(client, services, place, &prepared).await;
            }
        }
        // The list has it: the client sees it when it comes back.
        Err(error) => debug!(%error, "a new direct channel could not be watched"),
    }
}

/// Direct channels may have appeared in the user's list without this node having heard of it.
pub(super) async fn look_again(client: &Arc<Client>, services: &Services) {
    let Some(me) = client.identity() else { return };
    let places = loop {
        match services.channels.directs(me.person.id).await {
            Ok(places) => break places,
            Err(error) => debug!(%error, "a list of direct channels cannot be read yet"),
        }
        if client.connection().is_closed() {
            return;
        }
        tokio::time::sleep(RETRY).await;
    };
    // A list at its limit may show an old channel that was pushed out of it before: that one is not new.
    if places.len() < MAX_DIRECTS {
        for peer in places.into_iter().filter(|place| !client.watches(place.channel)).filter_map(|place| place.peer) {
            watch_opened(client, services, peer).await;
        }
    }
}

fn enter(client: &Arc<Client>, services: &Services, user: UserId, prepared: &Prepared, unread: &Unread) {
    let place = unread.place;
    let watched = Watched { place, read: unread.read, seq: unread.head.position.seq };
    if client.add_watched(user, watched) {
        let entrant = Entrant { listener: client.clone(), peer: place.peer, roles: WATCHING };
        services.hub.enter(prepared, entrant, unread.head, || {});
    }
}

fn channel<'a>(unread: &'a Unread, people: &'a [Person], reader: UserId) -> UnreadChannel<'a> {
    UnreadChannel {
        recipient: WireRecipient(unread.place.peer),
        count: unread.count,
        last: unread.last.as_ref().map(|last| WireMessage::shown(last, reader)),
        seq: unread.head.position.seq,
        call: WireCall::of(people),
    }
}

//! What is said in a room: to all, or to one of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::{Client, Identity};
use super::error::{Failure, Handled, Status};
use super::wire::{self, Order};
use crate::cluster::Listener;
use crate::domain::accounts::AccountError;
use crate::domain::channels::Post;
use crate::ids::{MessageId, MessageText};
use crate::store::record::{MessageRecord, Signal};

/// What whoever speaks to somebody who is not in the room is told.
pub(super) fn not_present() -> Failure {
    Failure::bad("user is not present")
}

/// `user_message`: the room's answer is the message itself, which comes to its author as to everybody.
pub(super) async fn user_message(client: &Arc<Client>, order: &Order<'_>) -> Handled {
    let payload: wire::UserMessage = order.object()?;
    let addressee = payload.addressee()?;
    let me = speaker(client).await?;
    let text = MessageText::parse(payload.text, client.services().rules.max_message_chars)?;
    match addressee {
        None => say(client, &me, text).await,
        Some(number) => whisper(client, &me, number, text).await,
    }
}

/// Who speaks. The account may have got its password in another session; afterwards it keeps it.
async fn speaker(client: &Client) -> Result<Identity, Failure> {
    let me = client.identity().ok_or_else(Failure::log_in_first)?;
    if me.badge.verified {
        return Ok(me);
    }
    let user = client.services().accounts.user(me.person.id).await?.ok_or(AccountError::NoSuchUser)?;
    client.update(me.person.clone(), user.badge());
    Ok(Identity { badge: user.badge(), ..me })
}

async fn say(client: &Arc<Client>, me: &Identity, text: MessageText) -> Handled {
    let services = client.services();
    let post = Post { session: client.session(), id: MessageId::random(), text, client_id: None, badge: Some(me.badge) };
    services.channels.post(&me.person, client.place(), post).await?;
    services.metrics.messages_posted.inc();
    Ok(())
}

/// To the sessions of one user in the room, wherever they are, and into nobody's log.
async fn whisper(client: &Arc<Client>, me: &Identity, number: u64, text: MessageText) -> Handled {
    let services = client.services();
    let to = services.rooms.numbered(number).await?.ok_or_else(not_present)?;
    let sessions = services.rooms.sessions(client.room()).await?;
    let sessions: Vec<_> = sessions.into_iter().filter(|member| member.user == to.id).map(|member| member.at).collect();
    if sessions.is_empty() {
        return Err(not_present());
    }
    if services.store.blocks(to.id, me.person.id).await? {
        return Err(Failure::new(Status::Forbidden, "this user does not want to hear from you"));
    }
    let message = MessageRecord {
        id: MessageId::random(),
        from: me.person.id,
        name: me.person.name.clone(),
        to: Some(to.id),
        to_name: Some(to.username),
        to_online: true,
        text,
        client_id: None,
        via: Some(client.session()),
        edited: None,
        deleted: None,
        rev: 0,
        reactions: BTreeMap::new(),
        badge: Some(me.badge),
    };
    // Before they are sent: they may come back at once.
    client.whispered(message.id, sessions.len());
    for at in sessions {
        let (channel, from, message) = (client.place().channel, client.at(), Box::new(message.clone()));
        services.relay.send(at, Some(client.at()), Signal::Whisper { channel, from, message });
    }
    Ok(())
}

//! One's own account: name, password, everything about it, its end.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Services;
use super::client::{Client, Identity};
use super::error::{Code, Failure, Handled};
use super::out::{Outgoing, WireMessage, WireRecipient, WireUser};
use super::wire::{self, Request};
use crate::clock::rfc3339;
use crate::domain::channels::{MAX_PAGE, Place};
use crate::ids::{Password, Username};
use crate::store::record::{Expulsion, NewsRecord, Person};

/// `account`: the password first, then the name.
pub(super) async fn change(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let payload: wire::Account = request.payload()?;
    // Both are looked at before either is changed.
    let password = payload.password.map(Password::parse).transpose()?;
    let name = payload.username.as_deref().map(Username::parse).transpose()?;
    let renames = name.is_some();
    let user = services.accounts.change(me.person.id, password, name).await.map_err(|error| Failure::account(Code::SignUp, error))?;
    let person = Person { id: user.id, name: user.username };
    if renames {
        client.rename(person.name.clone());
        services.tell_everybody(&NewsRecord::UserChanged { who: person.clone(), online: true, deleted: false }).await;
    }
    let body = WireUser::new(person.id, &person.name, true);
    client.connection().reply(Outgoing::new("account", body).id(request.id.as_ref()).frame());
    Ok(())
}

/// `deleteAccount`: for good. Messages stay, under the name they were written.
pub(super) async fn delete(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let payload: wire::DeleteAccount = request.payload()?;
    let password = payload.password.map(Password::parse).transpose()?;
    let address = client.connection().client();
    // While the account exists its sessions can be found.
    let sessions = services.store.sessions(me.person.id).await?;
    let user = services.accounts.delete(me.person.id, password, address).await.map_err(|error| Failure::account(Code::SignIn, error))?;
    client.connection().reply(Outgoing::new("deleteAccount", json!({ "userUUID": user.id })).id(request.id.as_ref()).frame());
    let who = Person { id: user.id, name: user.username };
    services.tell_everybody(&NewsRecord::UserChanged { who, online: false, deleted: true }).await;
    services.moderation.expel_from(sessions, user.id, Expulsion::Deleted);
    Ok(())
}

/// `exportAccount`: everything stored about the user.
pub(super) async fn export(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let id = me.person.id;
    let user = match services.accounts.user(id).await {
        Ok(Some(user)) => user,
        Ok(None) => return Err(Failure::new(Code::NoSuchUser, "there is no such account")),
        Err(error) => return Err(Failure::account(Code::Users, error)),
    };
    let failed = |error| Failure::channel(Code::Users, error);
    let mut places = services.channels.directs(id).await.map_err(failed)?;
    places.push(Place::of(id, None));
    let mut channels = Vec::new();
    for unread in services.channels.unread(id, places).await.map_err(failed)? {
        let messages = own_messages(services, id, unread.place).await?;
        channels.push(json!({ "recipientUUID": WireRecipient(unread.place.peer), "read": unread.read, "messages": messages }));
    }
    let body = json!({
        "user": { "UUID": user.id, "Username": user.username, "CreatedAt": rfc3339(user.created), "guest": user.password.is_none() },
        "sessions": services.store.sessions(id).await?.len(),
        "accessKeys": services.store.tokens(id).await?.len(),
        "blocked": services.store.blocked(id).await?,
        "channels": channels,
    });
    client.connection().reply(Outgoing::new("exportAccount", body).id(request.id.as_ref()).frame());
    Ok(())
}

/// What the user wrote in a channel, as far as it is kept.
async fn own_messages(services: &Services, user: crate::ids::UserId, place: Place) -> Result<Vec<Value>, Failure> {
    let mut own = Vec::new();
    let mut before = None;
    loop {
        let view = services.channels.history(place, before, MAX_PAGE).await.map_err(|error| Failure::channel(Code::Users, error))?;
        let Some(first) = view.messages.first() else { break };
        before = Some(first.seq);
        let page = view.messages.iter().filter(|shown| shown.message.from == user).map(|shown| json!(WireMessage::shown(shown, user)));
        own.splice(0..0, page);
        if !view.more {
            break;
        }
    }
    Ok(own)
}

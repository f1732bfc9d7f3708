//! Lists of users, blocks, and what moderators do.

use std::time::Duration;

use serde_json::json;

use super::Services;
use super::client::{Client, Identity};
use super::error::{Code, Failure, Handled};
use super::out::{Outgoing, WireUser};
use super::wire::{self, Request};
use crate::cluster::Listener;
use crate::domain::people::{MAX_USERS, Query};
use crate::ids::Username;
use crate::store::record::Expulsion;

/// `users`: at most 200, those online first.
pub(super) async fn users(client: &Client, services: &Services, request: &Request<'_>) -> Handled {
    let payload: wire::Users = request.payload()?;
    let after = match payload.after.as_deref() {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|_| Failure::malformed("users.after is a user's UUID"))?),
    };
    let name = match payload.query.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(text) => Some(Username::parse(text)?),
    };
    let query = Query { after, in_order: payload.after.is_some(), limit: payload.limit.unwrap_or(MAX_USERS), name };
    let (total, seen) = services.people.list(query).await.map_err(|error| {
        tracing::debug!(%error, "users are not available");
        Failure::from(error)
    })?;
    if client.uses_additions() {
        services.hub.crowd().view(client.session(), seen.iter().map(|user| user.id));
    }
    let users: Vec<WireUser<'_>> = seen.iter().map(Into::into).collect();
    let body = json!({ "total": total, "received": users.len(), "users": users });
    client.connection().reply(Outgoing::new("users", body).id(request.id.as_ref()).frame());
    Ok(())
}

/// `block`: no direct messages from that user any more.
pub(super) async fn block(client: &Client, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let wire::Block { user, on } = request.payload()?;
    if user == me.person.id {
        return Err(Failure::new(Code::NotAllowed, "nobody can block themselves"));
    }
    known_user(services, user).await?;
    services.store.set_block(me.person.id, user, on).await?;
    client.connection().reply(Outgoing::new("block", json!({ "userUUID": user, "on": on })).id(request.id.as_ref()).frame());
    Ok(())
}

/// `kick`: closes a user's sessions.
pub(super) async fn kick(client: &Client, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    moderators_only(services, me)?;
    let wire::Ban { user, .. } = request.payload()?;
    known_user(services, user).await?;
    services.moderation.expel(user, Expulsion::Kicked).await?;
    client.connection().reply(Outgoing::new("kick", json!({ "userUUID": user })).id(request.id.as_ref()).frame());
    Ok(())
}

/// `ban`: keeps a user out.
pub(super) async fn ban(client: &Client, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    moderators_only(services, me)?;
    let wire::Ban { user, minutes } = request.payload()?;
    let duration = Duration::from_secs(minutes.saturating_mul(60));
    if !services.moderation.ban(user, duration).await? {
        return Err(Failure::new(Code::NoSuchUser, "there is no such user"));
    }
    let body = json!({ "userUUID": user, "minutes": minutes });
    client.connection().reply(Outgoing::new("ban", body).id(request.id.as_ref()).frame());
    Ok(())
}

fn moderators_only(services: &Services, me: &Identity) -> Handled {
    if services.accounts.is_moderator(&me.person.name) {
        Ok(())
    } else {
        Err(Failure::new(Code::NotAllowed, "only moderators may do this"))
    }
}

async fn known_user(services: &Services, user: crate::ids::UserId) -> Handled {
    match services.accounts.user(user).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Failure::new(Code::NoSuchUser, "there is no such user")),
        Err(error) => Err(Failure::account(Code::NoSuchUser, error)),
    }
}

//! Coming in and going out.

use std::sync::Arc;

use serde_json::json;

use super::Services;
use super::client::{Client, Identity};
use super::error::{Code, Failure, Handled};
use super::out::Outgoing;
use super::wire::{self, Request};
use crate::cluster::registry::PRESENCE_TTL;
use crate::domain::accounts::{AccountError, SignedIn};
use crate::ids::{AccessKey, Password, RequestId, UserId, Username};
use crate::store::record::{self, NewsRecord, Person};
use crate::store::topics::{News, Topic};

/// `signIn`: a user, a new user, or a guest.
pub(super) async fn sign_in(client: &Arc<Client>, services: &Services, request: &Request<'_>) -> Handled {
    let payload: wire::SignIn = request.payload()?;
    let signed_in = if payload.guest {
        client.use_additions();
        services.accounts.guest(client.connection().client()).await
    } else {
        let (name, password) = credentials(payload)?;
        services.accounts.sign_in(name, password, client.connection().client()).await
    };
    let signed_in = signed_in.map_err(|error| Failure::account(Code::SignIn, error))?;
    welcome(client, services, signed_in, request.id.as_ref()).await
}

/// `signUp`: a new user only.
pub(super) async fn sign_up(client: &Arc<Client>, services: &Services, request: &Request<'_>) -> Handled {
    let (name, password) = credentials(request.payload()?)?;
    let signed_in = services
        .accounts
        .sign_up(name, password, client.connection().client())
        .await
        .map_err(|error| Failure::account(Code::SignUp, error))?;
    welcome(client, services, signed_in, request.id.as_ref()).await
}

/// `signOut`: the key ends everywhere, at once.
pub(super) async fn sign_out(client: &Arc<Client>, services: &Services, me: &Identity, request: &Request<'_>) -> Handled {
    let user = me.person.id;
    services.accounts.end_key(user, &me.key).await.map_err(|error| Failure::account(Code::SignOut, error))?;
    services.moderation.end_sessions(user, &me.key, client.at()).await?;
    sign_off(client, services).await;
    client.connection().reply(Outgoing::new("signOut", json!({ "uuid": user })).id(request.id.as_ref()).frame());
    Ok(())
}

/// Signs the connection in by a key: no answer, no news.
pub(super) async fn resume(client: &Arc<Client>, services: &Services, user: UserId, key: &AccessKey) -> Result<Identity, Failure> {
    let refused = |error| match error {
        AccountError::Refused => Failure::new(Code::SignInNeeded, "sign in first"),
        other => Failure::account(Code::SignInNeeded, other),
    };
    let user = services.accounts.resume(user, key).await.map_err(refused)?;
    let identity = Identity { person: Person { id: user.id, name: user.username }, key: key.digest() };
    arrive(client, services, &identity).await?;
    // The key may have ended between its check and the session's becoming known to whoever ended it.
    if let Err(error) = services.accounts.resume(identity.person.id, key).await {
        sign_off(client, services).await;
        return Err(refused(error));
    }
    Ok(identity)
}

/// Takes the user out of the session, in the store too before it returns, where that can be done at once.
pub(super) async fn sign_off(client: &Client, services: &Services) {
    if let Some((_, chores)) = client.sign_off() {
        for chore in chores {
            services.janitor.now(chore).await;
        }
    }
}

fn credentials(payload: wire::SignIn) -> Result<(Username, Password), Failure> {
    let missing = |field: &str| Failure::malformed(format!("{field} is missing"));
    let name = Username::parse(&payload.username.ok_or_else(|| missing("username"))?)?;
    let password = Password::parse(payload.password.ok_or_else(|| missing("password"))?)?;
    Ok((name, password))
}

async fn welcome(client: &Arc<Client>, services: &Services, signed_in: SignedIn, id: Option<&RequestId>) -> Handled {
    sign_off(client, services).await;
    let SignedIn { user, key } = signed_in;
    let identity = Identity { person: Person { id: user.id, name: user.username }, key: key.digest() };
    arrive(client, services, &identity).await?;
    let body = json!({ "userUUID": user.id, "accessKey": key.expose(), "username": identity.person.name });
    client.connection().reply(Outgoing::new("authorized", body).id(id).frame());
    // The signer always hears of itself; everybody else by the topic, unless too many sign in at once.
    let news = NewsRecord::SignedIn { session: client.connection().id(), who: identity.person };
    if let Some(frame) = crate::cluster::Encoder::news(&super::encoder::ChatEncoder, &news) {
        client.connection().reply(frame);
    }
    services.tell_everybody(&news).await;
    Ok(())
}

async fn arrive(client: &Arc<Client>, services: &Services, identity: &Identity) -> Handled {
    let news = NewsRecord::Online { who: identity.person.clone(), online: true };
    let news = News { topic: Topic::All, body: record::encode(&news) };
    services.janitor.done_with(client.connection().id()).await?;
    if let Err(error) = services.store.arrive(identity.person.id, client.at(), PRESENCE_TTL, &news).await {
        // Perhaps it did.
        services.janitor.please(client.depart_chore(identity));
        return Err(error.into());
    }
    client.set_identity(identity.clone());
    Ok(())
}

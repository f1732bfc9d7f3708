//! Logging in, and one's own account.

use std::sync::Arc;

use super::client::{Client, Identity};
use super::error::{Failure, Handled, Status};
use super::out::{self, UserMessage};
use super::wire::{self, Order};
use crate::cluster::Listener;
use crate::cluster::registry::PRESENCE_TTL;
use crate::domain::accounts::{AccountError, SignedIn};
use crate::domain::strength;
use crate::ids::{AccessKey, Password, Username};
use crate::store::channels::Member;
use crate::store::record::{self, NewsRecord, Person};
use crate::store::topics::{News, Topic};

/// `validate_access_token`: whose key that is; with none that is good, somebody new.
pub(super) async fn validate_access_token(client: &Arc<Client>, order: &Order<'_>) -> Handled {
    let accounts = &client.services().accounts;
    let key = AccessKey::from_client(order.string()?);
    if !key.expose().is_empty() {
        match accounts.by_key(&key).await {
            Ok(user) => {
                let signed_in = SignedIn { user, key: key.clone() };
                enter(client, &signed_in).await?;
                // The key may have ended between its check and the session's becoming known to whoever ended it.
                match accounts.by_key(&key).await {
                    Ok(_) => {
                        welcome(client, &signed_in);
                        return Ok(());
                    }
                    Err(AccountError::Refused) => sign_off(client).await,
                    Err(error) => {
                        sign_off(client).await;
                        return Err(error.into());
                    }
                }
            }
            Err(AccountError::Refused) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let guest = accounts.guest(client.connection().client()).await?;
    enter(client, &guest).await?;
    welcome(client, &guest);
    client.connection().reply(out::question("credentials"));
    Ok(())
}

/// `validate_user_name_password`: never makes an account.
pub(super) async fn validate_user_name_password(client: &Arc<Client>, order: &Order<'_>) -> Handled {
    let payload: wire::ValidateUserNamePassword = order.object()?;
    // What cannot be a name or a password is nobody's.
    let failed = |_| Failure::from(AccountError::Refused);
    let (name, password) = (Username::parse(&payload.name).map_err(failed)?, Password::parse(payload.password).map_err(failed)?);
    let signed_in = client.services().accounts.log_in(name, password, client.connection().client()).await?;
    enter(client, &signed_in).await?;
    welcome(client, &signed_in);
    Ok(())
}

/// `set_user_password`.
pub(super) async fn set_user_password(client: &Arc<Client>, order: &Order<'_>) -> Handled {
    let wire::SetUserPassword { password } = order.object()?;
    let me = client.identity().ok_or_else(Failure::log_in_first)?;
    let password = strength::check(password)?;
    let user = client.services().accounts.change(me.person.id, Some(password), None).await?;
    client.update(me.person, record::Badge { verified: true, ..user.badge() });
    let told = "Your password is changed. With it you can log in anywhere: /login <name> <password>";
    client.connection().reply(UserMessage::from_admin(told, me.badge.number).frame());
    Ok(())
}

/// `set_user_name`: for those who have a password.
pub(super) async fn set_user_name(client: &Arc<Client>, order: &Order<'_>) -> Handled {
    let wire::SetUserName { name } = order.object()?;
    let me = client.identity().ok_or_else(Failure::log_in_first)?;
    let services = client.services();
    let present = services.accounts.user(me.person.id).await?.ok_or(AccountError::NoSuchUser)?;
    if present.password.is_none() {
        // Before the name is looked at: that it is taken is of no use to whoever cannot have it.
        return Err(AccountError::PasswordNeeded.into());
    }
    let user = services.accounts.change(me.person.id, None, Some(Username::parse(&name)?)).await?;
    let badge = user.badge();
    let who = Person { id: user.id, name: user.username };
    client.update(who.clone(), badge);
    client.connection().reply(out::event("user_name_change", &who.name));
    services.tell_everybody(&NewsRecord::UserChanged { who: who.clone(), online: true, deleted: false }).await;
    client.tell_name(who).await;
    Ok(())
}

/// Takes the user out of the session, in the store too before it returns, where that can be done at once.
pub(super) async fn sign_off(client: &Client) {
    for chore in client.sign_off().into_iter().flatten() {
        client.services().janitor.now(chore).await;
    }
}

/// Tells the client who it is now. The others in the room have heard of it, if it is news to them.
fn welcome(client: &Client, SignedIn { user, key }: &SignedIn) {
    client.connection().reply(out::user_logged_in(&user.username, user.badge(), key));
    client.connection().reply(out::user_entered_chat(&user.username));
}

/// Somebody is logged in from now on, in the place of whoever was before: notes in the store that this user is here. The room is told,
/// unless the user was in it already, with this session or another.
async fn enter(client: &Arc<Client>, SignedIn { user, key }: &SignedIn) -> Handled {
    let identity = Identity { person: Person { id: user.id, name: user.username.clone() }, badge: user.badge(), key: key.digest() };
    if client.change_key(&identity) {
        return Ok(());
    }
    sign_off(client).await;
    let services = client.services();
    services.janitor.done_with(client.session()).await?;
    let online = NewsRecord::Online { who: identity.person.clone(), online: true };
    let online = News { topic: Topic::All, body: record::encode(&online) };
    if let Err(error) = services.store.arrive(user.id, client.at(), PRESENCE_TTL, &online).await {
        // Perhaps it did.
        services.janitor.please(client.depart_chore(&identity));
        return Err(error.into());
    }
    client.set_identity(identity.clone());
    let member = Member { at: client.at(), user: user.id, username: user.username.clone(), peer: None, number: Some(user.serial) };
    let joined = NewsRecord::Joined { session: client.session(), who: identity.person.clone(), to: None };
    let place = client.place();
    if let Err(error) = services.store.join(place.channel, &member, &place.news(&joined), usize::MAX).await {
        // Perhaps it did.
        client.sign_off_now();
        return Err(error.into());
    }
    if client.identity().is_none_or(|present| present.key != identity.key) {
        // The key ended meanwhile; what that took out may have been written after it.
        services.janitor.please(client.leave_chore(&identity));
        return Err(Failure::new(Status::Unauthorized, "logged out meanwhile"));
    }
    client.name_streams().await;
    Ok(())
}

//! From a frame to its handler, and from what went wrong to an error.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::value::RawValue;
use tokio::time::sleep;

use super::client::{Client, State};
use super::error::{ErrorType, Failure, Handled};
use super::out;
use super::wire::{self, Message};
use crate::cluster::Listener;
use crate::dialect::Services;
use crate::domain::lobbies::{Coming, Entry, MAX_STATE, Return};
use crate::ids::{LobbyClientId, LobbyCode};
use crate::session::{Conversation, Refusal, Session, Target};
use crate::store::record::lobby::LobbySignal;

/// What may stand around the largest snapshot, in bytes.
const ENVELOPE: usize = 4 * 1024;
/// A connection that ended while the store was away is taken out of its room so often, and then left to whoever keeps the rooms.
const LEAVES: usize = 60;
/// Between two of these attempts.
const RETRY: Duration = Duration::from_millis(500);

/// One client's conversation.
pub struct Talk {
    session: Arc<Session>,
    services: Arc<Services>,
    target: Target,
    client: Option<Arc<Client>>,
    /// Nothing has been said yet.
    is_first: bool,
}

impl Talk {
    /// On a fresh connection.
    #[must_use]
    pub fn new(session: Arc<Session>, services: Arc<Services>, target: Target) -> Self {
        Self { session, services, target, client: None, is_first: true }
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.target.query(name).filter(|value| !value.is_empty())
    }

    /// Into the room that the address names, or back by a token, or nowhere yet. In any case the client hears first who it is; with a code
    /// in its address it is in the room by then.
    async fn open(&self, client: &Client, state: &mut State, token: Option<Option<LobbyClientId>>) -> Handled {
        let host = self.query("host").is_some_and(|host| !["false", "0"].contains(&host));
        let entered = match self.query("code") {
            Some(code) => {
                state.speaks = false;
                Some(self.enter_by_query(client, state, code, host).await)
            }
            None => None,
        };
        client.tell_identity(state);
        if token == Some(None) {
            self.session.reply(out::error(&bad_token()));
        }
        if let Some(entered) = entered {
            client.settle(state, &entered?);
        } else if host {
            state.speaks = false;
            return Err(wire::missing_code());
        } else if token.flatten().is_some() {
            let returned = self.services.lobbies.come_back(client.caller(state)).await?;
            self.returned(client, state, returned).await;
        } else if let Err(error) = self.services.lobbies.arrive(client.caller(state)).await {
            // It can be itself again all the same; only this connection will not be ended by its next.
            tracing::debug!(%error, "a client was not noted");
        }
        Ok(())
    }

    async fn enter_by_query(&self, client: &Client, state: &State, code: &str, host: bool) -> Result<Entry, Failure> {
        let code = wire::code(code)?;
        Ok(self.services.lobbies.enter(client.caller(state), code, Coming::ByQuery { host }).await?)
    }

    async fn handle(&self, client: &Client, state: &mut State, is_first: bool, text: &str) -> Handled {
        let message = Message::parse(text)?;
        match message.kind.as_ref() {
            "createRoom" => self.create(client, state, &message).await,
            "joinRoom" => self.join(client, state, &message).await,
            "reconnect" => self.reconnect(client, state, &message, is_first).await,
            "guestOfferSignal" => {
                let wire::GuestOffer { offer_signal } = message.data()?;
                self.to_host(client, state, LobbySignal::GuestOffer, offer_signal).await
            }
            "guestCandidateSignal" => {
                let wire::GuestCandidate { candidate_signal } = message.data()?;
                self.to_host(client, state, LobbySignal::GuestCandidate, candidate_signal).await
            }
            "hostAnswerSignal" => {
                let wire::HostAnswer { answer_signal, client_id } = message.data()?;
                self.to_guest(client, state, LobbySignal::HostAnswer, answer_signal, &client_id).await
            }
            "hostCandidateSignal" => {
                let wire::HostCandidate { candidate_signal, client_id } = message.data()?;
                self.to_guest(client, state, LobbySignal::HostCandidate, candidate_signal, &client_id).await
            }
            "saveSnapshot" => self.save(client, state, &message).await,
            "kickGuest" => {
                let wire::KickGuest { client_id } = message.data()?;
                let code = code(state)?;
                match wire::client(&client_id) {
                    Ok(guest) => Ok(self.services.lobbies.kick(client.caller(state), code, guest).await?),
                    Err(failure) => self.fail_host(client, state, code, failure).await,
                }
            }
            "closeRoom" => {
                let code = code(state)?;
                self.services.lobbies.close(client.caller(state), code).await?;
                state.place = None;
                self.session.reply(out::room_closed());
                Ok(())
            }
            _ => Err(Failure::bad("unknown type")),
        }
    }

    async fn create(&self, client: &Client, state: &mut State, message: &Message<'_>) -> Handled {
        let create: wire::CreateRoom<'_> = message.data_or_none()?;
        let wishes = create.wishes()?;
        nowhere(state)?;
        let me = client.caller(state);
        let code = self.services.lobbies.make(me.from, wishes).await?;
        let entry = self.services.lobbies.enter(me, code, Coming::Joining { can_host: Some(true) }).await?;
        client.settle(state, &entry);
        self.session.reply(out::room_created(code, self.services.lobbies.own_grace(&entry.seen.room)));
        Ok(())
    }

    async fn join(&self, client: &Client, state: &mut State, message: &Message<'_>) -> Handled {
        let join: wire::JoinRoom = message.data_or_none()?;
        nowhere(state)?;
        let coming = Coming::Joining { can_host: join.can_host };
        let entry = self.services.lobbies.enter(client.caller(state), join.code()?, coming).await?;
        client.join(state, &entry).await;
        Ok(())
    }

    async fn reconnect(&self, client: &Client, state: &mut State, message: &Message<'_>, is_first: bool) -> Handled {
        let wire::Reconnect { token } = message.data()?;
        nowhere(state)?;
        if !is_first {
            return Err(Failure::bad("reconnect is the first message"));
        }
        let id = self.services.lobbies.client(&token).ok_or_else(bad_token)?;
        let stranger = client.caller(state);
        state.id = id;
        let returned = match self.services.lobbies.come_back(client.caller(state)).await {
            Ok(returned) => returned,
            Err(error) => {
                state.id = stranger.id;
                return Err(error.into());
            }
        };
        if stranger.id != id
            && let Err(error) = self.services.lobbies.forget(stranger).await
        {
            tracing::debug!(%error, "a client that was nobody yet is forgotten later");
        }
        client.tell_identity(state);
        self.returned(client, state, returned).await;
        Ok(())
    }

    /// Says what a token led to. A refusal does not end the connection: the client may try elsewhere, or once more.
    async fn returned(&self, client: &Client, state: &mut State, returned: Return) {
        match returned {
            Return::Into(entry) => client.join(state, &entry).await,
            Return::Refused(refused) => self.session.reply(out::error(&refused.into())),
            Return::Nowhere => {}
        }
    }

    async fn to_host(&self, client: &Client, state: &State, kind: LobbySignal, signal: &RawValue) -> Handled {
        let code = code(state)?;
        let me = client.caller(state);
        Ok(self.services.lobbies.signal(me, code, kind, None, signal.get().to_owned()).await?)
    }

    async fn to_guest(&self, client: &Client, state: &State, kind: LobbySignal, signal: &RawValue, guest: &str) -> Handled {
        let code = code(state)?;
        match wire::client(guest) {
            Ok(guest) => Ok(self.services.lobbies.signal(client.caller(state), code, kind, Some(guest), signal.get().to_owned()).await?),
            Err(failure) => self.fail_host(client, state, code, failure).await,
        }
    }

    async fn save(&self, client: &Client, state: &State, message: &Message<'_>) -> Handled {
        let wire::SaveSnapshot { version, state: game } = message.data()?;
        let code = code(state)?;
        if game.get().len() > MAX_STATE {
            let failure = Failure::new(ErrorType::TooLarge, format!("the state of a snapshot has at most {MAX_STATE} bytes"));
            return self.fail_host(client, state, code, failure).await;
        }
        self.services.lobbies.save(client.caller(state), code, version, game.get()).await?;
        self.session.reply(out::snapshot_saved(version));
        Ok(())
    }

    /// Who is not the host hears that before anything else that is wrong.
    async fn fail_host(&self, client: &Client, state: &State, code: LobbyCode, failure: Failure) -> Handled {
        self.services.lobbies.check_host(client.caller(state), code).await?;
        Err(failure)
    }
}

/// The room that the client is in.
fn code(state: &State) -> Result<LobbyCode, Failure> {
    state.place.as_ref().map(|place| place.code).ok_or_else(|| Failure::bad("you are in no room"))
}

fn nowhere(state: &State) -> Handled {
    if state.place.is_none() { Ok(()) } else { Err(Failure::bad("you are in a room already")) }
}

fn bad_token() -> Failure {
    Failure::new(ErrorType::BadToken, "this token is none of this server's")
}

#[async_trait]
impl Conversation for Talk {
    async fn opened(&mut self) {
        let token = self.query("token").map(|token| self.services.lobbies.client(token));
        let id = token.flatten().unwrap_or_else(LobbyClientId::random);
        let client = Client::new(self.session.clone(), self.services.clone(), id);
        // Before the room knows of it: letters come from then on.
        self.services.hub.crowd().add(client.clone());
        self.client = Some(client.clone());
        let mut state = client.state().await;
        if let Err(failure) = self.open(&client, &mut state, token).await {
            client.fail(&state, &failure);
        }
    }

    async fn text(&mut self, text: &str) {
        let Some(client) = &self.client else { return };
        let is_first = std::mem::replace(&mut self.is_first, false);
        let mut state = client.state().await;
        if let Err(failure) = self.handle(client, &mut state, is_first, text).await {
            client.fail(&state, &failure);
        }
    }

    fn takes_long(&self, text: &str) -> bool {
        Message::parse(text).is_ok_and(|message| message.kind == "saveSnapshot")
    }

    fn longest(&self) -> usize {
        MAX_STATE + ENVELOPE
    }

    async fn refused(&mut self, refusal: Refusal<'_>) {
        let failure = match refusal {
            Refusal::Binary => Failure::bad("binary frames are not understood"),
            Refusal::TooLarge => Failure::new(ErrorType::TooLarge, "the message is too large"),
            Refusal::TooMany { retry_after, .. } => Failure::slow_down("too many messages", retry_after),
        };
        self.session.reply(out::error(&failure));
    }

    async fn closed(&mut self) {
        let Some(client) = self.client.take() else { return };
        self.services.hub.crowd().remove(client.session());
        let mut state = client.state().await;
        let (me, lobbies) = (client.caller(&state), self.services.lobbies.clone());
        // A look that is still to come must not take the client for one that was thought to be gone.
        let place = state.place.take().map(|place| place.code);
        let end = move || {
            let lobbies = lobbies.clone();
            async move {
                match place {
                    Some(code) => lobbies.leave(code, me.id, me.at).await,
                    None => lobbies.forget(me).await,
                }
            }
        };
        if end().await.is_err() {
            tokio::spawn(async move {
                for _ in 0..LEAVES {
                    sleep(RETRY).await;
                    if end().await.is_ok() {
                        return;
                    }
                }
            });
        }
    }
}

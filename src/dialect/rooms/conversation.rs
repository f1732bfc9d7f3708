//! From a message to whom it is for, and from what went wrong to an error.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::value::RawValue;

use super::client::{self, Client};
use super::hall::Halls;
use super::out;
use super::wire::{Address, Incoming};
use crate::clock::unix_now;
use crate::cluster::hub::Entrant;
use crate::cluster::live::Roles;
use crate::dialect;
use crate::dialect::Services;
use crate::domain::NamedRooms;
use crate::domain::named_rooms::Seat;
use crate::ids::Username;
use crate::session::close::CloseCode;
use crate::session::{Conversation, Refusal, Session, Target};
use crate::store::StoreError;
use crate::store::record::guests::{GuestMessage, JsonText};

/// TURN credentials last for so long, or shorter where the site says so.
const CREDENTIALS_LAST: Duration = Duration::from_secs(6 * 3600);

/// What went wrong, in words for the client.
struct Failure(String);

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Self(words)
    }
}

impl From<StoreError> for Failure {
    /// What the store says is for the log; clients are told to try again.
    fn from(error: StoreError) -> Self {
        dialect::note(&error);
        Self("The backend is unavailable; try again".to_owned())
    }
}

type Handled = Result<(), Failure>;

/// One client's conversation.
pub struct Talk {
    session: Arc<Session>,
    services: Arc<Services>,
    rooms: Arc<NamedRooms>,
    halls: Arc<Halls>,
    target: Target,
    client: Option<Arc<Client>>,
}

impl Talk {
    /// On a fresh connection, whose target holds a seat.
    pub(super) fn new(session: Arc<Session>, services: Arc<Services>, rooms: Arc<NamedRooms>, halls: Arc<Halls>, target: Target) -> Self {
        Self { session, services, rooms, halls, target, client: None }
    }

    async fn open(&mut self, seat: Seat) -> Result<(), StoreError> {
        let channel = seat.room().channel();
        let hall = self.halls.open(seat.room());
        let client = self.client.insert(Client::new(self.session.clone(), self.services.clone(), hall, seat)).clone();
        let hub = &self.services.hub;
        hub.crowd().add(client.clone());
        let prepared = hub.prepare(channel).await?;
        let head = self.services.store.heads(&[channel]).await?.first().copied().unwrap_or_default();
        client.hall().enter(client.clone());
        let entrant = Entrant { listener: client.clone(), peer: None, roles: Roles { joined: false, watching: true } };
        hub.enter(&prepared, entrant, head, || {});
        // The news of its own coming were perhaps published before they could be heard here.
        client.hall().suspect();
        client.reply(out::greeting(client.guest()));
        Ok(())
    }

    async fn handle(&self, client: &Client, text: &str) -> Handled {
        let message = Incoming::parse(text)?;
        match &message.receiver {
            Address::GroundControl => self.ground_control(client, &message).await,
            Address::Room => {
                let everybody = client.hall().everybody().await?;
                client::post_to_all(client, &everybody, relayed(client, &message));
                Ok(())
            }
            Address::Guest(whom) => {
                let unknown = || Failure(client::no_such_client(whom));
                let guest = message.receiver.guest().ok_or_else(unknown)?;
                let member = client.hall().find(guest).await?.ok_or_else(unknown)?;
                client::post(client, &member, GuestMessage { receiver: Some(guest), ..relayed(client, &message) });
                Ok(())
            }
        }
    }

    async fn ground_control(&self, client: &Client, message: &Incoming<'_>) -> Handled {
        match message.kind.as_ref() {
            "ping" => {
                client.reply(out::pong(client.guest(), message.data));
                if client.introduce() {
                    client.hall().tell(Some(client)).await?;
                }
            }
            "pong" | "greeting" => {}
            "profile" => {
                let name = Username::parse(&message.username()?).map_err(|fault| Failure(fault.0.to_owned()))?;
                Seat::rename(&self.rooms, client.room(), client.address(), name).await?;
            }
            "get-room-info" => client.hall().tell(Some(client)).await?,
            "get-ice-servers" => {
                let servers = self.services.ice.mint_short(client.guest(), unix_now(), CREDENTIALS_LAST);
                client.reply(out::ice_servers(client.guest(), &servers));
            }
            "bye" => {
                client.leave();
                client.close(CloseCode::Normal, "you left the room");
            }
            unknown => return Err(Failure(format!("Unknown message type: {unknown}"))),
        }
        Ok(())
    }
}

fn relayed(client: &Client, message: &Incoming<'_>) -> GuestMessage {
    GuestMessage {
        channel: client.room().channel(),
        room: Some(client.room().id),
        from: client.address(),
        sender: client.guest(),
        receiver: None,
        topic: message.kind.as_ref().into(),
        data: message.data.map(RawValue::get).map(|text| JsonText(text.into())),
    }
}

#[async_trait]
impl Conversation for Talk {
    async fn opened(&mut self) {
        let seat = self.target.take::<Seat>();
        let opened = match seat {
            Some(seat) => self.open(seat).await,
            None => Err(StoreError::Unavailable("no seat".to_owned())),
        };
        if let Err(error) = opened {
            tracing::debug!(%error, "a room could not be opened");
            self.session.close(CloseCode::Restart, "the room cannot be opened now; come back");
        }
    }

    async fn text(&mut self, text: &str) {
        let Some(client) = &self.client else { return };
        client.heard();
        if let Err(Failure(words)) = self.handle(client, text).await {
            client.fail(&words);
        }
    }

    async fn refused(&mut self, refusal: Refusal<'_>) {
        let Some(client) = &self.client else { return };
        client.heard();
        client.fail(&match refusal {
            Refusal::Binary => "Binary messages are not understood".to_owned(),
            Refusal::TooLarge => "The message is too large".to_owned(),
            Refusal::TooMany { retry_after, .. } => format!("Too many messages; try again in {} s", retry_after.as_secs_f64().ceil()),
        });
    }

    async fn closed(&mut self) {
        if let Some(client) = self.client.take() {
            client.leave();
        }
    }
}

//! From a frame to its handler, and from what went wrong to an error.

use std::sync::Arc;

use async_trait::async_trait;

use super::client::Client;
use super::error::{Failure, Handled, Status};
use super::wire::Order;
use super::{media, out, say, sign};
use crate::cluster::Listener;
use crate::cluster::hub::Entrant;
use crate::cluster::live::Roles;
use crate::dialect::Services;
use crate::domain::rooms::{RoomError, Stay};
use crate::ids::RoomNumber;
use crate::session::close::CloseCode;
use crate::session::{Conversation, Refusal, Session, Target};

/// So much of what was said before a newcomer is told.
const CHAT_LOG: usize = 100;

/// One client's conversation.
pub struct Talk {
    session: Arc<Session>,
    services: Arc<Services>,
    target: Target,
    /// In a room. Nobody who is not has anything to say: the connection is closing.
    client: Option<Arc<Client>>,
    stay: Option<Stay>,
}

impl Talk {
    /// On a fresh connection.
    #[must_use]
    pub fn new(session: Arc<Session>, services: Arc<Services>, target: Target) -> Self {
        Self { session, services, target, client: None, stay: None }
    }

    /// Into the room that the client names; without such a room it gets a new one and comes back with that.
    async fn open(&mut self) -> Handled {
        let named = self.target.query("room").and_then(|room| room.parse::<RoomNumber>().ok());
        let stay = match named {
            Some(room) => self.services.rooms.enter(room).await?,
            None => None,
        };
        let Some(stay) = stay else { return self.make_room().await };
        let room = stay.room();
        self.stay = Some(stay);
        let client = self.client.insert(Client::new(self.session.clone(), self.services.clone(), room)).clone();
        let (hub, channel) = (&self.services.hub, client.place().channel);
        hub.crowd().add(client.clone());
        let prepared = hub.prepare(channel).await?;
        let (log, head) = self.services.rooms.log(room, CHAT_LOG).await?;
        let entrant = Entrant { listener: client.clone(), peer: None, roles: Roles { joined: true, watching: false } };
        hub.enter(&prepared, entrant, head, || {});
        // Not before: whoever comes or goes from now on, the client hears of.
        let visitors = self.services.rooms.visitors(room).await?;
        client.open_gate(out::joined_room(room, &log, &visitors), &visitors);
        self.session.reply(out::question("access_token"));
        Ok(())
    }

    async fn make_room(&self) -> Handled {
        match self.services.rooms.make(self.session.client()).await {
            Ok(room) => {
                self.session.reply(out::created_room(room));
                self.session.close(CloseCode::Normal, "come back to the room that was made");
                Ok(())
            }
            Err(RoomError::SlowDown(after)) => {
                self.session.reply(out::error(&Failure::slow_down("too many new rooms from this address", after)));
                self.session.close(CloseCode::TooMuch, "too many new rooms from this address");
                Ok(())
            }
            Err(RoomError::Store(error)) => Err(error.into()),
        }
    }

    async fn handle(&self, client: &Arc<Client>, text: &str) -> Handled {
        let order = Order::parse(text)?;
        match order.name.as_ref() {
            "validate_access_token" => sign::validate_access_token(client, &order).await,
            "validate_user_name_password" => sign::validate_user_name_password(client, &order).await,
            "set_user_password" => sign::set_user_password(client, &order).await,
            "set_user_name" => sign::set_user_name(client, &order).await,
            "user_message" => say::user_message(client, &order).await,
            "get_current_guests" => self.guests(client).await,
            "identify_streamid" => media::identify(client, &order).await,
            "media_request" | "request_media" => media::request(client, &order),
            "answer" => media::answer(client, &order),
            "candidate" => media::candidate(client, &order),
            "mute" => media::mute(client, &order),
            "share_screen" => media::share_screen(client, &order),
            "subscribe" => media::subscribe(client, &order),
            "restart_media" => media::restart(client),
            "leave_media" => media::leave(client),
            _ => Err(Failure::bad("unknown order")),
        }
    }

    /// `get_current_guests`: nobody, for those who are not logged in.
    async fn guests(&self, client: &Client) -> Handled {
        let visitors = match client.identity() {
            Some(_) => self.services.rooms.visitors(client.room()).await?,
            None => Vec::new(),
        };
        self.session.reply(out::current_guests(&visitors));
        Ok(())
    }

    fn fail(&self, failure: &Failure) {
        self.session.reply(out::error(failure));
    }
}

#[async_trait]
impl Conversation for Talk {
    async fn opened(&mut self) {
        if let Err(failure) = self.open().await {
            self.fail(&failure);
            self.session.close(CloseCode::Restart, "the room cannot be opened now; come back");
        }
    }

    async fn text(&mut self, text: &str) {
        let Some(client) = &self.client else { return };
        if let Err(failure) = self.handle(client, text).await {
            self.fail(&failure);
        }
    }

    fn takes_long(&self, text: &str) -> bool {
        // Only clients in a call have one to answer.
        self.client.as_ref().is_some_and(|client| client.call().is_some()) && Order::parse(text).is_ok_and(|order| order.name == "answer")
    }

    async fn refused(&mut self, refusal: Refusal<'_>) {
        self.fail(&match refusal {
            Refusal::Binary => Failure::bad("binary frames are not understood"),
            Refusal::TooLarge => Failure::new(Status::TooLarge, "the work order is too large"),
            Refusal::TooMany { retry_after, .. } => Failure::slow_down("too many work orders", retry_after),
        });
    }

    async fn closed(&mut self) {
        if let Some(client) = self.client.take() {
            client.exit();
            client.leave_call();
            client.sign_off_now();
            self.services.hub.crowd().remove(client.session());
        }
        if let Some(stay) = self.stay.take() {
            stay.end().await;
        }
    }
}

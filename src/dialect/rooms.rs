//! The rooms protocol: rooms with a name, in which guests send each other text and what browsers need to connect. `docs/protocols` describes
//! the wire.
//!
//! A guest takes a seat before the handshake is answered, so that a refusal is an answer of HTTP. On each node a room's guests share a
//! [`hall`], which knows who is in the room, anywhere, and tells its own guests when that changes.

pub mod client;
pub mod conversation;
pub mod hall;
pub mod out;
pub mod silence;
pub mod wire;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use self::hall::Halls;
use self::silence::Patience;
use super::Services;
use crate::domain::NamedRooms;
use crate::domain::named_rooms::DoorError;
use crate::ids::Slug;
use crate::session::{Conversation, Dialect, Session, Target, Turned};

/// The rooms dialect of a node.
pub struct Rooms {
    services: Arc<Services>,
    rooms: Arc<NamedRooms>,
    halls: Arc<Halls>,
}

impl Rooms {
    /// Over the node's services. A guest that says nothing is asked after `ping_after`, and taken for gone after three times that.
    #[must_use]
    pub fn new(services: Arc<Services>, rooms: Arc<NamedRooms>, ping_after: Duration) -> Arc<Self> {
        let halls = Halls::new(rooms.clone(), Patience::new(ping_after));
        Arc::new(Self { services, rooms, halls })
    }
}

impl Dialect for Rooms {
    fn admit<'a>(&'a self, target: &'a mut Target, client: IpAddr) -> BoxFuture<'a, Result<(), Turned>> {
        Box::pin(async move {
            let slug = target.parameter("slug").unwrap_or_default();
            let passes: Vec<&str> = [target.query("token"), target.cookie(&cookie_name(slug))].into_iter().flatten().collect();
            let seat = self.rooms.take_seat(slug, &passes, client).await.map_err(turned)?;
            target.give(seat);
            Ok(())
        })
    }

    fn begin(self: Arc<Self>, session: Arc<Session>, target: Target) -> Box<dyn Conversation> {
        Box::new(conversation::Talk::new(session, self.services.clone(), self.rooms.clone(), self.halls.clone(), target))
    }
}

/// The name of the cookie that holds the pass into a room.
#[must_use]
pub fn cookie_name(slug: &str) -> String {
    // What is no slug is in no cookie's name.
    let slug = Slug::parse(slug.to_owned());
    format!("room-{}", slug.as_ref().map_or("", Slug::as_str))
}

/// As an answer of HTTP.
#[must_use]
pub fn turned(error: DoorError) -> Turned {
    let status = match &error {
        DoorError::NoSuchRoom => 404,
        DoorError::Full => 418,
        DoorError::PasswordNeeded | DoorError::Outside => 403,
        DoorError::WrongPassword => 401,
        DoorError::Taken => 409,
        DoorError::Invalid(_) => 400,
        DoorError::SlowDown(_) => 429,
        DoorError::Busy | DoorError::Store(_) => 503,
    };
    let retry_after = match &error {
        DoorError::SlowDown(after) => Some(*after),
        DoorError::Busy => Some(Duration::ZERO),
        DoorError::Store(error) => {
            tracing::debug!(%error, "a room could not be used for want of the store");
            Some(Duration::ZERO)
        }
        _ => None,
    };
    Turned { status, reason: error.to_string(), retry_after }
}

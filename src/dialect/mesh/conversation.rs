//! One client's conversation: in, and then from a frame to whom it is for.

use std::sync::Arc;

use async_trait::async_trait;

use super::client::Client;
use super::out;
use super::wire::Forwarding;
use crate::clock::unix_now;
use crate::dialect::Services;
use crate::ids::{MeshId, SessionId};
use crate::session::close::CloseCode;
use crate::session::{Conversation, Refusal, Session, Target};
use crate::store::StoreError;
use crate::store::meshes::Entered;

/// What a connection was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wishes {
    mesh: MeshId,
    ice: bool,
    events: bool,
}

impl Wishes {
    /// From the query: `room`, `ice=1` (+), `events=1` (+).
    #[must_use]
    pub fn read(mount: &str, target: &Target) -> Self {
        let wants = |name| target.query(name) == Some("1");
        let room = target.query("room").filter(|room| !room.is_empty());
        Self { mesh: MeshId::of(mount, room), ice: wants("ice"), events: wants("events") }
    }
}

/// A conversation.
pub struct Talk {
    session: Arc<Session>,
    services: Arc<Services>,
    wishes: Wishes,
    client: Option<Arc<Client>>,
}

impl Talk {
    /// On a fresh connection.
    #[must_use]
    pub fn new(session: Arc<Session>, services: Arc<Services>, wishes: Wishes) -> Self {
        Self { session, services, wishes, client: None }
    }

    async fn open(&mut self) -> Result<(), StoreError> {
        let Wishes { mesh, ice, events } = self.wishes;
        if ice {
            self.session.reply(out::ice_servers(&self.services.ice.mint(self.session.id(), unix_now())));
        }
        let client = self.client.insert(Client::new(self.session.clone(), self.services.clone(), mesh, events));
        // Before it is in the mesh: from then on others send to it.
        self.services.hub.crowd().add(client.clone());
        if events {
            self.services.hub.follow_mesh(mesh, client.clone()).await?;
        }
        match self.services.meshes.enter(mesh, self.session.id()).await? {
            Entered::Among(before) => client.open(&before),
            Entered::Full => {
                self.session.reply(out::mesh_full());
                self.session.close(CloseCode::TooMuch, "the mesh is full");
            }
        }
        Ok(())
    }

    async fn forward(&self, client: &Client, forwarding: Forwarding<'_>) -> Result<bool, StoreError> {
        // Only the form in which the server writes it: an identifier has one.
        let to = forwarding.to.parse::<SessionId>().ok().filter(|to| to.to_string() == forwarding.to);
        let Some(to) = to else { return Ok(false) };
        let json = forwarding.json.get().to_owned();
        let sent = self.services.meshes.forward(client.mesh_id(), self.session.id(), to, forwarding.what, json).await?;
        if sent {
            self.services.metrics.signals_forwarded.inc();
        }
        Ok(sent)
    }
}

#[async_trait]
impl Conversation for Talk {
    async fn opened(&mut self) {
        if let Err(error) = self.open().await {
            tracing::debug!(%error, "a peer could not enter its mesh");
            self.session.reply(out::unavailable(None));
            self.session.close(CloseCode::Restart, "the mesh cannot be entered now; come back");
        }
    }

    async fn text(&mut self, text: &str) {
        let Some(client) = &self.client else { return };
        let forwarding = match Forwarding::parse(text) {
            Ok(forwarding) => forwarding,
            Err(bad) => return self.session.reply(out::bad_message(bad.0)),
        };
        let to = forwarding.to.clone();
        match self.forward(client, forwarding).await {
            Ok(true) => {}
            Ok(false) => self.session.reply(out::peer_not_connected(&to)),
            Err(error) => {
                tracing::debug!(%error, "nothing was forwarded for want of the store");
                self.session.reply(out::unavailable(Some(&to)));
            }
        }
    }

    async fn refused(&mut self, refusal: Refusal<'_>) {
        self.session.reply(match refusal {
            Refusal::Binary => out::bad_message("binary frames are not understood"),
            Refusal::TooLarge => out::bad_message("the message is too large"),
            Refusal::TooMany { retry_after, .. } => out::too_many_messages(retry_after),
        });
    }

    async fn closed(&mut self) {
        let Some(client) = self.client.take() else { return };
        let (session, Wishes { mesh, events, .. }) = (self.session.id(), self.wishes);
        self.services.hub.crowd().remove(session);
        if events {
            self.services.hub.unfollow_mesh(mesh, session);
        }
        // Also if it is not known whether it ever was in.
        self.services.janitor.please(self.services.meshes.leave_chore(mesh, session));
        client.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Wishes {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Wishes::read("/mesh/ws", &Target::new(Vec::new(), query))
    }

    #[test]
    fn only_what_is_asked_for_is_wished() {
        let plain = read(&[]);
        assert_eq!((plain.ice, plain.events), (false, false));
        assert_eq!(read(&[("room", "")]).mesh, plain.mesh);
        assert_ne!(read(&[("room", "a")]).mesh, plain.mesh);
        assert_ne!(Wishes::read("/other", &Target::default()).mesh, plain.mesh);
        assert_eq!(read(&[("ice", "0"), ("events", "true")]), plain);
        let all = read(&[("ice", "1"), ("events", "1")]);
        assert_eq!((all.mesh, all.ice, all.events), (plain.mesh, true, true));
    }
}

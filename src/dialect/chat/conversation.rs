//! From a frame to its handler, and from what went wrong to an error message.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};

use super::client::{Client, Identity};
use super::error::{Code, Failure, Handled};
use super::out::{self, Outgoing};
use super::wire::{Request, without_secrets};
use super::{Services, account, calls, channel, sign, users, watch};
use crate::ids::RequestId;
use crate::session::{Conversation, Refusal, Session};

/// One client's conversation.
pub struct Talk {
    client: Arc<Client>,
    services: Arc<Services>,
}

impl Talk {
    /// On a fresh connection.
    #[must_use]
    pub fn new(session: Arc<Session>, services: Arc<Services>) -> Self {
        Self { client: Client::new(session, services.clone()), services }
    }

    async fn handle(&self, request: &Request<'_>) -> Handled {
        let (client, services) = (&self.client, &self.services);
        if request.misspelled {
            client.note_misspelling();
        }
        if request.id.is_some() {
            client.use_additions();
        }
        match request.kind.as_ref() {
            "signIn" => return sign::sign_in(client, services, request).await,
            "signUp" => return sign::sign_up(client, services, request).await,
            _ => {}
        }
        let Some(handler) = Handler::of(&request.kind) else {
            return Err(Failure::new(Code::UnknownType, "unknown message type"));
        };
        let me = self.somebody(request).await?;
        if handler.is_addition() {
            client.use_additions();
        }
        self.follow().await?;
        let me = &me;
        match handler {
            Handler::SignOut => sign::sign_out(client, services, me, request).await,
            Handler::Users => users::users(client, services, request).await,
            Handler::ChannelJoin => channel::join(client, services, me, request).await,
            Handler::ChannelMessage => channel::message(client, services, me, request).await,
            Handler::ChannelLeave => channel::leave(client, services, me, request).await,
            Handler::ChannelHistory => channel::history(client, services, me, request).await,
            Handler::Change(kind) => channel::change(client, services, me, request, kind).await,
            Handler::Typing => channel::typing(client, services, me, request).await,
            Handler::Read => watch::read(client, services, me, request).await,
            Handler::Watch => watch::watch(client, services, me, request).await,
            Handler::Account => account::change(client, services, me, request).await,
            Handler::DeleteAccount => account::delete(client, services, me, request).await,
            Handler::ExportAccount => account::export(client, services, me, request).await,
            Handler::Block => users::block(client, services, me, request).await,
            Handler::Kick => users::kick(client, services, me, request).await,
            Handler::Ban => users::ban(client, services, me, request).await,
            Handler::CallJoin => calls::join(client, services, me, request).await,
            Handler::CallAnswer => calls::answer(client, services, request),
            Handler::CallCandidate => calls::candidate(client, services, request),
            Handler::CallPublish => calls::publish(client, services, request),
            Handler::CallState => calls::state(client, services, request),
            Handler::CallSubscribe => calls::subscribe(client, services, request),
            Handler::CallPeer => calls::peer(client, services, request),
            Handler::CallRestart => calls::restart(client, services, request),
            Handler::CallLeave => calls::leave(client, request),
        }
    }

    /// Who is signed in, or signs in with the key that the message carries.
    async fn somebody(&self, request: &Request<'_>) -> Result<Identity, Failure> {
        if let Some(identity) = self.client.identity() {
            return Ok(identity);
        }
        match &request.resume {
            Some((user, key)) => sign::resume(&self.client, &self.services, *user, key).await,
            None => Err(Failure::new(Code::SignInNeeded, "sign in first")),
        }
    }

    /// A client that uses additions follows its user's topic.
    async fn follow(&self) -> Handled {
        let Some(user) = self.client.to_follow() else { return Ok(()) };
        if let Err(error) = self.services.hub.follow(user, self.client.clone()).await {
            self.services.hub.unfollow(user, self.client.connection().id());
            self.client.forget_follow();
            return Err(error.into());
        }
        Ok(())
    }

    fn fail(&self, failure: &Failure, text: &str, id: Option<&RequestId>) {
        self.reply(out::error(failure, without_secrets(text), id));
    }

    fn reply(&self, frame: Bytes) {
        self.client.connection().reply(frame);
    }
}

#[async_trait]
impl Conversation for Talk {
    async fn opened(&mut self) {
        self.services.hub.crowd().add(self.client.clone());
        self.reply(Outgoing::new("ready", json!({ "sessionUUID": self.client.connection().id() })).frame());
    }

    async fn text(&mut self, text: &str) {
        match Request::parse(text) {
            Ok(request) => {
                if let Err(failure) = self.handle(&request).await {
                    self.fail(&failure, text, request.id.as_ref());
                }
            }
            Err((failure, id)) => self.fail(&failure, text, id.as_ref()),
        }
    }

    fn takes_long(&self, text: &str) -> bool {
        // A description has a section for each track of a call.
        let has_description = |kind: &str| matches!(kind, "callAnswer" | "callPeer");
        self.services.calls.has(self.client.connection().id()) && Request::parse(text).is_ok_and(|request| has_description(&request.kind))
    }

    async fn refused(&mut self, refusal: Refusal<'_>) {
        let nothing = Value::String(String::new());
        match refusal {
            Refusal::Binary => self.reply(out::error(&Failure::new(Code::BadJson, "binary frames are not understood"), nothing, None)),
            Refusal::TooLarge => self.reply(out::error(&Failure::malformed("the message is too large"), nothing, None)),
            Refusal::TooMany { text, retry_after } => {
                let id = Request::parse(text).ok().and_then(|request| request.id);
                self.fail(&Failure::slow_down("too many messages", retry_after), text, id.as_ref());
            }
        }
    }

    async fn closed(&mut self) {
        self.client.sign_off_now();
        self.services.hub.crowd().remove(self.client.connection().id());
    }
}

/// Requests of somebody who is signed in.
#[derive(Clone, Copy)]
enum Handler {
    SignOut,
    Users,
    ChannelJoin,
    ChannelMessage,
    ChannelLeave,
    ChannelHistory,
    Change(channel::ChangeKind),
    Typing,
    Read,
    Watch,
    Account,
    DeleteAccount,
    ExportAccount,
    Block,
    Kick,
    Ban,
    CallJoin,
    CallAnswer,
    CallCandidate,
    CallPublish,
    CallState,
    CallSubscribe,
    CallPeer,
    CallRestart,
    CallLeave,
}

impl Handler {
    fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "signOut" => Self::SignOut,
            "users" => Self::Users,
            "channelJoin" => Self::ChannelJoin,
            "channelMessage" => Self::ChannelMessage,
            "channelLeave" => Self::ChannelLeave,
            "channelHistory" => Self::ChannelHistory,
            "editMessage" => Self::Change(channel::ChangeKind::Edit),
            "deleteMessage" => Self::Change(channel::ChangeKind::Delete),
            "react" => Self::Change(channel::ChangeKind::React),
            "typing" => Self::Typing,
            "read" => Self::Read,
            "watch" => Self::Watch,
            "account" => Self::Account,
            "deleteAccount" => Self::DeleteAccount,
            "exportAccount" => Self::ExportAccount,
            "block" => Self::Block,
            "kick" => Self::Kick,
            "ban" => Self::Ban,
            "callJoin" => Self::CallJoin,
            "callAnswer" => Self::CallAnswer,
            "callCandidate" => Self::CallCandidate,
            "callPublish" => Self::CallPublish,
            "callState" => Self::CallState,
            "callSubscribe" => Self::CallSubscribe,
            "callPeer" => Self::CallPeer,
            "callRestart" => Self::CallRestart,
            "callLeave" => Self::CallLeave,
            _ => return None,
        })
    }

    fn is_addition(self) -> bool {
        !matches!(self, Self::SignOut | Self::Users | Self::ChannelJoin | Self::ChannelMessage | Self::ChannelLeave)
    }
}

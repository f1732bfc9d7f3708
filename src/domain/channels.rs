//! Channels: who may look, what is said, what happened since.

mod amend;
mod marks;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::cluster::{Hub, LogEvent};
use crate::domain::Rules;
use crate::domain::people::{People, Seen};
use crate::ids::{ChannelId, ClientId, Epoch, MessageId, MessageText, Micros, Position, RoomId, Seq, SessionId, UserId};
use crate::store::accounts::User;
use crate::store::channels::{Appended, Head, NewMessage, Range, Stored, StoredMessage};
use crate::store::record::{self, Badge, Decoded, LogRecord, MessageRecord, NewsRecord, Person};
use crate::store::topics::{News, Topic};
use crate::store::{Store, StoreError};

pub use amend::Change;
pub use marks::{MAX_DIRECTS, Unread};

/// At most so many messages in one answer.
pub const MAX_PAGE: usize = 200;
/// So many a client gets that does not say how many it wants.
pub const DEFAULT_PAGE: usize = 10;
/// Between two attempts to have a message replicated.
const SETTLE_RETRY: Duration = Duration::from_millis(500);

/// A channel as one of its users sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The channel.
    pub channel: ChannelId,
    /// The other end of a direct channel, oneself for the notebook; `None` in the general one.
    pub peer: Option<UserId>,
}

impl Place {
    /// The general channel, or `me`'s with `peer`.
    #[must_use]
    pub fn of(me: UserId, peer: Option<UserId>) -> Self {
        Self { channel: peer.map_or_else(ChannelId::general, |peer| ChannelId::direct(me, peer)), peer }
    }

    /// News for everybody in the channel.
    #[must_use]
    pub fn news(&self, news: &NewsRecord) -> News {
        News { topic: Topic::Channel(self.channel), body: record::encode(news) }
    }
}

/// Why something was not done in a channel.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The other end of the direct channel does not exist.
    #[error("there is no such user")]
    NoSuchUser,
    /// Blocked, or not one's own message.
    #[error("not allowed")]
    NotAllowed,
    /// The message is not kept any more, or never was.
    #[error("there is no such message")]
    NoSuchMessage,
    /// It may have been stored, but it is not as safe yet as an acknowledgement says.
    #[error("the message is not replicated yet")]
    NotReplicated,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Outcome<T> = Result<T, ChannelError>;

/// A message as it is shown to people.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its number.
    pub seq: Seq,
    /// When it was posted.
    pub at: Micros,
    /// What is stored of it.
    pub message: MessageRecord,
    /// Its author today.
    pub sender: Seen,
    /// In a direct channel, the one it was written to, today.
    pub recipient: Option<Seen>,
}

/// What a client gets to see of a channel.
#[derive(Debug, Default)]
pub struct View {
    /// Messages, oldest first.
    pub messages: Vec<Shown>,
    /// What happened to earlier messages meanwhile.
    pub changes: Vec<LogEvent>,
    /// The end of the log at that instant.
    pub head: Head,
    /// There is more in the direction asked for.
    pub more: bool,
    /// What the client has of the channel is worth nothing any more.
    pub reset: bool,
}

/// What a client already has.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// The newest message it has.
    pub after: Seq,
    /// In which epoch; a client that does not know takes the present one.
    pub epoch: Option<Epoch>,
}

/// What became of a message.
#[derive(Debug)]
pub enum Posted {
    /// It is in the log; here it is as an event.
    New(LogEvent),
    /// The same author sent it before under the same client identifier.
    Before(Shown),
}

/// A message to post.
#[derive(Clone, Debug)]
pub struct Post {
    /// In which session, which takes the event for its answer.
    pub session: SessionId,
    /// Chosen by the caller, random.
    pub id: MessageId,
    /// The text.
    pub text: MessageText,
    /// The author's own name for it.
    pub client_id: Option<ClientId>,
    /// What the author is shown as where users are numbers.
    pub badge: Option<Badge>,
}

/// The rules of channels.
pub struct Channels {
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    people: People,
    rules: Arc<Rules>,
}

impl Channels {
    /// Over a store, handing out through the hub.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, hub: Arc<Hub>, rules: Arc<Rules>) -> Self {
        Self { people: People::new(store.clone()), store, hub, rules }
    }

    /// A message that was in the log already: an earlier one of the author's, or this very one, which the store took twice.
    async fn posted_before(&self, place: Place, id: MessageId, before: StoredMessage) -> Outcome<Posted> {
        let shown = self.shown_one(before).await?;
        if shown.message.id != id {
            return Ok(Posted::Before(shown));
        }
        let epoch = self.store.heads(&[place.channel]).await?.first().copied().unwrap_or_default().epoch;
        let stored = Stored { epoch, position: Position { seq: shown.seq, sub: 0 }, at: shown.at, replicated: true };
        Ok(Posted::New(event(stored, shown.message)))
    }

    /// The user at the other end, if there has to be one.
    pub async fn peer(&self, place: Place) -> Outcome<Option<User>> {
        let Some(peer) = place.peer else { return Ok(None) };
        let user = self.store.users(&[peer]).await?.into_iter().flatten().next();
        user.map(Some).ok_or(ChannelError::NoSuchUser)
    }

    /// Posts a message. When it returns, the message is acknowledged; whoever is in the channel gets it through the hub.
    pub async fn post(&self, author: &Person, place: Place, post: Post) -> Outcome<Posted> {
        let peer = self.admit(author, place).await?;
        let message = MessageRecord {
            id: post.id,
            from: author.id,
            name: author.name.clone(),
            to: place.peer,
            to_online: peer.as_ref().is_some_and(|peer| peer.online),
            to_name: peer.map(|peer| peer.name),
            text: post.text,
            client_id: post.client_id.clone(),
            via: Some(post.session),
            edited: None,
            deleted: None,
            rev: 0,
            reactions: std::collections::BTreeMap::new(),
            badge: post.badge,
        };
        let new = NewMessage {
            id: post.id,
            dedup: post.client_id.map(|client_id| (author.id, client_id)),
            body: record::encode(&LogRecord::Message(message.clone())),
            known: self.hub.known(place.channel),
        };
        if !self.rules.holds_acknowledgements {
            return match self.store.append(place.channel, new).await? {
                Appended::Stored(stored) => Ok(self.posted(place, stored, message)),
                Appended::Duplicate(before) => self.posted_before(place, post.id, before).await,
            };
        }
        self.hub.hold(place.channel, post.session, post.id);
        let appended = self.store.append(place.channel, new).await;
        let safe = match &appended {
            Ok(Appended::Stored(stored)) => stored.replicated,
            Ok(Appended::Duplicate(_)) => self.store.settle(place.channel).await.is_ok(),
            Err(_) => false,
        };
        if safe {
            self.hub.release(place.channel, post.session, post.id);
        } else {
            self.release_when_safe(place.channel, post.session, post.id);
        }
        match appended? {
            _ if !safe => Err(ChannelError::NotReplicated),
            Appended::Stored(stored) => Ok(self.posted(place, stored, message)),
            Appended::Duplicate(before) => self.posted_before(place, post.id, before).await,
        }
    }

    /// What a client sees that opens the channel: the newest messages, or those it does not have yet.
    pub async fn view(&self, place: Place, since: Option<Since>, limit: usize) -> Outcome<View> {
        let limit = limit.clamp(1, MAX_PAGE);
        let Some(since) = since else { return self.read(place, Range::Latest, limit, false).await };
        let head = match self.store.heads(&[place.channel]).await?.first() {
            Some(head) => *head,
            None => Head::default(),
        };
        // A client that says it has more than there is loads anew, and nobody else: others do not depend on what it says.
        let beyond = since.after > head.position.seq;
        if beyond || since.epoch.is_some_and(|epoch| epoch != head.epoch) || since.after.0 + 1 < head.oldest.0 {
            return self.read(place, Range::Latest, limit, true).await;
        }
        let mut view = self.read(place, Range::After(since.after), limit, false).await?;
        if view.head.epoch != head.epoch {
            return self.read(place, Range::Latest, limit, true).await;
        }
        view.changes = self.changes(place, since.after, view.head).await?;
        Ok(view)
    }

    /// Messages before another one.
    pub async fn history(&self, place: Place, before: Option<Seq>, limit: usize) -> Outcome<View> {
        let range = before.map_or(Range::Latest, Range::Before);
        self.read(place, range, limit.clamp(1, MAX_PAGE), false).await
    }

    /// Who is in the channel: in the general one those who joined, in a direct one both ends.
    pub async fn members(&self, me: &Person, place: Place) -> Outcome<Vec<Seen>> {
        let people = match self.peer(place).await? {
            Some(peer) if peer.id == me.id => vec![me.clone()],
            Some(peer) => vec![me.clone(), Person { id: peer.id, name: peer.username }],
            None => {
                let members = self.store.members(place.channel, crate::domain::people::MAX_USERS).await?;
                let mut seen = std::collections::HashSet::new();
                // Whoever is joined is connected: no need to ask for each.
                return Ok(members
                    .into_iter()
                    .filter(|member| seen.insert(member.user))
                    .map(|member| Seen { id: member.user, name: member.username, online: true })
                    .collect());
            }
        };
        Ok(self.people.present(people).await?)
    }

    /// Tells the channel that somebody is typing. Whoever blocked them is not told.
    pub async fn typing(&self, me: Person, session: SessionId, place: Place) -> Outcome<()> {
        if let Some(peer) = place.peer
            && self.store.blocks(peer, me.id).await?
        {
            return Ok(());
        }
        let news = NewsRecord::Typing { session, who: me, to: place.peer };
        Ok(self.store.publish(&place.news(&news)).await?)
    }

    /// Whether `me` may call there. Both ends of a direct channel find it in their lists then.
    pub async fn call(&self, me: &Person, place: Place) -> Outcome<()> {
        self.admit(me, place).await.map(drop)
    }

    /// Who is in the calls of these channels, in this order; nobody: there is no call.
    pub async fn calls(&self, channels: &[ChannelId]) -> Outcome<Vec<Vec<Person>>> {
        let rooms: Vec<RoomId> = channels.iter().copied().map(RoomId::of_channel).collect();
        let summaries = self.store.calls(&rooms).await?;
        let people = |summary: Option<bytes::Bytes>| match summary.map(|summary| record::decode::<NewsRecord>(&summary)).transpose()? {
            Some(Decoded::Known(NewsRecord::Call { people, .. })) => Ok(people),
            _ => Ok(Vec::new()),
        };
        summaries.into_iter().map(people).collect()
    }

    /// Whether `author` may write to `place`; both ends find the channel in their lists before anything is in it.
    async fn admit(&self, author: &Person, place: Place) -> Outcome<Option<Seen>> {
        let Some(peer) = place.peer else { return Ok(None) };
        let ids = [peer];
        let (users, online, blocked) =
            tokio::try_join!(self.store.users(&ids), self.store.online(&ids), self.store.blocks(peer, author.id))?;
        let user = users.into_iter().flatten().next().ok_or(ChannelError::NoSuchUser)?;
        if blocked {
            return Err(ChannelError::NotAllowed);
        }
        let opened = |owner, peer| News { topic: Topic::User(owner), body: record::encode(&NewsRecord::DirectOpened { peer }) };
        if peer == author.id {
            self.store.touch_direct(peer, peer, &opened(peer, peer)).await?;
        } else {
            let (theirs, ours) = (opened(peer, author.id), opened(author.id, peer));
            tokio::try_join!(self.store.touch_direct(peer, author.id, &theirs), self.store.touch_direct(author.id, peer, &ours))?;
        }
        Ok(Some(Seen { id: peer, name: user.username, online: online.first() == Some(&true) }))
    }

    /// About to be acknowledged, perhaps to an author who is not in the channel.
    fn posted(&self, place: Place, stored: Stored, message: MessageRecord) -> Posted {
        self.hub.note(place.channel, &stored, message.id);
        Posted::New(event(stored, message))
    }

    fn release_when_safe(&self, channel: ChannelId, session: SessionId, message: MessageId) {
        let (store, hub) = (self.store.clone(), self.hub.clone());
        tokio::spawn(async move {
            while store.settle(channel).await.is_err() {
                sleep(SETTLE_RETRY).await;
            }
            hub.release(channel, session, message);
        });
    }

    async fn read(&self, place: Place, range: Range, limit: usize, reset: bool) -> Outcome<View> {
        let page = self.store.page(place.channel, range, limit).await?;
        let messages = self.shown(page.messages).await?;
        Ok(View { messages, changes: Vec::new(), head: page.head, more: page.more, reset })
    }

    /// The log's other entries behind a message: edits, deletions and reactions of what the client already has.
    async fn changes(&self, place: Place, after: Seq, head: Head) -> Outcome<Vec<LogEvent>> {
        let mut at = Position { seq: after, sub: 0 };
        let mut changes = Vec::new();
        while at < head.position {
            let tail = self.store.tail(place.channel, at, MAX_PAGE).await?;
            let Some(last) = tail.entries.last() else { break };
            at = last.position;
            for entry in tail.entries.into_iter().take_while(|entry| entry.position <= head.position) {
                if let Decoded::Known(record) = record::decode::<LogRecord>(&entry.body)? {
                    let seq = match &record {
                        LogRecord::Message(_) => continue,
                        LogRecord::Changed { seq, .. } | LogRecord::Reacted { seq, .. } => *seq,
                    };
                    // Later messages are shown in their present form anyway.
                    if seq <= after {
                        changes.push(LogEvent { entry, record });
                    }
                }
            }
        }
        Ok(changes)
    }

    async fn shown_one(&self, message: StoredMessage) -> Outcome<Shown> {
        self.shown(vec![message]).await?.pop().ok_or(ChannelError::NoSuchMessage)
    }

    /// Stored messages with today's names and presence.
    async fn shown(&self, messages: Vec<StoredMessage>) -> Outcome<Vec<Shown>> {
        let mut decoded = Vec::with_capacity(messages.len());
        let mut people: Vec<Person> = Vec::new();
        for StoredMessage { seq, at, record } in messages {
            let Decoded::Known(message) = record::decode::<MessageRecord>(&record)? else { continue };
            let names = [(Some(message.from), Some(message.name.clone())), (message.to, message.to_name.clone())];
            for (id, name) in names {
                if let (Some(id), Some(name)) = (id, name)
                    && !people.iter().any(|person| person.id == id)
                {
                    people.push(Person { id, name });
                }
            }
            decoded.push((seq, at, message));
        }
        if decoded.is_empty() {
            return Ok(Vec::new());
        }
        let seen = self.people.present(people).await?;
        let find = |id: UserId| seen.iter().find(|seen| seen.id == id).cloned();
        Ok(decoded
            .into_iter()
            .filter_map(|(seq, at, message)| {
                let sender = find(message.from)?;
                let recipient = message.to.and_then(find);
                Some(Shown { seq, at, message, sender, recipient })
            })
            .collect())
    }
}

/// The event that an author sees who is not in the channel and so does not get it from the hub.
fn event(stored: Stored, message: MessageRecord) -> LogEvent {
    let entry = crate::store::channels::Entry {
        epoch: stored.epoch,
        position: stored.position,
        previous: Position::default(),
        at: stored.at,
        body: bytes::Bytes::new(),
    };
    LogEvent { entry, record: LogRecord::Message(message) }
}

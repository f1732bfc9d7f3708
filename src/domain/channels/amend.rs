//! Changes of messages that are already in the log. Two who change one message at once both get their way, one after the other.

use super::{ChannelError, Channels, Outcome, Place};
use crate::ids::{Emoji, MessageText, Seq};
use crate::store::channels::{Amended, Amendment};
use crate::store::record::{self, Decoded, LogRecord, MessageRecord, Person};

/// A lost race is run again at most so often.
const ATTEMPTS: usize = 16;
/// A message has at most so many different reactions.
const MAX_REACTIONS: usize = 32;

/// What is to happen to a message.
#[derive(Clone, Debug)]
pub enum Change {
    /// Another text; by its author or a moderator.
    Edit(MessageText),
    /// The text goes, the message stays; by its author or a moderator.
    Delete,
    /// A reaction is set or taken back; by anybody in the channel.
    React {
        /// With what.
        emoji: Emoji,
        /// Set, or taken back.
        on: bool,
    },
}

impl Channels {
    /// Changes a message. Everybody in the channel is told through the log; a change that changes nothing is not logged.
    pub async fn change(&self, me: &Person, moderator: bool, place: Place, seq: Seq, change: Change) -> Outcome<()> {
        if let (Change::Edit(_) | Change::React { .. }, Some(peer)) = (&change, place.peer)
            && self.store.blocks(peer, me.id).await?
        {
            return Err(ChannelError::NotAllowed);
        }
        for _ in 0..ATTEMPTS {
            let stored = self.store.message(place.channel, seq).await?.ok_or(ChannelError::NoSuchMessage)?;
            let Decoded::Known(mut message) = record::decode::<MessageRecord>(&stored.record)? else {
                return Err(ChannelError::NoSuchMessage);
            };
            if message.deleted.is_some() {
                return Err(ChannelError::NoSuchMessage);
            }
            let entry = match &change {
                Change::React { emoji, on } => {
                    if !react(&mut message, me, emoji, *on)? {
                        return Ok(());
                    }
                    let (user, name, to) = (me.id, me.name.clone(), place.peer);
                    LogRecord::Reacted { seq, user, name, to, emoji: emoji.clone(), on: *on }
                }
                Change::Edit(_) | Change::Delete if message.from != me.id && !moderator => return Err(ChannelError::NotAllowed),
                Change::Edit(text) => {
                    message.text = text.clone();
                    message.edited = Some(self.store.now().await?);
                    LogRecord::Changed { seq, posted: stored.at, message: message.clone() }
                }
                Change::Delete => {
                    message.text = MessageText::erased();
                    message.reactions.clear();
                    message.deleted = Some(self.store.now().await?);
                    LogRecord::Changed { seq, posted: stored.at, message: message.clone() }
                }
            };
            message.rev += 1;
            let entry = match entry {
                LogRecord::Changed { seq, posted, .. } => LogRecord::Changed { seq, posted, message: message.clone() },
                other => other,
            };
            let amendment = Amendment { seq, from: stored.record, to: record::encode(&message), entry: record::encode(&entry) };
            match self.store.amend(place.channel, amendment).await? {
                Amended::Stored(_) => return Ok(()),
                Amended::Conflict => {}
                Amended::Gone => return Err(ChannelError::NoSuchMessage),
            }
        }
        Err(crate::store::StoreError::Unavailable("too many changes of one message at once".to_owned()).into())
    }
}

/// `false` if it already is so.
fn react(message: &mut MessageRecord, me: &Person, emoji: &Emoji, on: bool) -> Outcome<bool> {
    if !on {
        let Some(users) = message.reactions.get_mut(emoji.as_str()) else { return Ok(false) };
        let before = users.len();
        users.retain(|user| *user != me.id);
        let changed = users.len() < before;
        if users.is_empty() {
            message.reactions.remove(emoji.as_str());
        }
        return Ok(changed);
    }
    if !message.reactions.contains_key(emoji.as_str()) && message.reactions.len() >= MAX_REACTIONS {
        return Err(ChannelError::NotAllowed);
    }
    let users = message.reactions.entry(emoji.as_str().to_owned()).or_default();
    if users.contains(&me.id) {
        return Ok(false);
    }
    users.push(me.id);
    Ok(true)
}

//! A channel's log in the file.
//!
//! Message numbers are contiguous from [`Head::oldest`] to the newest, so pages are read by number. A changed message's present
//! record stands beside the log, which itself is never rewritten.

use std::time::Duration;

use bytes::Bytes;
use redb::{ReadableTable, WriteTransaction};

use super::file::{self, Source};
use super::writer::Work;
use crate::ids::{ChannelId, Epoch, MessageId, Micros, Position, Seq};
use crate::store::Result;
use crate::store::channels::{Entry, Head, Range, StoredMessage};
use crate::store::topics::{Heard, Payload, Topic};

/// Messages too many that go whenever a new one comes. More than one, so that a smaller limit is reached in time.
const SWEEP: usize = 8;

/// How much of a log is kept.
#[derive(Clone, Copy)]
pub(super) struct Keep {
    pub(super) messages: u64,
    pub(super) age: Option<Duration>,
}

/// The log's ends, if anybody has written to the channel.
pub(super) fn written_head(source: &impl Source, channel: ChannelId) -> Result<Option<Head>> {
    let row = source.table(file::CHANNELS)?.get(channel.0.as_u128())?.map(|row| row.value());
    Ok(row.map(|(epoch, seq, sub, oldest)| Head { epoch: Epoch(epoch), position: Position { seq: Seq(seq), sub }, oldest: Seq(oldest) }))
}

/// The log's ends. A channel that nobody has written to has the epoch of the file.
pub(super) fn head(source: &impl Source, channel: ChannelId, birth: u64) -> Result<Head> {
    let untouched = Head { epoch: Epoch(birth), position: Position::default(), oldest: Seq(1) };
    Ok(written_head(source, channel)?.unwrap_or(untouched))
}

pub(super) fn set_head(transaction: &WriteTransaction, channel: ChannelId, head: Head) -> Result<()> {
    let row = (head.epoch.0, head.position.seq.0, head.position.sub, head.oldest.0);
    transaction.open_table(file::CHANNELS)?.insert(channel.0.as_u128(), row)?;
    Ok(())
}

/// Logs an entry at `position`, which is behind the head, moves the head there and publishes the entry. `message`: its identifier, if it is one.
pub(super) fn push(
    work: &mut Work<'_>,
    channel: ChannelId,
    head: Head,
    position: Position,
    message: Option<MessageId>,
    body: Bytes,
) -> Result<()> {
    let entry = Entry { epoch: head.epoch, position, previous: head.position, at: work.now, body };
    let id = message.map_or(0, |id| id.0.as_u128());
    let row = (entry.epoch.0, entry.previous.seq.0, entry.previous.sub, entry.at.0, id, &*entry.body);
    work.transaction.open_table(file::LOG)?.insert((channel.0.as_u128(), position.seq.0, position.sub), row)?;
    set_head(work.transaction, channel, Head { position, ..head })?;
    work.publish(Heard { topic: Topic::Channel(channel), payload: Payload::Entry(entry) });
    Ok(())
}

/// Removes what is too much or too old, but never the newest message.
pub(super) fn trim(work: &Work<'_>, channel: ChannelId, keep: Keep) -> Result<()> {
    let Some(mut head) = written_head(work.transaction, channel)? else { return Ok(()) };
    let before = head.oldest;
    let mut log = work.transaction.open_table(file::LOG)?;
    let mut changed = work.transaction.open_table(file::CHANGED)?;
    for _ in 0..SWEEP {
        let oldest = head.oldest.0;
        let posted = log.get((channel.0.as_u128(), oldest, 0))?.map_or(Micros(0), |row| Micros(row.value().3));
        let too_many = head.position.seq.0 - oldest >= keep.messages;
        let too_old = keep.age.is_some_and(|age| posted.plus(age) < work.now);
        if oldest >= head.position.seq.0 || !(too_many || too_old) {
            break;
        }
        log.retain_in((channel.0.as_u128(), oldest, 0)..=(channel.0.as_u128(), oldest, u32::MAX), |_, _| false)?;
        changed.remove((channel.0.as_u128(), oldest))?;
        head.oldest = Seq(oldest + 1);
    }
    if head.oldest != before {
        set_head(work.transaction, channel, head)?;
    }
    Ok(())
}

/// Removes a channel's log: as if nobody had ever written to it.
pub(super) fn remove(transaction: &WriteTransaction, channel: ChannelId) -> Result<()> {
    let id = channel.0.as_u128();
    transaction.open_table(file::CHANNELS)?.remove(id)?;
    transaction.open_table(file::LOG)?.retain_in((id, 0, 0)..=(id, u64::MAX, u32::MAX), |_, _| false)?;
    transaction.open_table(file::CHANGED)?.retain_in((id, 0)..=(id, u64::MAX), |_, _| false)?;
    Ok(())
}

/// A message in its present form.
pub(super) fn message(source: &impl Source, channel: ChannelId, seq: Seq) -> Result<Option<StoredMessage>> {
    let log = source.table(file::LOG)?;
    let Some(row) = log.get((channel.0.as_u128(), seq.0, 0))? else { return Ok(None) };
    let (_, _, _, at, _, body) = row.value();
    let changed = source.table(file::CHANGED)?;
    let changed = changed.get((channel.0.as_u128(), seq.0))?;
    let record = Bytes::copy_from_slice(changed.as_ref().map_or(body, |record| record.value()));
    Ok(Some(StoredMessage { seq, at: Micros(at), record }))
}

/// The identifier of the message with this number.
pub(super) fn message_id(source: &impl Source, channel: ChannelId, seq: Seq) -> Result<Option<MessageId>> {
    let id = source.table(file::LOG)?.get((channel.0.as_u128(), seq.0, 0))?.map(|row| row.value().4);
    Ok(id.map(|id| MessageId(uuid::Uuid::from_u128(id))))
}

/// The messages of a range, oldest first, and whether there are more in the direction asked for.
pub(super) fn page(source: &impl Source, channel: ChannelId, head: Head, range: Range, limit: usize) -> Result<(Vec<StoredMessage>, bool)> {
    // Half open: from `first` up to but without `end`.
    let (oldest, after_newest) = (head.oldest.0, head.position.seq.0 + 1);
    let (first, end) = match range {
        Range::Latest => (oldest, after_newest),
        Range::Before(seq) => (oldest, seq.0.min(after_newest)),
        Range::After(seq) => (seq.0.saturating_add(1).max(oldest), after_newest),
    };
    let available = end.saturating_sub(first);
    let count = available.min(limit as u64);
    let start = if matches!(range, Range::After(_)) { first } else { end.saturating_sub(count) };
    let mut messages = Vec::new();
    for seq in start..start + count {
        messages.extend(message(source, channel, Seq(seq))?);
    }
    Ok((messages, available > count))
}

/// The entries behind a place, in order.
pub(super) fn tail(source: &impl Source, channel: ChannelId, behind: Position, limit: usize) -> Result<Vec<Entry>> {
    use std::ops::Bound::{Excluded, Included};
    let channel = channel.0.as_u128();
    let range = (Excluded((channel, behind.seq.0, behind.sub)), Included((channel, u64::MAX, u32::MAX)));
    let log = source.table(file::LOG)?;
    let mut entries = Vec::new();
    for row in log.range::<(u128, u64, u32)>(range)?.take(limit) {
        let (key, value) = row?;
        let ((_, seq, sub), (epoch, previous_seq, previous_sub, at, _, body)) = (key.value(), value.value());
        entries.push(Entry {
            epoch: Epoch(epoch),
            position: Position { seq: Seq(seq), sub },
            previous: Position { seq: Seq(previous_seq), sub: previous_sub },
            at: Micros(at),
            body: Bytes::copy_from_slice(body),
        });
    }
    Ok(entries)
}

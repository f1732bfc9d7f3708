//! Channels: joining and leaving in memory, the log in the file.

use async_trait::async_trait;

use super::{EmbeddedStore, dedup, file, log, members::Left, writer::Work};
use crate::ids::{ChannelId, Epoch, Position, Seq, SessionRef};
use crate::store::channels::{Amended, Amendment, Appended, Head, Known, Member, NewMessage, Page, Range, Stored, StoredMessage, Tail};
use crate::store::nodes::Holding;
use crate::store::topics::{Heard, News, Payload, Topic};
use crate::store::{Channels, Result};

#[async_trait]
impl Channels for EmbeddedStore {
    async fn join(&self, channel: ChannelId, member: &Member, announce: &News, announce_up_to: usize) -> Result<bool> {
        let mut state = self.memory.lock();
        state.nodes.hold(member.at.node, Holding::Member(channel, member.at.session));
        let joined = state.members.join(channel, member);
        if joined.as_ref().is_some_and(|joined| joined.is_first && joined.members <= announce_up_to) {
            self.switchboard.publish_news(announce);
        }
        Ok(joined.is_some())
    }

    async fn leave(&self, channel: ChannelId, at: SessionRef, announce: &News) -> Result<bool> {
        let mut state = self.memory.lock();
        let left = state.members.leave(channel, at);
        if left == Left::Last {
            self.switchboard.publish_news(announce);
        }
        state.nodes.release(at.node, &[Holding::Member(channel, at.session)]);
        Ok(left != Left::NoMember)
    }

    async fn members(&self, channel: ChannelId, limit: usize) -> Result<Vec<Member>> {
        Ok(self.memory.lock().members.all(channel).take(limit).cloned().collect())
    }

    async fn member(&self, channel: ChannelId, at: SessionRef) -> Result<Option<Member>> {
        Ok(self.memory.lock().members.one(channel, at).cloned())
    }

    async fn append(&self, channel: ChannelId, message: NewMessage) -> Result<Appended> {
        let (birth, keep) = (self.birth, self.keep);
        self.write(move |work| append(work, channel, message, birth, keep)).await
    }

    async fn amend(&self, channel: ChannelId, amendment: Amendment) -> Result<Amended> {
        let birth = self.birth;
        self.write(move |work| amend(work, channel, amendment, birth)).await
    }

    async fn settle(&self, _channel: ChannelId) -> Result<()> {
        // Everything answered is on the disk, and there are no replicas.
        Ok(())
    }

    async fn page(&self, channel: ChannelId, range: Range, limit: usize) -> Result<Page> {
        let birth = self.birth;
        self.read(move |source| {
            let head = log::head(source, channel, birth)?;
            let (messages, more) = log::page(source, channel, head, range, limit)?;
            Ok(Page { messages, head, more })
        })
        .await
    }

    async fn message(&self, channel: ChannelId, seq: Seq) -> Result<Option<StoredMessage>> {
        self.read(move |source| log::message(source, channel, seq)).await
    }

    async fn tail(&self, channel: ChannelId, behind: Position, limit: usize) -> Result<Tail> {
        let birth = self.birth;
        self.read(move |source| {
            let head = log::head(source, channel, birth)?;
            Ok(Tail { entries: log::tail(source, channel, behind, limit)?, head })
        })
        .await
    }

    async fn heads(&self, channels: &[ChannelId]) -> Result<Vec<Head>> {
        let (channels, birth) = (channels.to_vec(), self.birth);
        self.read(move |source| channels.iter().map(|channel| log::head(source, *channel, birth)).collect()).await
    }

    async fn verify(&self, channel: ChannelId, known: Known) -> Result<Head> {
        let birth = self.birth;
        let (head, lost) = self
            .read(move |source| {
                let head = log::head(source, channel, birth)?;
                Ok((head, is_lost(source, channel, head, known)?))
            })
            .await?;
        // The usual answer costs no commit.
        if !lost {
            return Ok(head);
        }
        self.write(move |work| begin_epoch(work, channel, known, birth)).await
    }
}

fn append(work: &mut Work<'_>, channel: ChannelId, message: NewMessage, birth: u64, keep: log::Keep) -> Result<Appended> {
    if let Some(name) = &message.dedup
        && let Some(seq) = dedup::recall(work, channel, name)?
        && let Some(earlier) = log::message(work.transaction, channel, seq)?
    {
        return Ok(Appended::Duplicate(earlier));
    }
    let mut head = log::head(work.transaction, channel, birth)?;
    if head.position == Position::default() && is_lost(work.transaction, channel, head, message.known)? {
        head.epoch = epoch_above(head, message.known, work);
    }
    let position = Position::message(head.position.seq.0 + 1);
    log::push(work, channel, head, position, Some(message.id), message.body)?;
    log::trim(work, channel, keep)?;
    if let Some(name) = &message.dedup {
        dedup::remember(work, channel, name, position.seq)?;
    }
    Ok(Appended::Stored(stored(work, head.epoch, position)))
}

fn amend(work: &mut Work<'_>, channel: ChannelId, amendment: Amendment, birth: u64) -> Result<Amended> {
    let Some(present) = log::message(work.transaction, channel, amendment.seq)? else { return Ok(Amended::Gone) };
    if present.record != amendment.from {
        return Ok(Amended::Conflict);
    }
    work.transaction.open_table(file::CHANGED)?.insert((channel.0.as_u128(), amendment.seq.0), &*amendment.to)?;
    let head = log::head(work.transaction, channel, birth)?;
    let position = Position { sub: head.position.sub + 1, ..head.position };
    log::push(work, channel, head, position, None, amendment.entry)?;
    Ok(Amended::Stored(stored(work, head.epoch, position)))
}

fn stored(work: &Work<'_>, epoch: Epoch, position: Position) -> Stored {
    Stored { epoch, position, at: work.now, replicated: true }
}

/// Whether something that was seen is not there any more.
fn is_lost(source: &impl file::Source, channel: ChannelId, head: Head, known: Known) -> Result<bool> {
    if known.epoch != head.epoch {
        // Of an older generation it was told already.
        return Ok(known.epoch > head.epoch);
    }
    if known.position > head.position {
        return Ok(true);
    }
    let Some(seen) = known.message.filter(|_| known.position.seq >= head.oldest) else { return Ok(false) };
    Ok(log::message_id(source, channel, known.position.seq)? != Some(seen))
}

/// Gives a channel that lost data a new epoch, unless another one has done so in between.
fn begin_epoch(work: &mut Work<'_>, channel: ChannelId, known: Known, birth: u64) -> Result<Head> {
    let mut head = log::head(work.transaction, channel, birth)?;
    if is_lost(work.transaction, channel, head, known)? {
        head.epoch = epoch_above(head, known, work);
        log::set_head(work.transaction, channel, head)?;
        work.publish(Heard { topic: Topic::Channel(channel), payload: Payload::Reset(head.epoch) });
    }
    Ok(head)
}

/// Above every epoch that anybody has seen, also if this file is younger than they remember.
fn epoch_above(head: Head, known: Known, work: &Work<'_>) -> Epoch {
    Epoch((known.epoch.max(head.epoch).0 + 1).max(work.now.millis()))
}

//! Read marks and what is unread.

use futures_util::StreamExt;

use super::{Channels, Outcome, Place, Shown};
use crate::ids::{Seq, SessionId, UserId};
use crate::store::channels::{Head, Range};
use crate::store::directs::Direct;
use crate::store::record::{self, NewsRecord};
use crate::store::topics::{News, Topic};

/// Direct channels that one user can watch; those last written to.
pub const MAX_DIRECTS: usize = 500;
/// Channels read at once for one client.
const CONCURRENT_READS: usize = 16;

/// What somebody has not read in a channel.
#[derive(Debug)]
pub struct Unread {
    /// The channel.
    pub place: Place,
    /// How many messages.
    pub count: u64,
    /// The newest one.
    pub last: Option<Shown>,
    /// The end of the log at that instant.
    pub head: Head,
    /// Read up to here.
    pub read: Seq,
}

impl Channels {
    /// The user's direct channels, last written first.
    pub async fn directs(&self, me: UserId) -> Outcome<Vec<Place>> {
        let directs = self.store.directs(me, MAX_DIRECTS).await?;
        Ok(directs.into_iter().map(|Direct { peer, .. }| Place::of(me, Some(peer))).collect())
    }

    /// What is unread in these channels, in this order.
    pub async fn unread(&self, me: UserId, places: Vec<Place>) -> Outcome<Vec<Unread>> {
        let ids: Vec<_> = places.iter().map(|place| place.channel).collect();
        let marks = self.store.read_marks(me, &ids).await?;
        let answers: Vec<_> = futures_util::stream::iter(places.into_iter().zip(marks))
            .map(|(place, read)| async move {
                let page = self.store.page(place.channel, Range::Latest, 1).await?;
                let (head, seq) = (page.head, page.head.position.seq);
                let last = self.shown(page.messages).await?.pop();
                Ok(Unread { place, count: seq.0.saturating_sub(read.0), last, head, read })
            })
            .buffered(CONCURRENT_READS)
            .collect()
            .await;
        answers.into_iter().collect()
    }

    /// Moves the user's read mark forward and tells the user's sessions and, in a direct channel, the other end.
    pub async fn read_up_to(&self, me: UserId, session: SessionId, place: Place, seq: Seq) -> Outcome<()> {
        let head = self.store.heads(&[place.channel]).await?.first().copied().unwrap_or_default();
        let seq = seq.min(head.position.seq);
        if !self.store.mark_read(me, place.channel, seq).await? {
            return Ok(());
        }
        let body = record::encode(&NewsRecord::Read { session, who: me, to: place.peer, channel: place.channel, seq });
        self.store.publish(&News { topic: Topic::User(me), body: body.clone() }).await?;
        match place.peer {
            Some(peer) if peer != me && !self.store.blocks(peer, me).await? => {
                Ok(self.store.publish(&News { topic: Topic::User(peer), body }).await?)
            }
            _ => Ok(()),
        }
    }
}

//! By which a retried message is recognised.

use std::time::Duration;

use redb::ReadableTable;

use super::{file, writer::Work};
use crate::ids::{ChannelId, ClientId, Seq, UserId};
use crate::store::Result;

/// How long a retry is recognised.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
/// Forgotten ones that go whenever a new one comes. More than one, so that they become fewer.
const SWEEP: usize = 4;

/// The message that was logged under this name within [`REMEMBERED`].
pub(super) fn recall(work: &Work<'_>, channel: ChannelId, (user, name): &(UserId, ClientId)) -> Result<Option<Seq>> {
    let table = work.transaction.open_table(file::RETRIES)?;
    let row = table.get((channel.0.as_u128(), user.0.as_u128(), name.as_str()))?.map(|row| row.value());
    Ok(row.and_then(|(seq, ends)| (ends > work.now.0).then_some(Seq(seq))))
}

/// Remembers under which name a message was logged.
pub(super) fn remember(work: &Work<'_>, channel: ChannelId, (user, name): &(UserId, ClientId), seq: Seq) -> Result<()> {
    sweep(work)?;
    let (channel, user, ends) = (channel.0.as_u128(), user.0.as_u128(), work.now.plus(REMEMBERED).0);
    let mut by_end = work.transaction.open_table(file::RETRY_ENDS)?;
    let before = work.transaction.open_table(file::RETRIES)?.insert((channel, user, name.as_str()), (seq.0, ends))?.map(|row| row.value());
    if let Some((_, ended)) = before {
        by_end.remove((ended, channel, user, name.as_str()))?;
    }
    by_end.insert((ends, channel, user, name.as_str()), ())?;
    Ok(())
}

fn sweep(work: &Work<'_>) -> Result<()> {
    let mut retries = work.transaction.open_table(file::RETRIES)?;
    let mut by_end = work.transaction.open_table(file::RETRY_ENDS)?;
    for _ in 0..SWEEP {
        let Some((ends, channel, user, name)) = by_end.first()?.map(|(key, _)| owned(key.value())) else { break };
        if ends > work.now.0 {
            break;
        }
        by_end.remove((ends, channel, user, name.as_str()))?;
        retries.remove((channel, user, name.as_str()))?;
    }
    Ok(())
}

fn owned((ends, channel, user, name): (u64, u128, u128, &str)) -> (u64, u128, u128, String) {
    (ends, channel, user, name.to_owned())
}

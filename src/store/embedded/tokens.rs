//! Access keys: their digests, whose they are and when they end.

use std::time::Duration;

use redb::{ReadableTable, WriteTransaction};

use super::file::{self, Source};
use super::writer::Work;
use crate::ids::{Micros, TokenDigest, UserId};
use crate::store::Result;

/// Ended keys that go whenever a new one comes. More than one, so that they become fewer.
const SWEEP: usize = 4;

pub(super) fn put(work: &Work<'_>, digest: &TokenDigest, user: UserId, ttl: Duration) -> Result<()> {
    sweep(work)?;
    remove(work.transaction, digest)?;
    let (user, ends) = (user.0.as_u128(), work.now.plus(ttl).0);
    work.transaction.open_table(file::TOKENS)?.insert(digest.0.as_str(), (user, ends))?;
    work.transaction.open_table(file::USER_TOKENS)?.insert((user, digest.0.as_str()), ())?;
    work.transaction.open_table(file::TOKEN_ENDS)?.insert((ends, digest.0.as_str()), ())?;
    Ok(())
}

/// Whose key this is, if it has not ended.
pub(super) fn owner(source: &impl Source, digest: &TokenDigest, now: Micros) -> Result<Option<UserId>> {
    let Some(row) = source.table(file::TOKENS)?.get(digest.0.as_str())?.map(|row| row.value()) else { return Ok(None) };
    let (user, ends) = row;
    Ok((ends > now.0).then(|| user_id(user)))
}

/// All keys of a user that have not ended.
pub(super) fn of_user(source: &impl Source, user: UserId, now: Micros) -> Result<Vec<TokenDigest>> {
    let mut live = Vec::new();
    for digest in all_of_user(source, user)? {
        if owner(source, &digest, now)?.is_some() {
            live.push(digest);
        }
    }
    Ok(live)
}

pub(super) fn remove(transaction: &WriteTransaction, digest: &TokenDigest) -> Result<()> {
    let removed = transaction.open_table(file::TOKENS)?.remove(digest.0.as_str())?.map(|row| row.value());
    if let Some((user, ends)) = removed {
        transaction.open_table(file::USER_TOKENS)?.remove((user, digest.0.as_str()))?;
        transaction.open_table(file::TOKEN_ENDS)?.remove((ends, digest.0.as_str()))?;
    }
    Ok(())
}

pub(super) fn remove_all(transaction: &WriteTransaction, user: UserId) -> Result<()> {
    let digests = all_of_user(transaction, user)?;
    digests.iter().try_for_each(|digest| remove(transaction, digest))
}

fn all_of_user(source: &impl Source, user: UserId) -> Result<Vec<TokenDigest>> {
    let table = source.table(file::USER_TOKENS)?;
    let mut digests = Vec::new();
    for row in table.range((user.0.as_u128(), "")..)? {
        let (key, _) = row?;
        let (owner, digest) = key.value();
        if owner != user.0.as_u128() {
            break;
        }
        digests.push(TokenDigest(digest.to_owned()));
    }
    Ok(digests)
}

fn sweep(work: &Work<'_>) -> Result<()> {
    let mut ended = Vec::new();
    for row in work.transaction.open_table(file::TOKEN_ENDS)?.range(..(work.now.0, ""))?.take(SWEEP) {
        ended.push(TokenDigest(row?.0.value().1.to_owned()));
    }
    ended.iter().try_for_each(|digest| remove(work.transaction, digest))
}

fn user_id(number: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(number))
}

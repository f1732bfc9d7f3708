//! Accounts and access keys.

use std::time::Duration;

use async_trait::async_trait;
use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};
use uuid::Uuid;

use super::file::{self, Source};
use super::{EmbeddedStore, directs, tokens, users};
use crate::ids::{FoldedName, Micros, PasswordHash, TokenDigest, UserId, Username};
use crate::store::accounts::{Named, NewUser, User};
use crate::store::{Accounts, Result};

#[async_trait]
impl Accounts for EmbeddedStore {
    async fn create_user(&self, new: NewUser) -> Result<Named> {
        self.write(move |work| {
            let name = new.username.folded();
            if let Some(owner) = owner(work.transaction, &name)? {
                // A retry by someone who could not know that it had been done.
                return Ok(match users::read(work.transaction, owner)? {
                    Some(user) if user.id == new.id => Named::Done(user),
                    _ => Named::Taken,
                });
            }
            let serial = next_serial(work.transaction)?;
            let user = User { id: new.id, serial, username: new.username, password: new.password, created: work.now, banned_until: None };
            users::write(work.transaction, &user)?;
            work.transaction.open_table(file::NAMES)?.insert(name.as_str(), user.id.0.as_u128())?;
            work.transaction.open_table(file::SERIALS)?.insert(serial, user.id.0.as_u128())?;
            Ok(Named::Done(user))
        })
        .await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<Option<User>>> {
        let ids = ids.to_vec();
        self.read(move |source| ids.iter().map(|id| users::read(source, *id)).collect()).await
    }

    async fn user_named(&self, name: &FoldedName) -> Result<Option<User>> {
        let name = name.clone();
        self.read(move |source| match owner(source, &name)? {
            Some(id) => users::read(source, id),
            None => Ok(None),
        })
        .await
    }

    async fn rename_user(&self, id: UserId, to: &Username) -> Result<Named> {
        let to = to.clone();
        self.write(move |work| {
            let Some(mut user) = users::read(work.transaction, id)? else { return Ok(Named::NoSuchUser) };
            if owner(work.transaction, &to.folded())?.is_some_and(|owner| owner != id) {
                return Ok(Named::Taken);
            }
            let mut names = work.transaction.open_table(file::NAMES)?;
            names.remove(user.username.folded().as_str())?;
            names.insert(to.folded().as_str(), id.0.as_u128())?;
            user.username = to;
            users::write(work.transaction, &user)?;
            Ok(Named::Done(user))
        })
        .await
    }

    async fn set_password(&self, id: UserId, hash: PasswordHash) -> Result<bool> {
        self.write(move |work| users::change(work.transaction, id, |user| user.password = Some(hash))).await
    }

    async fn set_ban(&self, id: UserId, until: Option<Micros>) -> Result<bool> {
        self.write(move |work| users::change(work.transaction, id, |user| user.banned_until = until)).await
    }

    async fn delete_user(&self, id: UserId) -> Result<bool> {
        self.write(move |work| {
            let Some(user) = users::read(work.transaction, id)? else { return Ok(false) };
            work.transaction.open_table(file::USERS)?.remove(id.0.as_u128())?;
            work.transaction.open_table(file::NAMES)?.remove(user.username.folded().as_str())?;
            work.transaction.open_table(file::SERIALS)?.remove(user.serial)?;
            tokens::remove_all(work.transaction, id)?;
            directs::remove_all(work.transaction, id)?;
            Ok(true)
        })
        .await
    }

    async fn list_users(&self, after: u64, limit: usize) -> Result<Vec<User>> {
        self.read(move |source| {
            let mut page = Vec::new();
            for row in source.table(file::SERIALS)?.range(after.saturating_add(1)..)?.take(limit) {
                page.extend(users::read(source, UserId(Uuid::from_u128(row?.1.value())))?);
            }
            Ok(page)
        })
        .await
    }

    async fn count_users(&self) -> Result<u64> {
        self.read(|source| Ok(source.table(file::USERS)?.len()?)).await
    }

    async fn put_token(&self, digest: &TokenDigest, user: UserId, ttl: Duration) -> Result<()> {
        let digest = digest.clone();
        self.write(move |work| tokens::put(work, &digest, user, ttl)).await
    }

    async fn token_user(&self, digest: &TokenDigest, ttl: Duration) -> Result<Option<UserId>> {
        let (looked_up, now) = (digest.clone(), self.clock.now());
        // Whoever guesses keys does not get to write.
        if self.read(move |source| tokens::owner(source, &looked_up, now)).await?.is_none() {
            return Ok(None);
        }
        let digest = digest.clone();
        self.write(move |work| {
            let owner = tokens::owner(work.transaction, &digest, work.now)?;
            owner.map(|user| tokens::put(work, &digest, user, ttl).map(|()| user)).transpose()
        })
        .await
    }

    async fn revoke_token(&self, digest: &TokenDigest, user: UserId) -> Result<bool> {
        let digest = digest.clone();
        self.write(move |work| {
            let theirs = tokens::owner(work.transaction, &digest, work.now)? == Some(user);
            if theirs {
                tokens::remove(work.transaction, &digest)?;
            }
            Ok(theirs)
        })
        .await
    }

    async fn tokens(&self, user: UserId) -> Result<Vec<TokenDigest>> {
        let now = self.clock.now();
        self.read(move |source| tokens::of_user(source, user, now)).await
    }

    async fn now(&self) -> Result<Micros> {
        Ok(self.clock.now())
    }
}

fn owner(source: &impl Source, name: &FoldedName) -> Result<Option<UserId>> {
    let owner = source.table(file::NAMES)?.get(name.as_str())?.map(|owner| owner.value());
    Ok(owner.map(|number| UserId(Uuid::from_u128(number))))
}

fn next_serial(transaction: &WriteTransaction) -> Result<u64> {
    let mut meta = transaction.open_table(file::META)?;
    let serial = meta.get(file::META_SERIAL)?.map_or(0, |serial| serial.value()) + 1;
    meta.insert(file::META_SERIAL, serial)?;
    Ok(serial)
}

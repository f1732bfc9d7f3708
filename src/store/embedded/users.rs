//! Rows of accounts.

use redb::{ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::file::{self, Source};
use crate::ids::{Micros, PasswordHash, UserId, Username};
use crate::store::Result;
use crate::store::accounts::User;
use crate::store::record;

/// An account's row; its identifier is the key.
#[derive(Serialize, Deserialize)]
struct Row {
    serial: u64,
    username: Username,
    #[serde(default)]
    password: Option<PasswordHash>,
    created: Micros,
    #[serde(default)]
    banned_until: Option<Micros>,
}

pub(super) fn read(source: &impl Source, id: UserId) -> Result<Option<User>> {
    source.table(file::USERS)?.get(id.0.as_u128())?.map(|row| decode(id, row.value())).transpose()
}

pub(super) fn write(transaction: &WriteTransaction, user: &User) -> Result<()> {
    let row = Row {
        serial: user.serial,
        username: user.username.clone(),
        password: user.password.clone(),
        created: user.created,
        banned_until: user.banned_until,
    };
    transaction.open_table(file::USERS)?.insert(user.id.0.as_u128(), &*record::encode(&row))?;
    Ok(())
}

/// Changes an account, if there is such a one.
pub(super) fn change(transaction: &WriteTransaction, id: UserId, change: impl FnOnce(&mut User)) -> Result<bool> {
    let Some(mut user) = read(transaction, id)? else { return Ok(false) };
    change(&mut user);
    write(transaction, &user)?;
    Ok(true)
}

fn decode(id: UserId, row: &[u8]) -> Result<User> {
    let Row { serial, username, password, created, banned_until } = record::decode_known(row, format_args!("account {id}"))?;
    Ok(User { id, serial, username, password, created, banned_until })
}

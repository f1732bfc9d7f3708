//! Accounts and access keys.
//!
//! A name is a key of its own, in another slot than the account. It is *claimed* first, with a TTL, so that a maker who dies half-way
//! leaves nothing behind; the account is written; then the claim is made permanent, by comparing, and only then the account.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, Value};

use super::{RedisStore, keys, millis, script, wire};
use crate::ids::{FoldedName, Micros, PasswordHash, TokenDigest, UserId, Username};
use crate::store::Result;
use crate::store::accounts::{Accounts, Named, NewUser, User};

/// How long a claim to a name holds without being confirmed.
const CLAIM: Duration = Duration::from_secs(20);
/// How long an account lives that was not confirmed: longer than its claim.
const UNCONFIRMED: Duration = Duration::from_secs(30);

/// The state of a name after a wish for it.
#[derive(PartialEq)]
enum Claim {
    /// Ours now, for [`CLAIM`].
    New,
    /// It was ours before.
    Own,
    Taken,
}

impl RedisStore {
    async fn claim(&self, name: &FoldedName, user: UserId) -> Result<Claim> {
        let key = keys::name(name.as_str());
        // Twice: once more after a name was freed whose account is gone.
        for _ in 0..2 {
            let mut set = redis::cmd("SET");
            set.arg(&key).arg(user.to_string()).arg("PX").arg(millis(CLAIM)).arg("NX").arg("GET");
            let Some(owner) = self.shared.query::<Option<String>>(set).await? else { return Ok(Claim::New) };
            if owner == user.to_string() {
                return Ok(Claim::Own);
            }
            // Asked before it is looked for the account: a claim that is still being made has none yet, and once it is confirmed
            // it would look like one whose account is gone.
            if self.shared.query::<i64>(single("PTTL", &key)).await? >= 0 {
                return Ok(Claim::Taken);
            }
            let mut exists = redis::cmd("EXISTS");
            exists.arg(keys::user(wire::parse(&owner)?));
            if self.shared.query::<bool>(exists).await? {
                return Ok(Claim::Taken);
            }
            let mut free = script::DELETE_STALE.on(&[&key]);
            free.arg(owner);
            if !self.shared.run::<bool>(free).await? {
                return Ok(Claim::Taken);
            }
        }
        Ok(Claim::Taken)
    }

    async fn confirm(&self, name: &FoldedName, user: UserId) -> Result<bool> {
        let mut call = script::KEEP_IF.on(&[keys::name(name.as_str())]);
        call.arg(user.to_string());
        self.shared.run(call).await
    }

    async fn free(&self, name: &FoldedName, user: UserId) -> Result<()> {
        let mut call = script::DELETE_IF.on(&[keys::name(name.as_str())]);
        call.arg(user.to_string());
        self.shared.run(call).await
    }

    /// Sets or removes a field; `None`: no such account.
    async fn set_field(&self, id: UserId, field: &str, value: Option<&str>) -> Result<Option<String>> {
        let mut call = script::SET_USER.on(&[keys::user(id)]);
        call.arg(field).arg(value);
        let (exists, old): (bool, String) = self.shared.run(call).await?;
        Ok(exists.then_some(old))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        Ok(self.users(&[id]).await?.pop().flatten())
    }

    async fn strike_from_list(&self, ids: &[UserId]) -> Result<()> {
        let mut command = redis::cmd("ZREM");
        command.arg(keys::USERS);
        for id in ids {
            command.arg(id.to_string());
        }
        self.shared.query(command).await
    }
}

#[async_trait]
impl Accounts for RedisStore {
    async fn create_user(&self, new: NewUser) -> Result<Named> {
        let folded = new.username.folded();
        if self.claim(&folded, new.id).await? == Claim::Taken {
            return Ok(Named::Taken);
        }
        let mut increment = redis::cmd("INCR");
        increment.arg(keys::SERIAL);
        let serial: u64 = self.shared.query(increment).await?;
        let mut create = script::CREATE_USER.on(&[keys::user(new.id)]);
        create.arg(new.username.as_str()).arg(serial).arg(millis(UNCONFIRMED)).arg(new.password.as_ref().map(|hash| hash.0.as_str()));
        let user = parse_user(new.id, self.shared.run(create).await?)?.ok_or_else(wire::strange)?;
        // After the account, which makes a listed account that does not exist a dead one.
        let mut list = redis::cmd("ZADD");
        list.arg(keys::USERS).arg(user.serial).arg(new.id.to_string());
        self.shared.query::<()>(list).await?;
        if !self.confirm(&folded, new.id).await? {
            self.shared.query::<()>(single("DEL", &keys::user(new.id))).await?;
            self.strike_from_list(&[new.id]).await?;
            return Ok(Named::Taken);
        }
        self.shared.query::<()>(single("PERSIST", &keys::user(new.id))).await?;
        Ok(Named::Done(user))
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<Option<User>>> {
        let calls = ids.iter().map(|id| single("HGETALL", &keys::user(*id))).collect();
        let answers = self.shared.run_all(calls).await?;
        ids.iter().zip(answers).map(|(id, answer)| parse_user(*id, wire::read(answer)?)).collect()
    }

    async fn user_named(&self, name: &FoldedName) -> Result<Option<User>> {
        let id: Option<String> = self.shared.query(single("GET", &keys::name(name.as_str()))).await?;
        let Some(id) = id else { return Ok(None) };
        // A claim that is still being made, or a name that an account has just given up, is not this account's name.
        Ok(self.user(wire::parse(&id)?).await?.filter(|user| user.username.folded() == *name))
    }

    async fn rename_user(&self, id: UserId, to: &Username) -> Result<Named> {
        let folded = to.folded();
        if self.claim(&folded, id).await? == Claim::Taken {
            return Ok(if self.user(id).await?.is_some() { Named::Taken } else { Named::NoSuchUser });
        }
        let Some(old) = self.set_field(id, "name", Some(to.as_str())).await? else {
            self.free(&folded, id).await?;
            return Ok(Named::NoSuchUser);
        };
        if !self.confirm(&folded, id).await? {
            // It took longer than a claim holds, and somebody else was quicker.
            self.set_field(id, "name", Some(&old)).await?;
            return Ok(Named::Taken);
        }
        let old = Username::parse(&old).map_err(|_| wire::strange())?.folded();
        if old != folded {
            self.free(&old, id).await?;
        }
        Ok(self.user(id).await?.map_or(Named::NoSuchUser, Named::Done))
    }

    async fn set_password(&self, id: UserId, hash: PasswordHash) -> Result<bool> {
        Ok(self.set_field(id, "password", Some(&hash.0)).await?.is_some())
    }

    async fn set_ban(&self, id: UserId, until: Option<Micros>) -> Result<bool> {
        let until = until.map(|until| until.0.to_string());
        Ok(self.set_field(id, "banned", until.as_deref()).await?.is_some())
    }

    async fn delete_user(&self, id: UserId) -> Result<bool> {
        let [toks, dms, read, block] = ["toks", "dms", "read", "block"].map(|what| keys::of_user(id, what));
        let answer: Vec<Value> = self.shared.run(script::DELETE_USER.on(&[keys::user(id), toks, dms, read, block])).await?;
        if answer.is_empty() {
            return Ok(false);
        }
        let (name, tokens): (String, Vec<String>) = wire::read(Value::Array(answer))?;
        let ends = tokens.into_iter().map(|token| single("DEL", &keys::token(&TokenDigest(token)))).collect();
        self.shared.run_all(ends).await?;
        self.free(&Username::parse(&name).map_err(|_| wire::strange())?.folded(), id).await?;
        self.strike_from_list(&[id]).await?;
        Ok(true)
    }

    async fn list_users(&self, after: u64, limit: usize) -> Result<Vec<User>> {
        let mut found = Vec::new();
        let mut after = after;
        while found.len() < limit {
            let wanted = limit - found.len();
            let mut range = redis::cmd("ZRANGE");
            range.arg(keys::USERS).arg(format!("({after}")).arg("+inf").arg("BYSCORE").arg("LIMIT").arg(0).arg(wanted).arg("WITHSCORES");
            let listed: Vec<(String, f64)> = self.shared.query(range).await?;
            let Some((_, last)) = listed.last() else { break };
            after = *last as u64;
            let ids: Vec<UserId> = listed.iter().map(|(id, _)| wire::parse(id)).collect::<Result<_>>()?;
            let users = self.users(&ids).await?;
            let dead: Vec<UserId> = ids.iter().zip(&users).filter(|(_, user)| user.is_none()).map(|(id, _)| *id).collect();
            if !dead.is_empty() {
                self.strike_from_list(&dead).await?;
            }
            found.extend(users.into_iter().flatten());
        }
        Ok(found)
    }

    async fn count_users(&self) -> Result<u64> {
        self.shared.query(single("ZCARD", keys::USERS)).await
    }

    async fn put_token(&self, digest: &TokenDigest, user: UserId, ttl: Duration) -> Result<()> {
        // Listed first: what can be used can be found and ended.
        let mut list = redis::cmd("SADD");
        list.arg(keys::of_user(user, "toks")).arg(&digest.0);
        self.shared.query::<()>(list).await?;
        let mut set = redis::cmd("SET");
        set.arg(keys::token(digest)).arg(user.to_string()).arg("PX").arg(millis(ttl));
        self.shared.query(set).await
    }

    async fn token_user(&self, digest: &TokenDigest, ttl: Duration) -> Result<Option<UserId>> {
        let mut get = redis::cmd("GETEX");
        get.arg(keys::token(digest)).arg("PX").arg(millis(ttl));
        let user: Option<String> = self.shared.query(get).await?;
        user.map(|user| wire::parse(&user)).transpose()
    }

    async fn revoke_token(&self, digest: &TokenDigest, user: UserId) -> Result<bool> {
        let mut call = script::DELETE_IF.on(&[keys::token(digest)]);
        call.arg(user.to_string());
        let ended = self.shared.run(call).await?;
        let mut unlist = redis::cmd("SREM");
        unlist.arg(keys::of_user(user, "toks")).arg(&digest.0);
        self.shared.query::<()>(unlist).await?;
        Ok(ended)
    }

    async fn tokens(&self, user: UserId) -> Result<Vec<TokenDigest>> {
        let list = keys::of_user(user, "toks");
        let digests: Vec<String> = self.shared.query(single("SMEMBERS", &list)).await?;
        let digests: Vec<TokenDigest> = digests.into_iter().map(TokenDigest).collect();
        let owners = self.shared.run_all(digests.iter().map(|digest| single("GET", &keys::token(digest))).collect()).await?;
        let id = user.to_string();
        let (mut live, mut ended) = (Vec::new(), Vec::new());
        for (digest, owner) in digests.into_iter().zip(owners) {
            let owner: Option<String> = wire::read(owner)?;
            if owner.as_ref() == Some(&id) { live.push(digest) } else { ended.push(digest.0) }
        }
        if !ended.is_empty() {
            let mut unlist = redis::cmd("SREM");
            unlist.arg(&list).arg(&ended);
            self.shared.query::<()>(unlist).await?;
        }
        Ok(live)
    }

    async fn now(&self) -> Result<Micros> {
        let mut clock = redis::cmd("EVAL");
        // The same server on every call, also on a Cluster.
        clock.arg("return redis.call('TIME')").arg(1).arg(keys::USERS);
        let (seconds, micros): (u64, u64) = self.shared.query(clock).await?;
        Ok(Micros(seconds * 1_000_000 + micros))
    }
}

fn single(command: &str, key: &str) -> Cmd {
    let mut command = redis::cmd(command);
    command.arg(key);
    command
}

fn parse_user(id: UserId, mut fields: HashMap<String, String>) -> Result<Option<User>> {
    let Some(name) = fields.remove("name") else { return Ok(None) };
    let number = |field: Option<&String>| wire::parse::<u64>(field.ok_or_else(wire::strange)?);
    Ok(Some(User {
        id,
        serial: number(fields.get("serial"))?,
        username: Username::parse(&name).map_err(|_| wire::strange())?,
        created: Micros(number(fields.get("created"))?),
        banned_until: fields.get("banned").map(|until| number(Some(until)).map(Micros)).transpose()?,
        password: fields.remove("password").map(PasswordHash),
    }))
}

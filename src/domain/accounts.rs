//! Accounts: coming in, staying in, going away.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::hasher::Busy;
use super::tally::NotAllowed;
use super::{Hasher, Rules, Tally, names};
use crate::ids::{AccessKey, FoldedName, Micros, Password, TokenDigest, UserId, Username};
use crate::store::accounts::{Named, NewUser, User};
use crate::store::{Store, StoreError};

/// What failed sign-ins are counted as.
const SIGN_IN: &str = "signin";
/// A guest's name is drawn again at most so often.
const NAME_ATTEMPTS: u32 = 8;
/// An account that somebody else is making is looked for at most so often.
const LOOKS: u32 = 40;
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Why somebody did not get in, or an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Wrong password, or no such user, or a guest: nobody is told which.
    #[error("the username and password do not match")]
    Refused,
    /// The name belongs to somebody else.
    #[error("this username is taken")]
    NameTaken,
    /// Banned until then.
    #[error("this account is banned")]
    Banned(Micros),
    /// Too many failed attempts on this name from this address.
    #[error("too many failed sign-ins; try again later")]
    SlowDown(Duration),
    /// This address has made too many accounts.
    #[error("too many new accounts from this address; try again later")]
    TooMany(Duration),
    /// Only accounts with a password may do this.
    #[error("set a password first")]
    PasswordNeeded,
    /// The account is gone.
    #[error("there is no such account")]
    NoSuchUser,
    /// Too much to do.
    #[error("the server is busy; try again")]
    Busy,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotAllowed> for AccountError {
    fn from(error: NotAllowed) -> Self {
        match error {
            NotAllowed::SlowDown(after) => Self::SlowDown(after),
            NotAllowed::Store(error) => Self::Store(error),
        }
    }
}

impl From<Busy> for AccountError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// Somebody who got in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The new key of this sign-in.
    pub key: AccessKey,
}

/// The rules of accounts.
pub struct Accounts {
    store: Arc<dyn Store>,
    hasher: Arc<Hasher>,
    rules: Arc<Rules>,
    tally: Tally,
}

type Outcome<T> = Result<T, AccountError>;

impl Accounts {
    /// Over a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, hasher: Arc<Hasher>, rules: Arc<Rules>, tally: Tally) -> Self {
        Self { store, hasher, rules, tally }
    }

    /// Lets a user in who knows the password; makes the account if the name was never seen.
    pub async fn sign_in(&self, name: Username, password: Password, from: IpAddr) -> Outcome<SignedIn> {
        let attempts = self.begin_attempt(&name.folded(), from).await?;
        let existing = self.store.user_named(&name.folded()).await?;
        let user = match existing {
            Some(user) => self.check(user, password, &attempts).await?,
            None => match self.create_from(from, name.clone(), Some(password.clone())).await {
                // Somebody else makes it in this very moment.
                Err(AccountError::NameTaken) => self.check(self.made(&name.folded()).await?, password, &attempts).await?,
                made => {
                    self.store.uncount(&attempts).await?;
                    made?
                }
            },
        };
        self.admit(user).await
    }

    /// Lets a user in who knows the password, and makes no account.
    pub async fn log_in(&self, name: Username, password: Password, from: IpAddr) -> Outcome<SignedIn> {
        let attempts = self.begin_attempt(&name.folded(), from).await?;
        let Some(user) = self.store.user_named(&name.folded()).await? else {
            // As long as a wrong password takes: nobody is told which names exist.
            self.hasher.verify(password, None).await?;
            return Err(AccountError::Refused);
        };
        let user = self.check(user, password, &attempts).await?;
        self.admit(user).await
    }

    /// Makes an account under a free name.
    pub async fn sign_up(&self, name: Username, password: Password, from: IpAddr) -> Outcome<SignedIn> {
        if self.store.user_named(&name.folded()).await?.is_some() {
            return Err(AccountError::NameTaken);
        }
        let user = self.create_from(from, name, Some(password)).await?;
        self.admit(user).await
    }

    /// Makes a temporary account with a random readable name and no password.
    pub async fn guest(&self, from: IpAddr) -> Outcome<SignedIn> {
        self.count_account(from).await?;
        for attempt in 0..NAME_ATTEMPTS {
            match self.create(names::readable(rand::random(), attempt), None).await {
                Ok(user) => return self.admit(user).await,
                Err(AccountError::NameTaken) => {}
                Err(error) => return Err(error),
            }
        }
        Err(AccountError::Busy)
    }

    /// Who a key belongs to, if it is `claimed`'s and still good.
    pub async fn resume(&self, claimed: UserId, key: &AccessKey) -> Outcome<User> {
        let user = self.owner(key).await?;
        if user.id == claimed { self.check_ban(user).await } else { Err(AccountError::Refused) }
    }

    /// Who a key belongs to, if it is still good.
    pub async fn by_key(&self, key: &AccessKey) -> Outcome<User> {
        let user = self.owner(key).await?;
        self.check_ban(user).await
    }

    /// Ends a key everywhere.
    pub async fn end_key(&self, user: UserId, key: &TokenDigest) -> Outcome<bool> {
        Ok(self.store.revoke_token(key, user).await?)
    }

    /// The account with this identifier.
    pub async fn user(&self, id: UserId) -> Outcome<Option<User>> {
        Ok(self.store.users(&[id]).await?.into_iter().flatten().next())
    }

    /// Gives an account a password, which makes a guest a member, then another name, which only a member can have. What can be
    /// refused is refused before anything is changed. Answers the account as it is then.
    pub async fn change(&self, id: UserId, password: Option<Password>, name: Option<Username>) -> Outcome<User> {
        let user = self.user(id).await?.ok_or(AccountError::NoSuchUser)?;
        if let Some(name) = &name {
            let other = self.store.user_named(&name.folded()).await?.is_some_and(|other| other.id != id);
            // Nobody becomes a moderator by taking the name of one who does not exist.
            if other || self.is_moderator(name) && !self.is_moderator(&user.username) {
                return Err(AccountError::NameTaken);
            }
            if user.password.is_none() && password.is_none() {
                return Err(AccountError::PasswordNeeded);
            }
        }
        if let Some(password) = password {
            let hash = self.hasher.hash(password).await?;
            if !self.store.set_password(id, hash).await? {
                return Err(AccountError::NoSuchUser);
            }
        }
        let Some(name) = name else { return Ok(user) };
        match self.store.rename_user(id, &name).await? {
            Named::Done(user) => Ok(user),
            Named::Taken => Err(AccountError::NameTaken),
            Named::NoSuchUser => Err(AccountError::NoSuchUser),
        }
    }

    /// Deletes an account for good. A member has to give the password, a guest has none.
    pub async fn delete(&self, id: UserId, password: Option<Password>, from: IpAddr) -> Outcome<User> {
        let user = self.user(id).await?.ok_or(AccountError::NoSuchUser)?;
        if user.password.is_some() {
            let attempts = self.begin_attempt(&user.username.folded(), from).await?;
            self.check(user.clone(), password.ok_or(AccountError::Refused)?, &attempts).await?;
        }
        if self.store.delete_user(id).await? { Ok(user) } else { Err(AccountError::NoSuchUser) }
    }

    /// Whether a user may moderate.
    #[must_use]
    pub fn is_moderator(&self, name: &Username) -> bool {
        self.rules.moderators.contains(&name.folded())
    }

    /// The account of a name that is taken, once it is there: its maker may still be at it, or may have died half-way.
    async fn made(&self, name: &FoldedName) -> Outcome<User> {
        for _ in 0..LOOKS {
            if let Some(user) = self.store.user_named(name).await? {
                return Ok(user);
            }
            sleep(LOOK_AGAIN).await;
        }
        Err(AccountError::Busy)
    }

    async fn create_from(&self, from: IpAddr, username: Username, password: Option<Password>) -> Outcome<User> {
        self.count_account(from).await?;
        self.create(username, password).await
    }

    /// Notes that this address makes an account.
    async fn count_account(&self, from: IpAddr) -> Outcome<()> {
        match self.tally.spend(&*self.store, "accounts", &[], from, self.rules.new_accounts).await {
            Err(NotAllowed::SlowDown(after)) => Err(AccountError::TooMany(after)),
            outcome => Ok(outcome?),
        }
    }

    async fn create(&self, username: Username, password: Option<Password>) -> Outcome<User> {
        let password = match password {
            Some(password) => Some(self.hasher.hash(password).await?),
            None => None,
        };
        match self.store.create_user(NewUser { id: UserId::random(), username, password }).await? {
            Named::Done(user) => Ok(user),
            Named::Taken => Err(AccountError::NameTaken),
            Named::NoSuchUser => Err(AccountError::Busy),
        }
    }

    async fn check(&self, user: User, password: Password, attempts: &str) -> Outcome<User> {
        if self.hasher.verify(password, user.password.clone()).await? {
            self.store.uncount(attempts).await?;
            return Ok(user);
        }
        Err(AccountError::Refused)
    }

    /// An attempt counts as failed until it has succeeded: otherwise any number of guesses could be under way at once.
    /// They are counted per name and address: one person's guessing locks out neither the address nor the name's owner. Answers the counter.
    async fn begin_attempt(&self, name: &FoldedName, from: IpAddr) -> Outcome<String> {
        let whom = name.as_str().as_bytes();
        self.tally.spend(&*self.store, SIGN_IN, whom, from, self.rules.signin_failures).await?;
        Ok(self.tally.key(SIGN_IN, whom, from))
    }

    async fn owner(&self, key: &AccessKey) -> Outcome<User> {
        let owner = self.store.token_user(&key.digest(), self.rules.access_key_ttl).await?.ok_or(AccountError::Refused)?;
        self.user(owner).await?.ok_or(AccountError::Refused)
    }

    async fn check_ban(&self, user: User) -> Outcome<User> {
        match user.banned_until {
            Some(until) if until > self.store.now().await? => Err(AccountError::Banned(until)),
            _ => Ok(user),
        }
    }

    async fn admit(&self, user: User) -> Outcome<SignedIn> {
        let user = self.check_ban(user).await?;
        let key = AccessKey::from_random(rand::random());
        self.store.put_token(&key.digest(), user.id, self.rules.access_key_ttl).await?;
        Ok(SignedIn { user, key })
    }
}

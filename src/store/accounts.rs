//! Accounts, their names and their access keys.

use std::time::Duration;

use async_trait::async_trait;

use super::Result;
use super::record::Badge;
use crate::ids::{FoldedName, Micros, PasswordHash, TokenDigest, UserId, Username};

/// An account as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// For ever the same.
    pub id: UserId,
    /// The order in which accounts were made: 1, 2, 3 …, gaps possible. Pages of users go by it.
    pub serial: u64,
    /// May change; unique in its folded form.
    pub username: Username,
    /// A guest has none.
    pub password: Option<PasswordHash>,
    /// When the account was made, by the store's clock.
    pub created: Micros,
    /// Signing in is refused until then.
    pub banned_until: Option<Micros>,
}

impl User {
    /// What others are shown of the account besides its name.
    #[must_use]
    pub fn badge(&self) -> Badge {
        Badge { number: self.serial, verified: self.password.is_some() }
    }
}

/// An account to be made; the store adds the serial number and the time.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Chosen by the caller, random.
    pub id: UserId,
    /// The wanted name.
    pub username: Username,
    /// None makes a guest.
    pub password: Option<PasswordHash>,
}

/// The outcome of a wish for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// The account has the name now.
    Done(User),
    /// Another account has it.
    Taken,
    /// There is no such account (any more).
    NoSuchUser,
}

/// Accounts by identifier, by name, in pages; access keys by digest.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes an account unless its name is taken ([`Named::Taken`]). Of two that want the same name at once, on
    /// whichever nodes, exactly one is made.
    async fn create_user(&self, new: NewUser) -> Result<Named>;

    /// The accounts with these identifiers, in this order; `None` where there is none.
    async fn users(&self, ids: &[UserId]) -> Result<Vec<Option<User>>>;

    /// The account with this name.
    async fn user_named(&self, name: &FoldedName) -> Result<Option<User>>;

    /// Gives an account another name and frees the old one. A change of case only is fine.
    async fn rename_user(&self, id: UserId, to: &Username) -> Result<Named>;

    /// Sets the password hash; `false`: no such account.
    async fn set_password(&self, id: UserId, hash: PasswordHash) -> Result<bool>;

    /// Bans until then, or lifts the ban; `false`: no such account.
    async fn set_ban(&self, id: UserId, until: Option<Micros>) -> Result<bool>;

    /// Removes the account, its name, access keys, read marks, blocks and index of direct channels. `false`: no such account.
    async fn delete_user(&self, id: UserId) -> Result<bool>;

    /// At most `limit` accounts with a serial number above `after`, in order.
    async fn list_users(&self, after: u64, limit: usize) -> Result<Vec<User>>;

    /// How many accounts there are.
    async fn count_users(&self) -> Result<u64>;

    /// Remembers an access key by its digest.
    async fn put_token(&self, digest: &TokenDigest, user: UserId, ttl: Duration) -> Result<()>;

    /// Whose key this is. A key that is found lives for another `ttl`.
    async fn token_user(&self, digest: &TokenDigest, ttl: Duration) -> Result<Option<UserId>>;

    /// Ends a key of `user`; `false`: there was none.
    async fn revoke_token(&self, digest: &TokenDigest, user: UserId) -> Result<bool>;

    /// The digests of all live keys of a user.
    async fn tokens(&self, user: UserId) -> Result<Vec<TokenDigest>>;

    /// The store's clock.
    async fn now(&self) -> Result<Micros>;
}

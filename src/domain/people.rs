//! Lists of users: who there is, who is online, who is meant.

use std::collections::HashSet;
use std::sync::Arc;

use crate::ids::{UserId, Username};
use crate::store::accounts::User;
use crate::store::record::Person;
use crate::store::{Result, Store};

/// A list of users has at most so many.
pub const MAX_USERS: usize = 200;
/// A search looks at so many accounts at a time.
const SCAN: usize = 1_000;

/// A user as others see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: Username,
    /// Connected on any node.
    pub online: bool,
}

/// Which users are asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Those behind this one, in the order in which accounts were made. Without it, those online come first.
    pub after: Option<UserId>,
    /// Begin with the first account instead of those online.
    pub in_order: bool,
    /// At most so many.
    pub limit: usize,
    /// Whose name contains this, compared in folded form.
    pub name: Option<Username>,
}

/// Answers about users.
pub struct People {
    store: Arc<dyn Store>,
}

impl People {
    /// Over a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// How many users there are, and those asked for.
    pub async fn list(&self, query: Query) -> Result<(u64, Vec<Seen>)> {
        let total = self.store.count_users().await?;
        let limit = query.limit.min(MAX_USERS);
        let wanted = query.name.as_ref().map(Username::folded);
        let fits = |user: &User| wanted.as_ref().is_none_or(|wanted| user.username.folded().as_str().contains(wanted.as_str()));
        let mut after = match query.after {
            Some(id) => self.store.users(&[id]).await?.into_iter().flatten().next().map_or(0, |user| user.serial),
            None => 0,
        };
        let mut found: Vec<User> = Vec::new();
        let mut taken = HashSet::new();
        if query.after.is_none() && !query.in_order {
            let online = self.store.online_users(MAX_USERS).await?;
            found.extend(self.store.users(&online).await?.into_iter().flatten().filter(fits).take(limit));
            taken.extend(found.iter().map(|user| user.id));
        }
        while found.len() < limit {
            let page = self.store.list_users(after, SCAN.min(limit.max(1) * 4)).await?;
            let Some(last) = page.last() else { break };
            after = last.serial;
            let room = limit - found.len();
            found.extend(page.into_iter().filter(|user| !taken.contains(&user.id) && fits(user)).take(room));
        }
        Ok((total, self.seen(found).await?))
    }

    /// Accounts as others see them.
    pub async fn seen(&self, users: Vec<User>) -> Result<Vec<Seen>> {
        let ids: Vec<_> = users.iter().map(|user| user.id).collect();
        let online = self.store.online(&ids).await?;
        Ok(users.into_iter().zip(online).map(|(user, online)| Seen { id: user.id, name: user.username, online }).collect())
    }

    /// The present names and presence of these people; who is gone keeps the name given here.
    pub async fn present(&self, people: Vec<Person>) -> Result<Vec<Seen>> {
        let ids: Vec<_> = people.iter().map(|person| person.id).collect();
        let (users, online) = tokio::try_join!(self.store.users(&ids), self.store.online(&ids))?;
        Ok(people
            .into_iter()
            .zip(users)
            .zip(online)
            .map(|((person, user), online)| Seen { id: person.id, name: user.map_or(person.name, |user| user.username), online })
            .collect())
    }
}

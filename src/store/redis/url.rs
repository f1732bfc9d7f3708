//! Where Redis is: `redis[s]://`, `redis[s]-sentinel://` and `redis[s]-cluster://`, several hosts separated by commas.

use std::fmt;

use super::RedisSettings;

const EXAMPLE: &str = "an example: redis://127.0.0.1:6379/0, rediss-cluster://:password@one:6379,two:6379 or \
                       redis-sentinel://one:26379,two:26379/0?master=mymaster";

/// Which kind of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Single,
    Sentinel,
    Cluster,
}

/// A parsed `REDIS_URL`. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub kind: Kind,
    pub tls: bool,
    pub hosts: Vec<(String, u16)>,
    pub username: Option<String>,
    pub password: Option<String>,
    pub sentinel_password: Option<String>,
    pub database: i64,
    pub master: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} tls={} {:?}/{}", self.kind, self.tls, self.hosts, self.database)
    }
}

impl Address {
    /// Parses `settings.url`; its other fields fill in what the URL leaves open. The error never quotes the URL: it may hold a password.
    pub(super) fn parse(settings: &RedisSettings) -> Result<Self, String> {
        let fault = |what: &str| format!("the Redis URL {what}; {EXAMPLE}");
        let (scheme, rest) = settings.url.trim().split_once("://").ok_or_else(|| fault("has no scheme"))?;
        let (kind, tls) = match scheme {
            "redis" => (Kind::Single, false),
            "rediss" => (Kind::Single, true),
            "redis-sentinel" => (Kind::Sentinel, false),
            "rediss-sentinel" => (Kind::Sentinel, true),
            "redis-cluster" => (Kind::Cluster, false),
            "rediss-cluster" => (Kind::Cluster, true),
            _ => {
                return Err(fault(
                    "has an unknown scheme (known are redis, rediss, redis-sentinel, rediss-sentinel, redis-cluster and rediss-cluster)",
                ));
            }
        };
        // A password may hold any of the separators, therefore from the right for `@` and only then the others.
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (Some(credentials), rest),
            None => (None, rest),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (username, password) = match credentials {
            Some(text) => {
                let (user, password) = text.split_once(':').unwrap_or((text, ""));
                (
                    decoded(user).ok_or_else(|| fault("has a user with a wrong %-escape"))?,
                    decoded(password).ok_or_else(|| fault("has a password with a wrong %-escape"))?,
                )
            }
            None => (None, None),
        };
        let mut address = Self {
            kind,
            tls,
            hosts: Vec::new(),
            username,
            password: password.or_else(|| settings.password.clone()),
            sentinel_password: None,
            database: 0,
            master: settings.sentinel_master.clone(),
        };
        let port = if kind == Kind::Sentinel { 26379 } else { 6379 };
        for host in hosts.split(',') {
            address.hosts.push(parse_host(host, port).ok_or_else(|| fault("has a wrong host or port"))?);
        }
        if kind == Kind::Single && address.hosts.len() > 1 {
            return Err(fault("names several hosts; the scheme for that is redis-cluster or redis-sentinel"));
        }
        if !path.is_empty() {
            address.database =
                path.parse().ok().filter(|database| *database >= 0).ok_or_else(|| fault("has a database that is no number"))?;
        }
        if kind == Kind::Cluster && address.database != 0 {
            return Err(fault("names a database; a Redis Cluster has only number 0"));
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("master", name)) if kind == Kind::Sentinel && !name.is_empty() => name.clone_into(&mut address.master),
                Some(("sentinel_password", word)) if kind == Kind::Sentinel => {
                    address.sentinel_password = decoded(word).ok_or_else(|| fault("has a sentinel_password with a wrong %-escape"))?;
                }
                _ => return Err(fault("has an unknown parameter (Sentinel knows master and sentinel_password)")),
            }
        }
        Ok(address)
    }
}

fn parse_host(text: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        (host, rest.strip_prefix(':').or_else(|| rest.is_empty().then_some(""))?)
    } else {
        text.split_once(':').unwrap_or((text, ""))
    };
    let port = if port.is_empty() { default_port } else { port.parse().ok().filter(|port| *port > 0)? };
    (!host.is_empty() && !host.contains(char::is_whitespace)).then(|| (host.to_owned(), port))
}

/// `Some(None)`: nothing there. `None`: not decodable.
#[allow(clippy::option_option, reason = "two different absences")]
fn decoded(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok().map(Some)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, String> {
        Address::parse(&RedisSettings { url: url.to_owned(), ..RedisSettings::default() })
    }

    #[test]
    fn every_scheme_is_understood() {
        let single = parse("rediss://user:p%40ss@host:7000/3").unwrap();
        assert_eq!((single.kind, single.tls, single.database), (Kind::Single, true, 3));
        assert_eq!(single.hosts, [("host".to_owned(), 7000)]);
        assert_eq!((single.username.as_deref(), single.password.as_deref()), (Some("user"), Some("p@ss")));
        let sentinel = parse("redis-sentinel://:pw@one,[::1]:26380/1?master=blue").unwrap();
        assert_eq!(sentinel.hosts, [("one".to_owned(), 26379), ("::1".to_owned(), 26380)]);
        assert_eq!((sentinel.kind, sentinel.master.as_str(), sentinel.database), (Kind::Sentinel, "blue", 1));
        assert_eq!(parse("redis-cluster://one:1,two:2").unwrap().hosts.len(), 2);
    }

    #[test]
    fn a_fault_is_named_with_an_example_and_without_the_password() {
        for url in [
            "host:6379",
            "http://:hunter2@host",
            "redis://:hunter2@",
            "redis://:hunter2@one,two",
            "redis://:hunter2@host:port",
            "redis://:hunter2@host/x",
            "redis://:hunter2@host?x=y",
            "redis://:hunter2%@host",
            "redis-cluster://:hunter2@host/1",
        ] {
            let fault = parse(url).unwrap_err();
            assert!(!fault.contains("hunter2") && fault.contains("redis://127.0.0.1"), "{fault}");
        }
        assert!(!format!("{:?}", parse("redis://u:hunter2@host").unwrap()).contains("hunter2"));
    }
}

//! How to reach Redis.
//!
//! `redis://[user[:password]@]host[:port][/database]`, `redis-cluster://[user[:password]@]host[:port][,host…]`,
//! `redis-sentinel://[user[:password]@]host[:port][,host…][/database][?master=NAME&sentinel_password=WORD]`; each also with
//! `rediss` for TLS. What is special in a user or password is percent-encoded.

use std::str::FromStr;

use super::values::address;
use super::{Address, Secret};

const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;
const SENTINEL_MASTER: &str = "mymaster";

/// A Redis, a Sentinel or a Cluster, and how to sign in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisTarget {
    /// What answers at `hosts`.
    pub topology: Topology,
    /// At least one; exactly one for [`Topology::Single`].
    pub hosts: Vec<RedisHost>,
    /// Whether connections (to Sentinels too) are encrypted.
    pub tls: bool,
    /// User of Redis' access lists.
    pub username: Option<String>,
    /// Password, from the URL or from `REDIS_PASSWORD`.
    pub password: Option<Secret>,
    /// Database number; 0 on a Cluster.
    pub database: u8,
}

/// How Redis is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One server.
    Single,
    /// Sentinels, which know where the master is.
    Sentinel {
        /// The name by which the Sentinels know the master.
        master: String,
        /// What the Sentinels themselves want to hear.
        password: Option<Secret>,
    },
    /// Some nodes of a Cluster.
    Cluster,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisHost {
    /// Name or IP address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl RedisTarget {
    /// A single server without TLS, user or password.
    #[must_use]
    pub fn single(address: &Address) -> Self {
        let host = if address.host.is_empty() { "127.0.0.1".to_owned() } else { address.host.clone() };
        let hosts = vec![RedisHost { host, port: address.port }];
        Self { topology: Topology::Single, hosts, tls: false, username: None, password: None, database: 0 }
    }
}

impl FromStr for RedisTarget {
    type Err = String;

    /// Parses a `REDIS_URL`. Faults never repeat it: it may hold a password.
    fn from_str(text: &str) -> Result<Self, String> {
        parse(text)
    }
}

pub(super) fn parse(text: &str) -> Result<RedisTarget, String> {
    let (scheme, rest) = text.trim().split_once("://").ok_or("has no scheme such as redis://")?;
    let (tls, kind) = match scheme.strip_prefix("rediss") {
        Some(kind) => (true, kind),
        None => (false, scheme.strip_prefix("redis").unwrap_or("?")),
    };
    let default_port = if kind == "-sentinel" { SENTINEL_PORT } else { PORT };
    let mut topology = match kind {
        "" => Topology::Single,
        "-sentinel" => Topology::Sentinel { master: SENTINEL_MASTER.to_owned(), password: None },
        "-cluster" => Topology::Cluster,
        _ => return Err("has a scheme that is none of redis, redis-sentinel, redis-cluster (each also with rediss)".to_owned()),
    };
    // A password may hold any of the other separators, so it is cut off first.
    let (user_info, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (username, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match (pair.split_once('='), &mut topology) {
            (Some(("master", name)), Topology::Sentinel { master, .. }) if !name.is_empty() => *master = decode(name)?,
            (Some(("sentinel_password", word)), Topology::Sentinel { password, .. }) => *password = secret(word)?,
            _ => return Err("has an unknown parameter; redis-sentinel:// knows master and sentinel_password, the others none".to_owned()),
        }
    }
    let database = match database.trim_end_matches('/') {
        "" | "0" => 0,
        _ if topology == Topology::Cluster => return Err("names a database, which a Cluster does not have".to_owned()),
        number => number.parse().map_err(|_| "has a database that is not a number from 0 to 255")?,
    };
    let hosts = hosts.split(',').map(|host| parse_host(host, default_port)).collect::<Result<Vec<_>, _>>()?;
    if topology == Topology::Single && hosts.len() > 1 {
        return Err("names several hosts, which only redis-sentinel:// and redis-cluster:// have".to_owned());
    }
    let username = Some(decode(username)?).filter(|name| !name.is_empty());
    Ok(RedisTarget { topology, hosts, tls, username, password: secret(password)?, database })
}

/// A percent-encoded secret; none if there is nothing.
fn secret(text: &str) -> Result<Option<Secret>, String> {
    if text.is_empty() { Ok(None) } else { decode(text).map(|word| Some(Secret::new(word))) }
}

fn parse_host(text: &str, default_port: u16) -> Result<RedisHost, String> {
    let bracketed_alone = text.starts_with('[') && text.ends_with(']');
    let with_port = if text.contains(':') && !bracketed_alone { text.to_owned() } else { format!("{text}:{default_port}") };
    match address(&with_port) {
        Ok(Address { host, port }) if !host.is_empty() && port != 0 => Ok(RedisHost { host, port }),
        _ => Err("has a host that is not `host` or `host:port`".to_owned()),
    }
}

/// Percent-decoding.
fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        match (digit(rest.next()), digit(rest.next())) {
            (Some(high), Some(low)) => bytes.push(high * 16 + low),
            _ => return Err("has a % that is not followed by two hexadecimal digits; write % as %25".to_owned()),
        }
    }
    String::from_utf8(bytes).map_err(|_| "has percent-encoded bytes that are not UTF-8".to_owned())
}

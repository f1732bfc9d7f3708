//! Parsers and types of single values. An error says what is wrong with the value; the setting's name and an example are
//! added in [`super::error`].

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::{Secret, secret};
use crate::ids::{FoldedName, Username};

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    All,
    /// WebSockets and the app.
    Chat,
    /// Carries calls.
    Media,
}

impl Role {
    /// The value of `ROLE`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Chat => "chat",
            Self::Media => "media",
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A checked filter for log lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(pub String);

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name or IP address, without brackets; empty where only a port was given.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') { write!(f, "[{}]:{}", self.host, self.port) } else { write!(f, "{}:{}", self.host, self.port) }
    }
}

/// The names of the moderators, folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moderators(pub HashSet<FoldedName>);

/// A whole number within bounds.
pub(super) fn whole<T>(min: u64, max: u64) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: TryFrom<u64> + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.trim().parse::<u64>().ok().filter(|number| (min..=max).contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| format!("`{text}` is not a whole number from {min} to {max}"))
    }
}

/// A number of seconds within bounds.
pub(super) fn seconds(min: u64, max: u64) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync + 'static {
    move |text| whole::<u64>(min, max)(text).map(Duration::from_secs).map_err(|fault| format!("{fault} (seconds, without a unit)"))
}

/// A whole number and its unit: ms, s, m, h, d.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let fault = || format!("`{text}` is not a time: a whole number from 1 and its unit (ms, s, m, h or d)");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
    let (number, unit) = text.split_at(digits);
    let unit_millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(fault()),
    };
    // A century is far from any overflow of the clocks that this is added to.
    let millis = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit_millis));
    millis.filter(|millis| (1..=36_500 * 86_400_000).contains(millis)).map(Duration::from_millis).ok_or_else(fault)
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false (or 1, 0, yes, no)")),
    }
}

pub(super) fn host(text: &str) -> Result<String, String> {
    let host = text.trim().trim_start_matches('[').trim_end_matches(']');
    let is_name = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    if is_name || host.parse::<std::net::Ipv6Addr>().is_ok() {
        Ok(host.to_owned())
    } else {
        Err(format!("`{text}` is not a host name or IP address"))
    }
}

pub(super) fn address(text: &str) -> Result<Address, String> {
    let fault = || format!("`{text}` is not `host:port`");
    let (name, port) = text.trim().rsplit_once(':').ok_or_else(fault)?;
    let port = port.parse().map_err(|_| fault())?;
    let bare_v6 = name.contains(':') && !name.starts_with('[');
    match name {
        "" => Ok(Address { host: String::new(), port }),
        _ if bare_v6 => Err(fault()),
        _ => Ok(Address { host: host(name).map_err(|_| fault())?, port }),
    }
}

/// A folder that exists; a wrong path would otherwise only show as pages that are not found.
pub(super) fn folder(text: &str) -> Result<PathBuf, String> {
    if Path::new(text).is_dir() { Ok(PathBuf::from(text)) } else { Err(format!("`{text}` is not a folder")) }
}

pub(super) fn header(text: &str) -> Result<String, String> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{}` has characters that no header may have", text.escape_debug()))
    }
}

/// A secret that is sent in a header.
pub(super) fn token(text: &str) -> Result<Secret, String> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        secret::any(text)
    } else {
        Err("has spaces or characters beyond ASCII".to_owned())
    }
}

pub(super) fn moderators(text: &str) -> Result<Moderators, String> {
    let names = text.split(',').filter(|name| !name.trim().is_empty());
    let folded = names.map(|name| Username::parse(name).map(|name| name.folded()).map_err(|fault| format!("`{}`: {fault}", name.trim())));
    folded.collect::<Result<_, _>>().map(Moderators)
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    match text {
        "all" => Ok(Role::All),
        "chat" => Ok(Role::Chat),
        "media" => Ok(Role::Media),
        _ => Err(format!("`{text}` is none of all, chat and media")),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is neither text nor json")),
    }
}

pub(super) fn log_filter(text: &str) -> Result<LogFilter, String> {
    EnvFilter::try_new(text).map(|_| LogFilter(text.to_owned())).map_err(|fault| format!("`{text}` is not a log filter ({fault})"))
}

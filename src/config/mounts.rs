//! Which protocol is spoken at which path.

use std::collections::HashSet;
use std::fmt;

/// Paths that are the node's own.
pub const TAKEN: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/rooms", "/asyncapi.json"];

/// The wire protocols that are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DialectName {
    /// Sign in, channels, direct channels, history.
    Chat,
    /// Work orders, events and questions; video rooms.
    Stage,
    /// Who is connected, and forwarding of offers, answers and candidates.
    Mesh,
    /// Rooms with a name, whose guests send each other text and what browsers need to connect.
    Rooms,
    /// Room codes, host and guests.
    Lobby,
}

impl DialectName {
    /// Every protocol there is.
    pub const ALL: [Self; 5] = [Self::Chat, Self::Stage, Self::Mesh, Self::Rooms, Self::Lobby];

    /// The name in `MOUNTS`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Stage => "stage",
            Self::Mesh => "mesh",
            Self::Rooms => "rooms",
            Self::Lobby => "lobby",
        }
    }
}

impl fmt::Display for DialectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One path and the protocol that WebSockets speak there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Begins with `/`; a segment `{name}` stands for any one segment.
    pub path: String,
    /// What is spoken there.
    pub dialect: DialectName,
}

/// All mounts; no path twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounts(pub Vec<Mount>);

pub(super) fn parse(text: &str) -> Result<Mounts, String> {
    let mut mounts: Vec<Mount> = Vec::new();
    for part in text.split(',') {
        let mount = parse_one(part.trim())?;
        if mounts.iter().any(|other| shape(&other.path) == shape(&mount.path)) {
            return Err(format!("names the path `{}` twice", mount.path));
        }
        mounts.push(mount);
    }
    Ok(Mounts(mounts))
}

fn parse_one(part: &str) -> Result<Mount, String> {
    let (path, name) = part.split_once('=').ok_or_else(|| format!("`{part}` is not `path=protocol`"))?;
    let (path, name) = (path.trim(), name.trim());
    if shape(path).is_none() {
        return Err(format!("`{path}` is not a path that begins with / and has plain segments, or {{name}} for any one"));
    }
    if TAKEN.contains(&path) {
        return Err(format!("the path `{path}` is taken by the node itself"));
    }
    let dialect = DialectName::ALL.into_iter().find(|dialect| dialect.as_str() == name).ok_or_else(|| {
        let known = DialectName::ALL.map(DialectName::as_str).join(", ");
        format!("`{name}` is not a protocol of this version, which speaks: {known}")
    })?;
    if dialect == DialectName::Rooms && !path.split('/').any(|segment| segment == "{slug}") {
        return Err(format!("`{path}` does not say where the room's name stands: rooms wants a segment {{slug}}"));
    }
    Ok(Mount { path: path.to_owned(), dialect })
}

/// The path with its names made equal; `None` if it is none.
#[must_use]
pub fn shape(path: &str) -> Option<String> {
    let mut names = HashSet::new();
    let mut shape = String::new();
    for segment in path.strip_prefix('/')?.split('/') {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        shape.push('/');
        match name {
            Some(name) if !name.is_empty() && plain(name) && names.insert(name) => shape.push_str("{}"),
            None if plain(segment) => shape.push_str(segment),
            _ => return None,
        }
    }
    Some(shape)
}

//! Which protocol is spoken at which path.

use std::fmt;

/// The wire protocols that are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DialectName {
    /// Sign in, channels, direct channels, history.
    Chat,
    /// Work orders, events and questions; video rooms.
    Stage,
    /// Who is connected, and forwarding of offers, answers and candidates.
    Mesh,
}

impl DialectName {
    /// Every protocol there is.
    pub const ALL: [Self; 3] = [Self::Chat, Self::Stage, Self::Mesh];

    /// The name in `MOUNTS`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Stage => "stage",
            Self::Mesh => "mesh",
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
    /// Begins with `/`.
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
        if mounts.iter().any(|other| other.path == mount.path) {
            return Err(format!("names the path `{}` twice", mount.path));
        }
        mounts.push(mount);
    }
    Ok(Mounts(mounts))
}

fn parse_one(part: &str) -> Result<Mount, String> {
    let (path, name) = part.split_once('=').ok_or_else(|| format!("`{part}` is not `path=protocol`"))?;
    let (path, name) = (path.trim(), name.trim());
    if !path.starts_with('/') || path.contains(['{', '}', '?', '#', '*', ' ']) {
        return Err(format!("`{path}` is not a path that begins with / and has no wildcards"));
    }
    if ["/healthz", "/readyz", "/metrics"].contains(&path) {
        return Err(format!("the path `{path}` is taken by the node itself"));
    }
    let dialect = DialectName::ALL.into_iter().find(|dialect| dialect.as_str() == name).ok_or_else(|| {
        let known = DialectName::ALL.map(DialectName::as_str).join(", ");
        format!("`{name}` is not a protocol of this version, which speaks: {known}")
    })?;
    Ok(Mount { path: path.to_owned(), dialect })
}

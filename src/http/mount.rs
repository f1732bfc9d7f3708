//! Where a dialect is spoken.

use std::collections::HashSet;
use std::sync::Arc;

use super::origin::Origins;
use crate::session::Dialect;

/// Paths that are the node's own.
const TAKEN: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/rooms", super::description::PATH];

/// A dialect at a path.
#[derive(Clone)]
pub struct Mount {
    /// Begins with `/`; a segment `{name}` stands for any one segment.
    pub path: String,
    /// What is spoken there.
    pub dialect: Arc<dyn Dialect>,
    /// Whose pages may connect.
    pub origins: Origins,
}

/// A path at which nothing can be mounted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidMount {
    /// It is not a path.
    #[error("mount path {0:?} must begin with / and consist of plain segments or {{name}}, e.g. /ws or /room/{{slug}}/ws")]
    Path(String),
    /// Something is there already.
    #[error("mount path {0:?} is taken already")]
    Taken(String),
}

/// The router would panic at what is refused here.
pub(super) fn check(mounts: &[Mount], others: &[&str]) -> Result<(), InvalidMount> {
    let mut shapes: HashSet<String> = TAKEN.iter().chain(others).map(ToString::to_string).collect();
    for Mount { path, .. } in mounts {
        let shape = shape(path).ok_or_else(|| InvalidMount::Path(path.clone()))?;
        if !shapes.insert(shape) {
            return Err(InvalidMount::Taken(path.clone()));
        }
    }
    Ok(())
}

/// The path with its names made equal.
fn shape(path: &str) -> Option<String> {
    let mut names = HashSet::new();
    let mut shape = String::new();
    for segment in path.strip_prefix('/')?.split('/') {
        shape.push('/');
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        match name {
            Some(name) if !name.is_empty() && plain(name) && names.insert(name) => shape.push_str("{}"),
            None if plain(segment) => shape.push_str(segment),
            _ => return None,
        }
    }
    Some(shape)
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn paths_are_plain_segments_and_names() {
        for good in ["/", "/ws", "/lobby/ws", "/room/{slug}/ws", "/a/"] {
            assert!(shape(good).is_some(), "{good}");
        }
        for bad in ["", "ws", "/a b", "/{}", "/{a}/{a}", "/{*rest}", "/*rest", "/a{b}", "/:x"] {
            assert!(shape(bad).is_none(), "{bad}");
        }
        assert_eq!(shape("/room/{slug}/ws"), shape("/room/{name}/ws"));
    }
}

//! Where a dialect is spoken.

use std::collections::HashSet;
use std::sync::Arc;

use super::origin::Origins;
use crate::config::mounts::{TAKEN, shape};
use crate::session::Dialect;

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

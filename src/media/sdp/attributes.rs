//! Reading attributes of what `rtc-sdp` parsed.

use rtc_sdp::MediaDescription;
use rtc_sdp::description::common::Attribute;

use super::Direction;

/// The attributes of one m-line.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a>(&'a [Attribute]);

impl<'a> Attributes<'a> {
    /// Of a whole session or of one m-line.
    pub(super) fn new(attributes: &'a [Attribute]) -> Self {
        Self(attributes)
    }

    /// Whether there is one of this name.
    pub(super) fn has(self, name: &str) -> bool {
        self.0.iter().any(|attribute| attribute.key == name)
    }

    /// The values of all of this name.
    pub(super) fn all(self, name: &'static str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |attribute| attribute.key == name).filter_map(|attribute| attribute.value.as_deref())
    }

    /// The value of the first of this name.
    pub(super) fn first(self, name: &'static str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// The direction; both ways where none is said (RFC 8866, section 6.7).
    pub(super) fn direction(self) -> Direction {
        [Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| self.has(direction.name()))
            .unwrap_or(Direction::SendRecv)
    }
}

/// Adds `a=name:value`.
pub(super) fn say(media: &mut MediaDescription, name: &str, value: String) {
    media.attributes.push(Attribute::new(name.to_owned(), Some(value)));
}

/// Adds `a=name`.
pub(super) fn flag(media: &mut MediaDescription, name: &str) {
    media.attributes.push(Attribute::new(name.to_owned(), None));
}

//! The fields of what clients write.

use serde::Deserialize;

/// Why something is not what it should be. Of what the client wrote it says nothing but the name of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No object.
    NoObject,
    /// An object without this field.
    Missing(String),
    /// A field is of another type.
    WrongType,
}

/// An object, with its fields by their names.
pub(super) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Fault> {
    // serde would take an array for the fields in their order.
    if !text.starts_with('{') {
        return Err(Fault::NoObject);
    }
    serde_json::from_str(text).map_err(|error| {
        // serde's words may quote what the client wrote; only the name of a missing field is passed on.
        match error.to_string().strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
            Some((field, _)) => Fault::Missing(field.to_owned()),
            None => Fault::WrongType,
        }
    })
}

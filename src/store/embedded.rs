//! The store in a local file.

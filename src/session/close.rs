//! Close codes.

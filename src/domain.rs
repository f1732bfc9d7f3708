//! The rules: who may do what to whom. No socket, no wire format; time and chance come as arguments or from the store.

pub mod accounts;
pub mod channels;
pub mod hasher;
pub mod ice;
pub mod lobbies;
pub mod meshes;
pub mod moderation;
pub mod named_rooms;
pub mod names;
pub mod passes;
pub mod people;
pub mod rooms;
pub mod rules;
mod seal;
pub mod strength;
pub mod tally;

pub use accounts::Accounts;
pub use channels::Channels;
pub use hasher::Hasher;
pub use lobbies::Lobbies;
pub use meshes::Meshes;
pub use named_rooms::NamedRooms;
pub use rooms::Rooms;
pub use rules::Rules;
pub use tally::Tally;

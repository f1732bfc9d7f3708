//! The lobby protocol end to end: real processes, real sockets, one node by itself and two that share a Redis.

mod player;

mod coming_back;
mod fire;
mod limits;
mod messages;
mod migrating;
mod over_http;
mod queries;
mod snapshots;
mod trouble;

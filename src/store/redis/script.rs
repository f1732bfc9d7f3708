//! The Lua scripts, one file each under `lua/`. Each touches the keys of one slot and happens whole or not at all.

use std::sync::LazyLock;

use redis::Cmd;

use crate::store::Generation;

/// A script and the name that Redis gives it.
pub(super) struct Script {
    pub source: String,
    pub sha: String,
}

impl Script {
    pub(super) fn new(source: String) -> Self {
        let sha = redis::Script::new(&source).get_hash().to_owned();
        Self { source, sha }
    }

    /// A call of this script; arguments are added to it.
    pub(super) fn on<K: AsRef<str>>(&self, keys: &[K]) -> Cmd {
        let mut call = redis::cmd("EVALSHA");
        call.arg(&self.sha).arg(keys.len());
        for key in keys {
            call.arg(key.as_ref());
        }
        call
    }
}

/// The scripts whose names depend on the generation: see [`super::fence`].
pub(super) struct Fenced {
    pub generation: Generation,
    pub append: Script,
    pub amend: Script,
    pub settle: Script,
}

impl Fenced {
    pub(super) fn new(generation: Generation) -> Self {
        let fenced = |source: &str| Script::new(format!("-- generation {}\n{source}", generation.0));
        Self {
            append: fenced(concat!(include_str!("lua/prelude.lua"), include_str!("lua/append.lua"))),
            amend: fenced(concat!(include_str!("lua/prelude.lua"), include_str!("lua/amend.lua"))),
            settle: fenced(concat!(include_str!("lua/prelude.lua"), include_str!("lua/settle.lua"))),
            generation,
        }
    }

    pub(super) fn all(&self) -> [&Script; 3] {
        [&self.append, &self.amend, &self.settle]
    }
}

macro_rules! scripts {
    ($($name:ident = $($file:literal)+,)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::new(concat!($(include_str!($file)),+).to_owned()));)*

        /// All scripts that any server may have.
        pub(super) fn all() -> Vec<&'static Script> {
            vec![$(&$name),*]
        }
    };
}

scripts! {
    HEAD = "lua/prelude.lua" "lua/head.lua",
    VERIFY = "lua/prelude.lua" "lua/verify.lua",
    PAGE = "lua/prelude.lua" "lua/page.lua",
    TAIL = "lua/prelude.lua" "lua/tail.lua",
    MESSAGE = "lua/prelude.lua" "lua/message.lua",
    JOIN = "lua/members_prelude.lua" "lua/join.lua",
    LEAVE = "lua/members_prelude.lua" "lua/leave.lua",
    ARRIVE = "lua/arrive.lua",
    DEPART = "lua/depart.lua",
    RENEW = "lua/renew.lua",
    SESSIONS = "lua/sessions.lua",
    ONLINE_INDEX = "lua/online_index.lua",
    TOUCH_DIRECT = "lua/touch_direct.lua",
    MARK_READ = "lua/mark_read.lua",
    CREATE_USER = "lua/create_user.lua",
    SET_USER = "lua/set_user.lua",
    DELETE_USER = "lua/delete_user.lua",
    KEEP_IF = "lua/keep_if.lua",
    DELETE_IF = "lua/delete_if.lua",
    DELETE_STALE = "lua/delete_stale.lua",
    COUNT = "lua/count.lua",
    BEAT = "lua/beat.lua",
    DECLARE_DEAD = "lua/declare_dead.lua",
    LEASE = "lua/lease.lua",
    ROOM_LEASE = "lua/room_prelude.lua" "lua/room_lease.lua",
    CLAIM_ROOM = "lua/room_prelude.lua" "lua/claim_room.lua",
    RENEW_ROOM = "lua/room_prelude.lua" "lua/renew_room.lua",
    HAND_OVER_ROOM = "lua/room_prelude.lua" "lua/hand_over_room.lua",
    RELEASE_ROOM = "lua/room_prelude.lua" "lua/release_room.lua",
    NOTE_ROOMS = "lua/note_rooms.lua",
    KEEP_ROOM = "lua/keep_room.lua",
    LIST_ROOMS = "lua/list_rooms.lua",
    DUE_ROOMS = "lua/due_rooms.lua",
    ENTER_MESH = "lua/mesh_prelude.lua" "lua/enter_mesh.lua",
    LEAVE_MESH = "lua/leave_mesh.lua",
    KEEP_PEERS = "lua/mesh_prelude.lua" "lua/keep_peers.lua",
    FOUND = "lua/named_prelude.lua" "lua/found.lua",
    SIGHT = "lua/named_prelude.lua" "lua/sight.lua",
    ADMIT = "lua/named_prelude.lua" "lua/admit.lua",
    KEEP_NAMED = "lua/named_prelude.lua" "lua/keep_named.lua",
    RENAME_GUEST = "lua/rename_guest.lua",
    LOBBY = "lua/lobby.lua",
    CHANGE_LOBBY = "lua/change_lobby.lua",
    RESTORE_LOBBY = "lua/restore_lobby.lua",
    LIST_LOBBY = "lua/list_lobby.lua",
    DUE_LOBBIES = "lua/due_lobbies.lua",
    BOOK_LOBBY = "lua/book_lobby.lua",
    DELIVER = "lua/deliver.lua",
    GENERATION = "lua/generation.lua",
    GENERATION_SETTLED = "lua/generation_settled.lua",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_generation_is_another_script() {
        let name = |generation: &str| Fenced::new(Generation(generation.to_owned())).append.sha;
        assert_ne!(name("a"), name("b"));
        assert_eq!(name("a"), name("a"));
    }
}

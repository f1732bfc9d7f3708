//! Names of keys and topics. What stands in braces decides the slot, so that each script touches one slot only.

use redis::cluster_routing::Slot;

use crate::ids::{ChannelId, LobbyClientId, LobbyCode, MeshId, NodeId, RoomId, Slug, TokenDigest, UserId};
use crate::store::topics::Topic;

pub(super) const USERS: &str = "rialto:{users}";
pub(super) const SERIAL: &str = "rialto:{users}:n";
pub(super) const NODES: &str = "rialto:{nodes}";
pub(super) const DEAD: &str = "rialto:{nodes}:dead";
/// Nodes that were entered and have not said that they have heard it.
pub(super) const ENTERED: &str = "rialto:{nodes}:entered";
pub(super) const REAPER: &str = "rialto:{nodes}:reaper";
pub(super) const ONLINE: &str = "rialto:online";
/// Every room with a number, by when it ends.
pub(super) const ROOMS: &str = "rialto:rooms";
/// Slugs of rooms that are on the list for everybody, by when they were made.
pub(super) const PUBLIC_ROOMS: &str = "rialto:rooms:public";
/// Every lobby room, by when it is to be looked at.
pub(super) const LOBBIES: &str = "rialto:{lobbies}";
/// Those that all may see, by when they were first seen.
pub(super) const PUBLIC_LOBBIES: &str = "rialto:{lobbies}:public";
pub(super) const GENERATION: &str = "rialto:generation";

pub(super) fn user(id: UserId) -> String {
    format!("rialto:{{u:{id}}}")
}

pub(super) fn of_user(id: UserId, what: &str) -> String {
    format!("rialto:{{u:{id}}}:{what}")
}

pub(super) fn name(folded: &str) -> String {
    format!("rialto:un:{folded}")
}

pub(super) fn token(digest: &TokenDigest) -> String {
    format!("rialto:tok:{}", digest.0)
}

/// The keys of every script that works on a channel's log, in the order of `lua/prelude.lua`.
pub(super) fn channel(id: ChannelId) -> [String; 5] {
    let hash = format!("rialto:{{c:{id}}}");
    ["", ":log", ":ids", ":idx", ":mod"].map(|suffix| format!("{hash}{suffix}"))
}

pub(super) fn members(id: ChannelId) -> String {
    format!("rialto:{{c:{id}}}:m")
}

/// Where users count and not their sessions: `user session` of each member.
pub(super) fn members_by_user(id: ChannelId) -> String {
    format!("rialto:{{c:{id}}}:mu")
}

pub(super) fn node(id: NodeId) -> String {
    format!("rialto:{{n:{id}}}")
}

pub(super) fn inbox(id: NodeId) -> String {
    format!("rialto:{{n:{id}}}:s")
}

pub(super) fn holdings(id: NodeId) -> String {
    format!("rialto:own:{id}")
}

/// The rooms whose leases a node may have. Apart from its holdings: those are for the reaper, and leases end by themselves.
pub(super) fn rooms(id: NodeId) -> String {
    format!("rialto:own:{id}:rooms")
}

pub(super) fn room(id: RoomId) -> String {
    format!("rialto:{{r:{id}}}")
}

/// The keys of every script on a room with a name, in the order of `lua/named_prelude.lua`.
pub(super) fn named_room(slug: &Slug) -> [String; 3] {
    let channel = ChannelId::of_slug(slug);
    let hash = format!("rialto:{{c:{channel}}}");
    [format!("{hash}:room"), members(channel), hash]
}

pub(super) fn lease(id: RoomId) -> String {
    format!("rialto:{{r:{id}}}:lease")
}

/// Who is in the room's call.
pub(super) fn call(id: RoomId) -> String {
    format!("rialto:{{r:{id}}}:call")
}

/// The peers of a mesh.
pub(super) fn mesh(id: MeshId) -> String {
    format!("rialto:{{x:{id}}}")
}

/// The keys of the scripts on a lobby room: the room, its snapshot, and what is known of its end.
pub(super) fn lobby(code: LobbyCode) -> [String; 3] {
    ["", ":snap", ":end"].map(|suffix| format!("rialto:{{l:{code}}}{suffix}"))
}

/// What is noted of a client.
pub(super) fn lobby_client(client: LobbyClientId) -> String {
    format!("rialto:lc:{client}")
}

/// The rooms on an account.
pub(super) fn lobby_account(account: &str) -> String {
    format!("rialto:la:{account}")
}

pub(super) fn counter(key: &str) -> String {
    format!("rialto:cnt:{key}")
}

pub(super) fn secret(name: &str) -> String {
    format!("rialto:secret:{name}")
}

/// The pub/sub channel of a topic. `tag` puts a probe on its shard.
pub(super) fn topic(topic: &Topic, tag: u32) -> String {
    match topic {
        Topic::Channel(id) => format!("rialto:{{c:{id}}}:t"),
        Topic::User(id) => format!("rialto:{{u:{id}}}:t"),
        Topic::Mesh(id) => format!("rialto:{{x:{id}}}:t"),
        Topic::All => "rialto:t:all".to_owned(),
        Topic::Probe(node, number) => format!("rialto:{{p:{tag}}}:{node}:{number}"),
    }
}

/// The topic of a pub/sub channel.
pub(super) fn parse_topic(name: &[u8]) -> Option<Topic> {
    let rest = std::str::from_utf8(name).ok()?.strip_prefix("rialto:")?;
    if rest == "t:all" {
        return Some(Topic::All);
    }
    let (tag, rest) = rest.strip_prefix('{')?.split_once("}:")?;
    match tag.split_once(':')? {
        ("c", id) => Some(Topic::Channel(id.parse().ok()?)),
        ("u", id) => Some(Topic::User(id.parse().ok()?)),
        ("x", id) => Some(Topic::Mesh(id.parse().ok()?)),
        ("p", _) => {
            let (node, number) = rest.split_once(':')?;
            Some(Topic::Probe(node.parse().ok()?, number.parse().ok()?))
        }
        _ => None,
    }
}

/// The lowest tag whose probes go through this slot.
pub(super) fn probe_tag(slot: u16) -> u32 {
    let wanted = Slot::new(slot);
    (0..).find(|tag| Some(Slot::for_key(format!("p:{tag}"))) == wanted).unwrap_or_default()
}

/// Whether two keys are always on the same server.
pub(super) fn same_slot(one: &str, other: &str) -> bool {
    Slot::for_key(one) == Slot::for_key(other)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn topics_survive_the_way_and_share_the_slot_of_their_keys() {
        let (channel_id, user_id, mesh_id, node_id) = (ChannelId::general(), UserId::random(), MeshId::random(), NodeId::random());
        for one in [Topic::Channel(channel_id), Topic::User(user_id), Topic::Mesh(mesh_id), Topic::All, Topic::Probe(node_id, 3)] {
            assert_eq!(parse_topic(topic(&one, 7).as_bytes()), Some(one));
        }
        assert_eq!(parse_topic(b"rialto:{c:nonsense}:t"), None);
        assert!(channel(channel_id).iter().all(|key| same_slot(key, &topic(&Topic::Channel(channel_id), 0))));
        assert!(same_slot(&mesh(mesh_id), &topic(&Topic::Mesh(mesh_id), 0)));
        assert!(same_slot(&of_user(user_id, "p"), &topic(&Topic::User(user_id), 0)));
        let tag = probe_tag(16_383);
        assert_eq!(Some(Slot::for_key(topic(&Topic::Probe(node_id, 0), tag))), Slot::new(16_383));
    }
}

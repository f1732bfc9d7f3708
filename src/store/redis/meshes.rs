//! Meshes: one hash each, of peers and the order in which they came (`lua/mesh_prelude.lua`).

use std::collections::HashMap;

use async_trait::async_trait;

use super::presence::holdings_command;
use super::{RedisStore, keys, script, wire};
use crate::ids::{MeshId, NodeId, SessionId, SessionRef};
use crate::store::Result;
use crate::store::meshes::{Entered, Meshes};
use crate::store::nodes::Holding;
use crate::store::topics::News;

/// How many peers go into one script, and scripts into one pipeline.
const CHUNK: usize = 500;

#[async_trait]
impl Meshes for RedisStore {
    async fn enter_mesh(&self, mesh: MeshId, at: SessionRef, most: usize, announce: &News) -> Result<Entered> {
        let key = keys::mesh(mesh);
        let announcement = self.shared.announcement(announce, &key);
        let mut call = script::ENTER_MESH.on(&[&key]);
        call.arg(at.session.to_string()).arg(at.node.to_string()).arg(most);
        announcement.add_to(&mut call);
        let answer = self.shared.hold_and_run(at.node, Holding::Peer(mesh, at.session), call).await?;
        let (is_in, before): (bool, Vec<String>) = wire::read(answer)?;
        if !is_in {
            self.shared.let_go(at.node, &[Holding::Peer(mesh, at.session)]).await?;
            return Ok(Entered::Full);
        }
        Ok(Entered::Among(before.iter().map(|peer| wire::parse(peer)).collect::<Result<_>>()?))
    }

    async fn leave_mesh(&self, mesh: MeshId, at: SessionRef, announce: &News) -> Result<bool> {
        let key = keys::mesh(mesh);
        let mut call = script::LEAVE_MESH.on(&[&key]);
        call.arg(at.session.to_string());
        self.shared.announcement(announce, &key).add_to(&mut call);
        let was_in = self.shared.run(call).await?;
        self.shared.let_go(at.node, &[Holding::Peer(mesh, at.session)]).await?;
        Ok(was_in)
    }

    async fn peers(&self, mesh: MeshId) -> Result<Vec<SessionRef>> {
        let mut all = redis::cmd("HGETALL");
        all.arg(keys::mesh(mesh));
        let stored: HashMap<String, String> = self.shared.query(all).await?;
        let mut peers: Vec<(u64, SessionRef)> =
            stored.iter().map(|(session, place)| read_peer(wire::parse(session)?, place)).collect::<Result<_>>()?;
        peers.sort_unstable();
        Ok(peers.into_iter().map(|(_, at)| at).collect())
    }

    async fn peer(&self, mesh: MeshId, session: SessionId) -> Result<Option<SessionRef>> {
        let mut get = redis::cmd("HGET");
        get.arg(keys::mesh(mesh)).arg(session.to_string());
        let place: Option<String> = self.shared.query(get).await?;
        place.map(|place| Ok(read_peer(session, &place)?.1)).transpose()
    }

    async fn keep_peers(&self, node: NodeId, peers: &[(MeshId, SessionId)]) -> Result<()> {
        let mut by_mesh: HashMap<MeshId, Vec<SessionId>> = HashMap::new();
        for (mesh, session) in peers {
            by_mesh.entry(*mesh).or_default().push(*session);
        }
        let parts: Vec<(MeshId, &[SessionId])> =
            by_mesh.iter().flat_map(|(mesh, sessions)| sessions.chunks(CHUNK).map(|sessions| (*mesh, sessions))).collect();
        for chunk in parts.chunks(CHUNK) {
            let holdings =
                |(mesh, sessions): &(MeshId, &[SessionId])| sessions.iter().map(|session| Holding::Peer(*mesh, *session)).collect();
            let holdings: Vec<Vec<Holding>> = chunk.iter().map(holdings).collect();
            self.shared.run_all(holdings.iter().map(|holdings| holdings_command("SADD", node, holdings)).collect()).await?;
            let calls = chunk.iter().map(|(mesh, sessions)| {
                let mut call = script::KEEP_PEERS.on(&[keys::mesh(*mesh)]);
                call.arg(node.to_string());
                for session in *sessions {
                    call.arg(session.to_string());
                }
                call
            });
            self.shared.run_all(calls.collect()).await?;
        }
        Ok(())
    }
}

/// Reads what `lua/mesh_prelude.lua` wrote: the order and where it is.
fn read_peer(session: SessionId, place: &str) -> Result<(u64, SessionRef)> {
    let (order, node) = place.split_once(' ').ok_or_else(wire::strange)?;
    Ok((wire::parse(order)?, SessionRef { node: wire::parse(node)?, session }))
}

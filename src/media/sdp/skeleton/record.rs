//! The form in which a skeleton goes from node to node. A later version only adds to this one.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{ExtensionId, Line, MAX_LINES, Payload, Skeleton, SkeletonError, ssrcs};

const VERSION: u8 = 1;

/// The serialised form.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    v: u8,
    session: u64,
    version: u64,
    next_mid: u32,
    payloads: Vec<Payload>,
    extensions: Vec<ExtensionId>,
    lines: Vec<Line>,
}

impl From<Skeleton> for Record {
    fn from(skeleton: Skeleton) -> Self {
        let Skeleton { session, version, next_mid, payloads, extensions, lines } = skeleton;
        Self { v: VERSION, session, version, next_mid, payloads, extensions, lines }
    }
}

impl TryFrom<Record> for Skeleton {
    type Error = SkeletonError;

    fn try_from(record: Record) -> Result<Self, SkeletonError> {
        let Record { v, session, version, next_mid, payloads, extensions, lines } = record;
        if v != VERSION {
            return Err(SkeletonError::Version);
        }
        let types: Vec<u8> = payloads.iter().flat_map(|payload| std::iter::once(payload.payload_type).chain(payload.repair)).collect();
        if !types.iter().all(|number| (96..=127).contains(number)) || !are_unique(types) {
            return Err(SkeletonError::Invalid("payload types"));
        }
        let ids = extensions.iter().map(|extension| extension.id);
        if !ids.clone().all(|id| (1..=14).contains(&id))
            || !are_unique(ids)
            || !are_unique(extensions.iter().map(|offered| offered.extension))
        {
            return Err(SkeletonError::Invalid("extension IDs"));
        }
        if lines.len() > MAX_LINES || !are_unique(lines.iter().map(|line| &line.mid)) {
            return Err(SkeletonError::Invalid("m-lines"));
        }
        if !are_unique(lines.iter().flat_map(ssrcs)) {
            return Err(SkeletonError::Invalid("SSRCs"));
        }
        if session > u64::MAX >> 1 || version > u64::MAX >> 1 {
            return Err(SkeletonError::Invalid("version numbers"));
        }
        Ok(Self { session, version, next_mid, payloads, extensions, lines })
    }
}

fn are_unique<T: Eq + std::hash::Hash>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

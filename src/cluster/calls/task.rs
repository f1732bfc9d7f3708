//! The task of a room: brings to it what happens, and takes out what it wants done.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::room::{Output, Room};
use super::{CallEvent, Calls, Request, Seat, Told, Wish};
use crate::ids::{RoomEpoch, RoomId, SessionId, SessionRef};
use crate::store::record::Signal;
use crate::store::record::calls::{Ask, Tell};

/// What happens to a room.
pub(super) enum Input {
    /// A session comes.
    Join { session: SessionId, seat: Seat, request: Box<Request>, told: Arc<dyn Told> },
    /// A session leaves.
    Leave { session: SessionId },
    /// A participant wants something.
    Wish { session: SessionId, wish: Wish },
    /// A media node tells a participant something.
    Told { session: SessionId, reply_to: Option<SessionRef>, epoch: RoomEpoch, tell: Box<Tell> },
    /// An ask came back.
    Returned { session: SessionId, epoch: RoomEpoch, ask: Box<Ask> },
}

/// Who hears what a participant is told.
type Ends = HashMap<SessionId, (Seat, Arc<dyn Told>)>;

/// Runs a room until nobody is in it.
pub(super) async fn run(calls: Arc<Calls>, id: RoomId, mut inputs: mpsc::UnboundedReceiver<Input>) {
    let mut followed = calls.placement.follow(id);
    let mut room = Room::new(calls.numbers.clone());
    let mut ends = Ends::new();
    loop {
        let due = room.due();
        let timer = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(input) = inputs.recv() => take(&calls, id, &mut room, &mut ends, input),
            serving = followed.next() => room.serve(Instant::now(), serving),
            () = timer => room.pass(Instant::now()),
        }
        for output in room.outputs() {
            put(&calls, id, &mut ends, output);
        }
        if room.is_empty() && calls.close_if_idle(id, &inputs) {
            return;
        }
    }
}

fn take(calls: &Calls, id: RoomId, room: &mut Room, ends: &mut Ends, input: Input) {
    let now = Instant::now();
    match input {
        Input::Join { session, seat, request, told } => {
            ends.insert(session, (seat, told));
            room.join(now, session, *request);
        }
        Input::Leave { session } => {
            ends.remove(&session);
            room.leave(session);
        }
        Input::Wish { session, wish } => room.wish(now, session, wish),
        Input::Told { session, reply_to, epoch, tell } => {
            if ends.contains_key(&session) {
                room.told(now, session, epoch, *tell);
            } else {
                calls.relay.undeliverable(session, reply_to, Signal::CallTell { room: id, epoch, tell });
            }
        }
        Input::Returned { session, epoch, ask } => room.returned(now, session, epoch, *ask),
    }
}

fn put(calls: &Calls, id: RoomId, ends: &mut Ends, output: Output) {
    match output {
        Output::Ask { node, epoch, from, ask } => {
            // A session has one identifier everywhere: what tells where the letter goes is the node.
            let signal = Signal::CallAsk { room: id, epoch, ask: Box::new(ask) };
            calls.relay.send(SessionRef { node, session: from }, Some(SessionRef { node: calls.node, session: from }), signal);
        }
        Output::Tell { to, event } => {
            if let Some((seat, told)) = ends.get(&to) {
                // Before it is told so: what its client does next finds it out.
                if let CallEvent::Ended(_) = event {
                    calls.vacated(to, *seat);
                }
                told.tell(event);
            }
        }
        Output::Out(session) => {
            ends.remove(&session);
        }
        Output::LookAgain => calls.placement.look_again(id),
    }
}

//! What is left of those who have left, and of rooms that fail: nothing.

use super::world::World;
use crate::media::room::RoomCommand;
use crate::store::record::calls::{Ask, Ending, Source, Tell};

const BOTH: [Source; 2] = [Source::Microphone, Source::Camera];

#[test]
fn nothing_is_left_of_a_thousand_who_came_and_went() {
    let mut world = World::new();
    let stays = world.enter("r", &BOTH);
    for round in 0..1_000 {
        // Handshakes take their time: most leave before theirs.
        let index = world.browser("r", &BOTH);
        world.browsers[index].answers = round % 50 == 0;
        world.join(index, |_| ());
        let participant = world.session(stays);
        world.ask(index, Ask::Subscribe { participant, source: Source::Camera, height: 180 });
        if round % 50 == 0 {
            world.run(50);
            assert_eq!(world.browsers[stays].roster.lines.len(), 2);
        }
        let (room, from) = (world.browsers[index].room, world.browsers[index].to);
        world.command(RoomCommand::Gone { room, from });
        world.browsers.pop();
        world.browsers[stays].tells.retain(|tell| matches!(tell, Tell::Offer { .. }));
    }
    world.run(1_000);
    let conference = &world.rooms.conferences[&World::room("r")];
    assert_eq!((conference.participants.len(), conference.legs.len(), conference.publications.len()), (1, 1, 2));
    assert_eq!((world.peers.len(), world.rooms.shared.by_peer.len()), (1, 1));
    assert_eq!(world.loads.last().map(|(rooms, participants, _)| (*rooms, *participants)), Some((1, 1)));
    let lines = world.browsers[stays].offer().1.matches("m=").count();
    assert!(lines <= 8, "{lines} lines are used again and again");
    world.ask(stays, Ask::Leave);
    assert!(world.rooms.conferences.is_empty() && world.rooms.shared.by_peer.is_empty() && world.peers.is_empty());
    assert_eq!(world.people.last().unwrap().1, Vec::<String>::new());
}

#[test]
fn a_room_that_fails_takes_no_other_with_it() {
    let mut world = World::new();
    let (ana, ben, other) = (world.enter("r", &BOTH), world.enter("r", &[]), world.enter("s", &BOTH));
    world.enter("s", &[]);
    world.rooms.within(world.now, World::room("r"), &mut world.peers, |_, _| panic!("on purpose"));
    world.settle();
    for index in [ana, ben] {
        assert_eq!(world.told(index), [Tell::Ended { why: Ending::Connection }]);
        assert!(world.browsers[index].client.closed);
    }
    assert_eq!(world.people.last().unwrap(), &(World::room("r"), vec![]));
    assert_eq!((world.peers.len(), world.rooms.conferences.len()), (2, 1));
    world.run(100);
    world.assert_all_hear_all("s");
    assert_eq!(world.told(other), []);
    let again = world.enter("r", &[]);
    assert_eq!(world.told(again), []);
}

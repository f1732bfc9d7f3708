//! Rooms with a name, and who is in them.

use std::time::Duration;

use rialto::ids::{NodeId, PasswordHash, RoomId, RoomName, Slug, UserId};
use rialto::store::channels::Member;
use rialto::store::named_rooms::{Admission, Keep, Kept, NamedRoom};
use rialto::store::nodes::Holding;
use rialto::store::topics::Topic;

use super::TestStore;
use super::vocabulary::*;

/// Short enough to be waited for.
const SHORT: Duration = Duration::from_millis(300);

/// A fresh room.
fn room(guest_limit: u32) -> NamedRoom {
    let random = UserId::random().0.simple().to_string();
    NamedRoom {
        id: RoomId::random(),
        slug: Slug::parse(format!("room-{random}")).unwrap(),
        name: RoomName::parse("The Room").unwrap(),
        password: Some(PasswordHash("a hash".to_owned())),
        public: true,
        guest_limit,
    }
}

fn guest() -> Member {
    guest_as(UserId::random())
}

fn guest_as(user: UserId) -> Member {
    Member { at: session_on(NodeId::random()), user, username: name("guest"), peer: None, number: None }
}

pub async fn a_named_room_is_found_once_from_everywhere(store: TestStore) {
    let room = room(7);
    assert_eq!(store.named_room(&room.slug).await.unwrap(), None);
    let rooms: Vec<NamedRoom> = (0..10).map(|_| NamedRoom { id: RoomId::random(), ..room.clone() }).collect();
    let made = at_once(rooms.iter().enumerate().map(|(turn, room)| store.either(turn).found(room, LONG))).await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    let first = made.iter().position(|made| *made).unwrap();
    let sight = store.other().named_room(&room.slug).await.unwrap().unwrap();
    assert_eq!((&sight.room, sight.guests), (&rooms[first], 0));
    assert!(store.found(&rooms[first], LONG).await.unwrap(), "the same once more: its answer was lost");
    assert!(sight.idle_for < LONG);
}

pub async fn a_room_takes_no_more_guests_than_its_limit(store: TestStore) {
    let room = room(3);
    store.found(&room, LONG).await.unwrap();
    let news = news(Topic::Channel(room.channel()), "in");
    let mut ear = Ear::on(store.other(), &[news.topic]).await;
    let guests: Vec<Member> = (0..20).map(|_| guest()).collect();
    let calls = guests.iter().enumerate().map(|(turn, guest)| store.either(turn).admit(&room, guest, UserId::random(), LONG, &news));
    let admissions = at_once(calls).await;
    let is_in = |admission: &Admission| matches!(admission, Admission::In(_));
    assert_eq!(admissions.iter().filter(|admission| is_in(admission)).count(), 3);
    assert!(admissions.iter().all(|admission| is_in(admission) || *admission == Admission::Full));
    assert_eq!(store.named_room(&room.slug).await.unwrap().unwrap().guests, 3);
    assert_eq!(ear.so_far(&*store, news.topic).await.len(), 3);
    // Who is in is on its node's list, and nobody else.
    for (guest, admission) in guests.iter().zip(&admissions) {
        let expected = if is_in(admission) { vec![Holding::Member(room.channel(), guest.at.session)] } else { Vec::new() };
        assert_eq!(store.other().holdings(guest.at.node, 10).await.unwrap(), expected);
    }
    let inside = guests.iter().zip(&admissions).find(|(_, admission)| is_in(admission)).unwrap();
    assert_eq!(store.admit(&room, inside.0, UserId::random(), LONG, &news).await.unwrap(), *inside.1, "asked again it is the same");
    assert!(store.leave(room.channel(), inside.0.at, &news).await.unwrap());
    assert!(is_in(&store.other().admit(&room, &guest(), UserId::random(), LONG, &news).await.unwrap()));
}

pub async fn a_guests_identifier_is_in_a_room_once(store: TestStore) {
    let (room, ann) = (room(0), UserId::random());
    store.found(&room, LONG).await.unwrap();
    let news = news(Topic::Channel(room.channel()), "in");
    let tabs: Vec<(Member, UserId)> = (0..8).map(|_| (guest_as(ann), UserId::random())).collect();
    let calls = tabs.iter().enumerate().map(|(turn, (tab, other))| store.either(turn).admit(&room, tab, *other, LONG, &news));
    let admissions = at_once(calls).await;
    let first = admissions.iter().position(|admission| *admission == Admission::In(ann)).unwrap();
    for (index, admission) in admissions.iter().enumerate() {
        assert_eq!(*admission, Admission::In(if index == first { ann } else { tabs[index].1 }));
    }
    store.leave(room.channel(), tabs[first].0.at, &news).await.unwrap();
    let back = guest_as(ann);
    assert_eq!(store.other().admit(&room, &back, UserId::random(), LONG, &news).await.unwrap(), Admission::In(ann));
}

pub async fn guests_come_are_renamed_and_go(store: TestStore) {
    let (room, ann) = (room(0), guest());
    store.found(&room, LONG).await.unwrap();
    let topic = Topic::Channel(room.channel());
    let mut ear = Ear::on(store.other(), &[topic]).await;
    assert!(!store.rename_guest(room.channel(), &ann, &news(topic, "renamed")).await.unwrap());
    store.admit(&room, &ann, UserId::random(), LONG, &news(topic, "in")).await.unwrap();
    assert_eq!(store.other().members(room.channel(), 10).await.unwrap(), std::slice::from_ref(&ann));
    let called = Member { username: name("ann"), ..ann.clone() };
    assert!(store.other().rename_guest(room.channel(), &called, &news(topic, "renamed")).await.unwrap());
    assert_eq!(store.members(room.channel(), 10).await.unwrap(), [called]);
    store.leave(room.channel(), ann.at, &news(topic, "out")).await.unwrap();
    assert!(!store.rename_guest(room.channel(), &ann, &news(topic, "renamed")).await.unwrap());
    assert_eq!(ear.so_far(&*store, topic).await, [heard("in"), heard("renamed"), heard("out")]);
    assert_eq!(store.members(room.channel(), 10).await.unwrap(), []);
}

pub async fn a_room_goes_unless_it_is_kept(store: TestStore) {
    let (active, anew) = (Keep { active: true, anew: false }, Keep { active: false, anew: true });
    let (time, ([gone, kept, entered], is_kept, admission)) = in_time(&*store, SHORT, async |time| {
        let [gone, kept, entered] = [(); 3].map(|()| room(0));
        for room in [&gone, &kept, &entered] {
            store.found(room, time).await.unwrap();
        }
        let is_kept = store.keep_named_room(&kept, LONG, active).await.unwrap();
        let news = news(Topic::Channel(entered.channel()), "in");
        let admission = store.admit(&entered, &guest(), UserId::random(), LONG, &news).await.unwrap();
        ([gone, kept, entered], is_kept, admission)
    })
    .await;
    assert_eq!(is_kept, Kept::There);
    assert!(matches!(admission, Admission::In(_)));
    let news = news(Topic::Channel(entered.channel()), "in");
    time_passes(&*store, time * 2).await;
    assert_eq!(store.other().named_room(&gone.slug).await.unwrap(), None);
    assert_eq!(store.admit(&gone, &guest(), UserId::random(), LONG, &news).await.unwrap(), Admission::Gone);
    assert_eq!(store.keep_named_room(&gone, LONG, active).await.unwrap(), Kept::Missing);
    store.sweep_named_rooms(1_000).await.unwrap();
    for room in [&kept, &entered] {
        assert!(store.other().named_room(&room.slug).await.unwrap().unwrap().idle_for >= time);
    }
    // Lost by the store, while people are in it.
    assert_eq!(store.keep_named_room(&gone, LONG, anew).await.unwrap(), Kept::Missing);
    assert_eq!(store.other().named_room(&gone.slug).await.unwrap().unwrap().room, gone);
}

pub async fn public_rooms_are_listed(store: TestStore) {
    let (shown, gone) = (room(0), room(0));
    let hidden = NamedRoom { public: false, ..room(0) };
    store.found(&gone, SHORT).await.unwrap();
    for room in [&shown, &hidden] {
        store.found(room, LONG).await.unwrap();
    }
    time_passes(&*store, SHORT * 2).await;
    let listed = store.other().public_rooms(1_000_000).await.unwrap();
    let has = |room: &NamedRoom| listed.iter().any(|sight| sight.room == *room);
    assert!(has(&shown) && !has(&hidden) && !has(&gone));
    assert!(store.public_rooms(1).await.unwrap().len() <= 1);
}

pub async fn a_later_room_under_the_same_slug_is_another(store: TestStore) {
    let before = room(0);
    store.found(&before, SHORT).await.unwrap();
    time_passes(&*store, SHORT * 2).await;
    let after = NamedRoom { id: RoomId::random(), password: None, ..before.clone() };
    assert!(store.other().found(&after, LONG).await.unwrap());
    let news = news(Topic::Channel(after.channel()), "in");
    assert_eq!(store.admit(&before, &guest(), UserId::random(), LONG, &news).await.unwrap(), Admission::Gone);
    let keep = Keep { active: true, anew: true };
    assert_eq!(store.keep_named_room(&before, LONG, keep).await.unwrap(), Kept::Replaced, "nor is it written anew");
    assert_eq!(store.named_room(&before.slug).await.unwrap().unwrap().room, after);
}

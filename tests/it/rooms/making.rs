//! Rooms over HTTP: made, found, listed, gone.

use serde_json::json;

use super::guest::Guest;
use super::web::{ask, get_json, make, make_room, page, post_form, post_json, until_page};
use crate::chat::site::Site;

everywhere!(
    a_program_makes_a_room,
    a_form_makes_a_room_and_lets_its_maker_in,
    a_slug_is_the_name_in_ascii,
    the_page_of_a_room,
    rooms_for_everybody_are_listed,
    an_address_makes_so_many_rooms with [("RATE_ROOMS", "3/15m")],
    other_pages_make_no_rooms,
    an_unused_room_goes with [("ROOM_IDLE_SECONDS", "9")],
);

async fn a_program_makes_a_room(site: Site) {
    let wish = json!({ "name": "The Blue Room", "password": "hush", "public": true, "guest_limit": 4 });
    let made = post_json(site.here(), "/room", &wish).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/room/the-blue-room")), "{made:?}");
    let told = made.json();
    assert_eq!((&told["room_id"], &told["name"], &told["guest_limit"]), (&json!("the-blue-room"), &json!("The Blue Room"), &json!(4)));
    assert!(!made.body.contains("hush"));
    let seen = get_json(site.there(), "/room/the-blue-room", &[]).await.json();
    assert_eq!((&seen["protected"], &seen["guests"], &seen["admitted"]), (&json!(true), &json!(0), &json!(false)));
    // Its name is taken now, everywhere.
    let again = post_json(site.there(), "/room", &json!({ "room_name": "the  BLUE room" })).await;
    assert_eq!(again.status, 409);
    assert!(again.json()["error"].is_string());
}

async fn a_form_makes_a_room_and_lets_its_maker_in(site: Site) {
    let made = post_form(site.here(), "/room", "room_name=Caf%C3%A9&password=hush&public=Yes&guest_limit=").await;
    assert_eq!((made.status, made.header("location")), (303, Some("/room/cafe")), "{made:?}");
    let cookie = made.header("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    assert!(super::guest::knock(site.there(), "cafe", "", Some(&made.cookie())).await.is_ok(), "for its own password, too");
    assert_eq!(post_form(site.there(), "/room", "name=cafe").await.status, 409);
}

async fn a_slug_is_the_name_in_ascii(site: Site) {
    assert_eq!(make_room(site.here(), "  Ann's Room & Straße 7! ").await, "anns-room-strasse-7");
    for nothing in ["", "   ", "日本", "!?"] {
        assert_eq!(post_json(site.here(), "/room", &json!({ "name": nothing })).await.status, 400, "{nothing:?}");
    }
    assert_eq!(post_json(site.here(), "/room", &json!({ "name": "x", "password": "x".repeat(73) })).await.status, 400);
}

async fn the_page_of_a_room(site: Site) {
    let open = make_room(site.here(), "open").await;
    let protected = make(site.here(), json!({ "name": "protected", "password": "hush" })).await;
    let answer = page(site.there(), &format!("/room/{open}"), &[]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    // The cookie makes whoever comes with it the same guest; the page does not set another.
    let cookie = answer.cookie();
    let guest = super::guest::knock(site.here(), &open, "", Some(&cookie)).await.unwrap().introduced().await;
    assert_eq!(guest.id.len(), 36);
    assert_eq!(page(site.here(), &format!("/room/{open}"), &[("Cookie", &cookie)]).await.header("set-cookie"), None);

    let answer = page(site.there(), &format!("/room/{protected}"), &[]).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (200, None), "it asks for the password");
    for unknown in ["/room/nowhere", "/room/a.b", "/room/%2e%2e", "/room/a%20b"] {
        assert_eq!(page(site.there(), unknown, &[]).await.status, 404, "{unknown}");
    }
    let moved = page(site.here(), "/chat/anything", &[]).await;
    assert_eq!((moved.status, moved.header("location")), (308, Some("/room/anything")));
    assert_eq!(page(site.here(), "/chat/a%2f%2fb", &[]).await.status, 404);
}

async fn rooms_for_everybody_are_listed(site: Site) {
    make(site.here(), json!({ "name": "shown", "public": "Yes", "guest_limit": "5" })).await;
    make(site.here(), json!({ "name": "hidden", "public": "No" })).await;
    let _guest = Guest::come(site.here(), "shown").await;
    let listed = get_json(site.there(), "/public", &[]).await;
    let room = json!({
        "room_id": "shown", "name": "shown", "guests": 1, "guest_limit": 5, "minutes_idle": 0, "protected": false, "public": true
    });
    assert_eq!((listed.status, listed.json()), (200, json!({ "rooms": [room] })));
    let answer = page(site.there(), "/public", &[]).await;
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
}

async fn an_address_makes_so_many_rooms(site: Site) {
    for index in 0..3 {
        make_room(site.any(index), &format!("room {index}")).await;
    }
    for name in ["another", "room 1"] {
        let refused = post_json(site.there(), "/room", &json!({ "name": name })).await;
        assert_eq!(refused.status, 429, "also for one that is taken");
        assert!((1..=901).contains(&refused.header("retry-after").unwrap().parse::<u64>().unwrap()));
    }
}

async fn other_pages_make_no_rooms(site: Site) {
    let headers = [("Origin", "https://evil.example"), ("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(ask(site.here(), "POST", "/room", &headers, "name=x").await.status, 403);
    let own = format!("http://{}", site.here().address());
    let headers = [("Origin", own.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(ask(site.here(), "POST", "/room", &headers, "name=x").await.status, 303);
    assert_eq!(ask(site.here(), "POST", "/room", &[], &"x".repeat(20_000)).await.status, 413);
}

async fn an_unused_room_goes(site: Site) {
    for name in ["used", "left", "unused"] {
        make_room(site.here(), name).await;
    }
    let mut guest = Guest::come(site.there(), "used").await;
    Guest::come(site.there(), "left").await.wire.close().await;
    for gone in ["/room/unused", "/room/left"] {
        until_page(site.here(), gone, &[], 404).await;
    }
    // Somebody is in the other one, and says nothing.
    assert_eq!(page(site.here(), "/room/used", &[]).await.status, 200);
    guest.fence().await;
    make_room(site.here(), "left").await;
}

//! Who gets in: passwords, passes, limits.

use futures_util::future::join_all;
use serde_json::json;

use super::guest::{Guest, knock};
use super::web::{ask, get_json, make, make_room, page, post_form, post_json, until_page};
use crate::chat::site::Site;
use crate::support::client::Client;

everywhere!(
    upgrades_are_refused_before_there_is_a_connection,
    the_password_lets_in,
    forged_passes_and_those_of_other_rooms_are_refused,
    a_pass_to_a_room_that_is_gone_is_none_to_the_next with [("ROOM_IDLE_SECONDS", "8")],
    wrong_passwords_are_slowed_down with [("RATE_SIGNIN_FAILURES", "3/15m")],
    rooms_are_not_found_out_by_trying with [("RATE_ROOMS", "5/15m")],
    two_tabs_are_two_guests,
    a_limit_is_not_passed_by_joining_at_once,
    a_full_room_says_so,
    behind_https_the_cookie_is_secure with [("TRUSTED_PROXY_HOPS", "1")],
);

async fn refused(site: &Site, slug: &str, query: &str, cookie: Option<&str>) -> (u16, String) {
    knock(site.there(), slug, query, cookie).await.err().expect("a refusal")
}

async fn upgrades_are_refused_before_there_is_a_connection(site: Site) {
    make(site.here(), json!({ "name": "protected", "password": "hush" })).await;
    make(site.here(), json!({ "name": "full", "guest_limit": 1 })).await;
    let _only = Guest::come(site.here(), "full").await;
    assert_eq!(refused(&site, "nowhere", "", None).await.0, 404);
    assert_eq!(refused(&site, "full", "", None).await, (418, "Guest limit already reached".to_owned()));
    assert_eq!(refused(&site, "protected", "", None).await.0, 403);
    // The other path of the same.
    let wire = crate::support::client::Client::open_at(site.there().address(), "/chat/full/ws", None).await;
    assert!(wire.is_err());
}

async fn the_password_lets_in(site: Site) {
    make(site.here(), json!({ "name": "p", "password": "hush" })).await;
    for wrong in [json!({ "password": "Hush" }), json!({}), json!({ "password": "" })] {
        assert_eq!(post_json(site.there(), "/room/p/join", &wrong).await.status, 401, "{wrong}");
    }
    assert_eq!(post_form(site.there(), "/room/p", "password=wrong").await.status, 401);
    // JSON: a token, and the cookie.
    let joined = post_json(site.there(), "/room/p/join", &json!({ "password": "hush" })).await;
    assert_eq!(joined.status, 200, "{joined:?}");
    let (id, token) = (joined.json()["client_id"].clone(), joined.json()["token"].as_str().unwrap().to_owned());
    let by_token = knock(site.here(), "p", &format!("?token={token}"), None).await.unwrap().introduced().await;
    assert_eq!(id, by_token.id.as_str());
    // A form: the cookie, and to the page.
    let joined = post_form(site.there(), "/room/p", "password=hush").await;
    assert_eq!((joined.status, joined.header("location")), (303, Some("/room/p")));
    let cookie = joined.cookie();
    let mut by_cookie = knock(site.here(), "p", "", Some(&format!("other=1; {cookie}"))).await.unwrap().introduced().await;
    assert_ne!(by_cookie.id, by_token.id);
    assert_eq!(by_cookie.asks_who_is_there().await.len(), 2);
    assert_eq!(get_json(site.there(), "/room/p", &[("Cookie", &cookie)]).await.json()["admitted"], true);
    assert_eq!(get_json(site.there(), &format!("/room/p?token={token}"), &[]).await.json()["admitted"], true);
    assert_eq!(post_json(site.there(), "/room/nowhere/join", &json!({})).await.status, 404);
    // Nobody's log has the password, or a token.
    for node in &site.nodes {
        assert!(node.log().iter().all(|line| !line.contains("hush") && !line.contains(&token)));
    }
}

async fn forged_passes_and_those_of_other_rooms_are_refused(site: Site) {
    make(site.here(), json!({ "name": "mine", "password": "hush" })).await;
    make(site.here(), json!({ "name": "other", "password": "hush" })).await;
    let good = post_form(site.here(), "/room/mine", "password=hush").await.cookie();
    let (name, pass) = good.split_once('=').unwrap();
    let (_, others) = post_form(site.here(), "/room/other", "password=hush")
        .await
        .cookie()
        .split_once('=')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let mut forged = pass.as_bytes().to_vec();
    forged[20] = if forged[20] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for bad in [forged.as_str(), others.as_str(), "", "x", &pass[..60], "%00"] {
        assert_eq!(refused(&site, "mine", "", Some(&format!("{name}={bad}"))).await.0, 403, "{bad:?}");
        assert_eq!(refused(&site, "mine", &format!("?token={bad}"), None).await.0, 403, "{bad:?}");
    }
    // A bad token does not spoil a good cookie.
    assert!(knock(site.there(), "mine", "?token=x", Some(&good)).await.is_ok());
    // In an open room a bad pass is none.
    make_room(site.here(), "open").await;
    assert!(knock(site.there(), "open", "?token=x", None).await.is_ok());
}

async fn a_pass_to_a_room_that_is_gone_is_none_to_the_next(site: Site) {
    make(site.here(), json!({ "name": "again", "password": "one" })).await;
    let old = post_form(site.here(), "/room/again", "password=one").await.cookie();
    let gone = post_json(site.here(), "/room", &json!({ "name": "open" })).await.json()["token"].clone();
    until_page(site.there(), "/room/again", &[("Cookie", &old)], 404).await;
    until_page(site.there(), "/room/open", &[], 404).await;
    make(site.here(), json!({ "name": "again", "password": "two" })).await;
    assert_eq!(refused(&site, "again", "", Some(&old)).await.0, 403);
    // Nor into the call of one that is open.
    let mut ann = Client::guest(site.there()).await;
    make_room(site.here(), "open").await;
    assert_eq!(ann.refused("callJoin", json!({ "room": "open", "token": gone })).await, 18);
}

async fn wrong_passwords_are_slowed_down(site: Site) {
    make(site.here(), json!({ "name": "p", "password": "hush" })).await;
    make(site.here(), json!({ "name": "q", "password": "hush" })).await;
    let guess = json!({ "password": "a guess" });
    let tries = join_all((0..9).map(|turn| post_json(site.any(turn), "/room/p/join", &guess)));
    let statuses: Vec<u16> = tries.await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 3, "{statuses:?}");
    for node in [site.here(), site.there()] {
        let slowed = post_json(node, "/room/p/join", &json!({ "password": "hush" })).await;
        assert_eq!(slowed.status, 429, "the right one, too");
        assert!((1..=901).contains(&slowed.header("retry-after").unwrap().parse::<u64>().unwrap()));
    }
    assert_eq!(post_form(site.there(), "/room/q", "password=hush").await.status, 303, "another room has a count of its own");
    // Who knows the password begins anew.
    for _ in 0..3 {
        assert_eq!(post_form(site.there(), "/room/q", "password=wrong").await.status, 401);
        assert_eq!(post_form(site.there(), "/room/q", "password=hush").await.status, 303);
    }
}

async fn rooms_are_not_found_out_by_trying(site: Site) {
    let site = &site;
    make_room(site.here(), "there").await;
    let cookie = page(site.here(), "/room/there", &[]).await.cookie();
    // What is there was no guess, and at once as many as are allowed are not more.
    let seen = join_all((0..5).map(|turn| page(site.any(turn), "/room/there", &[]))).await;
    assert!(seen.iter().all(|seen| seen.status == 200));
    let guesses = (0..9).map(|turn| async move {
        let slug = format!("guess-{turn}");
        match turn % 3 {
            0 => post_json(site.any(turn), &format!("/room/{slug}/join"), &json!({})).await.status,
            1 => knock(site.any(turn), &slug, "", None).await.err().unwrap().0,
            _ => page(site.any(turn), &format!("/room/{slug}"), &[]).await.status,
        }
    });
    let statuses = join_all(guesses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 5, "{statuses:?}");
    // From now on nothing is told, whether there is such a room or not.
    for slug in ["there", "guess-6"] {
        assert_eq!(page(site.there(), &format!("/room/{slug}"), &[]).await.status, 429);
        assert_eq!(refused(site, slug, "", None).await.0, 429);
        assert_eq!(post_json(site.there(), &format!("/room/{slug}/join"), &json!({})).await.status, 429);
    }
    // Who was let in before comes and goes.
    assert_eq!(page(site.there(), "/room/there", &[("Cookie", &cookie)]).await.status, 200);
    assert!(knock(site.there(), "there", "", Some(&cookie)).await.is_ok());
}

async fn two_tabs_are_two_guests(site: Site) {
    make_room(site.here(), "tabs").await;
    let cookie = page(site.here(), "/room/tabs", &[]).await.cookie();
    let mut one = knock(site.here(), "tabs", "", Some(&cookie)).await.unwrap().introduced().await;
    let two = knock(site.there(), "tabs", "", Some(&cookie)).await.unwrap().introduced().await;
    assert_ne!(one.id, two.id);
    assert_eq!(one.asks_who_is_there().await.len(), 2);
    // After a drop, the cookie gives the old identifier back.
    let before = one.id.clone();
    drop(one);
    two.sees(&[&two]).await;
    let back = knock(site.there(), "tabs", "", Some(&cookie)).await.unwrap().introduced().await;
    assert_eq!(back.id, before);
}

async fn a_limit_is_not_passed_by_joining_at_once(site: Site) {
    for round in 0..3 {
        let slug = make(site.here(), json!({ "name": format!("race {round}"), "guest_limit": 3 })).await;
        let all = join_all((0..16).map(|turn| knock(site.any(turn), &slug, "", None))).await;
        let (inside, outside): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
        assert_eq!(inside.len(), 3);
        assert!(outside.into_iter().all(|refusal| refusal.err().unwrap().0 == 418));
        let mut first = inside.into_iter().next().unwrap().unwrap();
        first.id.clear();
        let mut first = first.introduced().await;
        // The other two went with the rest of the list.
        first.is_alone().await;
        assert!(knock(site.there(), &slug, "", None).await.is_ok());
    }
}

async fn a_full_room_says_so(site: Site) {
    make(site.here(), json!({ "name": "two", "guest_limit": 2 })).await;
    let cookie = page(site.here(), "/room/two", &[]).await.cookie();
    let _one = knock(site.here(), "two", "", Some(&cookie)).await.unwrap();
    let two = Guest::come(site.there(), "two").await;
    let full = ask(site.there(), "GET", "/room/two", &[], "").await;
    assert_eq!((full.header("cache-control"), full.header("vary")), (Some("no-store"), Some("Accept, Accept-Encoding, Cookie")));
    assert_eq!((full.status, full.body.trim()), (418, "Guest limit already reached"));
    assert_eq!(page(site.there(), "/room/two", &[]).await.status, 418);
    assert_eq!(post_json(site.there(), "/room/two/join", &json!({})).await.status, 418);
    assert_eq!(page(site.there(), "/room/two", &[("Cookie", &cookie)]).await.status, 200, "who is in may load the page anew");
    two.wire.close().await;
    until_page(site.there(), "/room/two", &[], 200).await;
}

async fn behind_https_the_cookie_is_secure(site: Site) {
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for (proto, secure) in [("https", true), ("http", false)] {
        let made = ask(site.here(), "POST", "/room", &[form, ("X-Forwarded-Proto", proto)], &format!("name=by+{proto}")).await;
        assert_eq!(made.header("set-cookie").unwrap().contains("; Secure"), secure);
    }
}

//! Coming in, talking, going: each row of the protocol's table.

use super::site::Site;
use crate::support::client::{Client, seqs, texts};

everywhere!(two_people_talk_in_general);

async fn two_people_talk_in_general(site: Site) {
    let mut ann = Client::sign_in(site.here(), "ann", "secret of ann").await;
    let mut bob = Client::guest(site.there()).await;
    ann.join("").await;
    bob.join("").await;
    ann.say("", "hello").await;
    bob.hears("hello").await;
    bob.say("", "hello, ann").await;
    ann.hears("hello, ann").await;
    assert_eq!(texts(&ann.messages()), ["hello", "hello, ann"]);
    assert_eq!(seqs(&ann.messages()), [1, 2]);
    assert_eq!(ann.messages(), bob.messages());
}

//! Lobby rooms on a Redis that repeats, forgets, or holds what it should not.

use rialto::ids::LobbyCode;
use rialto::store::Lobbies as _;
use rialto::store::lobbies::{KeptLobby, LobbyChange};

use super::*;

fn record(text: &'static str) -> LobbyChange {
    LobbyChange::Record(Bytes::from_static(text.as_bytes()))
}

async fn raw(server: &RedisServer) -> redis::aio::MultiplexedConnection {
    redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// The latest calls of scripts, as the client sent them.
async fn latest_calls(line: &mut redis::aio::MultiplexedConnection) -> Vec<redis::Cmd> {
    type Slow = (u64, u64, u64, Vec<Vec<u8>>, redis::Value, redis::Value);
    let log: Vec<Slow> = redis::cmd("SLOWLOG").arg("GET").arg(-1).query_async(line).await.unwrap();
    let sent = log.into_iter().map(|(_, _, _, sent, ..)| sent).filter(|sent| sent[0] == b"EVALSHA");
    sent.map(|sent| {
        let mut call = redis::Cmd::new();
        sent.iter().for_each(|argument| {
            call.arg(&argument[..]);
        });
        call
    })
    .collect()
}

#[tokio::test]
async fn a_change_that_is_sent_again_succeeds_again() {
    let server = RedisServer::start_with(&["--slowlog-log-slower-than", "0", "--slowlog-max-len", "100000"]);
    let store = connect(server.url()).await;
    let mut line = raw(&server).await;
    let code = LobbyCode::from_random(7);
    let first = store.change_lobby(code, 0, record("first")).await.unwrap().unwrap();
    let again: String = latest_calls(&mut line).await.remove(0).query_async(&mut line).await.unwrap();
    assert_eq!(again, first.to_string());
    let second = store.change_lobby(code, first, record("second")).await.unwrap().unwrap();
    assert!(second > first);
    assert_eq!(store.change_lobby(code, second, LobbyChange::Gone).await.unwrap(), Some(second));
    let again: String = latest_calls(&mut line).await.remove(0).query_async(&mut line).await.unwrap();
    assert_eq!(again, second.to_string());
    assert_eq!(store.change_lobby(code, second, LobbyChange::Gone).await.unwrap(), None, "another call comes too late");
}

#[tokio::test]
async fn what_is_no_code_keeps_no_room_from_being_due() {
    let server = RedisServer::start();
    let store = connect(server.url()).await;
    let mut line = raw(&server).await;
    let code = LobbyCode::from_random(7);
    store.list_lobby(code, Duration::from_millis(1), false, true).await.unwrap();
    for index in ["rialto:{lobbies}", "rialto:{lobbies}:public"] {
        redis::cmd("ZADD").arg(index).arg(1).arg("no code").arg(1).arg(&[0xff_u8][..]).exec_async(&mut line).await.unwrap();
    }
    let start = Instant::now();
    while store.due_lobbies(10, Duration::from_millis(1)).await.unwrap() != [code] {
        assert!(start.elapsed() < PATIENCE);
    }
    assert_eq!(store.all_lobbies().await.unwrap(), [code]);
    assert_eq!(store.public_lobbies(10).await.unwrap(), [code]);
    let left: u64 = redis::cmd("ZCARD").arg("rialto:{lobbies}").query_async(&mut line).await.unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_lost_room_is_written_back_and_one_that_has_ended_is_not() {
    let server = RedisServer::start();
    let store = connect(server.url()).await;
    let mut line = raw(&server).await;
    let code = LobbyCode::from_random(7);
    let revision = store.change_lobby(code, 0, record("known")).await.unwrap().unwrap();
    let known = KeptLobby { revision, record: Bytes::from_static(b"known") };
    let earlier = KeptLobby { revision: revision - 1, record: Bytes::from_static(b"earlier") };
    assert!(!store.restore_lobby(code, &known).await.unwrap(), "it is there");
    redis::cmd("FLUSHALL").exec_async(&mut line).await.unwrap();
    assert!(store.restore_lobby(code, &earlier).await.unwrap());
    assert!(store.restore_lobby(code, &known).await.unwrap(), "a later state goes before an earlier one");
    assert!(!store.restore_lobby(code, &earlier).await.unwrap());
    assert_eq!(store.lobby(code).await.unwrap().0, Some(known.clone()));
    let ttl: i64 = redis::cmd("TTL").arg(format!("rialto:{{l:{code}}}")).query_async(&mut line).await.unwrap();
    assert!(ttl > 86_400, "it ends by itself, but not soon");
    store.change_lobby(code, revision, LobbyChange::Gone).await.unwrap().unwrap();
    assert!(!store.restore_lobby(code, &known).await.unwrap(), "it has ended");
}

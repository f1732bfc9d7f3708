#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use super::*;
use crate::ids::Username;

fn read(flags: &[&str]) -> Config {
    Config::from_flags(flags.iter().copied()).unwrap_or_else(|error| panic!("{flags:?}: {error}"))
}

fn complaint(flags: &[&str]) -> String {
    Config::from_flags(flags.iter().copied()).expect_err(&format!("{flags:?} was accepted")).to_string()
}

#[test]
fn defaults_are_those_of_the_manual() {
    let config = read(&[]);
    assert_eq!((config.network.host.as_str(), config.network.port), ("0.0.0.0", 8080));
    let mount = |path: &str, dialect| Mount { path: path.to_owned(), dialect };
    assert_eq!(
        config.network.mounts.0,
        [
            mount("/ws", DialectName::Chat),
            mount("/stage/ws", DialectName::Stage),
            mount("/mesh/ws", DialectName::Mesh),
            mount("/room/{slug}/ws", DialectName::Rooms),
            mount("/chat/{slug}/ws", DialectName::Rooms),
            mount("/lobby/ws", DialectName::Lobby),
            mount("/", DialectName::Lobby),
        ]
    );
    assert_eq!(config.node.role, Role::All);
    assert_eq!(config.node.drain_seconds, Duration::from_secs(8));
    assert!(config.node.worker_threads() >= 1);
    assert_eq!(config.store.redis(), None);
    assert_eq!(config.accounts.access_key_ttl, Duration::from_secs(30 * 86_400));
    assert_eq!(config.limits.rate_messages, MessageRate::Bucket { burst: 500, per_second: 50 });
    assert_eq!(config.limits.rate_signin_failures, FailureRate::Window { failures: 10, window: Duration::from_secs(900) });
}

#[test]
fn a_wrong_value_is_told_with_name_fault_and_example() {
    let cases = [
        ("--host=a b", "HOST: `a b` is not a host name or IP address; for example HOST=0.0.0.0"),
        ("--port=70000", "PORT: `70000` is not a whole number from 0 to 65535; for example PORT=8080"),
        ("--port=-1", "PORT: `-1` is not a whole number from 0 to 65535; for example PORT=8080"),
        ("--server-address=5000", "SERVER_ADDRESS: `5000` is not `host:port`; for example SERVER_ADDRESS=:8080"),
        ("--mounts=/ws", "MOUNTS: `/ws` is not `path=protocol`; for example MOUNTS=…"),
        (
            "--mounts=ws=chat",
            "MOUNTS: `ws` is not a path that begins with / and has plain segments, or {name} for any one; for example MOUNTS=…",
        ),
        ("--mounts=/ws=chat,/ws=chat", "MOUNTS: names the path `/ws` twice; for example MOUNTS=…"),
        ("--mounts=/metrics=chat", "MOUNTS: the path `/metrics` is taken by the node itself; for example MOUNTS=…"),
        (
            "--mounts=/=dance",
            "MOUNTS: `dance` is not a protocol of this version, which speaks: chat, stage, mesh, rooms, lobby; for example MOUNTS=…",
        ),
        (
            "--mounts=/room/{slug}=rooms,/room/{name}=rooms",
            "MOUNTS: `/room/{name}` does not say where the room's name stands: rooms wants a segment {slug}; for example MOUNTS=…",
        ),
        ("--mounts=/a/{x}=chat,/a/{y}=chat", "MOUNTS: names the path `/a/{y}` twice; for example MOUNTS=…"),
        (
            "--mounts=/a{x}=chat",
            "MOUNTS: `/a{x}` is not a path that begins with / and has plain segments, or {name} for any one; for example MOUNTS=…",
        ),
        (
            "--allowed-origins=chat.example.org",
            "ALLOWED_ORIGINS: `chat.example.org` is not an origin (http:// or https://, host, and no path); \
             for example ALLOWED_ORIGINS=https://chat.example.org,https://example.org",
        ),
        ("--trusted-proxy-hops=many", "TRUSTED_PROXY_HOPS: `many` is not a whole number from 0 to 16; for example TRUSTED_PROXY_HOPS=0"),
        ("--client-location=/nowhere/at/all", "CLIENT_LOCATION: `/nowhere/at/all` is not a folder; for example CLIENT_LOCATION=./public"),
        (
            "--content-security-policy=a\nb",
            "CONTENT_SECURITY_POLICY: `a\\nb` has characters that no header may have; for example CONTENT_SECURITY_POLICY=default-src 'self'",
        ),
        ("--role=boss", "ROLE: `boss` is none of all, chat and media; for example ROLE=all"),
        ("--media-shards=many", "MEDIA_SHARDS: `many` is not a whole number from 0 to 256; for example MEDIA_SHARDS=2"),
        ("--media-port=0", "MEDIA_PORT: `0` is not a whole number from 1 to 65535; for example MEDIA_PORT=40000"),
        (
            "--media-addresses=203.0.113.7,media.example.org",
            "MEDIA_ADDRESSES: `media.example.org` is not an IP address that clients can reach, with or without a port; \
             for example MEDIA_ADDRESSES=203.0.113.7",
        ),
        (
            "--media-max-participants=1",
            "MEDIA_MAX_PARTICIPANTS: `1` is not a whole number from 2 to 10000; for example MEDIA_MAX_PARTICIPANTS=100",
        ),
        ("--media-max-tracks=5", "MEDIA_MAX_TRACKS: `5` is not a whole number from 1 to 4; for example MEDIA_MAX_TRACKS=4"),
        (
            "--media-max-bitrate=8M",
            "MEDIA_MAX_BITRATE: `8M` is not a whole number from 100000 to 1000000000; for example MEDIA_MAX_BITRATE=8000000",
        ),
        ("--workers=0", "WORKERS: `0` is not a whole number from 1 to 1024; for example WORKERS=2"),
        (
            "--drain-seconds=8s",
            "DRAIN_SECONDS: `8s` is not a whole number from 0 to 3600 (seconds, without a unit); for example DRAIN_SECONDS=8",
        ),
        ("--redis-address=redis", "REDIS_ADDRESS: `redis` is not `host:port`; for example REDIS_ADDRESS=localhost:6379"),
        (
            "--redis-tls-insecure=maybe",
            "REDIS_TLS_INSECURE: `maybe` is neither true nor false (or 1, 0, yes, no); for example REDIS_TLS_INSECURE=true",
        ),
        ("--redis-pool-size=0", "REDIS_POOL_SIZE: `0` is not a whole number from 1 to 1024; for example REDIS_POOL_SIZE=16"),
        ("--ack-replicas=17", "ACK_REPLICAS: `17` is not a whole number from 0 to 16; for example ACK_REPLICAS=0"),
        ("--history-max=10", "HISTORY_MAX: `10` is not a whole number from 200 to 10000000; for example HISTORY_MAX=10000"),
        (
            "--history-max-age=30",
            "HISTORY_MAX_AGE: `30` is not a time: a whole number from 1 and its unit (ms, s, m, h or d); for example HISTORY_MAX_AGE=90d",
        ),
        (
            "--access-key-ttl=0d",
            "ACCESS_KEY_TTL: `0d` is not a time: a whole number from 1 and its unit (ms, s, m, h or d); for example ACCESS_KEY_TTL=30d",
        ),
        ("--bcrypt-cost=3", "BCRYPT_COST: `3` is not a whole number from 4 to 16; for example BCRYPT_COST=10"),
        ("--bcrypt-queue=0", "BCRYPT_QUEUE: `0` is not a whole number from 1 to 100000; for example BCRYPT_QUEUE=256"),
        ("--max-message-chars=0", "MAX_MESSAGE_CHARS: `0` is not a whole number from 1 to 1000000; for example MAX_MESSAGE_CHARS=4000"),
        ("--max-frame-bytes=64K", "MAX_FRAME_BYTES: `64K` is not a whole number from 1024 to 16777216; for example MAX_FRAME_BYTES=65536"),
        (
            "--rate-messages=500",
            "RATE_MESSAGES: `500` is neither `burst,per second` (two whole numbers from 1) nor 0; for example RATE_MESSAGES=500,50",
        ),
        (
            "--rate-signin-failures=10",
            "RATE_SIGNIN_FAILURES: `10` is neither `count/duration` (a whole number from 1 and a time) nor 0; \
             for example RATE_SIGNIN_FAILURES=10/15m",
        ),
        (
            "--ping-seconds=0",
            "PING_SECONDS: `0` is not a whole number from 1 to 3600 (seconds, without a unit); for example PING_SECONDS=20",
        ),
        (
            "--stall-seconds=x",
            "STALL_SECONDS: `x` is not a whole number from 1 to 3600 (seconds, without a unit); for example STALL_SECONDS=10",
        ),
        ("--log-format=xml", "LOG_FORMAT: `xml` is neither text nor json; for example LOG_FORMAT=text"),
    ];
    for (flag, words) in cases {
        let complaint = complaint(&[flag]);
        // Where the example is long and its default told elsewhere, it is left out here.
        match words.strip_suffix('…') {
            Some(beginning) => assert!(complaint.starts_with(beginning), "{complaint}"),
            None => assert_eq!(complaint, words),
        }
    }
    assert!(complaint(&["--rust-log=a=b=c"]).starts_with("RUST_LOG: `a=b=c` is not a log filter ("));
    let long_name = format!("--moderators=bob,{}", "x".repeat(33));
    assert!(complaint(&[&long_name]).ends_with("a username is 1 to 32 characters long; for example MODERATORS=alice,bob"));
}

#[test]
fn secrets_are_neither_in_complaints_nor_in_debug_output() {
    let short = complaint(&["--secret-key=hush"]);
    assert_eq!(
        short,
        "SECRET_KEY: has 4 characters and needs at least 32; for example SECRET_KEY=64-hexadecimal-digits-from-openssl-rand-hex-32"
    );
    assert_eq!(
        complaint(&["--metrics-token=hush hush"]),
        "METRICS_TOKEN: has spaces or characters beyond ASCII; for example METRICS_TOKEN=a-token"
    );
    for url in ["redis://u:hush@h/x", "redis://u:hush@h:0", "http://u:hush@h", "hush", "redis://u:hush%@h", "redis://u:hush@h?x=y"] {
        let complaint = complaint(&["--redis-url", url]);
        assert!(
            complaint.starts_with("REDIS_URL: ") && complaint.ends_with("; for example REDIS_URL=redis://localhost:6379"),
            "{complaint}"
        );
        assert!(!complaint.contains("hush"), "{complaint}");
    }
    let config = read(&[
        "--redis-url=redis://:hush@h",
        "--metrics-token=hush",
        "--redis-password=hush",
        &format!("--secret-key={}", "hush".repeat(8)),
    ]);
    assert!(!format!("{config:?} {:?}", config.store.redis()).contains("hush"));
}

#[test]
fn settings_are_checked_against_each_other() {
    let words = "ROLE: a node of this role shares its data with others and so needs REDIS_URL or REDIS_ADDRESS; \
                 for example REDIS_URL=redis://localhost:6379";
    assert_eq!(complaint(&["--role=chat"]), words);
    assert_eq!(complaint(&["--role=media"]), words);
    assert_eq!(read(&["--role=chat", "--redis-address=:6379"]).node.role, Role::Chat);
    assert!(complaint(&["--ack-replicas=1"]).starts_with("ACK_REPLICAS: there are replicas only with REDIS_URL"));
}

#[test]
fn calls_have_ports_for_all_their_threads() {
    let media = read(&["--media-shards=3", "--media-port=65533"]).media;
    assert_eq!((media.shards(Role::All), media.shards(Role::Media), media.shards(Role::Chat)), (3, 3, 0));
    assert_eq!((media.ports(3), media.ports(0)), (vec![65_533, 65_534, 65_535], Vec::new()));
    assert_eq!(read(&[]).media.ports(2), [0, 0]);
    assert!(read(&[]).media.shards(Role::All) >= 1);
    let redis = "--redis-address=:6379";
    for (flags, words) in [
        (
            &["--media-shards=3", "--media-port=65534"][..],
            "MEDIA_PORT: there are no 3 ports from there on, and MEDIA_SHARDS is as many; for example MEDIA_PORT=40000",
        ),
        (
            &["--media-shards=3", "--media-port=8079"],
            "MEDIA_PORT: the ports of MEDIA_SHARDS=3 threads from there on include 8080, which is PORT; for example MEDIA_PORT=40000",
        ),
        (
            &["--media-shards=2", "--media-addresses=::1,[::1]:65535"],
            "MEDIA_ADDRESSES: there are no 2 ports from there on, and MEDIA_SHARDS is as many; \
             for example MEDIA_ADDRESSES=203.0.113.7:40000",
        ),
        (
            &["--role=media", redis, "--media-shards=0"],
            "MEDIA_SHARDS: a node of ROLE=media carries calls and does nothing else; for example MEDIA_SHARDS=2",
        ),
    ] {
        assert_eq!(complaint(flags), words);
    }
    // Nobody looks at what is not used.
    read(&["--role=chat", redis, "--media-shards=0", "--media-port=8080"]);
}

#[test]
fn addresses_of_calls_have_ports_or_none() {
    let addresses = |list: &str| {
        let addresses = read(&[&format!("--media-addresses={list}")]).media.media_addresses.0;
        addresses.into_iter().map(|address| (address.ip.to_string(), address.port)).collect::<Vec<_>>()
    };
    let own = |ip: &str, port| (ip.to_owned(), port);
    assert_eq!(addresses(""), []);
    assert_eq!(addresses(" 203.0.113.7, 203.0.113.8:40000,"), [own("203.0.113.7", None), own("203.0.113.8", Some(40_000))]);
    assert_eq!(
        addresses("2001:db8::1,[2001:db8::2],[2001:db8::3]:9"),
        [own("2001:db8::1", None), own("2001:db8::2", None), own("2001:db8::3", Some(9))]
    );
    for wrong in ["0.0.0.0", "::", "203.0.113.7:0", "203.0.113.7:x", "300.1.1.1", "[::1"] {
        assert!(complaint(&[&format!("--media-addresses={wrong}")]).contains("is not an IP address that clients can reach"), "{wrong}");
    }
}

#[test]
fn host_and_port_go_before_the_server_address() {
    let place = |flags: &[&str]| {
        let network = read(flags).network;
        format!("{} {}", network.host, network.port)
    };
    assert_eq!(place(&["--server-address=:5000"]), "0.0.0.0 5000");
    assert_eq!(place(&["--server-address=localhost:5000"]), "localhost 5000");
    assert_eq!(place(&["--server-address=[::1]:5000"]), "::1 5000");
    assert_eq!(place(&["--server-address=localhost:5000", "--port=0"]), "localhost 0");
    assert_eq!(place(&["--server-address=localhost:5000", "--host=127.0.0.1"]), "127.0.0.1 5000");
}

#[test]
fn redis_urls_of_every_scheme_are_understood() {
    let target = |url: &str| read(&["--redis-url", url]).store.redis().unwrap();
    let hosts = |target: &RedisTarget| target.hosts.iter().map(|host| format!("{} {}", host.host, host.port)).collect::<Vec<_>>();

    let single = target("rediss://me:s%3Acret%40@[::1]:6380/2");
    assert_eq!((&single.topology, single.tls, single.database), (&Topology::Single, true, 2));
    assert_eq!((single.username.as_deref(), single.password.as_ref().map(Secret::expose)), (Some("me"), Some("s:cret@")));
    assert_eq!(hosts(&single), ["::1 6380"]);
    assert_eq!(hosts(&target("redis://cache")), ["cache 6379"]);
    assert_eq!(target("redis://:p?a/s#s@cache/").password.as_ref().map(Secret::expose), Some("p?a/s#s"));

    let sentinel = target("redis-sentinel://:pass@one,two:5000/1?master=blue&sentinel_password=w%40rd");
    assert_eq!(
        (&sentinel.topology, sentinel.database),
        (&Topology::Sentinel { master: "blue".to_owned(), password: Some(Secret::new("w@rd")) }, 1)
    );
    assert_eq!(hosts(&sentinel), ["one 26379", "two 5000"]);

    let cluster = target("rediss-cluster://one:7000,two");
    assert_eq!(
        (&cluster.topology, cluster.tls, hosts(&cluster)),
        (&Topology::Cluster, true, vec!["one 7000".to_owned(), "two 6379".to_owned()])
    );

    for (url, fault) in [
        ("redis://one,two", "names several hosts"),
        ("redis://one?master=blue", "has an unknown parameter"),
        ("redis-sentinel://one?master=", "has an unknown parameter"),
        ("redis-cluster://one/1", "names a database, which a Cluster does not have"),
        ("redis+tls://one", "has a scheme that is none of"),
        ("redis://one/300", "has a database that is not a number"),
        ("redis://one/1/2", "has a database that is not a number"),
        ("redis://one:port", "has a host that is not"),
        ("redis://::1", "has a host that is not"),
        ("redis://:%zz@one", "has a % that is not followed by"),
        ("redis://:%ff@one", "has percent-encoded bytes that are not UTF-8"),
        ("one:6379", "has no scheme"),
    ] {
        assert!(complaint(&["--redis-url", url]).contains(fault), "{url}: {}", complaint(&["--redis-url", url]));
    }
}

#[test]
fn the_url_goes_before_the_address_and_the_password_fills_in() {
    let flags = ["--redis-address=other:1", "--redis-password=filled"];
    let address = read(&flags).store.redis().unwrap();
    assert_eq!((address.hosts[0].host.as_str(), address.password.as_ref().map(Secret::expose)), ("other", Some("filled")));
    let url = read(&[&flags[..], &["--redis-url=redis://:own@this"]].concat()).store.redis().unwrap();
    assert_eq!((url.hosts[0].host.as_str(), url.password.as_ref().map(Secret::expose)), ("this", Some("own")));
}

#[test]
fn lists_rates_and_switches_are_understood() {
    let config = read(&[
        "--allowed-origins= https://A.example:443/ ,http://b:8080",
        "--moderators=ALICE, bob",
        "--rate-messages=0",
        "--rate-signin-failures=0",
    ]);
    let origins: Vec<_> = config.network.allowed_origins.0.iter().map(Origin::as_str).collect();
    assert_eq!(origins, ["https://a.example", "http://b:8080"]);
    assert!(config.accounts.moderators.0.contains(&Username::parse("Alice").unwrap().folded()));
    assert_eq!((config.limits.rate_messages, config.limits.rate_signin_failures), (MessageRate::Off, FailureRate::Off));
    for (value, expected) in [("yes", true), ("1", true), ("TRUE", true), ("no", false), ("0", false), ("false", false)] {
        assert_eq!(read(&[&format!("--redis-tls-insecure={value}")]).store.redis_tls_insecure, expected);
    }
    assert!(read(&["--redis-tls-insecure"]).store.redis_tls_insecure);
    assert_eq!(read(&["--history-max-age=1500ms"]).store.history_max_age, Some(Duration::from_millis(1500)));
}

#[test]
fn every_setting_has_help_a_unit_and_an_example_that_works() {
    let command = read::declarations();
    for argument in command.get_arguments().filter(|argument| argument.get_env().is_some()) {
        let name = argument.get_env().unwrap().to_str().unwrap();
        assert_eq!(argument.get_long().unwrap().replace('-', "_").to_uppercase(), name);
        assert!(argument.get_help().is_some() && argument.get_value_names().is_some() && argument.get_help_heading().is_some(), "{name}");
        let flag = format!("--{}={}", argument.get_long().unwrap(), sample::example(argument));
        // Some do not work by themselves.
        let also = (name == "TURN_HOST").then_some("--turn-static-auth-secret=a-secret");
        read(&[flag.as_str()].into_iter().chain(also).collect::<Vec<_>>());
    }
}

#[test]
fn the_sample_file_is_what_the_declarations_make() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.env.sample");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, env_sample(), "write it anew: cargo run -- env-sample > .env.sample");
}

#[test]
fn the_sample_file_can_be_used_as_it_is() {
    let enabled = env_sample()
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#'])).unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n");
    let values: Vec<(String, String)> = dotenvy::from_read_iter(enabled.as_bytes()).collect::<Result<_, _>>().unwrap();
    assert_eq!(values.len(), read::declarations().get_arguments().filter(|argument| argument.get_env().is_some()).count());
    assert!(values.contains(&("CONTENT_SECURITY_POLICY".to_owned(), "default-src 'self'".to_owned())));
}

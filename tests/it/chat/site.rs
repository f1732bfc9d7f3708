//! Where a scenario plays: one node, or several on one Redis.

use crate::support::node::{Node, Settings};
use crate::support::redis::{RedisCluster, RedisSentinel, RedisServer};
use crate::support::reuse::{Borrowed, Slow as _};

/// Which Redis the nodes share: `single` (the default), `cluster`, `sentinel` or `tls`.
const KIND: &str = "RIALTO_TEST_REDIS";

/// Nodes that share their data. With one node, [`Site::here`] and [`Site::there`] are the same.
pub struct Site {
    // Before the Redis, so that they end first and have nothing to complain about.
    pub nodes: Vec<Node>,
    settings: Settings,
    redis: Option<Redis>,
}

enum Redis {
    Single(RedisServer),
    Cluster(Borrowed<RedisCluster>),
    Sentinel(Borrowed<RedisSentinel>),
}

impl Site {
    /// One node with the embedded store.
    pub async fn embedded(changes: &[(&str, &str)]) -> Self {
        let settings = changed(Settings::embedded(), changes);
        Self { nodes: vec![Node::start(&settings).await], settings, redis: None }
    }

    /// So many nodes on one Redis.
    pub async fn on_redis(count: usize, changes: &[(&str, &str)]) -> Self {
        let started = tokio::task::spawn_blocking(|| match std::env::var(KIND).as_deref() {
            Err(_) | Ok("single") => {
                let server = RedisServer::start();
                (Settings::redis(&server.url()), Redis::Single(server))
            }
            Ok("tls") => {
                let server = RedisServer::start_tls();
                (Settings::redis(&server.url()).with("REDIS_TLS_INSECURE", true), Redis::Single(server))
            }
            Ok("cluster") => {
                let cluster = Borrowed::<RedisCluster>::take();
                (Settings::redis(&cluster.url()), Redis::Cluster(cluster))
            }
            Ok("sentinel") => {
                let sentinel = Borrowed::<RedisSentinel>::take();
                (Settings::redis(&sentinel.url()), Redis::Sentinel(sentinel))
            }
            Ok(other) => panic!("{KIND}={other}: single, cluster, sentinel or tls"),
        });
        let (settings, redis) = started.await.unwrap();
        let settings = changed(settings, changes);
        let nodes = futures_util::future::join_all((0..count).map(|_| Node::start(&settings))).await;
        Self { nodes, settings, redis: Some(redis) }
    }

    /// Another node on the same Redis, with these settings besides.
    pub async fn another(&self, changes: &[(&str, &str)]) -> Node {
        Node::start(&changed(self.settings.clone(), changes)).await
    }

    /// What is in the Redis by now: the name of each key that begins like this, and in how many seconds it ends by itself; -1: never.
    pub fn keys(&self, prefix: &str) -> Vec<(String, i64)> {
        let servers = match self.redis.as_ref().expect("nodes on a Redis") {
            Redis::Single(server) => vec![server],
            Redis::Cluster(cluster) => cluster.masters(),
            Redis::Sentinel(sentinel) => sentinel.masters(),
        };
        let keys_of = |server: &RedisServer| {
            let keys: Vec<String> = server.cli(&["--scan", "--pattern", &format!("{prefix}*")]).lines().map(str::to_owned).collect();
            let ends = |key: String| (server.cli(&["TTL", &key]).parse().expect("seconds"), key);
            // -2: it is gone by now.
            keys.into_iter().map(ends).filter(|(ends, _)| *ends != -2).map(|(ends, key)| (key, ends)).collect::<Vec<_>>()
        };
        servers.into_iter().flat_map(keys_of).collect()
    }

    /// A node.
    pub fn here(&self) -> &Node {
        &self.nodes[0]
    }

    /// Another node, where there is one.
    pub fn there(&self) -> &Node {
        &self.nodes[self.nodes.len() - 1]
    }

    /// One node after another, for the `index`th of many clients.
    pub fn any(&self, index: usize) -> &Node {
        &self.nodes[index % self.nodes.len()]
    }
}

fn changed(settings: Settings, changes: &[(&str, &str)]) -> Settings {
    changes.iter().fold(settings, |settings, (name, value)| settings.with(name, value))
}

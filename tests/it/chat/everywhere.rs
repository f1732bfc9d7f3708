//! Runs scenarios on every kind of site.

/// Makes a test of each scenario, an `async fn(Site)`, on one node with the embedded store and on two nodes that share a Redis.
/// The scenario may be given settings, as `scenario with [("NAME", "value")]`.
macro_rules! everywhere {
    ($($scenario:ident $(with [$($setting:expr),+])?),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test] async fn $scenario() {
                super::$scenario($crate::chat::site::Site::embedded(&[$($($setting),+)?]).await).await;
            })+
        }
        mod two_nodes {
            $(#[tokio::test] async fn $scenario() {
                super::$scenario($crate::chat::site::Site::on_redis(2, &[$($($setting),+)?]).await).await;
            })+
        }
    };
}

//! The listening socket and the server on it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted: after a restart all clients come back at once.
const BACKLOG: u32 = 4096;

/// Binds the address. Port 0 takes a free one.
///
/// # Errors
/// The address is taken, not this machine's, or not permitted.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` resolves and the requests at hand are answered. Upgraded connections are not waited for: they are
/// [`Sessions`](crate::session::Sessions)' to close.
///
/// # Errors
/// The listening socket failed.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Only latency is lost without it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
    });
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).with_graceful_shutdown(stop).await
}

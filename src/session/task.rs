//! A session's own task: reads, hands over, writes what is queued, ends.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::Instant;
use tungstenite::error::{CapacityError, Error};
use tungstenite::protocol::Message;

use super::close::CloseCode;
use super::rate::Bucket;
use super::reader::Reader;
use super::{Conversation, Dialect, Refusal, Session, Target};

/// How reading ended.
enum End {
    /// The connection is gone.
    Gone,
    /// Both ends have said goodbye.
    Agreed,
    /// The client broke the protocol: what else it sends can not be understood.
    Broken,
}

/// Runs one connection from its first to its last byte.
pub(super) async fn run(session: &Arc<Session>, dialect: Arc<dyn Dialect>, target: Target, leftover: Bytes) {
    let begun = catch_unwind(AssertUnwindSafe(|| dialect.begin(Arc::clone(session), target)));
    let Ok(mut conversation) = begun else {
        panicked(session);
        finish(session, End::Broken).await;
        return;
    };
    handle(session, conversation.opened()).await;
    let end = converse(session, conversation.as_mut(), leftover).await;
    finish(session, end).await;
    if AssertUnwindSafe(conversation.closed()).catch_unwind().await.is_err() {
        panicked(session);
    }
}

async fn converse(session: &Session, conversation: &mut dyn Conversation, leftover: Bytes) -> End {
    let mut reader = Reader::new(&leftover, session.limits.max_frame_bytes, conversation.longest());
    // It may be a slice of a buffer of the HTTP server.
    drop(leftover);
    let mut bucket = Bucket::new(session.limits.rate, Instant::now());
    loop {
        session.listening.store(true, Ordering::Relaxed);
        let received = poll_fn(|context| poll_message(session, &mut reader, context)).await;
        session.listening.store(false, Ordering::Relaxed);
        session.heard();
        let message = match received {
            None => return End::Gone,
            Some(Ok(message)) => message,
            Some(Err(error)) => return broken(session, &error),
        };
        let (text, length) = match &message {
            Message::Text(text) => (text.as_str(), text.len()),
            Message::Binary(bytes) => ("", bytes.len()),
            Message::Close(_) => return goodbye(session, &mut reader).await,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        if session.is_closed() {
            continue;
        }
        session.metrics.messages_in.inc();
        session.metrics.bytes_in.inc_by(length as u64);
        let too_large = length > session.limits.max_frame_bytes && !(message.is_text() && conversation.takes_long(text));
        if let Err(retry_after) = bucket.take(Instant::now()) {
            session.metrics.rate_limited.inc();
            let text = if too_large { "" } else { text };
            handle(session, conversation.refused(Refusal::TooMany { text, retry_after })).await;
        } else if too_large {
            handle(session, conversation.refused(Refusal::TooLarge)).await;
        } else if message.is_binary() {
            handle(session, conversation.refused(Refusal::Binary)).await;
        } else {
            handle(session, conversation.text(text)).await;
        }
    }
}

/// `None`: the session is over.
fn poll_message(session: &Session, reader: &mut Reader, context: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
    session.poll_flush(context);
    {
        let outbox = session.outbox();
        if outbox.is_over() {
            return Poll::Ready(None);
        }
        if outbox.is_full(&session.limits) {
            return Poll::Pending;
        }
    }
    reader.poll(context, session).map(Some)
}

/// Awaits one call of the conversation while what is queued goes on being written. A panic costs this session only.
async fn handle(session: &Session, call: impl Future<Output = ()> + Unpin) {
    let mut call = AssertUnwindSafe(call).catch_unwind();
    let outcome = poll_fn(|context| {
        session.poll_flush(context);
        call.poll_unpin(context)
    })
    .await;
    if outcome.is_err() {
        panicked(session);
    }
}

fn panicked(session: &Session) {
    session.metrics.handler_panics.inc();
    tracing::error!(session = %session.id, "a conversation panicked; its session is closed");
    session.close(CloseCode::Internal, "internal error");
}

fn broken(session: &Session, error: &Error) -> End {
    let (code, reason) = match error {
        Error::Utf8(_) => (CloseCode::InvalidText, "text must be UTF-8"),
        Error::Capacity(CapacityError::MessageTooLong { .. }) => (CloseCode::TooLarge, "message too large"),
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => return End::Gone,
        Error::Protocol(_) => (CloseCode::Protocol, "not the WebSocket protocol"),
        _ => return End::Gone,
    };
    tracing::debug!(session = %session.id, code = code.number(), "closing: {reason}");
    session.close(code, reason);
    End::Broken
}

/// The peer's close frame was read. Has the library answer it, unless it was the answer to ours.
async fn goodbye(session: &Session, reader: &mut Reader) -> End {
    if !session.is_closed() {
        // The answer is written into the outbox by the next read, which then has nothing more to say.
        let _ = poll_fn(|context| reader.poll(context, session)).await;
        session.outbox().peer_closed();
    }
    End::Agreed
}

/// Writes what is left, as long as the peer takes it and the sweeper gives it time, and lets go of the connection.
async fn finish(session: &Session, end: End) {
    match end {
        End::Gone => {}
        End::Agreed => say_the_last(session).await,
        End::Broken => {
            say_the_last(session).await;
            // Closing with unread bytes would reset the connection and take the close frame with it.
            until_over(session, |context| Reader::poll_discard(context, session)).await;
        }
    }
    session.abandon();
    // Others may still hold the session; the connection ends now all the same. Whether it had ended already matters to nobody.
    let _ = poll_fn(|context| session.socket.poll_shutdown(context)).now_or_never();
}

async fn say_the_last(session: &Session) {
    until_over(session, |context| {
        if !session.outbox().is_empty() {
            return Poll::Pending;
        }
        // An error means that the peer is gone, and then there is nothing more to do either.
        session.socket.poll_shutdown(context).map(|_| ())
    })
    .await;
}

/// Polls, with what is queued being written, until it is ready or the session is over.
async fn until_over(session: &Session, mut poll: impl FnMut(&mut Context<'_>) -> Poll<()>) {
    poll_fn(|context| {
        session.poll_flush(context);
        if session.outbox().is_over() { Poll::Ready(()) } else { poll(context) }
    })
    .await;
}

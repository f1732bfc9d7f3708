//! What happens in rooms, as frames: built once for all sessions of this dialect.

use bytes::{Bytes, BytesMut};
use serde_json::json;

use super::out::{self, UserMessage};
use crate::cluster::{Encoder, LogEvent};
use crate::store::record::{LogRecord, NewsRecord};

/// The encoder of the stage dialect.
pub struct StageEncoder;

impl Encoder for StageEncoder {
    fn number(&self) -> usize {
        1
    }

    fn event(&self, event: &LogEvent) -> Bytes {
        match &event.record {
            LogRecord::Message(message) => UserMessage::to_all(message).frame(),
            // Nobody changes a message in a room, and who does not use additions is not told of changes.
            LogRecord::Changed { .. } | LogRecord::Reacted { .. } => Bytes::new(),
        }
    }

    fn news(&self, news: &NewsRecord) -> Option<Bytes> {
        match news {
            NewsRecord::Joined { who, .. } => Some(out::user_entered_chat(&who.name)),
            NewsRecord::Exited { who, number } => Some(out::event("user_exited_chat", json!({ "name": who.name, "id": number }))),
            NewsRecord::Renamed { who, streams } if streams.is_empty() => Some(out::streamid_user_name(None, &who.name)),
            NewsRecord::Renamed { who, streams } => {
                let mut joint = BytesMut::new();
                streams.iter().for_each(|stream| joint.extend_from_slice(&out::streamid_user_name(Some(stream), &who.name)));
                Some(joint.freeze())
            }
            NewsRecord::Left { .. }
            | NewsRecord::Typing { .. }
            | NewsRecord::Read { .. }
            | NewsRecord::Online { .. }
            | NewsRecord::SignedIn { .. }
            | NewsRecord::UserChanged { .. }
            | NewsRecord::Call { .. }
            | NewsRecord::DirectOpened { .. }
            | NewsRecord::Guests { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ids::{SessionId, UserId, Username};
    use crate::store::record::Person;

    #[test]
    fn news_of_a_room() {
        let who = Person { id: UserId::random(), name: Username::parse("ann").unwrap() };
        let text = |news: &NewsRecord| String::from_utf8_lossy(&StageEncoder.news(news).unwrap()[2..]).into_owned();
        let joined = NewsRecord::Joined { session: SessionId::random(), who: who.clone(), to: None };
        assert_eq!(text(&joined), r#"{"type":"event","data":{"event":"user_entered_chat","data":"ann"}}"#);
        let exited = NewsRecord::Exited { who: who.clone(), number: 7 };
        assert_eq!(text(&exited), r#"{"type":"event","data":{"event":"user_exited_chat","data":{"id":7,"name":"ann"}}}"#);
        let renamed = NewsRecord::Renamed { who: who.clone(), streams: vec!["a".to_owned(), "b".to_owned()] };
        assert_eq!(text(&renamed).matches("streamid_user_name").count(), 2);
        assert!(StageEncoder.news(&NewsRecord::Online { who, online: true }).is_none());
    }
}

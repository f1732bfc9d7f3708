//! As much of session descriptions as a load client needs: what an offer says, and the answer of a browser that takes VP8 and Opus.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::media::rtp::packet::ExtensionIds;
use crate::media::sdp::{Credentials, Fingerprint, Password, Ufrag};

/// An offer lacks something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the offer has no usable {0}")]
pub struct OfferError(&'static str);

/// What an offer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The server's.
    pub credentials: Credentials,
    /// Where it listens for UDP.
    pub candidates: Vec<SocketAddr>,
    /// Its m-lines.
    pub lines: Vec<Line>,
}

/// An m-line of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub mid: String,
    /// Pictures, not sound.
    pub is_video: bool,
    /// What flows, as the server sees it.
    pub direction: Direction,
    /// The payload type of VP8 or Opus, and that of retransmissions.
    pub payload_type: u8,
    /// Of the first.
    pub repair: Option<u8>,
    /// Of header extensions.
    pub ids: ExtensionIds,
    /// What the server sends with.
    pub ssrcs: Vec<u32>,
    /// What of each extension the answer repeats.
    extensions: Vec<String>,
}

/// What flows on an m-line, as the server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It sends.
    Send,
    /// It receives.
    Receive,
    /// Nothing, for now or for good.
    Nothing,
}

/// What a client publishes on an m-line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published<'a> {
    /// The m-line.
    pub mid: &'a str,
    /// What it is sent with.
    pub ssrc: u32,
}

impl Offer {
    /// Reads an offer.
    pub fn parse(text: &str) -> Result<Self, OfferError> {
        let mut sections = text.split("\nm=");
        let session = sections.next().unwrap_or_default();
        let lines: Vec<Line> = sections.map(Line::parse).collect::<Result<_, _>>()?;
        let value = |name: &str| text.lines().find_map(|line| line.trim_end().strip_prefix(name));
        let ufrag = value("a=ice-ufrag:").and_then(|text| Ufrag::parse(text).ok()).ok_or(OfferError("ice-ufrag"))?;
        let password = value("a=ice-pwd:").and_then(|text| Password::parse(text).ok()).ok_or(OfferError("ice-pwd"))?;
        let mut candidates: Vec<SocketAddr> = text.lines().filter_map(candidate).collect();
        candidates.dedup();
        let mut seen = Vec::new();
        candidates.retain(|candidate| {
            let new = !seen.contains(candidate);
            seen.push(*candidate);
            new
        });
        if candidates.is_empty() || session.is_empty() {
            return Err(OfferError("candidate"));
        }
        Ok(Self { credentials: Credentials { ufrag, password }, candidates, lines })
    }

    /// The m-line of this name.
    pub fn line(&self, mid: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.mid == mid)
    }

    /// Answers it. Everything that the server sends is received, and `published` is sent, as tracks of the stream `stream`.
    pub fn answer(&self, own: &Credentials, fingerprint: Fingerprint, stream: &str, published: &[Published<'_>]) -> String {
        let open: Vec<&str> = self.lines.iter().filter(|line| line.payload_type > 0).map(|line| line.mid.as_str()).collect();
        let mut text = format!("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n", open.join(" "));
        for line in &self.lines {
            let sent = published.iter().find(|published| published.mid == line.mid && line.direction == Direction::Receive);
            // Writing into a String does not fail.
            let _ = line.answer(&mut text, own, fingerprint, stream, sent.map(|published| published.ssrc));
        }
        text
    }
}

impl Line {
    fn parse(section: &str) -> Result<Self, OfferError> {
        let mut lines = section.lines().map(str::trim_end);
        let mut head = lines.next().unwrap_or_default().split(' ');
        let is_video = head.next() == Some("video");
        let closed = head.next() == Some("0");
        let codec = if is_video { "VP8/90000" } else { "opus/48000/2" };
        let mut line = Self {
            mid: String::new(),
            is_video,
            direction: Direction::Nothing,
            payload_type: 0,
            repair: None,
            ids: ExtensionIds::default(),
            ssrcs: Vec::new(),
            extensions: Vec::new(),
        };
        let mut apt = Vec::new();
        for text in lines {
            let Some((name, value)) = text.strip_prefix("a=").map(|text| text.split_once(':').unwrap_or((text, ""))) else { continue };
            let mut words = value.split(' ');
            let first = words.next().unwrap_or_default();
            match name {
                "mid" => value.clone_into(&mut line.mid),
                "sendonly" => line.direction = Direction::Send,
                "recvonly" => line.direction = Direction::Receive,
                "sendrecv" => return Err(OfferError("direction")),
                "rtpmap" if words.next().is_some_and(|name| name.eq_ignore_ascii_case(codec)) && line.payload_type == 0 => {
                    line.payload_type = first.parse().map_err(|_| OfferError("rtpmap"))?;
                }
                "fmtp" => apt.extend(words.next().and_then(|word| word.strip_prefix("apt=")).map(|of| (of.to_owned(), first.to_owned()))),
                "extmap" => line.extension(first, words.next().unwrap_or_default()),
                "ssrc" => line.ssrcs.extend(first.parse::<u32>().ok().filter(|ssrc| !line.ssrcs.contains(ssrc))),
                _ => {}
            }
        }
        let of = line.payload_type.to_string();
        line.repair = apt.iter().find(|(repaired, _)| *repaired == of).and_then(|(_, repair)| repair.parse().ok());
        if line.mid.is_empty() && !closed {
            return Err(OfferError("mid"));
        }
        if closed {
            (line.payload_type, line.direction) = (0, Direction::Nothing);
        } else if line.payload_type == 0 {
            return Err(OfferError("codec: VP8 and Opus are what is sent here"));
        }
        Ok(line)
    }

    fn extension(&mut self, id: &str, uri: &str) {
        let Ok(number) = id.parse::<u8>() else { return };
        let known = match uri.rsplit([':', '/']).next() {
            Some("draft-holmer-rmcat-transport-wide-cc-extensions-01") => &mut self.ids.transport_sequence,
            Some("ssrc-audio-level") => &mut self.ids.audio_level,
            Some("mid") => &mut self.ids.mid,
            _ => return,
        };
        *known = Some(number);
        self.extensions.push(format!("{id} {uri}"));
    }

    fn answer(&self, text: &mut String, own: &Credentials, fingerprint: Fingerprint, stream: &str, ssrc: Option<u32>) -> std::fmt::Result {
        let kind = if self.is_video { "video" } else { "audio" };
        if self.payload_type == 0 {
            return write!(text, "m={kind} 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\na=mid:{}\r\n", self.mid);
        }
        let (main, repair) = (self.payload_type, self.repair);
        let types = repair.map_or(main.to_string(), |repair| format!("{main} {repair}"));
        let direction = match (self.direction, ssrc) {
            (Direction::Send, _) => "recvonly",
            (Direction::Receive, Some(_)) => "sendonly",
            _ => "inactive",
        };
        write!(text, "m={kind} 9 UDP/TLS/RTP/SAVPF {types}\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na={direction}\r\n", self.mid)?;
        write!(text, "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", own.ufrag, own.password.as_str())?;
        write!(text, "a=fingerprint:{fingerprint}\r\na=setup:active\r\na=rtcp-mux\r\na=rtcp-rsize\r\n")?;
        for extension in &self.extensions {
            write!(text, "a=extmap:{extension}\r\n")?;
        }
        write!(text, "a=rtpmap:{main} {}\r\na=rtcp-fb:{main} transport-cc\r\n", if self.is_video { "VP8/90000" } else { "opus/48000/2" })?;
        if self.is_video {
            write!(text, "a=rtcp-fb:{main} ccm fir\r\na=rtcp-fb:{main} nack\r\na=rtcp-fb:{main} nack pli\r\n")?;
        }
        if let Some(repair) = repair {
            write!(text, "a=rtpmap:{repair} rtx/90000\r\na=fmtp:{repair} apt={main}\r\n")?;
        }
        if let Some(ssrc) = ssrc {
            write!(text, "a=msid:{stream} {stream}-{kind}\r\na=ssrc:{ssrc} cname:{stream}\r\n")?;
        }
        Ok(())
    }
}

fn candidate(line: &str) -> Option<SocketAddr> {
    let words: Vec<&str> = line.trim_end().strip_prefix("a=candidate:")?.split(' ').collect();
    match words.as_slice() {
        [_, _, protocol, _, address, port, ..] if protocol.eq_ignore_ascii_case("udp") => {
            Some(SocketAddr::new(address.parse().ok()?, port.parse().ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::media::sdp::examples::{candidates, credentials, fingerprint};
    use crate::media::sdp::{Answer, Kind, Offer as ServersOffer, Skeleton, Source, StreamId, TrackId};

    #[test]
    fn the_servers_offer_is_read_and_its_answer_is_taken() {
        let random = &mut StdRng::seed_from_u64(1);
        let mut skeleton = Skeleton::new(random);
        skeleton.publish(Source::Microphone, false).unwrap();
        skeleton.publish(Source::Camera, false).unwrap();
        skeleton.forward(Kind::Video, StreamId::parse("s").unwrap(), TrackId::parse("t").unwrap(), random).unwrap();
        let offer = ServersOffer { credentials: &credentials(1), fingerprint: &fingerprint(1), candidates: &candidates() };
        let text = offer.write(&mut skeleton);

        let read = Offer::parse(&text).unwrap();
        assert_eq!((read.credentials.clone(), read.candidates.as_slice()), (credentials(1), &["192.0.2.1:7000".parse().unwrap()][..]));
        let [microphone, camera, forwarded] = read.lines.as_slice() else { panic!("{read:?}") };
        assert_eq!((microphone.payload_type, camera.payload_type, forwarded.repair), (111, 96, Some(97)));
        assert_eq!((camera.direction, forwarded.direction), (Direction::Receive, Direction::Send));
        assert_eq!((forwarded.ssrcs.len(), forwarded.ids.transport_sequence), (2, Some(3)));

        let published = [Published { mid: &camera.mid, ssrc: 77 }];
        let answer = Answer::parse(&read.answer(&credentials(2), fingerprint(2), "load", &published), &skeleton).unwrap();
        assert_eq!((answer.credentials, answer.fingerprint), (credentials(2), fingerprint(2)));
        let directions: Vec<_> = answer.lines.iter().map(|line| line.direction.name()).collect();
        assert_eq!(directions, ["inactive", "sendonly", "recvonly"]);
        assert_eq!(answer.lines[1].ssrcs, [(77, None)]);
        assert!(answer.lines[2].feedback.transport_cc && answer.lines[2].feedback.pli && answer.lines[2].codecs[0].1);
    }

    #[test]
    fn what_is_no_offer_is_refused() {
        for text in ["", "v=0", "v=0\r\na=ice-ufrag:abcdefgh\r\na=ice-pwd:0123456789012345678901\r\nm=video 9 x 96\r\na=mid:0\r\n"] {
            assert!(Offer::parse(text).is_err(), "{text}");
        }
    }
}

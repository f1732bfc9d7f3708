//! Reading answers.

use std::io::Cursor;

use rtc_sdp::SessionDescription;

use super::attributes::Attributes;
use super::{
    AnswerError, Carries, Codec, Credentials, Direction, Extension, Fingerprint, Kind, Mid, Password, Rid, Skeleton, StreamId, TrackId,
    Ufrag,
};

mod line;

/// The longest answer that is read, in bytes. A browser writes about 3 KB for a video line; of [`super::MAX_LINES`] lines most carry less.
const MAX_BYTES: usize = 512 * 1024;
/// The most attributes of one m-line, or of the session.
const MAX_ATTRIBUTES: usize = 256;

/// What a browser answered, checked against the offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The browser's ICE credentials.
    pub credentials: Credentials,
    /// The fingerprint of the browser's certificate.
    pub fingerprint: Fingerprint,
    /// One for each m-line of the offer, in its order.
    pub lines: Vec<AnsweredLine>,
}

/// One m-line of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredLine {
    /// Its name, as offered.
    pub mid: Mid,
    /// Audio or video, as offered.
    pub kind: Kind,
    /// The browser will never use this line; everything below is empty.
    pub rejected: bool,
    /// As seen by the browser: `SendOnly` if it publishes here.
    pub direction: Direction,
    /// Codecs in common, the browser's favourite first, and whether it does retransmissions for them.
    pub codecs: Vec<(Codec, bool)>,
    /// Header extensions in common.
    pub extensions: Vec<Extension>,
    /// The layers that the browser sends, the smallest first; empty if it sends a single one.
    pub layers: Vec<Rid>,
    /// The stream and track that the browser publishes.
    pub msid: Option<Msid>,
    /// Pairs of the SSRC of a stream and that of its retransmissions that the browser announces, for layers in their
    /// order. Chromium does not for layers: packets tell the rest by mid and rid.
    pub ssrcs: Vec<(u32, Option<u32>)>,
    /// Feedback in common for the first codec.
    pub feedback: Feedback,
}

/// RFC 8830: which stream a track belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Msid {
    /// The stream; none if the page added the track to no stream.
    pub stream: Option<StreamId>,
    /// The track, if the browser names it.
    pub track: Option<TrackId>,
}

/// RTCP feedback that both sides understand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Lost packets are asked for (RFC 4585, section 6.2.1).
    pub nack: bool,
    /// Picture loss is told (RFC 4585, section 6.3.1).
    pub pli: bool,
    /// Full pictures are asked for (RFC 5104, section 4.3.1).
    pub fir: bool,
    /// Arrival times are told for the whole transport.
    pub transport_cc: bool,
    /// The receiver tells its own estimate of the bandwidth.
    pub remb: bool,
}

impl Answer {
    /// Reads the answer to an offer that was made of `offered`, the skeleton as it was then.
    ///
    /// # Errors
    /// Whatever is not as RFC 3264 and RFC 9429 ask for, or was not offered. An answer that refuses all lines lacks `ice-ufrag`.
    pub fn parse(text: &str, offered: &Skeleton) -> Result<Self, AnswerError> {
        if text.len() > MAX_BYTES {
            return Err(AnswerError::TooLong);
        }
        let description = SessionDescription::unmarshal(&mut Cursor::new(text)).map_err(|_| AnswerError::Syntax)?;
        let all = std::iter::once(&description.attributes).chain(description.media_descriptions.iter().map(|media| &media.attributes));
        if all.into_iter().any(|attributes| attributes.len() > MAX_ATTRIBUTES) {
            return Err(AnswerError::TooLong);
        }
        let (answered, offered_lines) = (&description.media_descriptions, offered.lines());
        if answered.len() != offered_lines.len() {
            return Err(AnswerError::LineCount { offered: offered_lines.len(), answered: answered.len() });
        }
        let session = Attributes::new(&description.attributes);
        if session.has("ice-lite") {
            return Err(AnswerError::Lite);
        }
        let bundle = bundled(session);
        let mut transport = None;
        let mut lines = Vec::with_capacity(answered.len());
        for (media, offered_line) in answered.iter().zip(offered_lines) {
            let line = line::read(media, offered_line, offered)?;
            if !line.rejected {
                if !bundle.contains(&line.mid.as_str()) {
                    return Err(AnswerError::NotBundled(line.mid));
                }
                let attributes = Attributes::new(&media.attributes);
                let this = Transport::read(attributes, session)?;
                match &transport {
                    None => transport = Some(this),
                    Some(first) => first.check_same(&this)?,
                }
            }
            lines.push(line);
        }
        let (credentials, fingerprint) = transport.unwrap_or_default().complete()?;
        Ok(Self { credentials, fingerprint, lines })
    }
}

/// The mids of the BUNDLE group (RFC 9143, section 7).
fn bundled<'a>(session: Attributes<'a>) -> Vec<&'a str> {
    let groups = session.all("group").map(|value| value.split_ascii_whitespace());
    groups.filter_map(|mut words| (words.next() == Some("BUNDLE")).then_some(words)).flatten().collect()
}

/// What an m-line says about the transport, which all of them share. Only the first one has to say it (RFC 9143, section 7.1.3).
#[derive(Default)]
struct Transport {
    ufrag: Option<Ufrag>,
    password: Option<Password>,
    fingerprint: Option<Fingerprint>,
    role: Option<String>,
}

impl Transport {
    /// What holds for an m-line: what it says itself, else what is said for the session.
    fn read(line: Attributes<'_>, session: Attributes<'_>) -> Result<Self, AnswerError> {
        let value = |name| line.first(name).or_else(|| session.first(name));
        let ufrag = value("ice-ufrag").map(Ufrag::parse).transpose().map_err(|_| AnswerError::Malformed("ice-ufrag"))?;
        let password = value("ice-pwd").map(Password::parse).transpose().map_err(|_| AnswerError::Malformed("ice-pwd"))?;
        // Several hashes of one certificate are allowed (RFC 8122, section 5); one must be SHA-256.
        let scope = if line.has("fingerprint") { line } else { session };
        let fingerprint = scope.all("fingerprint").find_map(Fingerprint::parse);
        if fingerprint.is_none() && scope.has("fingerprint") {
            return Err(AnswerError::Malformed("fingerprint"));
        }
        Ok(Self { ufrag, password, fingerprint, role: value("setup").map(str::to_owned) })
    }

    fn check_same(&self, other: &Self) -> Result<(), AnswerError> {
        let same = |name, differs| if differs { Err(AnswerError::Differs(name)) } else { Ok(()) };
        same("ice-ufrag", other.ufrag.is_some() && other.ufrag != self.ufrag)?;
        same("ice-pwd", other.password.is_some() && other.password != self.password)?;
        same("fingerprint", other.fingerprint.is_some() && other.fingerprint != self.fingerprint)?;
        same("setup", other.role.is_some() && other.role != self.role)
    }

    fn complete(self) -> Result<(Credentials, Fingerprint), AnswerError> {
        let ufrag = self.ufrag.ok_or(AnswerError::Missing("ice-ufrag"))?;
        let password = self.password.ok_or(AnswerError::Missing("ice-pwd"))?;
        let fingerprint = self.fingerprint.ok_or(AnswerError::Missing("fingerprint"))?;
        match self.role.as_deref() {
            Some("active") => Ok((Credentials { ufrag, password }, fingerprint)),
            Some(_) => Err(AnswerError::NotActive),
            None => Err(AnswerError::Missing("setup")),
        }
    }
}

/// What may be said on a line, depending on what it carries.
fn is_allowed(direction: Direction, carries: &Carries) -> bool {
    match carries {
        Carries::Publish(_) => !direction.receives(),
        Carries::Forward(_) => !direction.sends(),
        Carries::Ended | Carries::Free | Carries::Closed => direction == Direction::Inactive,
    }
}

#[cfg(test)]
mod tests;

//! Reading one m-line of an answer.

use rtc_sdp::MediaDescription;

use super::{AnsweredLine, Feedback, Msid, is_allowed};
use crate::media::sdp::attributes::Attributes;
use crate::media::sdp::offer::LAYERS;
use crate::media::sdp::{AnswerError, Carries, Codec, Direction, Extension, Line, Payload, Rid, Skeleton, StreamId, TrackId};

/// The most SSRCs of one m-line: three layers, each with retransmissions, twice over.
const MAX_SSRCS: usize = 12;

/// Checks and reads.
pub(super) fn read(media: &MediaDescription, offered: &Line, skeleton: &Skeleton) -> Result<AnsweredLine, AnswerError> {
    let attributes = Attributes::new(&media.attributes);
    let mid = offered.mid.clone();
    let rejected = media.media_name.port.value == 0;
    // A rejected line need not repeat its mid (RFC 9429, section 5.3.1).
    let named = attributes.first("mid").map_or(rejected, |answered| answered == mid.as_str());
    if media.media_name.media != offered.kind.name() || !named {
        return Err(AnswerError::OtherLine(mid));
    }
    let mut line = AnsweredLine {
        mid,
        kind: offered.kind,
        rejected,
        direction: Direction::Inactive,
        codecs: Vec::new(),
        extensions: Vec::new(),
        layers: Vec::new(),
        msid: None,
        ssrcs: Vec::new(),
        feedback: Feedback::default(),
    };
    if rejected {
        return Ok(line);
    }
    if !attributes.has("rtcp-mux") {
        return Err(AnswerError::NotMultiplexed(line.mid));
    }
    line.direction = attributes.direction();
    if !is_allowed(line.direction, &offered.carries) {
        return Err(AnswerError::Direction(line.mid));
    }
    line.codecs = codecs(media, attributes, offered, skeleton)?;
    line.extensions = extensions(attributes, offered, skeleton)?;
    line.feedback = feedback(attributes, &line.codecs, skeleton);
    if line.direction.sends() {
        line.layers = layers(attributes, offered)?;
        line.msid = attributes.first("msid").map(msid).transpose()?;
        line.ssrcs = ssrcs(attributes)?;
    }
    Ok(line)
}

fn codecs(
    media: &MediaDescription,
    attributes: Attributes<'_>,
    offered: &Line,
    skeleton: &Skeleton,
) -> Result<Vec<(Codec, bool)>, AnswerError> {
    let mut codecs: Vec<(Codec, bool)> = Vec::new();
    let mut repaired = Vec::new();
    for format in &media.media_name.formats {
        let number: u8 = format.parse().map_err(|_| AnswerError::Malformed("m-line"))?;
        let known = skeleton.payloads().iter().find(|payload| payload.payload_type == number || payload.repair == Some(number));
        let Some(Payload { codec, payload_type, .. }) = known.filter(|payload| payload.codec.kind() == offered.kind) else {
            return Err(AnswerError::PayloadType(number));
        };
        let is_repair = *payload_type != number;
        let encoding = if is_repair { "rtx" } else { codec.encoding() };
        if !means(attributes, number, encoding) {
            return Err(AnswerError::PayloadType(number));
        }
        if is_repair {
            repaired.push(*codec);
        } else if !codecs.iter().any(|(known, _)| known == codec) {
            codecs.push((*codec, false));
        }
    }
    for (codec, repair) in &mut codecs {
        *repair = repaired.contains(codec);
    }
    Ok(codecs)
}

/// Whether an `rtpmap` gives the number the name that it was offered with.
fn means(attributes: Attributes<'_>, number: u8, encoding: &str) -> bool {
    let mut names = attributes.all("rtpmap").filter_map(|value| value.split_once(' ')).filter(|(of, _)| of.parse() == Ok(number));
    names.next().is_some_and(|(_, name)| name.split('/').zip(encoding.split('/')).all(|(one, other)| one.eq_ignore_ascii_case(other)))
}

fn extensions(attributes: Attributes<'_>, offered: &Line, skeleton: &Skeleton) -> Result<Vec<Extension>, AnswerError> {
    let mut extensions = Vec::new();
    for value in attributes.all("extmap") {
        let mut words = value.split_ascii_whitespace();
        let id = words.next().and_then(|word| word.split('/').next()).and_then(|word| word.parse().ok());
        let (Some(id), Some(uri)) = (id, words.next()) else {
            return Err(AnswerError::Malformed("extmap"));
        };
        let known = skeleton.extensions().iter().find(|known| known.id == id && known.extension.uri() == uri);
        let known = known.filter(|known| known.extension.serves(offered.kind)).ok_or(AnswerError::Extension(id))?;
        if !extensions.contains(&known.extension) {
            extensions.push(known.extension);
        }
    }
    Ok(extensions)
}

fn feedback(attributes: Attributes<'_>, codecs: &[(Codec, bool)], skeleton: &Skeleton) -> Feedback {
    let mut feedback = Feedback::default();
    let Some(payload) = codecs.first().and_then(|(codec, _)| skeleton.payload(*codec)) else {
        return feedback;
    };
    for (of, what) in attributes.all("rtcp-fb").filter_map(|value| value.split_once(' ')) {
        if of != "*" && of.parse() != Ok(payload.payload_type) {
            continue;
        }
        match what {
            "nack" => feedback.nack = true,
            "nack pli" => feedback.pli = true,
            "ccm fir" => feedback.fir = true,
            "transport-cc" => feedback.transport_cc = true,
            "goog-remb" => feedback.remb = true,
            _ => {}
        }
    }
    feedback
}

/// RFC 8853, section 5.1: layers between semicolons, alternatives between commas, a tilde before those that start paused.
fn layers(attributes: Attributes<'_>, offered: &Line) -> Result<Vec<Rid>, AnswerError> {
    let Some(value) = attributes.first("simulcast") else {
        return Ok(Vec::new());
    };
    let Some(list) = value.trim().strip_prefix("send ") else {
        return Err(AnswerError::Malformed("simulcast"));
    };
    let asked = matches!(offered.carries, Carries::Publish(published) if published.simulcast);
    let mut layers = Vec::new();
    for name in list.split([';', ',']) {
        let rid = Rid::parse(name.trim().trim_start_matches('~')).map_err(|_| AnswerError::Malformed("simulcast"))?;
        let described = attributes.all("rid").any(|value| value.strip_prefix(rid.as_str()).is_some_and(|rest| rest.starts_with(" send")));
        if !asked || !described || !LAYERS.contains(&rid.as_str()) || layers.contains(&rid) {
            return Err(AnswerError::Layer(offered.mid.clone()));
        }
        layers.push(rid);
    }
    layers.sort_by_key(|rid| LAYERS.iter().position(|name| *name == rid.as_str()));
    Ok(layers)
}

fn msid(value: &str) -> Result<Msid, AnswerError> {
    let mut words = value.split_ascii_whitespace();
    // RFC 8830, section 2: "-" for no stream.
    let stream = words.next().filter(|word| *word != "-").map(StreamId::parse).transpose();
    let track = words.next().map(TrackId::parse).transpose();
    match (stream, track, words.next()) {
        (Ok(stream), Ok(track), None) => Ok(Msid { stream, track }),
        _ => Err(AnswerError::Malformed("msid")),
    }
}

/// RFC 5576, sections 4.1 and 4.2, and FID groups as RFC 4588, section 8.5, has them.
fn ssrcs(attributes: Attributes<'_>) -> Result<Vec<(u32, Option<u32>)>, AnswerError> {
    let malformed = AnswerError::Malformed("ssrc");
    let number = |word: Option<&str>| word.and_then(|word| word.parse::<u32>().ok()).ok_or(malformed.clone());
    let mut pairs: Vec<(u32, Option<u32>)> = Vec::new();
    for value in attributes.all("ssrc-group") {
        let mut words = value.split_ascii_whitespace();
        if words.next() == Some("FID") {
            pairs.push((number(words.next())?, Some(number(words.next())?)));
        }
    }
    for value in attributes.all("ssrc") {
        let ssrc = number(value.split(' ').next())?;
        if !pairs.iter().any(|(known, repair)| *known == ssrc || *repair == Some(ssrc)) {
            pairs.push((ssrc, None));
        }
    }
    if pairs.len() > MAX_SSRCS { Err(AnswerError::TooLong) } else { Ok(pairs) }
}

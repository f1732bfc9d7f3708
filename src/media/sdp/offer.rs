//! Writing offers.

use rtc_sdp::description::common::{Address, Attribute, ConnectionInformation};
use rtc_sdp::description::media::{MediaName, RangedPort};
use rtc_sdp::description::session::{Origin, TimeDescription};
use rtc_sdp::{MediaDescription, SessionDescription};

use super::attributes::{flag, say};
use super::{Candidate, Carries, Credentials, Direction, Fingerprint, Forwarded, Kind, Line, Payload, Published, Skeleton};

/// The names of the layers asked for, the smallest first: a browser halves the size from the last one down (WebRTC, section
/// 5.4.1, "scaleResolutionDownBy").
pub(super) const LAYERS: [&str; 3] = ["l", "m", "h"];

/// What a node adds to a skeleton to make an offer of it.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The node's ICE credentials for this participant.
    pub credentials: &'a Credentials,
    /// The fingerprint of the node's certificate.
    pub fingerprint: &'a Fingerprint,
    /// Where the node can be reached, the preferred first. There will be no others.
    pub candidates: &'a [Candidate],
}

impl Offer<'_> {
    /// The offer as SDP. The skeleton counts it.
    #[must_use]
    pub fn write(&self, skeleton: &mut Skeleton) -> String {
        let (session_id, session_version) = skeleton.next_version();
        let bundled: Vec<&str> =
            skeleton.lines().iter().filter(|line| line.carries != Carries::Closed).map(|line| line.mid.as_str()).collect();
        let attributes = [
            ("group", Some(format!("BUNDLE {}", bundled.join(" ")))),
            ("ice-lite", None),
            // Chromium's own way of saying that stream IDs matter.
            ("msid-semantic", Some(" WMS *".to_owned())),
        ];
        SessionDescription {
            origin: Origin {
                username: "-".to_owned(),
                session_id,
                session_version,
                network_type: "IN".to_owned(),
                address_type: "IP4".to_owned(),
                unicast_address: "0.0.0.0".to_owned(),
            },
            session_name: "-".to_owned(),
            time_descriptions: vec![TimeDescription::default()],
            attributes: attributes.into_iter().map(|(name, value)| Attribute::new(name.to_owned(), value)).collect(),
            media_descriptions: skeleton.lines().iter().map(|line| self.line(line, skeleton)).collect(),
            ..SessionDescription::default()
        }
        .marshal()
    }

    fn line(&self, line: &Line, skeleton: &Skeleton) -> MediaDescription {
        let payloads: Vec<Payload> = skeleton.payloads().iter().copied().filter(|payload| payload.codec.kind() == line.kind).collect();
        let closed = line.carries == Carries::Closed;
        let mut media = section(line.kind, &payloads, closed);
        say(&mut media, "mid", line.mid.to_string());
        flag(&mut media, direction(&line.carries).name());
        if closed {
            return media;
        }
        self.transport(&mut media);
        extensions(&mut media, line.kind, skeleton);
        codecs(&mut media, &payloads);
        match &line.carries {
            Carries::Publish(published) => layers(&mut media, *published),
            Carries::Forward(forwarded) => track(&mut media, forwarded),
            Carries::Ended | Carries::Free | Carries::Closed => {}
        }
        media
    }

    fn transport(&self, media: &mut MediaDescription) {
        say(media, "ice-ufrag", self.credentials.ufrag.to_string());
        say(media, "ice-pwd", self.credentials.password.as_str().to_owned());
        say(media, "fingerprint", self.fingerprint.to_string());
        say(media, "setup", "actpass".to_owned());
        flag(media, "rtcp-mux");
        flag(media, "rtcp-rsize");
        for (place, candidate) in self.candidates.iter().enumerate() {
            say(media, "candidate", candidate.attribute(place));
        }
        flag(media, "end-of-candidates");
    }
}

fn section(kind: Kind, payloads: &[Payload], closed: bool) -> MediaDescription {
    // 9 is the port of those whose real one is among the candidates (RFC 9429, section 5.2.1); 0 closes the line.
    let port = RangedPort { value: if closed { 0 } else { 9 }, range: None };
    let formats = payloads.iter().flat_map(|payload| std::iter::once(payload.payload_type).chain(payload.repair));
    MediaDescription {
        media_name: MediaName {
            media: kind.name().to_owned(),
            port,
            protos: ["UDP", "TLS", "RTP", "SAVPF"].map(str::to_owned).to_vec(),
            formats: formats.map(|number| number.to_string()).collect(),
        },
        connection_information: Some(ConnectionInformation {
            network_type: "IN".to_owned(),
            address_type: "IP4".to_owned(),
            address: Some(Address { address: "0.0.0.0".to_owned(), ttl: None, range: None }),
        }),
        ..MediaDescription::default()
    }
}

pub(super) fn direction(carries: &Carries) -> Direction {
    match carries {
        Carries::Publish(_) => Direction::RecvOnly,
        Carries::Forward(_) => Direction::SendOnly,
        Carries::Ended | Carries::Free | Carries::Closed => Direction::Inactive,
    }
}

fn extensions(media: &mut MediaDescription, kind: Kind, skeleton: &Skeleton) {
    for offered in skeleton.extensions().iter().filter(|offered| offered.extension.serves(kind)) {
        say(media, "extmap", format!("{} {}", offered.id, offered.extension.uri()));
    }
}

fn codecs(media: &mut MediaDescription, payloads: &[Payload]) {
    for Payload { codec, payload_type, repair } in payloads {
        say(media, "rtpmap", format!("{payload_type} {}", codec.encoding()));
        for feedback in codec.feedback() {
            say(media, "rtcp-fb", format!("{payload_type} {feedback}"));
        }
        if let Some(parameters) = codec.parameters() {
            say(media, "fmtp", format!("{payload_type} {parameters}"));
        }
        if let Some(repair) = repair {
            say(media, "rtpmap", format!("{repair} rtx/{}", codec.clock_rate()));
            say(media, "fmtp", format!("{repair} apt={payload_type}"));
        }
    }
}

/// RFC 8853, section 5.1.
fn layers(media: &mut MediaDescription, published: Published) {
    if published.simulcast {
        for layer in LAYERS {
            say(media, "rid", format!("{layer} recv"));
        }
        say(media, "simulcast", format!("recv {}", LAYERS.join(";")));
    }
}

/// RFC 8830 and RFC 5576. All tracks of a stream share a CNAME, so that they are played in step.
fn track(media: &mut MediaDescription, forwarded: &Forwarded) {
    let Forwarded { stream, track, ssrc, repair_ssrc } = forwarded;
    say(media, "msid", format!("{stream} {track}"));
    if let Some(repair) = repair_ssrc {
        say(media, "ssrc-group", format!("FID {ssrc} {repair}"));
    }
    for ssrc in std::iter::once(ssrc).chain(repair_ssrc) {
        say(media, "ssrc", format!("{ssrc} cname:{stream}"));
    }
}

#[cfg(test)]
pub(crate) mod tests;

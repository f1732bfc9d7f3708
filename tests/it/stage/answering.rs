//! Answers to offers, as a browser without any network would give them.

use serde_json::{Value, json};

use super::visitor::Visitor;

/// Of a certificate that nobody has.
const FINGERPRINT: &str = "sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08";

impl Visitor {
    /// Waits for the next offer; answers the description that is in its string.
    pub async fn offered(&self) -> Value {
        let data = self.event("offer").await;
        let offer: Value = serde_json::from_str(data.as_str().expect("an offer is a string")).unwrap();
        assert_eq!(offer["type"], "offer");
        offer
    }

    /// Answers an offer and publishes `stream` wherever it wants something.
    pub async fn answer(&mut self, offer: &Value, stream: &str) {
        let mut answer = json!({ "type": "answer", "sdp": answer(sdp(offer), stream) });
        for number in ["connection", "offer"] {
            if let Some(value) = offer.get(number) {
                answer[number] = value.clone();
            }
        }
        self.order("answer", json!(answer.to_string())).await;
    }

    /// Asks for media, answers what is offered and publishes `stream`.
    pub async fn publish(&mut self, request: Value, stream: &str) -> Value {
        self.order("media_request", request).await;
        let offer = self.offered().await;
        self.answer(&offer, stream).await;
        offer
    }

    /// Waits for an offer whose description has this, and answers all up to it.
    pub async fn offered_with(&mut self, what: &str) -> Value {
        loop {
            let offer = self.offered().await;
            self.answer(&offer, "unused").await;
            if sdp(&offer).contains(what) {
                return offer;
            }
        }
    }
}

/// The text of an offer.
pub fn sdp(offer: &Value) -> &str {
    offer["sdp"].as_str().unwrap()
}

/// The values of an attribute, in order.
pub fn values<'a>(sdp: &'a str, name: &str) -> Vec<&'a str> {
    let beginning = format!("a={name}:");
    sdp.lines().filter_map(|line| line.strip_prefix(&beginning)).collect()
}

fn answer(offer: &str, stream: &str) -> String {
    let mut sections = offer.split("\r\nm=");
    let bundle = sections.next().unwrap().lines().find(|line| line.starts_with("a=group:")).unwrap();
    let head = format!("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{bundle}\r\n");
    sections.enumerate().fold(head, |text, (index, section)| text + &answer_section(section, stream, index))
}

fn answer_section(section: &str, stream: &str, index: usize) -> String {
    let first = section.lines().next().unwrap();
    let mut text = format!("m={first}\r\nc=IN IP4 0.0.0.0\r\n");
    let kept = ["a=mid", "a=rtpmap", "a=fmtp", "a=rtcp-fb", "a=extmap", "a=rtcp-mux"];
    for line in section.lines().filter(|line| kept.iter().any(|name| line.starts_with(name))) {
        text += &format!("{line}\r\n");
    }
    if first.split(' ').nth(1) == Some("0") {
        return text + "a=inactive\r\n";
    }
    text += &format!("a=ice-ufrag:clnt\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:{FINGERPRINT}\r\na=setup:active\r\n");
    let is = |name: &str| section.lines().any(|line| line == name);
    if is("a=recvonly") {
        text += &format!("a=sendonly\r\na=msid:{stream} track-{index}\r\n");
        if section.contains("a=simulcast:") {
            text += "a=rid:l send\r\na=rid:m send\r\na=rid:h send\r\na=simulcast:send l;m;h\r\n";
        } else {
            text += &format!("a=ssrc:{} cname:x\r\n", 1_000 + index);
        }
        text
    } else {
        text + if is("a=sendonly") { "a=recvonly\r\n" } else { "a=inactive\r\n" }
    }
}

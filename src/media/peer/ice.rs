//! The server's side of ICE, which is ICE-lite (RFC 8445, section 2.5). It has host candidates only, always is the controlled one, answers
//! checks and sends none.
//!
//! A browser's authenticated checks are also its consent to be sent to (RFC 7675): it goes on checking for as long as it lives.

use std::time::{Duration, Instant};

use rtc_crypto::RTCCrypto;

use super::Route;
use super::bucket::Bucket;
use super::stun::Request;
use crate::media::sdp::{Credentials, Ufrag};

/// Without a check for so long, nothing more is sent (RFC 7675, section 5.1).
pub(super) const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);
/// A path that was silent for so long gives way to another one that is checked, even if the browser did not nominate that. Browsers do not
/// nominate again when a NAT has given them another address, since from their side nothing has changed.
const SILENCE: Duration = Duration::from_secs(3);
/// The most paths remembered of one participant.
const MAX_ROUTES: usize = 8;
/// Requests remembered, so that a copy of one that is sent from elsewhere is recognised.
const MAX_TRANSACTIONS: usize = 32;
/// Answers on one path, per second. Browsers check every 50 ms at most.
const ANSWERS: u32 = 50;
/// Integrity checks of requests from unknown paths, per second, on behalf of one participant.
const STRANGERS: u32 = 200;

/// See the module.
pub(super) struct Ice {
    local: Credentials,
    remote: Option<Ufrag>,
    routes: Vec<Known>,
    selected: Option<Route>,
    strangers: Bucket,
    transactions: Vec<([u8; 12], Route)>,
    next_transaction: usize,
}

/// A path on which the participant has shown that it knows the password.
struct Known {
    route: Route,
    checked: Instant,
    answers: Bucket,
}

impl Ice {
    /// One that nobody has spoken to yet.
    pub(super) fn new(now: Instant, local: Credentials) -> Self {
        Self {
            local,
            remote: None,
            routes: Vec::new(),
            selected: None,
            strangers: Bucket::new(now, STRANGERS),
            transactions: Vec::new(),
            next_transaction: 0,
        }
    }

    /// Its own credentials.
    pub(super) fn credentials(&self) -> &Credentials {
        &self.local
    }

    /// What the browser answered.
    pub(super) fn set_remote(&mut self, remote: Ufrag) {
        self.remote = Some(remote);
    }

    /// New credentials; the paths stay in use until the browser has checked new ones (RFC 8445, section 9).
    pub(super) fn restart(&mut self, local: Credentials) {
        self.local = local;
        self.remote = None;
    }

    /// Whether packets from there can be the participant's.
    pub(super) fn knows(&self, route: Route) -> bool {
        self.routes.iter().any(|known| known.route == route)
    }

    /// Where to send to, while there is consent.
    pub(super) fn destination(&self, now: Instant) -> Option<Route> {
        self.selected.filter(|_| self.consent_until().is_some_and(|until| now < until))
    }

    /// When the consent ends, if there is or was one.
    pub(super) fn consent_until(&self) -> Option<Instant> {
        let selected = self.selected?;
        self.routes.iter().find(|known| known.route == selected).map(|known| known.checked + CONSENT_TIMEOUT)
    }

    /// A datagram that begins as STUN does. Returns what to answer. A request that is not authentic is not answered, and changes nothing
    /// but the count of those.
    pub(super) fn handle(&mut self, now: Instant, from: Route, bytes: &[u8], crypto: &dyn RTCCrypto) -> Option<Vec<u8>> {
        let request = Request::read(bytes)?;
        if request.receiver != self.local.ufrag.as_str() || self.remote.as_ref().is_some_and(|remote| remote.as_str() != request.sender) {
            return None;
        }
        if !self.knows(from) && !self.strangers.take(now) {
            return None;
        }
        if !request.is_authentic(self.local.password.as_str().as_bytes(), crypto) || self.is_copy(request.transaction, from) {
            return None;
        }
        let password = self.local.password.as_str();
        if request.controlled {
            return request.role_conflict(password, crypto);
        }
        if !request.unknown.is_empty() {
            return request.unknown_attributes(password, crypto);
        }
        let answer = request.success(from.address, password, crypto);
        let may_answer = self.note(now, from);
        self.select(now, from, request.use_candidate);
        answer.filter(|_| may_answer)
    }

    /// Whether this request was seen before, from elsewhere: then somebody has caught it and sends it again to draw the media there.
    fn is_copy(&mut self, transaction: [u8; 12], from: Route) -> bool {
        if let Some((_, first)) = self.transactions.iter().find(|(known, _)| *known == transaction) {
            return *first != from;
        }
        match self.transactions.get_mut(self.next_transaction) {
            Some(oldest) => *oldest = (transaction, from),
            None => self.transactions.push((transaction, from)),
        }
        self.next_transaction = (self.next_transaction + 1) % MAX_TRANSACTIONS;
        false
    }

    /// Notes that a path works. Returns whether it has an answer left.
    fn note(&mut self, now: Instant, from: Route) -> bool {
        let place = match self.routes.iter().position(|known| known.route == from) {
            Some(place) => place,
            None => {
                if self.routes.len() >= MAX_ROUTES {
                    let others = self.routes.iter().enumerate().filter(|(_, known)| Some(known.route) != self.selected);
                    if let Some((oldest, _)) = others.min_by_key(|(_, known)| known.checked) {
                        self.routes.swap_remove(oldest);
                    }
                }
                self.routes.push(Known { route: from, checked: now, answers: Bucket::new(now, ANSWERS) });
                self.routes.len() - 1
            }
        };
        self.routes[place].checked = now;
        self.routes[place].answers.take(now)
    }

    fn select(&mut self, now: Instant, from: Route, nominated: bool) {
        let is_silent = |selected: Route| self.routes.iter().all(|known| known.route != selected || known.checked + SILENCE <= now);
        if nominated || self.selected.is_none_or(is_silent) {
            self.selected = Some(from);
        }
    }
}

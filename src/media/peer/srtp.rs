//! SRTP and SRTCP of one participant (RFC 3711, RFC 7714), keyed by DTLS (RFC 5764).

use bytes::BytesMut;
use rtc_crypto::RTCCrypto;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_dtls::state::State;
use rtc_rtp::Header;
use rtc_srtp::config::{Config, LABEL_EXTRACTOR_DTLS_SRTP, SessionKeys};
use rtc_srtp::context::Context;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;

/// How far a packet may be behind the newest one of its SSRC and still be taken, in packets.
const RTP_WINDOW: usize = 1024;
/// The same for RTCP.
const RTCP_WINDOW: usize = 64;
/// The most SSRCs of one participant. Three cameras' worth of layers with retransmissions are 18.
const MAX_SSRCS: usize = 64;
/// A context remembers every SSRC it was asked about, forged ones too. So unknown SSRCs go to one that is thrown away after so many.
const MAX_PROBES: u32 = 64;

/// Bytes of an RTCP packet's index, which ends the packet with AES-GCM (RFC 7714, section 9.3) and stands before the tag with AES-CM (RFC
/// 3711, section 3.4); and its first bit.
const RTCP_INDEX: usize = 4;
const CM_TAG: usize = 10;
const ENCRYPTED: u8 = 0x80;

/// Media cannot be protected: there is no session yet, or the packet is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the packet cannot be protected")]
pub struct SealError;

/// Both directions.
pub(in crate::media) struct Srtp {
    profile: ProtectionProfile,
    keys: SessionKeys,
    sealing: Context,
    opening: Context,
    rtp_sources: Vec<u32>,
    rtcp_sources: Vec<u32>,
    probe: Option<(Context, u32)>,
    /// What the library is told of a packet; kept for its memory.
    header: Header,
}

impl Srtp {
    /// From a finished handshake, as the DTLS server or client that it was. None if no profile was agreed on.
    pub(in crate::media) fn new(state: &State, crypto: &dyn RTCCrypto) -> Option<Self> {
        let profile = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => ProtectionProfile::AeadAes128Gcm,
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
            _ => return None,
        };
        let mut config = Config { profile, ..Config::default() };
        let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], config.keying_material_len()).ok()?;
        config.set_session_keys_from_keying_material(material.as_ref(), state.is_client()).ok()?;
        Self::from_keys(profile, config.keys, crypto)
    }

    fn from_keys(profile: ProtectionProfile, keys: SessionKeys, crypto: &dyn RTCCrypto) -> Option<Self> {
        let sealing = Context::new(&keys.local_master_key, &keys.local_master_salt, profile, None, None, crypto).ok()?;
        let replay = (Some(srtp_replay_protection(RTP_WINDOW)), Some(srtcp_replay_protection(RTCP_WINDOW)));
        let opening = Context::new(&keys.remote_master_key, &keys.remote_master_salt, profile, replay.0, replay.1, crypto).ok()?;
        Some(Self {
            profile,
            keys,
            sealing,
            opening,
            rtp_sources: Vec::new(),
            rtcp_sources: Vec::new(),
            probe: None,
            header: Header::default(),
        })
    }

    /// One that opens what it has sealed, with keys that everybody knows. For fuzzing.
    pub(in crate::media) fn mirror(gcm: bool, crypto: &dyn RTCCrypto) -> Option<Self> {
        let profile = if gcm { ProtectionProfile::AeadAes128Gcm } else { ProtectionProfile::Aes128CmHmacSha1_80 };
        let (key, salt) = (vec![1; profile.key_len()], vec![2; profile.salt_len()]);
        let keys = SessionKeys {
            local_master_key: key.clone(),
            local_master_salt: salt.clone(),
            remote_master_key: key,
            remote_master_salt: salt,
        };
        Self::from_keys(profile, keys, crypto)
    }

    /// Whether it is AES-128-GCM, which costs a sixth of the other.
    pub(in crate::media) fn is_gcm(&self) -> bool {
        matches!(self.profile, ProtectionProfile::AeadAes128Gcm)
    }

    /// Opens a packet: as it was sent, header and padding included. None for what is not authentic, came before, or is one SSRC too many.
    pub(in crate::media) fn open_rtp(&mut self, bytes: &[u8], crypto: &dyn RTCCrypto) -> Option<BytesMut> {
        let mut header = std::mem::take(&mut self.header);
        let opened = describe(bytes, &mut header).and_then(|()| self.open_described(bytes, &header, crypto));
        self.header = header;
        opened
    }

    /// The same for a compound RTCP packet.
    pub(in crate::media) fn open_rtcp(&mut self, bytes: &[u8], crypto: &dyn RTCCrypto) -> Option<BytesMut> {
        // The library takes one of AES-CM that says it is not encrypted without a look at its tag. All must be (RFC 8827, section 6.5).
        let index = bytes.len().checked_sub(if self.is_gcm() { RTCP_INDEX } else { RTCP_INDEX + CM_TAG })?;
        if bytes.get(index)? & ENCRYPTED == 0 {
            return None;
        }
        let ssrc = u32::from_be_bytes(bytes.get(4..8)?.try_into().ok()?);
        if !self.rtcp_sources.contains(&ssrc) {
            if self.rtcp_sources.len() >= MAX_SSRCS || self.probe(crypto)?.decrypt_rtcp(bytes).is_err() {
                return None;
            }
            self.rtcp_sources.push(ssrc);
        }
        self.opening.decrypt_rtcp(bytes).ok()
    }

    /// Seals a packet that is ready but for that.
    pub(in crate::media) fn seal_rtp(&mut self, packet: &[u8]) -> Result<BytesMut, SealError> {
        describe(packet, &mut self.header).ok_or(SealError)?;
        self.sealing.encrypt_rtp_with_header(packet, &self.header).map_err(|_| SealError)
    }

    /// Seals a compound RTCP packet.
    pub(in crate::media) fn seal_rtcp(&mut self, packet: &[u8]) -> Result<BytesMut, SealError> {
        self.sealing.encrypt_rtcp(packet).map_err(|_| SealError)
    }

    fn open_described(&mut self, bytes: &[u8], header: &Header, crypto: &dyn RTCCrypto) -> Option<BytesMut> {
        if !self.rtp_sources.contains(&header.ssrc) {
            if self.rtp_sources.len() >= MAX_SSRCS || self.probe(crypto)?.decrypt_rtp_with_header(bytes, header).is_err() {
                return None;
            }
            self.rtp_sources.push(header.ssrc);
        }
        self.opening.decrypt_rtp_with_header(bytes, header).ok()
    }

    /// A context for packets of SSRCs that nobody vouches for yet.
    fn probe(&mut self, crypto: &dyn RTCCrypto) -> Option<&mut Context> {
        if self.probe.as_ref().is_none_or(|(_, used)| *used >= MAX_PROBES) {
            let SessionKeys { remote_master_key, remote_master_salt, .. } = &self.keys;
            let context = Context::new(remote_master_key, remote_master_salt, self.profile, None, None, crypto).ok()?;
            self.probe = Some((context, 0));
        }
        let (context, used) = self.probe.as_mut()?;
        *used += 1;
        Some(context)
    }
}

/// Makes `header` say what the library asks of it: SSRC, number and length, for which CSRCs stand, whatever is behind the fixed header. Nothing
/// is parsed or allocated that is not needed. None for what is no RTP (RFC 3550, section 5.1).
fn describe(packet: &[u8], header: &mut Header) -> Option<()> {
    let [first, _, n0, n1, _, _, _, _, s0, s1, s2, s3] = *packet.first_chunk::<12>()?;
    let mut words = usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let length = packet.get(12 + 4 * words + 2..12 + 4 * words + 4)?;
        words += 1 + usize::from(u16::from_be_bytes(length.try_into().ok()?));
    }
    if first >> 6 != 2 || packet.len() < 12 + 4 * words {
        return None;
    }
    (header.version, header.sequence_number) = (2, u16::from_be_bytes([n0, n1]));
    header.ssrc = u32::from_be_bytes([s0, s1, s2, s3]);
    header.csrc.resize(words, 0);
    Some(())
}

//! The payload descriptor of VP8 (RFC 7741, section 4.2) and the head of its keyframes (RFC 6386, section 9.1).

/// Longest descriptor in bytes.
pub const LONGEST: usize = 6;

/// A payload descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Bytes before the VP8 payload.
    pub length: usize,
    /// The packet begins a partition (S).
    pub begins_partition: bool,
    /// Which partition (PID).
    pub partition: u8,
    /// Running number of the frame.
    pub picture_id: Option<PictureId>,
    /// Running number of the frames that all later ones may build upon.
    pub tl0_picture_index: Option<u8>,
    /// Temporal layer (TID).
    pub temporal_layer: Option<u8>,
    /// The frame builds on the base layer only (Y): decoding may change up here.
    pub layer_sync: bool,
}

/// A PictureID of 7 or 15 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureId {
    /// Its value.
    pub value: u16,
    /// Written in two bytes.
    pub long: bool,
}

impl PictureId {
    /// The bits that count: the ID is a number modulo this plus one.
    #[must_use]
    pub fn mask(self) -> u16 {
        if self.long { 0x7fff } else { 0x7f }
    }
}

impl Descriptor {
    /// Reads the descriptor. `None` if the payload ends with or within it.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut bytes = payload.iter().copied();
        let first = bytes.next()?;
        let mut descriptor = Self {
            length: 1,
            begins_partition: first & 0x10 != 0,
            partition: first & 0x07,
            picture_id: None,
            tl0_picture_index: None,
            temporal_layer: None,
            layer_sync: false,
        };
        if first & 0x80 != 0 {
            let extended = bytes.next()?;
            if extended & 0x80 != 0 {
                let high = bytes.next()?;
                let long = high & 0x80 != 0;
                let value = u16::from(high & 0x7f);
                let value = if long { value << 8 | u16::from(bytes.next()?) } else { value };
                descriptor.picture_id = Some(PictureId { value, long });
            }
            if extended & 0x40 != 0 {
                descriptor.tl0_picture_index = Some(bytes.next()?);
            }
            if extended & 0x30 != 0 {
                let layer = bytes.next()?;
                descriptor.layer_sync = layer & 0x20 != 0;
                descriptor.temporal_layer = (extended & 0x20 != 0).then_some(layer >> 6);
            }
            descriptor.length = payload.len() - bytes.len();
        }
        bytes.next().map(|_| descriptor)
    }

    /// Whether a keyframe begins with this payload.
    #[must_use]
    pub fn begins_keyframe(&self, payload: &[u8]) -> bool {
        self.begins_partition && self.partition == 0 && payload.get(self.length).is_some_and(|head| head & 1 == 0)
    }

    /// The same descriptor, read from `payload`, with other numbers where it has any; returns its bytes and their count.
    #[must_use]
    pub fn renumbered(&self, payload: &[u8], picture: u16, tl0_picture_index: u8) -> ([u8; LONGEST], usize) {
        let mut bytes = [0; LONGEST];
        let length = self.length.min(payload.len()).min(LONGEST);
        bytes[..length].copy_from_slice(&payload[..length]);
        let mut at = 2;
        match self.picture_id {
            Some(PictureId { long: true, .. }) => {
                [bytes[2], bytes[3]] = (picture | 0x8000).to_be_bytes();
                at = 4;
            }
            Some(PictureId { long: false, .. }) => {
                bytes[2] = picture as u8 & 0x7f;
                at = 3;
            }
            None => {}
        }
        if self.tl0_picture_index.is_some() {
            bytes[at] = tl0_picture_index;
        }
        (bytes, length)
    }
}

/// Width and height in pixels, told by the first packet of a keyframe.
#[must_use]
pub fn dimensions(descriptor: &Descriptor, payload: &[u8]) -> Option<(u16, u16)> {
    if !descriptor.begins_keyframe(payload) {
        return None;
    }
    let head: &[u8; 10] = payload.get(descriptor.length..)?.first_chunk()?;
    let [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = *head else { return None };
    Some((u16::from_le_bytes([w0, w1]) & 0x3fff, u16::from_le_bytes([h0, h1]) & 0x3fff))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn all_fields_are_read() {
        let payload = [0x90, 0xf0, 0x92, 0x34, 7, 0x60, 0x00];
        let descriptor = Descriptor::parse(&payload).unwrap();
        let expected = Descriptor {
            length: 6,
            begins_partition: true,
            partition: 0,
            picture_id: Some(PictureId { value: 0x1234, long: true }),
            tl0_picture_index: Some(7),
            temporal_layer: Some(1),
            layer_sync: true,
        };
        assert_eq!(descriptor, expected);
        assert!(descriptor.begins_keyframe(&payload));
        assert_eq!(descriptor.renumbered(&payload, 0x7fff, 255), ([0x90, 0xf0, 0xff, 0xff, 255, 0x60], 6));
        assert!((0..7).all(|length| Descriptor::parse(&payload[..length]).is_none()), "it must not end within");
    }

    #[test]
    fn short_picture_ids_stay_short() {
        let payload = [0x80, 0xa0, 0x05, 0x40, 0x01];
        let descriptor = Descriptor::parse(&payload).unwrap();
        assert_eq!((descriptor.picture_id.unwrap().mask(), descriptor.length), (0x7f, 4));
        assert_eq!(descriptor.renumbered(&payload, 0x81, 9), ([0x80, 0xa0, 0x01, 0x40, 0, 0], 4));
    }

    #[test]
    fn the_shortest_descriptor_is_left_alone() {
        let descriptor = Descriptor::parse(&[0x10, 0x01]).unwrap();
        assert_eq!((descriptor.picture_id, descriptor.length), (None, 1));
        assert_eq!(descriptor.renumbered(&[0x10, 0x01], 5, 5), ([0x10, 0, 0, 0, 0, 0], 1));
        assert!(!descriptor.begins_keyframe(&[0x10, 0x01]), "an interframe");
        assert!(!Descriptor::parse(&[0x11, 0x00]).unwrap().begins_keyframe(&[0x11, 0x00]), "another partition");
    }

    #[test]
    fn keyframes_tell_their_size() {
        let payload = [0x10, 0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x41];
        assert_eq!(dimensions(&Descriptor::parse(&payload).unwrap(), &payload), Some((640, 360)));
        assert_eq!(dimensions(&Descriptor::parse(&payload[..9]).unwrap(), &payload[..9]), None);
    }
}

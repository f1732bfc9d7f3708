//! Keyframes of VP9 (RFC 9628, section 4.2).

/// Whether a keyframe begins with this payload: it begins a frame that depends on no other, in the lowest spatial layer.
#[must_use]
pub fn begins_keyframe(payload: &[u8]) -> bool {
    let mut bytes = payload.iter().copied();
    let Some(first) = bytes.next() else { return false };
    let bit = |mask| first & mask != 0;
    let (picture_id, inter_predicted, layers, begins_frame) = (bit(0x80), bit(0x40), bit(0x20), bit(0x08));
    if inter_predicted || !begins_frame {
        return false;
    }
    if picture_id && bytes.next().is_none_or(|id| id & 0x80 != 0 && bytes.next().is_none()) {
        return false;
    }
    !layers || bytes.next().is_some_and(|layer| layer & 0x0e == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframes_are_found() {
        assert!(begins_keyframe(&[0x08, 0]), "bare");
        assert!(begins_keyframe(&[0xa8, 0x92, 0x34, 0x00]), "long picture ID, lowest layer");
        assert!(begins_keyframe(&[0xa8, 0x12, 0x01]), "short picture ID");
    }

    #[test]
    fn other_packets_are_not() {
        assert!(!begins_keyframe(&[]));
        assert!(!begins_keyframe(&[0x48]), "predicted");
        assert!(!begins_keyframe(&[0x00]), "within a frame");
        assert!(!begins_keyframe(&[0xa8, 0x12, 0x02]), "a higher spatial layer");
        assert!(!begins_keyframe(&[0xa8, 0x92]) && !begins_keyframe(&[0x28]), "cut off");
    }
}

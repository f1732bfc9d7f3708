//! New inputs of old ones: bytes are changed as any fuzzer does, and the parts that a kind of input is made of (packets, attributes, lines)
//! come twice, out of order, from elsewhere or not at all.

use rand::RngExt;
use rand::rngs::StdRng;

/// Longer inputs find nothing that these do not.
const MOST: usize = 8192;
/// Numbers at which something often changes.
const NUMBERS: [u32; 14] = [0, 1, 2, 3, 4, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0xffff_ffff];

/// A new input for a target.
pub(super) fn mutate(target: &str, inputs: &[Vec<u8>], random: &mut StdRng) -> Vec<u8> {
    let split = match target {
        "stun" => attributes,
        "dtls" => datagrams,
        "sdp" => lines,
        _ => packets,
    };
    let mut parts = split(pick(inputs, random));
    for _ in 0..random.random_range(0..4_u32) {
        let others = split(pick(inputs, random));
        rearrange(&mut parts, &others, random);
    }
    for _ in 0..random.random_range(0..6_u32) {
        let which = random.random_range(0..parts.len().max(1));
        if let Some(part) = parts.get_mut(which) {
            if target == "sdp" && random.random_range(0..3) == 0 { reword(part, random) } else { damage(part, random) }
        }
    }
    let mut bytes = match target {
        "stun" | "sdp" => parts.concat(),
        _ => parts.iter().flat_map(|part| with_length(target, part, random)).collect(),
    };
    bytes.truncate(MOST);
    bytes
}

fn pick<'a>(inputs: &'a [Vec<u8>], random: &mut StdRng) -> &'a [u8] {
    &inputs[random.random_range(0..inputs.len())]
}

/// A part with its length before it, as `packets` and `dtls` of the module above want it; once in a while with a wrong one.
fn with_length(target: &str, part: &[u8], random: &mut StdRng) -> Vec<u8> {
    let Some((head, packet)) = part.split_first() else { return Vec::new() };
    let wrong = random.random_range(0..40) == 0;
    let mut bytes = if target == "dtls" {
        let eighths = packet.len().div_ceil(8).min(255) as u8;
        vec![if wrong { random.random() } else { eighths }]
    } else {
        let length = if wrong { random.random_range(0..0x800) } else { packet.len().min(0x7ff) };
        (u16::from(head & 0xf8) << 8 | length as u16).to_be_bytes().to_vec()
    };
    bytes.extend_from_slice(packet);
    if target == "dtls" {
        bytes.resize(1 + packet.len().next_multiple_of(8), 0);
    }
    bytes
}

/// Each with the byte before it that holds the time.
fn packets(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some((head, after)) = rest.split_first_chunk::<2>() {
        let (packet, after) = after.split_at(after.len().min(usize::from(u16::from_be_bytes(*head) & 0x7ff)));
        parts.push([&head[..1], packet].concat());
        rest = after;
    }
    parts
}

/// Each with the byte before it that holds the length.
fn datagrams(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first() {
        let (packet, after) = after.split_at(after.len().min(usize::from(*length) * 8));
        parts.push([&[*length], packet].concat());
        rest = after;
    }
    parts
}

/// The head of a STUN message, if it has one, and each attribute (RFC 8489, section 14).
fn attributes(bytes: &[u8]) -> Vec<Vec<u8>> {
    let has_head = bytes.get(4..8) == Some(&[0x21, 0x12, 0xa4, 0x42]);
    let (head, mut rest) = bytes.split_at(if has_head { bytes.len().min(20) } else { 0 });
    let mut parts = if has_head { vec![head.to_vec()] } else { Vec::new() };
    while !rest.is_empty() {
        let length = rest.get(2..4).map_or(0, |length| usize::from(u16::from_be_bytes([length[0], length[1]])));
        let (attribute, after) = rest.split_at(rest.len().min(4 + length.next_multiple_of(4)));
        parts.push(attribute.to_vec());
        rest = after;
    }
    parts
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| matches!(byte, b'\n' | b',' | b'{')).map(<[u8]>::to_vec).collect()
}

fn rearrange(parts: &mut Vec<Vec<u8>>, others: &[Vec<u8>], random: &mut StdRng) {
    if parts.is_empty() {
        parts.extend_from_slice(others);
        return;
    }
    let from = random.random_range(0..parts.len());
    let to = random.random_range(0..=parts.len());
    match random.random_range(0..6) {
        0 => drop(parts.remove(from)),
        1 => parts.insert(to, parts[from].clone()),
        2 => {
            let part = parts.remove(from);
            parts.insert(to.min(parts.len()), part);
        }
        3 => parts.truncate(to),
        4 => {
            let part = parts[from].clone();
            parts.extend(std::iter::repeat_n(part, random.random_range(1..60)));
        }
        _ if others.is_empty() => {}
        _ => parts.insert(to, others[random.random_range(0..others.len())].clone()),
    }
}

fn damage(bytes: &mut Vec<u8>, random: &mut StdRng) {
    if bytes.is_empty() {
        bytes.push(random.random());
        return;
    }
    let place = random.random_range(0..bytes.len());
    let end = random.random_range(place..bytes.len().min(place + 32)) + 1;
    match random.random_range(0..9) {
        0 => bytes[place] ^= 1 << random.random_range(0..8),
        1 => bytes[place] = random.random(),
        2 => bytes[place] = bytes[place].wrapping_add(random.random_range(0..3)).wrapping_sub(1),
        3 => bytes.truncate(place),
        4 => drop(bytes.drain(place..end)),
        5 => {
            let again = bytes[place..end].to_vec();
            bytes.splice(place..place, again);
        }
        6 => {
            let length = random.random_range(1..40);
            bytes.splice(place..place, vec![0; length]);
        }
        kind => {
            let number = NUMBERS[random.random_range(0..NUMBERS.len())].to_be_bytes();
            let width = if kind == 7 { 2 } else { 4 };
            bytes.iter_mut().skip(place).zip(&number[4 - width..]).for_each(|(byte, new)| *byte = *new);
        }
    }
}

/// Another number, or a word that means something somewhere.
fn reword(line: &mut Vec<u8>, random: &mut StdRng) {
    const WORDS: [&str; 22] = [
        "audio",
        "video",
        "application",
        "sendrecv",
        "recvonly",
        "inactive",
        "actpass",
        "active",
        "q;h;f",
        "~q",
        "sha-256",
        "-",
        "*",
        "0",
        "65535",
        "65536",
        "4294967296",
        "18446744073709551616",
        "-1",
        "\r\n",
        "\u{fe0f}",
        " ",
    ];
    let begin = random.random_range(0..line.len().max(1)).min(line.len());
    let length = line[begin..].iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(line.len() - begin);
    let word = WORDS[random.random_range(0..WORDS.len())].bytes();
    line.splice(begin..begin + length, word);
}

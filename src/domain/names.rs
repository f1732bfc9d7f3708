//! Random readable names for guests.

use crate::ids::Username;

const FIRST: [&str; 48] = [
    "Amber", "Autumn", "Bold", "Brave", "Bright", "Calm", "Clever", "Copper", "Coral", "Crimson", "Curious", "Dapper", "Eager", "Early",
    "Fair", "Gentle", "Gilded", "Golden", "Happy", "Hazel", "Honest", "Ivory", "Jolly", "Keen", "Kind", "Lively", "Lucky", "Mellow",
    "Merry", "Misty", "Noble", "Olive", "Patient", "Pearl", "Plucky", "Proud", "Quick", "Quiet", "Rosy", "Scarlet", "Silver", "Sunny",
    "Swift", "Tidy", "Velvet", "Warm", "Wise", "Witty",
];

const SECOND: [&str; 48] = [
    "Badger", "Beacon", "Bridge", "Canal", "Cedar", "Comet", "Crane", "Dolphin", "Falcon", "Ferry", "Finch", "Fox", "Gondola", "Harbor",
    "Heron", "Island", "Jasper", "Kestrel", "Lagoon", "Lantern", "Lark", "Lion", "Lynx", "Maple", "Marble", "Market", "Meadow", "Merchant",
    "Oar", "Orchid", "Otter", "Owl", "Palace", "Pelican", "Pigeon", "Piazza", "Pilot", "Raven", "River", "Robin", "Sailor", "Sparrow",
    "Swan", "Tide", "Tower", "Turtle", "Willow", "Wren",
];

/// A name from random bits: two words, and a number that grows with `attempt`, so that a taken name is soon left behind.
#[must_use]
pub fn readable(random: u64, attempt: u32) -> Username {
    let first = FIRST[(random % FIRST.len() as u64) as usize];
    let second = SECOND[(random / FIRST.len() as u64 % SECOND.len() as u64) as usize];
    let digits = (attempt + 2).min(9);
    let number = (random >> 24) % 10_u64.pow(digits);
    #[allow(clippy::expect_used, reason = "two words and nine digits are always within a username's limits")]
    Username::parse(&format!("{first}{second}{number}")).expect("readable names are valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_valid_and_most_differ() {
        let names: std::collections::HashSet<_> =
            (0..2_000u64).map(|seed| readable(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), 9).as_str().to_owned()).collect();
        assert!(names.len() > 1_990, "{}", names.len());
    }
}

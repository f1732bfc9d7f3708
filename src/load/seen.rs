//! What has come once already.

/// A bit for each place.
#[derive(Debug, Default)]
pub struct Seen(Vec<u64>);

impl Seen {
    /// Notes that something has come; `false`: it has come before.
    pub fn insert(&mut self, place: u64) -> bool {
        let (word, bit) = ((place / 64) as usize, 1_u64 << (place % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }
}

//! Values under small numbers, which are used again. Finding one costs an index, which counts where it is done for every packet.

/// See the module.
pub(super) struct Slots<T> {
    values: Vec<Option<T>>,
    count: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { values: Vec::new(), count: 0 }
    }
}

impl<T> Slots<T> {
    /// Puts a value into a free slot.
    pub(super) fn insert(&mut self, value: T) -> usize {
        let slot = self.free();
        self.put(slot, value);
        slot
    }

    /// The lowest slot that is free.
    pub(super) fn free(&self) -> usize {
        self.values.iter().position(Option::is_none).unwrap_or(self.values.len())
    }

    /// Puts a value into this slot, in the place of what is there.
    pub(super) fn put(&mut self, slot: usize, value: T) {
        if slot >= self.values.len() {
            self.values.resize_with(slot + 1, || None);
        }
        self.count += usize::from(self.values[slot].replace(value).is_none());
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, slot: usize) -> Option<T> {
        let value = self.values.get_mut(slot)?.take()?;
        self.count -= 1;
        Some(value)
    }

    pub(super) fn get(&self, slot: usize) -> Option<&T> {
        self.values.get(slot)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.values.get_mut(slot)?.as_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All, with their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.values.iter().enumerate().filter_map(|(slot, value)| Some((slot, value.as_ref()?)))
    }

    /// All, with their slots, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut T)> {
        self.values.iter_mut().enumerate().filter_map(|(slot, value)| Some((slot, value.as_mut()?)))
    }

    /// The slots that hold something.
    pub(super) fn slots(&self) -> Vec<usize> {
        self.iter().map(|(slot, _)| slot).collect()
    }
}

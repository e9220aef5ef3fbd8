//! [`Slots`]: a list that grows without moving what is in it, and without room for twice as much.

use std::ops::{Index, IndexMut};

/// How many items a chunk holds.
const CHUNK: usize = 512;

/// A list in chunks. All but the last are full.
pub(super) struct Slots<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Slots<T> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    pub(super) fn push(&mut self, item: T) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(item),
            // Of few items, the first chunk grows with them.
            None => self.chunks.push(vec![item]),
            Some(_) => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(item);
                self.chunks.push(chunk);
            }
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.chunks.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// Several items at once; `None` if one is not there, or two are the same.
    pub(super) fn get_several_mut<const N: usize>(&mut self, indexes: [usize; N]) -> Option<[&mut T; N]> {
        let mut found: [Option<&mut T>; N] = [const { None }; N];
        for (number, chunk) in self.chunks.iter_mut().enumerate() {
            if !indexes.iter().any(|index| index / CHUNK == number) {
                continue;
            }
            for (place, item) in chunk.iter_mut().enumerate() {
                if let Some(wanted) = indexes.iter().position(|&index| index == number * CHUNK + place) {
                    found[wanted] = Some(item);
                }
            }
        }
        if found.iter().any(Option::is_none) {
            return None;
        }
        Some(found.map(|item| match item {
            Some(item) => item,
            None => unreachable!("none of them is missing"),
        }))
    }
}

impl<T> Index<usize> for Slots<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.chunks[index / CHUNK][index % CHUNK]
    }
}

impl<T> IndexMut<usize> for Slots<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.chunks[index / CHUNK][index % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Slots};

    #[test]
    fn items_keep_their_places_over_chunks() {
        let mut slots = Slots::new();
        assert_eq!((slots.len(), slots.get(0)), (0, None));
        for i in 0..3 * CHUNK + 7 {
            assert_eq!(slots.len(), i);
            slots.push(i);
        }
        assert!(slots.iter().copied().eq(0..3 * CHUNK + 7));
        slots[CHUNK] = 0;
        assert_eq!((slots[CHUNK], slots.get(CHUNK - 1), slots.get(3 * CHUNK + 7)), (0, Some(&(CHUNK - 1)), None));
    }

    #[test]
    fn several_are_given_in_their_order_and_none_twice() {
        let mut slots = Slots::new();
        (0..2 * CHUNK).for_each(|i| slots.push(i));
        let [a, b, c] = slots.get_several_mut([CHUNK + 1, 3, 0]).expect("they are there");
        assert_eq!((*a, *b, *c), (CHUNK + 1, 3, 0));
        assert!(slots.get_several_mut([1, 1]).is_none());
        assert!(slots.get_several_mut([1, 2 * CHUNK]).is_none());
    }
}

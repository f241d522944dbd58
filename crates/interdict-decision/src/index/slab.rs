//! A vector whose elements keep their positions, with the free ones reused.

/// Elements at fixed positions.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    elements: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { elements: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub(crate) fn get(&self, position: u32) -> Option<&T> {
        self.elements.get(position as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, position: u32) -> Option<&mut T> {
        self.elements.get_mut(position as usize)?.as_mut()
    }

    /// Puts an element somewhere and says where. Past the positions that a `u32` can say it is not
    /// kept, and the position that comes back leads nowhere.
    pub(crate) fn insert(&mut self, element: T) -> u32 {
        if let Some(position) = self.free.pop()
            && let Some(room) = self.elements.get_mut(position as usize)
        {
            *room = Some(element);
            return position;
        }
        let Ok(position) = u32::try_from(self.elements.len()) else { return u32::MAX };
        self.elements.push(Some(element));
        position
    }

    pub(crate) fn remove(&mut self, position: u32) -> Option<T> {
        let element = self.elements.get_mut(position as usize)?.take()?;
        self.free.push(position);
        Some(element)
    }

    /// Where the next element will be.
    pub(crate) fn next_position(&self) -> u32 {
        self.free.last().copied().unwrap_or_else(|| self.positions())
    }

    /// Every element is at a position before this one.
    pub(crate) fn positions(&self) -> u32 {
        u32::try_from(self.elements.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.elements.iter().flatten()
    }

    pub(crate) fn len(&self) -> usize {
        self.elements.len() - self.free.len()
    }

    pub(crate) fn shrink(&mut self) {
        self.elements.shrink_to_fit();
        self.free.shrink_to_fit();
    }

    pub(crate) fn bytes(&self) -> usize {
        self.elements.capacity() * size_of::<Option<T>>() + self.free.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_position_is_used_again_and_the_others_stay() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        assert_eq!(slab.next_position(), 2);
        assert_eq!(slab.remove(a), Some('a'));
        assert_eq!(slab.remove(a), None);
        assert_eq!(slab.next_position(), a);
        assert_eq!((slab.get(a), slab.get(b), slab.len()), (None, Some(&'b'), 1));
        assert_eq!(slab.insert('c'), a);
        assert_eq!(slab.iter().collect::<String>(), "cb");
    }
}

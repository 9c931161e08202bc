//! A set of texts, in memory.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use smol_str::SmolStr;

/// How many times the size of an element a hash set takes for each: it is between half and seven
/// eighths full.
pub const SLOT: usize = 2;

/// The bytes of a text that is kept as a number, which has its length too.
const SHORT: usize = size_of::<u128>() - 1;

/// Texts, each once. Short ones, as most keys are, are kept as numbers: compared at once, and with
/// nothing to follow elsewhere in memory.
#[derive(Debug, Default)]
pub struct TextSet {
    short: HashSet<u128, RandomState>,
    long: HashSet<SmolStr, RandomState>,
    /// Of the long texts, those that are not in the set itself.
    bytes: usize,
}

/// A short text as a number: its bytes, and its length.
fn to_number(text: &str) -> Option<u128> {
    let mut bytes = [0; SHORT + 1];
    bytes[..SHORT].get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    bytes[SHORT] = text.len() as u8;
    Some(u128::from_ne_bytes(bytes))
}

fn from_number(number: u128) -> SmolStr {
    let bytes = number.to_ne_bytes();
    SmolStr::from(String::from_utf8_lossy(&bytes[..usize::from(bytes[SHORT])]))
}

impl TextSet {
    pub fn insert(&mut self, text: &str) {
        match to_number(text) {
            Some(number) => {
                self.short.insert(number);
            }
            None if self.long.contains(text) => {}
            None => {
                let text = SmolStr::new(text);
                self.bytes += if text.is_heap_allocated() { text.len() } else { 0 };
                self.long.insert(text);
            }
        }
    }

    pub fn contains(&self, text: &str) -> bool {
        match to_number(text) {
            Some(number) => self.short.contains(&number),
            None => self.long.contains(text),
        }
    }

    /// The texts of both sets; it may be taken to need more memory than it does.
    pub fn and(mut self, other: &Self) -> Self {
        self.short.retain(|number| other.short.contains(number));
        self.long.retain(|text| other.long.contains(text));
        self
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.short.len() + self.long.len()
    }

    /// All texts, in no order.
    pub fn iter(&self) -> impl Iterator<Item = SmolStr> {
        self.short.iter().map(|number| from_number(*number)).chain(self.long.iter().cloned())
    }

    /// About the memory that it takes, in bytes.
    pub fn memory(&self) -> usize {
        let tables =
            self.short.capacity() * size_of::<u128>() + self.long.capacity() * size_of::<SmolStr>();
        SLOT * tables + self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_told_apart() {
        let texts: Vec<String> =
            (0..40).flat_map(|n| ["a", "ü", "\n"].map(|c| c.repeat(n))).collect();
        let mut set = TextSet::default();
        texts.iter().for_each(|text| set.insert(text));
        texts.iter().for_each(|text| set.insert(text));
        let different: HashSet<&String> = texts.iter().collect();
        assert_eq!(set.count(), different.len());
        assert_eq!(
            set.iter().map(String::from).collect::<HashSet<_>>(),
            texts.iter().cloned().collect()
        );
        for text in &texts {
            assert!(set.contains(text));
            assert!(!set.contains(&format!("{text}b")));
        }
    }
}

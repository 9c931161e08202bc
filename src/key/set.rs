//! A set of keys of one family, in memory.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use roaring::RoaringTreemap;
use rowgrant_core::text_set::{SLOT, TextSet};
use uuid::Uuid;

use super::{Family, Key, KeyRef};

/// A set of keys. Numbers are kept as compressed bitmaps: a byte or two each where they are dense.
#[derive(Debug)]
pub enum KeySet {
    Bigint(RoaringTreemap),
    Uuid(HashSet<Uuid, RandomState>),
    Text(TextSet),
}

/// Numbers in the order of their bits, as bitmaps have them.
fn to_bits(number: i64) -> u64 {
    number as u64 ^ (1 << 63)
}

fn from_bits(bits: u64) -> i64 {
    (bits ^ (1 << 63)) as i64
}

impl KeySet {
    pub fn new(family: Family) -> Self {
        match family {
            Family::Bigint => KeySet::Bigint(RoaringTreemap::new()),
            Family::Uuid => KeySet::Uuid(HashSet::default()),
            Family::Text => KeySet::Text(TextSet::default()),
        }
    }

    /// Adds a key; one of another family is in no set.
    pub fn insert(&mut self, key: KeyRef) {
        match (self, key) {
            (KeySet::Bigint(set), KeyRef::Bigint(number)) => {
                set.insert(to_bits(number));
            }
            (KeySet::Uuid(set), KeyRef::Uuid(uuid)) => {
                set.insert(uuid);
            }
            (KeySet::Text(set), KeyRef::Text(text)) => set.insert(text),
            _ => {}
        }
    }

    pub fn contains(&self, key: KeyRef) -> bool {
        match (self, key) {
            (KeySet::Bigint(set), KeyRef::Bigint(number)) => set.contains(to_bits(number)),
            (KeySet::Uuid(set), KeyRef::Uuid(uuid)) => set.contains(&uuid),
            (KeySet::Text(set), KeyRef::Text(text)) => set.contains(text),
            _ => false,
        }
    }

    /// All keys of either set.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (KeySet::Bigint(one), KeySet::Bigint(two)) => KeySet::Bigint(one | two),
            (one, two) if one.len() < two.len() => two.or(one),
            (mut one, two) => {
                two.iter().for_each(|key| one.insert((&key).into()));
                one
            }
        }
    }

    /// The keys of both sets.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (KeySet::Bigint(one), KeySet::Bigint(two)) => KeySet::Bigint(one & two),
            (KeySet::Uuid(mut one), KeySet::Uuid(two)) => {
                one.retain(|key| two.contains(key));
                KeySet::Uuid(one)
            }
            (KeySet::Text(one), KeySet::Text(two)) => KeySet::Text(one.and(&two)),
            (one, _) => one,
        }
    }

    pub fn len(&self) -> usize {
        match self {
            KeySet::Bigint(set) => set.len() as usize,
            KeySet::Uuid(set) => set.len(),
            KeySet::Text(set) => set.count(),
        }
    }

    /// About the memory that it takes, in bytes.
    pub fn memory(&self) -> usize {
        match self {
            KeySet::Bigint(set) => set.serialized_size(),
            KeySet::Uuid(set) => set.capacity() * SLOT * size_of::<Uuid>(),
            KeySet::Text(set) => set.memory(),
        }
    }

    /// All keys; numbers in ascending order.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        match self {
            KeySet::Bigint(set) => Box::new(set.iter().map(|bits| Key::Bigint(from_bits(bits)))),
            KeySet::Uuid(set) => Box::new(set.iter().map(|uuid| Key::Uuid(*uuid))),
            KeySet::Text(set) => Box::new(set.iter().map(Key::Text)),
        }
    }
}

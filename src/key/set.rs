//! A set of keys of one family, in memory.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use roaring::RoaringTreemap;
use smol_str::SmolStr;
use uuid::Uuid;

use super::{Family, Key, KeyRef};

/// How many times the size of an element a hash set takes for each: it is between half and seven
/// eighths full.
const SLOT: usize = 2;

/// A set of keys. Numbers are kept as compressed bitmaps: a byte or two each where they are dense.
#[derive(Debug)]
pub enum KeySet {
    Bigint(RoaringTreemap),
    Uuid(HashSet<Uuid, RandomState>),
    /// With the bytes of the texts that are too long to be in the set themselves.
    Text(HashSet<SmolStr, RandomState>, usize),
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
            Family::Text => KeySet::Text(HashSet::default(), 0),
        }
    }

    /// Adds a key; one of another family is in no set.
    pub fn insert(&mut self, key: Key) {
        match (self, key) {
            (KeySet::Bigint(set), Key::Bigint(number)) => {
                set.insert(to_bits(number));
            }
            (KeySet::Uuid(set), Key::Uuid(uuid)) => {
                set.insert(uuid);
            }
            (KeySet::Text(set, bytes), Key::Text(text)) => {
                let elsewhere = if text.is_heap_allocated() { text.len() } else { 0 };
                if set.insert(text) {
                    *bytes += elsewhere;
                }
            }
            _ => {}
        }
    }

    pub fn contains(&self, key: KeyRef) -> bool {
        match (self, key) {
            (KeySet::Bigint(set), KeyRef::Bigint(number)) => set.contains(to_bits(number)),
            (KeySet::Uuid(set), KeyRef::Uuid(uuid)) => set.contains(&uuid),
            (KeySet::Text(set, _), KeyRef::Text(text)) => set.contains(text),
            _ => false,
        }
    }

    /// All keys of either set.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (KeySet::Bigint(one), KeySet::Bigint(two)) => KeySet::Bigint(one | two),
            (one, two) if one.len() < two.len() => two.or(one),
            (mut one, two) => {
                two.iter().for_each(|key| one.insert(key));
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
            (KeySet::Text(mut one, bytes), KeySet::Text(two, _)) => {
                one.retain(|key| two.contains(key));
                KeySet::Text(one, bytes)
            }
            (one, _) => one,
        }
    }

    pub fn len(&self) -> usize {
        match self {
            KeySet::Bigint(set) => set.len() as usize,
            KeySet::Uuid(set) => set.len(),
            KeySet::Text(set, _) => set.len(),
        }
    }

    /// About the memory that it takes, in bytes.
    pub fn memory(&self) -> usize {
        match self {
            KeySet::Bigint(set) => set.serialized_size(),
            KeySet::Uuid(set) => set.capacity() * SLOT * size_of::<Uuid>(),
            KeySet::Text(set, bytes) => bytes + set.capacity() * SLOT * size_of::<SmolStr>(),
        }
    }

    /// All keys; numbers in ascending order.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        match self {
            KeySet::Bigint(set) => Box::new(set.iter().map(|bits| Key::Bigint(from_bits(bits)))),
            KeySet::Uuid(set) => Box::new(set.iter().map(|uuid| Key::Uuid(*uuid))),
            KeySet::Text(set, _) => Box::new(set.iter().cloned().map(Key::Text)),
        }
    }
}

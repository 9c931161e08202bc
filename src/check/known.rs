//! What is known of a reach while one statement asks about many objects.

use super::reach::Reach;
use crate::error::Result;
use crate::key::{Key, KeyRef, KeySet};
use crate::pg::held::{self, Cursor, Pair};
use crate::pg::memory;
use crate::pg::value::Value;

/// So many objects are probed before the first, and then the next, grants are read.
pub const PROBES: usize = 32;
/// So many grants are read in the time that those probes take.
const READS: usize = 1024;
/// Of so many rounds of probes each reads as many grants as the first, of the next as many twice as
/// many, and all later ones `MOST_READS`.
const ROUNDS: usize = 16;
const MOST_READS: usize = 3 * READS;

/// Answers for one reach, under one snapshot. Each object is looked up at first; after every few
/// look-ups some of what the reach grants is read, for about the same time at first, and for up to
/// three times as long the more is asked. Once all of it is read, memory answers. So that a few questions
/// take no more than about twice as long as by probes alone, and a great many not much longer than by
/// reading all at once.
pub struct Known {
    pub reach: Reach,
    everywhere: Option<bool>,
    pairs: Vec<Pair>,
    cursor: Cursor,
    objects: KeySet,
    probes: usize,
    /// Whether what has been read outgrew the memory that it may take.
    too_large: bool,
}

impl Known {
    pub fn new(reach: Reach) -> Self {
        let objects = KeySet::new(reach.object_type.shape.family());
        Self {
            pairs: Vec::new(),
            cursor: Cursor::default(),
            everywhere: None,
            probes: 0,
            too_large: false,
            reach,
            objects,
        }
    }

    /// Whether the permission is held on the object with this key: as [`Reach::holds`].
    pub fn holds(&mut self, key: &Key) -> Result<bool> {
        if self.everywhere == Some(true) {
            return self.reach.object_type.has_row(key);
        }
        if self.is_granted(key.into())? || self.reach.owns(key)? {
            return Ok(true);
        }
        Ok(self.is_everywhere()? && self.reach.object_type.has_row(key)?)
    }

    /// Whether it is held on a row that is there, or is about to be, with this owner.
    pub fn holds_row(&mut self, key: KeyRef, owner: Option<Value>) -> Result<bool> {
        Ok(self.everywhere == Some(true)
            || self.reach.is_owned_by(owner)
            || self.is_granted(key)?
            || self.is_everywhere()?)
    }

    /// Whether it is known by now to be held on every object of the type.
    pub fn is_surely_everywhere(&self) -> bool {
        self.everywhere == Some(true)
    }

    /// Whether it is held on every object of the type.
    pub fn is_everywhere(&mut self) -> Result<bool> {
        match self.everywhere {
            Some(known) => Ok(known),
            None => {
                let everywhere = self.reach.is_everywhere()?;
                self.everywhere = Some(everywhere);
                Ok(everywhere)
            }
        }
    }

    fn is_granted(&mut self, key: KeyRef) -> Result<bool> {
        if self.cursor.is_at_end() {
            return Ok(self.objects.contains(key));
        }
        self.probes += 1;
        if self.probes.is_multiple_of(PROBES) && !self.too_large {
            self.read()?;
        }
        self.reach.is_granted(key)
    }

    fn read(&mut self) -> Result<()> {
        if self.pairs.is_empty() {
            self.pairs = self.reach.pairs();
        }
        let family = self.reach.object_type.shape.family();
        let objects = &mut self.objects;
        let reads = (READS + READS * (self.probes / PROBES / ROUNDS)).min(MOST_READS);
        held::read(family, &self.pairs, &mut self.cursor, reads, |key| objects.insert(key))?;
        if self.objects.memory() > memory::hash_limit() {
            self.too_large = true;
            self.objects = KeySet::new(family);
            // Reading is never taken up again, so that it does not seem to have come to its end.
            self.cursor = Cursor::default();
        }
        Ok(())
    }
}

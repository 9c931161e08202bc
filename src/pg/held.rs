//! Reading the objects that subjects hold, in the order of their keys.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use pgrx::pg_sys::{self, Datum, Oid};

use super::grants::{Compare, INT4EQ, integer_key, is_live, key_datum, object, object_comparison};
use super::own::{self, BySubject, GrantTable};
use super::relation::Relation;
use super::scan::is_blank;
use super::snapshot;
use super::value::Value;
use super::visible::{Entries, Reads, Row};
use crate::error::Result;
use crate::key::{Family, Key, KeyRef};

/// A subject and a permission.
pub type Pair = (i32, i32);

/// How far the objects of some pairs have been read.
#[derive(Debug, Default, Clone)]
pub struct Cursor {
    /// First the grants that never expire, then those that do.
    expiring: bool,
    pair: usize,
    /// The last object of the pair that was read.
    after: Option<Key>,
    at_end: bool,
}

impl Cursor {
    /// Whether all has been read.
    pub fn is_at_end(&self) -> bool {
        self.at_end
    }
}

/// Reads on from the cursor, `limit` grants at most, and calls `each` with the object of every
/// unexpired one; an object comes as often as it is granted. A cursor serves under one snapshot.
pub fn read(
    family: Family,
    pairs: &[Pair],
    cursor: &mut Cursor,
    limit: usize,
    mut each: impl FnMut(KeyRef),
) -> Result<()> {
    let GrantTable { heap, by_subject, .. } = own::own_tables()?.grants[family as usize];
    let (lasting, others) = match by_subject {
        BySubject::Two { lasting, expiring } => (lasting, expiring),
        BySubject::One(index) => {
            if !cursor.at_end {
                read_all(family, (heap, index), pairs, each);
                cursor.at_end = true;
            }
            return Ok(());
        }
    };
    let mut left = limit;
    while left > 0 && !cursor.at_end {
        let index = if cursor.expiring { others } else { lasting };
        let now = snapshot::now();
        let mut scan = Scan::begin((heap, index), family, cursor.expiring, now);
        while left > 0 && cursor.pair < pairs.len() {
            left -= scan.read(pairs[cursor.pair], &mut cursor.after, left, &mut each);
            if left > 0 {
                cursor.after = None;
                cursor.pair += 1;
            }
        }
        scan.end();
        if cursor.pair == pairs.len() {
            // A blank one spares a descent for each pair where expiry is not used.
            cursor.at_end = cursor.expiring || is_blank(others);
            cursor.expiring = true;
            cursor.pair = 0;
        }
    }
    Ok(())
}

/// So many grants of a pair are read at first, and then at most.
const FIRST_CHUNK: usize = 32;
const CHUNK: usize = 1024;

/// The objects of some pairs, in ascending order and each once, read a few at a time.
pub struct Merged {
    family: Family,
    streams: Vec<Stream>,
    /// The first object of each stream that has any left.
    first: BinaryHeap<Reverse<(Key, usize)>>,
    last: Option<Key>,
    /// When what is read must not have expired.
    now: pg_sys::TimestampTz,
}

/// The objects of one pair, in one of the two indexes.
struct Stream {
    pair: Pair,
    expiring: bool,
    after: Option<Key>,
    read: VecDeque<Key>,
    chunk: usize,
    at_end: bool,
}

impl Merged {
    /// `None` where no index is in the order of the objects: that of version 0.1.0.
    pub fn new(family: Family, pairs: &[Pair]) -> Result<Option<Self>> {
        let BySubject::Two { expiring, .. } = own::own_tables()?.grants[family as usize].by_subject
        else {
            return Ok(None);
        };
        let indexes: &[bool] = if is_blank(expiring) { &[false] } else { &[false, true] };
        let stream = |pair: Pair, expiring| Stream {
            pair,
            expiring,
            after: None,
            read: VecDeque::new(),
            chunk: FIRST_CHUNK,
            at_end: false,
        };
        let streams = indexes.iter().flat_map(|i| pairs.iter().map(|pair| stream(*pair, *i)));
        let mut merged = Self {
            family,
            streams: streams.collect(),
            first: BinaryHeap::new(),
            last: None,
            now: snapshot::now(),
        };
        (0..merged.streams.len()).try_for_each(|n| merged.advance(n))?;
        Ok(Some(merged))
    }

    /// The next object.
    pub fn next(&mut self) -> Result<Option<Key>> {
        while let Some(Reverse((key, n))) = self.first.pop() {
            self.advance(n)?;
            if self.last.as_ref() != Some(&key) {
                self.last = Some(key.clone());
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// Takes the next object of a stream to the others' first ones.
    fn advance(&mut self, n: usize) -> Result<()> {
        let stream = &mut self.streams[n];
        if stream.read.is_empty() && !stream.at_end {
            let GrantTable { heap, by_subject, .. } =
                own::own_tables()?.grants[self.family as usize];
            let BySubject::Two { lasting, expiring } = by_subject else { return Ok(()) };
            let index = if stream.expiring { expiring } else { lasting };
            let mut scan = Scan::begin((heap, index), self.family, stream.expiring, self.now);
            let Stream { pair, after, read, .. } = stream;
            while read.is_empty() && !stream.at_end {
                let count =
                    scan.read(*pair, after, stream.chunk, &mut |key| read.push_back(key.into()));
                stream.at_end = count < stream.chunk;
                stream.chunk = CHUNK;
            }
            scan.end();
        }
        if let Some(key) = stream.read.pop_front() {
            self.first.push(Reverse((key, n)));
        }
        Ok(())
    }
}

/// Reads all at once by way of the table, from an index without the objects.
fn read_all(
    family: Family,
    (heap, index): (Oid, Oid),
    pairs: &[Pair],
    mut each: impl FnMut(KeyRef),
) {
    let (heap, index) = (Relation::open(heap), Relation::open(index));
    let now = snapshot::now();
    // SAFETY: both relations are open, the active snapshot outlives the scan; the row is used before the
    // scan moves on.
    unsafe {
        let snapshot = pg_sys::GetActiveSnapshot();
        let mut entries = Entries::begin(&heap, &index, snapshot, 2, Reads::Rows);
        for &(subject, permission) in pairs {
            let equal = pg_sys::BTEqualStrategyNumber;
            let mut keys =
                [integer_key(1, equal, INT4EQ, subject), integer_key(2, equal, INT4EQ, permission)];
            entries.restart(&mut keys);
            while let Some((_, row)) = entries.next() {
                if let Row::Read(slot) = row
                    && is_live(slot, now)
                {
                    object(family, *(*slot).tts_values).with_key(family, &mut each);
                }
            }
        }
        entries.end();
    }
}

/// A scan of one of the indexes on subject, perm and object.
struct Scan {
    _heap: Relation,
    _index: Relation,
    family: Family,
    entries: Entries,
    now: pg_sys::TimestampTz,
}

/// Where the object begins in an index tuple without NULLs: behind the header, subject and perm.
const OBJECT_OFFSET: usize = size_of::<pg_sys::IndexTupleData>() + 4 + 4;

impl Scan {
    fn begin(
        (heap, index): (Oid, Oid),
        family: Family,
        expiring: bool,
        now: pg_sys::TimestampTz,
    ) -> Self {
        let (heap, index) = (Relation::open(heap), Relation::open(index));
        // The row tells when a grant expires.
        let reads = if expiring { Reads::Both } else { Reads::Entries };
        // SAFETY: both relations stay open during the scan, the active snapshot outlives it.
        let entries =
            unsafe { Entries::begin(&heap, &index, pg_sys::GetActiveSnapshot(), 3, reads) };
        Self { _heap: heap, _index: index, family, entries, now }
    }

    /// Reads one pair's objects after the given one; the number of grants read.
    fn read(
        &mut self,
        (subject, permission): Pair,
        after: &mut Option<Key>,
        limit: usize,
        each: &mut impl FnMut(KeyRef),
    ) -> usize {
        let equal = pg_sys::BTEqualStrategyNumber;
        let mut keys =
            vec![integer_key(1, equal, INT4EQ, subject), integer_key(2, equal, INT4EQ, permission)];
        keys.extend(after.as_ref().map(|after| {
            let (family, datum) = key_datum(after.into());
            object_comparison(3, Compare::Greater, family, datum)
        }));
        let mut read = 0;
        // SAFETY: the scan was begun with room for three keys; each index tuple is used before the
        // scan moves on.
        unsafe {
            self.entries.restart(&mut keys);
            while read < limit
                && let Some((_, row)) = self.entries.next()
            {
                read += 1;
                let (counts, last) = (self.counts(row), read == limit);
                if counts || last {
                    self.object().with_key(self.family, |object| {
                        if last {
                            *after = Some(object.into());
                        }
                        if counts {
                            each(object);
                        }
                    });
                }
            }
        }
        read
    }

    /// The object of the scan's index tuple, valid until the scan moves on.
    ///
    /// # Safety
    /// The scan must be on a tuple.
    unsafe fn object(&self) -> Value {
        // SAFETY: the caller's promise; none of the columns can be NULL, so that the object lies at
        // a fixed offset, which is a multiple of every type's alignment.
        unsafe {
            let at = self.entries.tuple().cast::<u8>().add(OBJECT_OFFSET);
            let datum = match self.family {
                Family::Bigint => Datum::from(*at.cast::<i64>()),
                Family::Uuid | Family::Text => Datum::from(at),
            };
            object(self.family, datum)
        }
    }

    /// Whether the grant is visible, and has not expired.
    ///
    /// # Safety
    /// The row must be that of the entry which the scan is on.
    unsafe fn counts(&self, row: Row) -> bool {
        match row {
            Row::Visible => true,
            // SAFETY: the caller's promise; grant tables have four columns.
            Row::Read(slot) => unsafe { is_live(slot, self.now) },
            Row::Invisible => false,
        }
    }

    fn end(self) {
        self.entries.end();
    }
}

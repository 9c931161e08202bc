//! How to find rows of a table by the values of columns: what is looked up in the catalogs, remembered
//! from one statement to the next.

use std::cell::RefCell;
use std::rc::Rc;

use pgrx::pg_sys::Oid;
use smallvec::SmallVec;

use super::inherit::{has_rows_itself, is_losing_partitions, with_descendants};
use super::own;
use super::relation::Relation;
use super::types;
use crate::error::Result;

/// How to find rows of one table or partition: what is looked up in its catalogs.
pub(super) struct Path {
    pub relation: Oid,
    index: Option<Oid>,
    /// Number, base type and collation of the columns that are compared.
    pub equal: Vec<(i16, Oid, Oid)>,
    /// Number and type of the columns that are compared, and then of the wanted ones.
    pub read: Vec<(i16, Oid)>,
    /// In the order of the index: which of the compared columns, and its place there.
    pub in_index: Vec<(usize, i16)>,
    /// Place and type of the wanted ones, where the index holds all that the scan is about.
    pub covered: Option<Vec<(i16, Oid)>>,
    /// Whether no two rows can be visible that are the same in the columns that are said to be unique.
    pub is_unique: bool,
}

/// The paths to the rows of a table, by columns.
struct Known {
    table: Oid,
    equal: Vec<String>,
    want: Vec<String>,
    unique: Vec<String>,
    paths: Rc<[Path]>,
}

/// So many are remembered at most.
const REMEMBERED: usize = 32;

thread_local! {
    /// Statements ask the same of the same few tables over and over. Known since so many changes.
    static KNOWN: RefCell<(u64, Vec<Known>)> = const { RefCell::new((0, Vec::new())) };
}

/// Which rows are looked for, by the names of columns.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub table: Oid,
    /// Columns that are compared with keys.
    pub equal: &'a [&'a str],
    /// Columns that are read.
    pub want: &'a [&'a str],
    /// Columns that should be unique together.
    pub unique: &'a [&'a str],
}

/// The paths to the rows that are looked for. Their relations are open, so that they stay as they are.
pub(super) struct Paths {
    paths: Rc<[Path]>,
    /// One for each path; most tables have one.
    relations: SmallVec<[Relation; 1]>,
}

impl Paths {
    /// Looks the paths up, unless they are known, and opens their relations.
    pub fn open(search: Search) -> Result<Self> {
        let before = own::changes();
        let paths = recall(search)?;
        let relations = paths.iter().map(|path| Relation::try_open(path.relation));
        let relations = relations.collect::<Option<SmallVec<_>>>();
        // Being locked, they stay as they are from here on; what was known of them may be older.
        match relations.filter(|_| before == own::changes()) {
            Some(relations) => Ok(Self { paths, relations }),
            None => {
                let paths = find(search)?.0;
                let relations = paths.iter().map(|path| Relation::open(path.relation)).collect();
                Ok(Self { paths, relations })
            }
        }
    }

    /// Each path with its relation.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Relation)> {
        self.paths.iter().zip(&self.relations)
    }

    /// The only path with its relation: of a table without partitions and children.
    pub fn single(&self) -> Option<(&Path, &Relation)> {
        if self.paths.len() == 1 { self.iter().next() } else { None }
    }
}

impl Path {
    /// Number and type of the wanted columns.
    pub fn want(&self) -> &[(i16, Oid)] {
        &self.read[self.equal.len()..]
    }

    /// Opens the index, if there is one that serves. Who has the relation open may do so at any time:
    /// an index that was there then is there still.
    pub fn open_index(&self) -> Option<Relation> {
        self.index.and_then(Relation::try_open).filter(Relation::serves_all_snapshots)
    }
}

/// What is known, or what the catalogs say now.
fn recall(search: Search) -> Result<Rc<[Path]>> {
    let Search { table, equal, want, unique } = search;
    let known = KNOWN.with_borrow_mut(|(changes, all)| {
        if *changes != own::changes() || all.len() >= REMEMBERED {
            (*changes, *all) = (own::changes(), Vec::new());
        }
        let same = |known: &&Known| {
            known.table == table
                && known.equal.iter().eq(equal)
                && known.want.iter().eq(want)
                && known.unique.iter().eq(unique)
        };
        all.iter().find(same).map(|known| Rc::clone(&known.paths))
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let (paths, lasting) = find(search)?;
    if !lasting {
        return Ok(paths);
    }
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let known = Known {
        table,
        equal: owned(equal),
        want: owned(want),
        unique: owned(unique),
        paths: Rc::clone(&paths),
    };
    KNOWN.with_borrow_mut(|(_, all)| all.push(known));
    Ok(paths)
}

/// What the catalogs say now, and whether they say it to every snapshot; the relations are locked from
/// here on.
fn find(search: Search) -> Result<(Rc<[Path]>, bool)> {
    let Search { table, equal, want, unique } = search;
    let mut paths = Vec::new();
    let all = with_descendants(table);
    let lasting = !all.iter().any(|oid| is_losing_partitions(*oid));
    for oid in all.into_iter().filter(|oid| has_rows_itself(*oid)) {
        let relation = Relation::open(oid);
        let mut columns = Vec::with_capacity(equal.len());
        for name in equal {
            let (number, declared) = relation.required_column(name)?;
            columns.push((number, types::base(declared), relation.collation(number)));
        }
        let numbers: Vec<i16> = columns.iter().map(|(number, ..)| *number).collect();
        let wanted = want.iter().map(|name| relation.required_column(name));
        let wanted = wanted.collect::<Result<Vec<_>>>()?;
        let wanted_numbers: Vec<i16> = wanted.iter().map(|(number, _)| *number).collect();
        let index = match numbers.as_slice() {
            [] => None,
            numbers => relation.index_on(numbers, &wanted_numbers),
        };
        let places = index.as_ref().map(|index| index.places_of(&numbers)).unwrap_or_default();
        let mut in_index: Vec<_> = places.into_iter().enumerate().collect();
        in_index.sort_unstable_by_key(|(_, place)| *place);
        let covered = index.as_ref().and_then(|index| {
            relation.places_in(index, &numbers)?;
            let places = relation.places_in(index, &wanted_numbers)?;
            Some(places.into_iter().zip(wanted.iter().map(|(_, base)| *base)).collect())
        });
        let index = index.map(|index| index.oid());
        let is_unique = !unique.is_empty() && relation.is_unique_at_once(unique);
        paths.push(Path {
            relation: oid,
            index,
            read: columns.iter().map(|c| (c.0, c.1)).chain(wanted).collect(),
            equal: columns,
            in_index,
            covered,
            is_unique,
        });
    }
    Ok((paths.into(), lasting))
}

//! Names and ids: object types, permissions, and the application's tables of users, groups and
//! memberships, remembered from one statement to the next.
//!
//! Every change to these tables stores a new number in `catalog_state`, drawn from a sequence and
//! so never used twice. What is remembered carries the number under which it was read, and is used
//! only in statements whose own snapshot shows that number: exact under every isolation level,
//! after a rollback, and on a standby, with no message between backends to wait for.

mod groups;
mod load;
mod memo;
mod named;
mod object_type;
mod subjects;

pub use groups::{children, parents, with_parents};
pub use named::{named_by, rows_naming, spelled};
pub use object_type::{ObjectType, Permission};
pub use subjects::{
    AUTHENTICATED, Asker, BUILT_IN_GROUPS, EVERYONE, Kind, Subjects, UserId, built_in_group,
    built_in_name, direct_groups, group_subjects, subject_id, subject_name, user_id,
};

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use pgrx::pg_sys::Oid;
use rowgrant_core::suggest;

use crate::error::{Error, Result};
use crate::key::{Key, KeyColumn, free_id};
use crate::pg::place::RowId;
use crate::pg::snapshot::{self, Stamp};
use crate::pg::value::Value;
use crate::pg::{inherit, own, relation};

/// A table of the application's in which users or groups are.
#[derive(Debug)]
pub struct SubjectSource {
    pub relation: Oid,
    pub key_column: String,
    pub column: KeyColumn,
    pub active_column: Option<String>,
    pub superuser_column: Option<String>,
    pub anonymous_user: Option<Key>,
}

/// A table of the application's in which memberships are.
#[derive(Debug)]
pub struct MembershipSource {
    pub relation: Oid,
    pub user_column: String,
    pub group_column: String,
}

/// The application's tables.
#[derive(Debug, Default)]
pub struct Sources {
    pub users: Option<SubjectSource>,
    pub groups: Option<SubjectSource>,
    pub memberships: Vec<MembershipSource>,
}

/// What is remembered, and the state for which it holds.
#[derive(Default)]
struct Catalog {
    /// The snapshot under which the state was looked at last.
    stamp: Option<Stamp>,
    /// The state's table, which tells one installation of the extension from the next, and number.
    state: (u32, i64),
    /// Where the state's row was found last.
    place: Option<RowId>,
    types: HashMap<String, Rc<ObjectType>>,
    types_by_id: HashMap<i32, Rc<ObjectType>>,
    /// As of so many changes of relations the types' tables are there: no trigger may have seen one go.
    tables_seen: u64,
    /// As of so many changes of relations: a partition may come to be another table's.
    names_by_relation: (u64, HashMap<Oid, Option<String>>),
    sources: Option<Rc<Sources>>,
}

thread_local! {
    static CATALOG: RefCell<Catalog> = RefCell::new(Catalog::default());
}

/// Gives access to what holds under the active snapshot.
fn with<T>(action: impl FnOnce(&mut Catalog) -> T) -> Result<T> {
    let stamp = Some(snapshot::stamp());
    if CATALOG.with_borrow(|catalog| catalog.stamp != stamp) {
        let mut place = CATALOG.with_borrow(|catalog| catalog.place);
        let state = (own::own_tables()?.catalog_state.to_u32(), load::version(&mut place)?);
        CATALOG.with_borrow_mut(|catalog| {
            if catalog.state != state {
                *catalog = Catalog { state, ..Catalog::default() };
            }
            (catalog.stamp, catalog.place) = (stamp, place);
        });
    }
    let changes = own::changes();
    if CATALOG.with_borrow(|catalog| catalog.tables_seen != changes) {
        let known: Vec<Rc<ObjectType>> = CATALOG.with_borrow(|catalog| {
            catalog.types.values().chain(catalog.types_by_id.values()).cloned().collect()
        });
        let is_gone = |of: &ObjectType| of.relation.is_some_and(|table| !relation::exists(table));
        let gone: Vec<i32> = known.iter().filter(|of| is_gone(of)).map(|of| of.id).collect();
        CATALOG.with_borrow_mut(|catalog| {
            catalog.types.retain(|_, of| !gone.contains(&of.id));
            catalog.types_by_id.retain(|id, _| !gone.contains(id));
            catalog.tables_seen = changes;
        });
    }
    Ok(CATALOG.with_borrow_mut(action))
}

/// The names of all object types.
pub fn type_names() -> Result<Vec<String>> {
    load::type_names()
}

/// All object types, in order of their names, but for those whose key's type was dropped: they can
/// only be unprotected.
pub fn intact_types() -> Result<Vec<Rc<ObjectType>>> {
    let mut types = Vec::new();
    let mut names = type_names()?;
    names.sort_unstable();
    for name in names {
        if load::stored(&name)?.is_some_and(|stored| stored.is_intact()) {
            types.push(object_type(&name)?);
        }
    }
    Ok(types)
}

/// An object type whose key's type was dropped.
pub struct BrokenType {
    pub id: i32,
    pub relation: Option<Oid>,
    pub permissions: Vec<i32>,
}

/// The object type of that name, if its key's type was dropped.
pub fn broken_type(name: &str) -> Result<Option<BrokenType>> {
    let Some(stored) = load::stored(name)?.filter(|stored| !stored.is_intact()) else {
        return Ok(None);
    };
    let permissions = load::permissions(stored.id)?.iter().map(|p| p.id).collect();
    Ok(Some(BrokenType { id: stored.id, relation: stored.relation, permissions }))
}

/// The object type of that name, or the error that lists the known ones.
pub fn object_type(name: &str) -> Result<Rc<ObjectType>> {
    find_object_type(name)?.ok_or_else(|| {
        let known = load::type_names().unwrap_or_default();
        let hint = match suggest::known(name, known.iter().map(String::as_str)) {
            Some(list) => format!("Known object types: {list}."),
            None => "There are none yet: make one with rowgrant.protect(table).".to_owned(),
        };
        Error::undefined(format!("object type \"{name}\" does not exist")).hint(hint)
    })
}

/// The object type of that name.
pub fn find_object_type(name: &str) -> Result<Option<Rc<ObjectType>>> {
    if let Some(known) = with(|catalog| catalog.types.get(name).cloned())? {
        return Ok(Some(known));
    }
    let Some(loaded) = load::object_type(name)?.map(Rc::new) else { return Ok(None) };
    with(|catalog| catalog.types.insert(name.to_owned(), Rc::clone(&loaded)))?;
    Ok(Some(loaded))
}

/// The object type whose table this is, or of which it is a partition or child.
pub fn object_type_of_relation(oid: Oid) -> Result<Option<Rc<ObjectType>>> {
    let changes = own::changes();
    let known = with(|catalog| {
        if catalog.names_by_relation.0 != changes {
            catalog.names_by_relation = (changes, HashMap::new());
        }
        catalog.names_by_relation.1.get(&oid).cloned()
    })?;
    let name = match known {
        Some(name) => name,
        None => {
            let mut name = None;
            for relation in inherit::with_ancestors(oid)? {
                name = load::type_name_of_relation(relation)?;
                if name.is_some() {
                    break;
                }
            }
            with(|catalog| {
                if catalog.names_by_relation.0 == changes {
                    catalog.names_by_relation.1.insert(oid, name.clone());
                }
            })?;
            name
        }
    };
    name.map_or(Ok(None), |name| find_object_type(&name))
}

/// The object type of a table's rows, or the error that the table is not protected.
pub fn object_type_of_table(table: Oid) -> Result<Rc<ObjectType>> {
    object_type_of_relation(table)?.ok_or_else(|| {
        let name = relation::qualified_name(table);
        Error::undefined(format!("table {name} is not protected"))
            .hint(format!("Protect it: SELECT rowgrant.protect('{name}')."))
    })
}

/// The object type with that id.
pub fn object_type_by_id(id: i32) -> Result<Option<Rc<ObjectType>>> {
    if let Some(known) = with(|catalog| catalog.types_by_id.get(&id).cloned())? {
        return Ok(Some(known));
    }
    let Some(name) = load::type_name_of_id(id)? else { return Ok(None) };
    let Some(loaded) = find_object_type(&name)? else { return Ok(None) };
    with(|catalog| catalog.types_by_id.insert(id, Rc::clone(&loaded)))?;
    Ok(Some(loaded))
}

/// The application's tables of users, groups and memberships.
pub fn sources() -> Result<Rc<Sources>> {
    if let Some(known) = with(|catalog| catalog.sources.clone())? {
        return Ok(known);
    }
    let loaded = Rc::new(load::sources()?);
    with(|catalog| catalog.sources = Some(Rc::clone(&loaded)))?;
    Ok(loaded)
}

impl SubjectSource {
    /// Whether ids mean the same in both: the same rows, in the same form.
    pub fn same_ids(one: Option<&Self>, other: Option<&Self>) -> bool {
        let ids =
            |source: &Self| (source.relation, source.key_column.clone(), source.column.clone());
        one.map(ids) == other.map(ids)
    }

    /// Whether `canonical` reads the id, or refuses it, without the input function of a type, whose
    /// error would end the statement.
    pub fn reads_plainly(source: Option<&Self>, id: Value) -> bool {
        let base = id.base_type();
        source.is_none_or(|source| {
            let column = &source.column;
            base == column.base
                || column.is_integer() && id.as_integer(base).is_some()
                || KeyColumn::new(base, Oid::INVALID)
                    .is_ok_and(|own| own.is_textual() && column.parses_plainly(&id.print()))
        })
    }

    /// The id's canonical form: of the registered type, or of any where there is no table.
    pub fn canonical(source: Option<&Self>, id: Value, what: &str) -> Result<Key> {
        match source {
            Some(source) => source.column.of_value(id, what),
            None => free_id(id).map(|id| Key::Text(id.into())),
        }
    }
}

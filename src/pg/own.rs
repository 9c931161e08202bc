//! The extension's own tables, by oid.

use std::cell::Cell;
use std::ffi::CString;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pgrx::pg_sys::{self, Oid};

use crate::error::{Error, Result};

/// The oids of the extension's own tables.
#[derive(Clone, Copy)]
pub struct OwnTables {
    pub catalog_state: Oid,
    pub object_type: Oid,
    pub permission: Oid,
    pub implication: Oid,
    pub subject_source: Oid,
    pub membership_source: Oid,
    pub subject: Oid,
    pub membership: Oid,
    pub subgroup: Oid,
    /// Not there until the extension is updated to the library's version.
    pub row_security: Option<Oid>,
    pub model_grant: Oid,
    pub model_grant_key: Oid,
    /// For bigint, uuid and text keys.
    pub grants: [GrantTable; 3],
}

/// A table of grants and its indexes.
#[derive(Clone, Copy)]
pub struct GrantTable {
    pub heap: Oid,
    /// On object, perm and subject.
    pub by_object: Oid,
    pub by_subject: BySubject,
}

/// The indexes of a table of grants that serve listing.
#[derive(Clone, Copy)]
pub enum BySubject {
    /// On subject, perm and object: of the grants that never expire, and of those that do.
    Two { lasting: Oid, expiring: Oid },
    /// On subject and perm, of version 0.1.0: until the extension is updated to the library's version.
    One(Oid),
}

impl OwnTables {
    /// All tables; a change of any of their indexes is told of the table too.
    fn heaps(&self) -> [Oid; 13] {
        let [bigint, uuid, text] = self.grants.map(|table| table.heap);
        [
            self.catalog_state,
            self.object_type,
            self.permission,
            self.implication,
            self.subject_source,
            self.membership_source,
            self.subject,
            self.membership,
            self.subgroup,
            self.model_grant,
            bigint,
            uuid,
            text,
        ]
    }
}

thread_local! {
    static OWN_TABLES: Cell<Option<OwnTables>> = const { Cell::new(None) };
}

/// Counts what this session has heard of changes of relations: of columns, indexes, partitions.
static CHANGES: AtomicU64 = AtomicU64::new(0);

/// A number that is another whenever any relation may be another than it was. Whoever has opened one,
/// and so locked it, and then finds the number unchanged may trust what he knew of it.
pub fn changes() -> u64 {
    CHANGES.load(Relaxed)
}

/// Forgets the oids when any of these tables (or, told by oid 0, any at all) has changed.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn relation_changed(_arg: pg_sys::Datum, relation: Oid) {
    CHANGES.fetch_add(1, Relaxed);
    OWN_TABLES.with(|tables| {
        let ours =
            tables.get().is_some_and(|t| relation == Oid::INVALID || t.heaps().contains(&relation));
        if ours {
            tables.set(None);
        }
    });
}

/// Registers the callback; called once, when the library is loaded.
pub fn init() {
    // SAFETY: the callback lives as long as the library and looks nothing up.
    unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(relation_changed), Oid::INVALID.into()) }
}

/// Looks the extension's tables up, once until they change.
pub fn own_tables() -> Result<OwnTables> {
    if let Some(tables) = OWN_TABLES.with(Cell::get) {
        return Ok(tables);
    }
    // SAFETY: a syscache look-up.
    let schema = unsafe { pg_sys::get_namespace_oid(c"rowgrant".as_ptr(), true) };
    let find = |name: &str| {
        let spelled = CString::new(name).unwrap_or_default();
        // SAFETY: a syscache look-up; the name outlives it.
        let oid = unsafe { pg_sys::get_relname_relid(spelled.as_ptr(), schema) };
        if oid == Oid::INVALID {
            return Err(Error::undefined(format!("relation \"rowgrant.{name}\" does not exist"))
                .hint("Install the extension with CREATE EXTENSION rowgrant."));
        }
        Ok(oid)
    };
    let grants = |family: &str| -> Result<_> {
        let by_subject = match find(&format!("grant_{family}_lasting")) {
            Ok(lasting) => {
                let expiring = find(&format!("grant_{family}_expiring"))?;
                BySubject::Two { lasting, expiring }
            }
            Err(_) => BySubject::One(find(&format!("grant_{family}_subject"))?),
        };
        Ok(GrantTable {
            heap: find(&format!("grant_{family}"))?,
            by_object: find(&format!("grant_{family}_pkey"))?,
            by_subject,
        })
    };
    let tables = OwnTables {
        catalog_state: find("catalog_state")?,
        object_type: find("object_type")?,
        permission: find("permission")?,
        implication: find("implication")?,
        subject_source: find("subject_source")?,
        membership_source: find("membership_source")?,
        subject: find("subject")?,
        membership: find("membership")?,
        subgroup: find("subgroup")?,
        row_security: find("row_security").ok(),
        model_grant: find("model_grant")?,
        model_grant_key: find("model_grant_pkey")?,
        grants: [grants("bigint")?, grants("uuid")?, grants("text")?],
    };
    OWN_TABLES.with(|known| known.set(Some(tables)));
    Ok(tables)
}

//! Who a user is: the subjects whose grants count for him.

use std::ops::ControlFlow;
use std::rc::Rc;

use pgrx::pg_sys::{self, Oid};

use super::groups::{group_subject, group_subjects_of, has_any, with_parents};
use super::memo::{self, Places};
use super::named::{named_by, rows_naming};
use super::{MembershipSource, Sources, SubjectSource};
use crate::error::Result;
use crate::key::Key;
use crate::pg::lock::Ids;
use crate::pg::own::own_tables;
use crate::pg::place::{Finder, RowId};
use crate::pg::scan::find_rows;
use crate::pg::value::Value;

/// The subject of the built-in group `everyone`.
pub const EVERYONE: i32 = 1;
/// The subject of the built-in group `authenticated`.
pub const AUTHENTICATED: i32 = 2;

/// The kind of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    User,
    Group,
}

impl Kind {
    pub fn code(self) -> &'static str {
        match self {
            Kind::User => "u",
            Kind::Group => "g",
        }
    }

    /// Whether it is the one that is stored in a column `kind`.
    pub fn is(self, stored: Value) -> bool {
        self.code().starts_with(stored.as_char())
    }

    pub fn noun(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
        }
    }

    /// What is locked while its ids are used.
    pub fn ids(self) -> Ids {
        match self {
            Kind::User => Ids::OfUsers,
            Kind::Group => Ids::OfGroups,
        }
    }

    pub fn source(self, sources: &Sources) -> Option<&SubjectSource> {
        match self {
            Kind::User => sources.users.as_ref(),
            Kind::Group => sources.groups.as_ref(),
        }
    }
}

/// A user's id in canonical form; `None` for the NULL user.
pub type UserId = Option<Key>;

/// All that decides what a user holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Subjects {
    /// Ids of the subjects whose grants count, ascending; empty for whoever holds nothing.
    pub ids: Box<[i32]>,
    pub superuser: bool,
    /// The registered or free id whose own grants count: the user's or, for NULL, that of the
    /// anonymous user. `None` where no id's do.
    pub user: Option<Key>,
    /// Whether he can own rows.
    may_own: bool,
}

/// Whom a question is about.
#[derive(PartialEq, Eq)]
pub enum Asker {
    User(UserId),
    /// As it was given.
    Group(Option<String>),
}

/// The canonical form of a user's id.
pub fn user_id(sources: &Sources, id: Option<Value>) -> Result<UserId> {
    id.map(|id| SubjectSource::canonical(sources.users.as_ref(), id, "user id")).transpose()
}

/// The names of the built-in groups.
pub const BUILT_IN_GROUPS: [&str; 2] = ["everyone", "authenticated"];

/// The built-in group of that name.
pub fn built_in_group(key: &str) -> Option<i32> {
    let at = BUILT_IN_GROUPS.iter().position(|name| *name == key)?;
    Some([EVERYONE, AUTHENTICATED][at])
}

/// The name of a built-in group's subject.
pub fn built_in_name(subject: i32) -> &'static str {
    BUILT_IN_GROUPS[usize::from(subject == AUTHENTICATED)]
}

impl Subjects {
    /// The id that an owner column is compared with; `None` for whoever can own nothing.
    pub fn owner(&self) -> Option<&Key> {
        self.user.as_ref().filter(|_| self.may_own)
    }

    /// Resolves a user under the active snapshot. A user who is inactive, or not in the registered
    /// table, is nobody: nothing counts for him, not even what everyone holds.
    ///
    /// The NULL user holds what everyone does and, where one is registered, what the anonymous
    /// user and his groups do; he is never authenticated, and never a superuser. Naming the
    /// anonymous user's id is no other user than NULL.
    pub fn of_user(sources: &Sources, user: &UserId, use_groups: bool) -> Result<Rc<Self>> {
        if !use_groups {
            return Self::resolve(sources, user, false, &mut Places::default()).map(Rc::new);
        }
        let (known, mut places) = memo::with(|memo| memo.user(user));
        if let Some(known) = known {
            return Ok(known);
        }
        let found = Rc::new(Self::resolve(sources, user, true, &mut places)?);
        memo::with(|memo| memo.remember_user(user, &found, places));
        Ok(found)
    }

    fn resolve(
        sources: &Sources,
        user: &UserId,
        use_groups: bool,
        places: &mut Places,
    ) -> Result<Self> {
        let anonymous = sources.users.as_ref().and_then(|u| u.anonymous_user.as_ref());
        let is_anonymous = user.is_none() || user.as_ref() == anonymous;
        let mut found = Subjects::default();
        let (mut ids, mut groups) = (Vec::new(), Vec::new());
        let known = match user.as_ref().or(anonymous) {
            Some(id) => match standing(sources, id, &mut places.row)? {
                Standing::Nobody if user.is_some() => return Ok(found),
                Standing::Nobody => None,
                Standing::Active { superuser } => {
                    found.superuser = superuser && !is_anonymous;
                    Some(id)
                }
            },
            None => None,
        };
        if let Some(id) = known {
            found.user = Some(id.clone());
            let mut finder = SubjectFinder::default();
            let own = finder.find(Kind::User, id, places.subject)?;
            places.subject = own.and_then(|(_, at)| at);
            let own = own.map(|(subject, _)| subject);
            found.may_own = !is_anonymous;
            ids.extend(own);
            if use_groups {
                let direct = groups_of(sources, id, own, &mut finder)?;
                groups.extend(direct.iter().map(|group| group.subject));
            }
        }
        if use_groups {
            groups.push(EVERYONE);
            if !is_anonymous {
                groups.push(AUTHENTICATED);
            }
            ids.extend(with_parents(groups)?);
        }
        ids.sort_unstable();
        ids.dedup();
        found.ids = ids.into();
        Ok(found)
    }
}

/// A group of which a user himself is a member.
pub struct DirectGroup {
    pub subject: i32,
    /// The table that says so.
    pub table: Oid,
}

/// The groups of which the user himself is a member, in the application's tables or in rowgrant's
/// own; those that hold nothing and stand under no other group may be missing. `own` is the user's
/// subject, which he has if rowgrant keeps any.
pub fn direct_groups(sources: &Sources, user: &Key, own: Option<i32>) -> Result<Vec<DirectGroup>> {
    groups_of(sources, user, own, &mut SubjectFinder::default())
}

fn groups_of(
    sources: &Sources,
    user: &Key,
    own: Option<i32>,
    finder: &mut SubjectFinder,
) -> Result<Vec<DirectGroup>> {
    let mut groups = Vec::new();
    for membership in &sources.memberships {
        let table = membership.relation;
        let found = group_subjects_of(&groups_in(sources, membership, user)?, finder)?;
        groups.extend(found.into_iter().map(|subject| DirectGroup { subject, table }));
    }
    let table = own_tables()?.membership;
    if let Some(own) = own
        && has_any(table)?
    {
        let kept = pairs(table, "user_subject", own, "group_subject")?;
        groups.extend(kept.into_iter().map(|subject| DirectGroup { subject, table }));
    }
    Ok(groups)
}

fn groups_in(sources: &Sources, membership: &MembershipSource, user: &Key) -> Result<Vec<Key>> {
    let mut groups = Vec::new();
    let MembershipSource { relation, user_column, group_column } = membership;
    rows_naming(*relation, user_column, (sources.users.as_ref(), user), &[group_column], |row| {
        groups.extend(row[0].and_then(|group| named_by(sources.groups.as_ref(), group)));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(groups)
}

/// The user's or group's id that a subject stands for, or the name of a built-in group.
pub fn subject_name(subject: i32) -> Result<String> {
    let mut name = String::new();
    let key = Key::Bigint(i64::from(subject));
    find_rows(own_tables()?.subject, &[("id", &key)], &["key"], |row| {
        name = row[0].map(Value::print).unwrap_or_default();
        Ok(ControlFlow::Break(()))
    })?;
    Ok(name)
}

/// The other column of the rows of a table of pairs of subjects.
pub(super) fn pairs(table: Oid, column: &str, subject: i32, want: &str) -> Result<Vec<i32>> {
    let mut found = Vec::new();
    let key = Key::Bigint(i64::from(subject));
    find_rows(table, &[(column, &key)], &[want], |row| {
        found.extend(subject_number(row[0]));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The subjects whose grants count for a group: its own and, unless only those are asked for, the
/// groups above it, of which its members are members too.
pub fn group_subjects(
    sources: &Sources,
    group: Option<Value>,
    use_groups: bool,
) -> Result<Rc<Subjects>> {
    let Some(group) = group else { return Ok(Rc::default()) };
    let own = match built_in_group(&group.print()) {
        Some(built_in) => Some(built_in),
        None => {
            let key = SubjectSource::canonical(sources.groups.as_ref(), group, "group id")?;
            group_subject(&key)?
        }
    };
    let own = own.into_iter().collect();
    let ids = if use_groups { with_parents(own)? } else { own }.into();
    Ok(Rc::new(Subjects { ids, ..Subjects::default() }))
}

/// The subject with that key.
pub fn subject_id(kind: Kind, key: &Key) -> Result<Option<i32>> {
    Ok(SubjectFinder::default().find(kind, key, None)?.map(|(id, _)| id))
}

/// Finds subjects by their keys; opens their table when it is first asked.
#[derive(Default)]
pub struct SubjectFinder(Option<Finder>);

impl SubjectFinder {
    /// The subject with that key, and where it is in its table; `at` is where it was found last.
    pub fn find(
        &mut self,
        kind: Kind,
        key: &Key,
        at: Option<RowId>,
    ) -> Result<Option<(i32, Option<RowId>)>> {
        let finder = match &mut self.0 {
            Some(finder) => finder,
            None => {
                let table = own_tables()?.subject;
                let finder = Finder::open(table, &["key"], &["key", "kind"], &["id", "kind"])?;
                self.0.insert(finder)
            }
        };
        let mut found = None;
        finder.find(&[&Key::Text(key.text())], at, |at, row| {
            if row[1].is_some_and(|stored| kind.is(stored)) {
                found = subject_number(row[0]).map(|id| (id, at));
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }
}

/// The value of a column of subjects.
pub(super) fn subject_number(value: Option<Value>) -> Option<i32> {
    value.and_then(|v| v.as_integer(pg_sys::INT4OID)).map(|id| id as i32)
}

enum Standing {
    Nobody,
    Active { superuser: bool },
}

/// The user's standing; `place` is where his row was found last, and becomes where it is.
fn standing(sources: &Sources, id: &Key, place: &mut Option<RowId>) -> Result<Standing> {
    let Some(users) = &sources.users else { return Ok(Standing::Active { superuser: false }) };
    let flags = [users.active_column.as_deref(), users.superuser_column.as_deref()];
    let want: Vec<&str> = flags.into_iter().flatten().collect();
    let mut found = Standing::Nobody;
    let key = [users.key_column.as_str()];
    let last = place.take();
    Finder::open(users.relation, &key, &key, &want)?.find(&[id], last, |at, row| {
        *place = at;
        let mut values = row.iter();
        // A column of another type says nothing.
        let says = |value: Value| value.base_type() == pg_sys::BOOLOID && value.as_bool();
        let mut flag = |column: Option<&str>| {
            column.map(|_| values.next().copied().flatten().is_some_and(says))
        };
        let active = flag(flags[0]).unwrap_or(true);
        let superuser = flag(flags[1]).unwrap_or(false);
        if active {
            found = Standing::Active { superuser };
        }
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

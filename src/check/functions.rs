//! has_perm, can, has_perms, group_has_perm and require_perm, as SQL calls them.

use std::rc::Rc;

use pgrx::pg_sys::Oid;

use super::reach::{Holder, Reach};
use crate::catalog::{self, ObjectType, Sources, Subjects, UserId};
use crate::error::{Error, Result};
use crate::pg::call::{Call, Output};
use crate::pg::row::{RowValue, row_value};
use crate::pg::snapshot::{self, Stamp};
use crate::pg::value::Value;
use crate::session;

/// What a call site remembers while one snapshot lasts: names and subjects, never grants.
#[derive(Default)]
struct Site {
    stamp: Option<Stamp>,
    sources: Option<Rc<Sources>>,
    user: Option<(UserId, Rc<Subjects>)>,
    names: Option<(TypeName, String, Rc<ObjectType>, Vec<i32>)>,
}

/// How a call names its object type.
#[derive(Clone, PartialEq, Eq)]
enum TypeName {
    Name(String),
    RowType(Oid),
}

/// Who is asked about.
enum User {
    Given(Option<Value>),
    /// The user of the running transaction.
    Current,
}

impl User {
    /// The first argument, and the number of the one after it.
    fn given(call: &Call) -> (Self, usize) {
        (User::Given(call.value(0)), 1)
    }
}

impl Site {
    /// What this call site remembers, emptied where the snapshot is another.
    fn of(call: &Call) -> &mut Site {
        let site = call.memo::<Site>();
        let stamp = snapshot::stamp();
        if site.stamp != Some(stamp) {
            *site = Site { stamp: Some(stamp), ..Site::default() };
        }
        site
    }

    fn sources(&mut self) -> Result<Rc<Sources>> {
        if self.sources.is_none() {
            self.sources = Some(catalog::sources()?);
        }
        Ok(self.sources.clone().unwrap_or_default())
    }

    fn subjects(&mut self, user: &User) -> Result<Rc<Subjects>> {
        let sources = self.sources()?;
        let id = match user {
            User::Given(id) => catalog::user_id(&sources, *id)?,
            User::Current => session::current(&sources)?,
        };
        if let Some((known, subjects)) = &self.user
            && *known == id
        {
            return Ok(Rc::clone(subjects));
        }
        let subjects = Rc::new(Subjects::of_user(&sources, &id, true)?);
        self.user = Some((id, Rc::clone(&subjects)));
        Ok(subjects)
    }

    fn reach(&mut self, user: &User, perm: String, of: TypeName) -> Result<Reach> {
        let known = self.names.as_ref().filter(|(o, p, ..)| *o == of && *p == perm);
        let (object_type, giving) = match known {
            Some((_, _, object_type, giving)) => (Rc::clone(object_type), giving.clone()),
            None => {
                let object_type = match &of {
                    TypeName::Name(name) => catalog::object_type(name)?,
                    TypeName::RowType(row_type) => type_of_row(*row_type)?,
                };
                let giving = object_type.giving(&perm)?;
                self.names = Some((of, perm, Rc::clone(&object_type), giving.clone()));
                (object_type, giving)
            }
        };
        let holder = Holder {
            subjects: self.subjects(user)?,
            sources: self.sources()?,
            accept_model_level: true,
            with_superuser: true,
        };
        Ok(Reach { object_type, giving, holder })
    }
}

/// The object type of a table's row type.
fn type_of_row(row_type: Oid) -> Result<Rc<ObjectType>> {
    use crate::pg::{relation, types};
    let Some(table) = types::relation_of_row_type(row_type) else {
        return Err(Error::argument("the object is not a row of a table")
            .hint("Give a row of a protected table, as in FROM documents d ... (.., d), or its type and key."));
    };
    catalog::object_type_of_relation(table)?.ok_or_else(|| {
        let name = relation::qualified_name(table);
        Error::undefined(format!("table {name} is not protected"))
            .hint(format!("Protect it: SELECT rowgrant.protect('{name}')."))
    })
}

fn by_key(call: &Call, (user, at): (User, usize)) -> Result<bool> {
    let named = (call.text(at), call.text(at + 1), call.value(at + 2));
    let (Some(perm), Some(name), Some(key)) = named else { return Ok(false) };
    let reach = Site::of(call).reach(&user, perm, TypeName::Name(name))?;
    match reach.object_type.key(key)? {
        Some(key) => reach.holds(&key),
        None => Ok(false),
    }
}

fn by_row(call: &Call, (user, at): (User, usize)) -> Result<bool> {
    let (Some(perm), Some(row)) = (call.text(at), call.value(at + 1)) else { return Ok(false) };
    let row: RowValue = row_value(row);
    let reach = Site::of(call).reach(&user, perm, TypeName::RowType(row.type_oid))?;
    match reach.object_type.key_of_row(&row)? {
        (Some(key), owner) => reach.holds_row(&key, owner),
        (None, _) => Ok(false),
    }
}

fn by_model(call: &Call, (user, at): (User, usize)) -> Result<bool> {
    let (Some(perm), Some(name)) = (call.text(at), call.text(at + 1)) else { return Ok(false) };
    Site::of(call).reach(&user, perm, TypeName::Name(name))?.is_everywhere()
}

/// `has_perm(user_id, perm, object_type, key)`
pub fn has_perm_key(call: &Call) -> Result<Output> {
    by_key(call, User::given(call)).map(Output::Bool)
}

/// `has_perm(user_id, perm, object)`
pub fn has_perm_row(call: &Call) -> Result<Output> {
    by_row(call, User::given(call)).map(Output::Bool)
}

/// `has_perm(user_id, perm, object_type)`
pub fn has_perm_model(call: &Call) -> Result<Output> {
    by_model(call, User::given(call)).map(Output::Bool)
}

/// `can(perm, object_type, key)`
pub fn can_key(call: &Call) -> Result<Output> {
    by_key(call, (User::Current, 0)).map(Output::Bool)
}

/// `can(perm, object)`
pub fn can_row(call: &Call) -> Result<Output> {
    by_row(call, (User::Current, 0)).map(Output::Bool)
}

/// `can(perm, object_type)`
pub fn can_model(call: &Call) -> Result<Output> {
    by_model(call, (User::Current, 0)).map(Output::Bool)
}

/// `has_perms(user_id, perms, object_type, key, any_perm)`: all of the permissions, or any.
/// Of no permissions at all nothing is held; a NULL among them is not held.
pub fn has_perms(call: &Call) -> Result<Output> {
    let (Some(perms), Some(name), Some(key)) = (call.texts(1), call.text(2), call.value(3)) else {
        return Ok(Output::Bool(false));
    };
    let any_perm = call.bool(4).unwrap_or(false);
    let site = Site::of(call);
    let (user, _) = User::given(call);
    let mut answer = None;
    for perm in perms {
        let held = match perm {
            Some(perm) => {
                let reach = site.reach(&user, perm, TypeName::Name(name.clone()))?;
                match reach.object_type.key(key)? {
                    Some(key) => reach.holds(&key)?,
                    None => false,
                }
            }
            None => false,
        };
        answer = Some(match answer {
            None => held,
            Some(so_far) if any_perm => so_far || held,
            Some(so_far) => so_far && held,
        });
    }
    Ok(Output::Bool(answer.unwrap_or(false)))
}

/// `group_has_perm(group_id, perm, object_type, key)`
pub fn group_has_perm(call: &Call) -> Result<Output> {
    let (Some(perm), Some(name), Some(key)) = (call.text(1), call.text(2), call.value(3)) else {
        return Ok(Output::Bool(false));
    };
    let object_type = catalog::object_type(&name)?;
    let giving = object_type.giving(&perm)?;
    let sources = catalog::sources()?;
    let subjects = Rc::new(catalog::group_subjects(&sources, call.value(0), true)?);
    let holder = Holder { sources, subjects, accept_model_level: true, with_superuser: true };
    let reach = Reach { object_type, giving, holder };
    Ok(Output::Bool(match reach.object_type.key(key)? {
        Some(key) => reach.holds(&key)?,
        None => false,
    }))
}

/// `require_perm(user_id, perm, object_type, key)`
pub fn require_perm_key(call: &Call) -> Result<Output> {
    let object = || format!("{} {}", show(call.text(2)), show(call.value(3).map(Value::print)));
    required(call, by_key(call, User::given(call))?, object)
}

/// `require_perm(user_id, perm, object)`
pub fn require_perm_row(call: &Call) -> Result<Output> {
    let allowed = by_row(call, User::given(call))?;
    let object = || {
        let Some(value) = call.value(2) else { return "NULL".to_owned() };
        let row = row_value(value);
        let named = type_of_row(row.type_oid).and_then(|of| {
            let (key, _) = of.key_of_row(&row)?;
            Ok(format!("\"{}\" {}", of.name, show(key.map(|k| k.to_text()))))
        });
        named.unwrap_or_else(|_| value.print())
    };
    required(call, allowed, object)
}

/// `require_perm(user_id, perm, object_type)`
pub fn require_perm_model(call: &Call) -> Result<Output> {
    required(call, by_model(call, User::given(call))?, || {
        format!("all objects of type {}", show(call.text(2)))
    })
}

fn show(name: Option<String>) -> String {
    name.map_or_else(|| "NULL".to_owned(), |name| format!("\"{name}\""))
}

fn required(call: &Call, allowed: bool, object: impl Fn() -> String) -> Result<Output> {
    if allowed {
        return Ok(Output::Void);
    }
    let user = match call.value(0) {
        Some(user) => format!("user {}", show(Some(user.print()))),
        None => "the anonymous user".to_owned(),
    };
    Err(Error::forbidden(format!(
        "{user} does not have permission {} on {}",
        show(call.text(1)),
        object()
    )))
}

//! What a call site remembers while one snapshot lasts.

use std::rc::Rc;

use pgrx::pg_sys::Oid;

use super::known::Known;
use super::reach::{Holder, Reach};
use crate::catalog::{self, Asker, ObjectType, Sources, Subjects};
use crate::error::{Error, Result};
use crate::pg::call::Call;
use crate::pg::snapshot::{self, Moment};
use crate::pg::value::Value;
use crate::pg::{session as set_user, types};
use crate::session;

/// Names and what is known of one reach; emptied when the moment is another.
#[derive(Default)]
pub struct Site {
    moment: Option<Moment>,
    /// Of the transaction's user.
    generation: u64,
    sources: Option<Rc<Sources>>,
    asked: Option<Asked>,
    /// Of a call with the columns of a key: what never changes of its expression.
    columns: Option<Columns>,
}

/// A call with the columns of a key.
pub struct Columns {
    /// Whether user, permission and table are constants.
    is_constant: bool,
    /// Of the owner and each column of the key.
    pub types: Vec<Oid>,
    /// Room for the columns of one call's key, and for its text.
    pub values: Vec<Option<Value>>,
    pub text: String,
}

/// The question that was asked last.
struct Asked {
    who: Asker,
    perm: String,
    of: ObjectName,
    known: Known,
}

/// How a call names its object type.
#[derive(Clone, PartialEq, Eq)]
pub enum ObjectName {
    Type(String),
    Table(Oid),
    RowType(Oid),
}

/// Who is asked about.
#[derive(Clone, Copy)]
pub enum Who {
    /// The user that is the first argument.
    User,
    /// The group that is the first argument.
    Group,
    /// The user of the running transaction.
    Current,
}

impl Who {
    /// The number of the argument after the one that tells.
    pub fn next(self) -> usize {
        match self {
            Who::User | Who::Group => 1,
            Who::Current => 0,
        }
    }
}

/// Which argument names the object type.
#[derive(Clone, Copy)]
pub enum Of {
    Name(usize),
    Table(usize),
    /// The row's own type.
    RowType(Oid),
}

impl Of {
    fn name(self, call: &Call) -> Option<ObjectName> {
        match self {
            Of::Name(n) => call.text(n).map(ObjectName::Type),
            Of::Table(n) => call.oid(n).map(ObjectName::Table),
            Of::RowType(row_type) => Some(ObjectName::RowType(row_type)),
        }
    }

    /// Whether it is the same in all calls of this site, or in this one as in the one that asked.
    fn is_constant(self, call: &Call, asked: &Asked) -> bool {
        match self {
            Of::Name(n) | Of::Table(n) => call.is_constant(n),
            Of::RowType(row_type) => asked.of == ObjectName::RowType(row_type),
        }
    }
}

impl Site {
    /// What this call site remembers.
    pub fn of(call: &Call) -> &mut Site {
        let site = call.memo::<Site>();
        let (moment, generation) = (snapshot::moment(), set_user::generation());
        if site.moment != Some(moment) {
            let columns = site.columns.take();
            *site = Site { moment: Some(moment), generation, columns, ..Site::default() };
        }
        if site.generation != generation {
            site.generation = generation;
            site.asked = None;
        }
        site
    }

    /// What is known of the permission that the call asks for; `None` where it is NULL, or the
    /// object type is.
    pub fn known(&mut self, call: &Call, who: Who, of: Of) -> Result<Option<&mut Known>> {
        let at = who.next();
        let names_stay = self
            .asked
            .as_ref()
            .is_some_and(|asked| call.is_constant(at) && of.is_constant(call, asked));
        if !names_stay {
            let (Some(perm), Some(of)) = (call.text(at), of.name(call)) else { return Ok(None) };
            let same = |asked: &Asked| asked.of == of && asked.perm == perm;
            if !self.asked.as_ref().is_some_and(same) {
                self.asked = Some(self.ask(call, who, perm, of)?);
                return Ok(self.asked.as_mut().map(|asked| &mut asked.known));
            }
        }
        if at > 0 && !call.is_constant(0) {
            self.ask_again(call, who)?;
        }
        Ok(self.asked.as_mut().map(|asked| &mut asked.known))
    }

    /// As `known`, of a call with the table as the n-th argument, the owner and the columns of the
    /// key, of which what is known is returned too.
    pub fn known_of_columns(
        &mut self,
        call: &Call,
        who: Who,
        n: usize,
    ) -> Result<Option<(&mut Known, &mut Columns)>> {
        let is_constant = match &self.columns {
            Some(columns) => columns.is_constant,
            None => {
                let columns = Columns {
                    is_constant: (0..=n).all(|n| call.is_constant(n)),
                    types: (n + 1..call.count()).map(|n| call.argument_type(n)).collect(),
                    values: Vec::new(),
                    text: String::new(),
                };
                self.columns.insert(columns).is_constant
            }
        };
        if (!is_constant || self.asked.is_none()) && self.known(call, who, Of::Table(n))?.is_none()
        {
            return Ok(None);
        }
        let known = self.asked.as_mut().map(|asked| &mut asked.known);
        Ok(known.zip(self.columns.as_mut()))
    }

    /// Asks for a permission.
    fn ask(&mut self, call: &Call, who: Who, perm: String, of: ObjectName) -> Result<Asked> {
        let who = self.asker(call, who)?;
        let object_type = of.find()?;
        let giving = object_type.giving(&perm)?;
        let known = self.begin(call, &who, object_type, giving)?;
        Ok(Asked { who, perm, of, known })
    }

    /// Asks for the same permission, perhaps of another user.
    fn ask_again(&mut self, call: &Call, who: Who) -> Result<()> {
        let who = self.asker(call, who)?;
        if let Some(asked) = self.asked.take_if(|asked| asked.who != who) {
            let Reach { object_type, giving, .. } = asked.known.reach;
            let known = self.begin(call, &who, object_type, giving)?;
            self.asked = Some(Asked { who, known, ..asked });
        }
        Ok(())
    }

    fn asker(&mut self, call: &Call, who: Who) -> Result<Asker> {
        let sources = self.sources()?;
        Ok(match who {
            Who::User => Asker::User(catalog::user_id(&sources, call.value(0))?),
            Who::Group => Asker::Group(call.value(0).map(Value::print)),
            Who::Current => Asker::User(session::current(&sources)?),
        })
    }

    fn begin(
        &mut self,
        call: &Call,
        who: &Asker,
        object_type: Rc<ObjectType>,
        giving: Vec<i32>,
    ) -> Result<Known> {
        let sources = self.sources()?;
        let subjects = match who {
            Asker::User(id) => Subjects::of_user(&sources, id, true)?,
            Asker::Group(_) => catalog::group_subjects(&sources, call.value(0), true)?,
        };
        let holder = Holder { sources, subjects, accept_model_level: true, with_superuser: true };
        Ok(Known::new(Reach { object_type, giving, holder }))
    }

    /// The reach of the first argument's user of one permission of one object type.
    pub fn reach(&mut self, id: Option<Value>, perm: &str, object_type: &str) -> Result<Reach> {
        let object_type = catalog::object_type(object_type)?;
        let giving = object_type.giving(perm)?;
        let sources = self.sources()?;
        let id = catalog::user_id(&sources, id)?;
        let subjects = Subjects::of_user(&sources, &id, true)?;
        let holder = Holder { sources, subjects, accept_model_level: true, with_superuser: true };
        Ok(Reach { object_type, giving, holder })
    }

    fn sources(&mut self) -> Result<Rc<Sources>> {
        if self.sources.is_none() {
            self.sources = Some(catalog::sources()?);
        }
        Ok(self.sources.clone().unwrap_or_default())
    }
}

impl ObjectName {
    /// The object type so named.
    pub fn find(&self) -> Result<Rc<ObjectType>> {
        let table = match self {
            ObjectName::Type(name) => return catalog::object_type(name),
            ObjectName::Table(table) => *table,
            ObjectName::RowType(row_type) => match types::relation_of_row_type(*row_type) {
                Some(table) => table,
                None => {
                    return Err(Error::argument("the object is not a row of a table")
                        .hint("Give a row of a protected table, as in FROM documents d ... (.., d), or its type and key."));
                }
            },
        };
        catalog::object_type_of_table(table)
    }
}

//! What one user or group holds of one permission.

use std::rc::Rc;

use super::model_level;
use crate::catalog::{self, ObjectType, Sources, Subjects};
use crate::error::Result;
use crate::key::{Key, KeyRef};
use crate::pg::grants::{self, Wanted};
use crate::pg::held::{self, Cursor, Pair};
use crate::pg::value::Value;

/// Whoever asks, with the options that apply to all of his permissions.
#[derive(Clone)]
pub struct Holder {
    pub sources: Rc<Sources>,
    pub subjects: Rc<Subjects>,
    /// Whether model-level grants count.
    pub accept_model_level: bool,
    /// Whether a superuser holds everything.
    pub with_superuser: bool,
}

/// One permission of one object type, as one holder has it.
pub struct Reach {
    pub object_type: Rc<ObjectType>,
    /// The permissions that give it, ascending.
    pub giving: Vec<i32>,
    pub holder: Holder,
}

impl Reach {
    fn wanted(&self) -> Wanted<'_> {
        Wanted { permissions: &self.giving, subjects: &self.holder.subjects.ids }
    }

    /// Whether it is held on every object of the type: by a superuser, or at model level.
    pub fn is_everywhere(&self) -> Result<bool> {
        if self.holder.with_superuser && self.holder.subjects.superuser {
            return Ok(true);
        }
        Ok(self.holder.accept_model_level && model_level::is_held(self.wanted())?)
    }

    /// Whether it is held on the object with this key. On a protected table that is refused where
    /// the table has no such row, even to whoever holds it everywhere: the answer is true exactly
    /// for what listing lists.
    pub fn holds(&self, key: &Key) -> Result<bool> {
        if self.is_granted(key.into())? {
            return Ok(true);
        }
        Ok(self.owns(key)? || (self.is_everywhere()? && self.object_type.has_row(key)?))
    }

    /// Whether the user owns the row with this key.
    pub fn owns(&self, key: &Key) -> Result<bool> {
        let (Some(owner), Some(column)) = (self.owner(), &self.object_type.owner_column) else {
            return Ok(false);
        };
        let owned = self.object_type.read_row(key, &[column], |row| {
            Ok(row[0].is_some_and(|value| self.is_owner(owner, value)))
        })?;
        Ok(owned == Some(true))
    }

    /// Whether a grant on that very object gives it.
    pub fn is_granted(&self, key: KeyRef) -> Result<bool> {
        grants::any_on_object(key, self.wanted())
    }

    /// Whether the user is the owner that a row names.
    pub fn is_owned_by(&self, owner: Option<Value>) -> bool {
        match (self.owner(), owner) {
            (Some(user), Some(value)) => self.is_owner(user, value),
            _ => false,
        }
    }

    /// The key that the type's owner column must hold.
    pub fn owner(&self) -> Option<&Key> {
        self.object_type.owner_column.as_ref()?;
        self.holder.subjects.owner()
    }

    fn is_owner(&self, user: &Key, value: Value) -> bool {
        catalog::named_by(self.holder.sources.users.as_ref(), value).as_ref() == Some(user)
    }

    /// The subjects and permissions whose grants on single objects count.
    pub fn pairs(&self) -> Vec<Pair> {
        let subjects = self.holder.subjects.ids.iter();
        subjects.flat_map(|s| self.giving.iter().map(|p| (*s, *p))).collect()
    }

    /// Calls `each` with the objects granted one by one; an object may come more than once.
    pub fn each_granted(&self, each: impl FnMut(KeyRef)) -> Result<()> {
        let family = self.object_type.shape.family();
        held::read(family, &self.pairs(), &mut Cursor::default(), usize::MAX, each)
    }
}

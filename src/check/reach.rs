//! What one user or group holds of one permission.

use std::rc::Rc;

use crate::catalog::{self, ObjectType, Sources, Subjects};
use crate::error::Result;
use crate::key::Key;
use crate::pg::grants::{self, Wanted};
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
        Ok(self.holder.accept_model_level && grants::any_model_level(self.wanted())?)
    }

    /// Whether it is held on the object with this key. On a protected table that is refused where
    /// the table has no such row, even to whoever holds it everywhere: the answer is true exactly
    /// for what listing lists.
    pub fn holds(&self, key: &Key) -> Result<bool> {
        if grants::any_on_object(key, self.wanted())? {
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

    /// Whether it is held on a row that is there, or is about to be, with this owner.
    pub fn holds_row(&self, key: &Key, owner: Option<Value>) -> Result<bool> {
        if let (Some(user), Some(value)) = (self.owner(), owner)
            && self.is_owner(user, value)
        {
            return Ok(true);
        }
        Ok(grants::any_on_object(key, self.wanted())? || self.is_everywhere()?)
    }

    /// The key that the type's owner column must hold.
    pub fn owner(&self) -> Option<&Key> {
        self.object_type.owner_column.as_ref()?;
        self.holder.subjects.owner.as_ref()
    }

    fn is_owner(&self, user: &Key, value: Value) -> bool {
        catalog::named_by(self.holder.sources.users.as_ref(), value).as_ref() == Some(user)
    }

    /// Calls `each` with the objects granted one by one; an object may come more than once.
    pub fn each_granted(&self, each: impl FnMut(Key)) -> Result<()> {
        grants::each_object(self.object_type.shape.family(), self.wanted(), each)
    }
}

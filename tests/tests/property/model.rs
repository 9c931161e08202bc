//! The naive model: what stands, as plain sets, and what follows from it, by plain loops over
//! them. It shares nothing with the extension but the words of the contract. A new way to hold a
//! permission goes into `Model::subjects` (who counts as whom) or `Model::holds` (what counts).

use std::collections::{BTreeMap, BTreeSet};

/// Users, groups and objects are numbers here: the pools of `family` say how they are spelled.
pub type User = usize;
pub type Group = usize;
pub type Object = usize;
pub type Perm = usize;

/// How many there are of each; the last is never in any table.
pub const USERS: usize = 6;
pub const GROUPS: usize = 4;
pub const OBJECTS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    User(User),
    Group(Group),
    Everyone,
    Authenticated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    Never,
    Past,
    Future,
    FarFuture,
}

#[derive(Debug, Clone)]
pub struct Grant {
    pub subject: Subject,
    pub of: usize,
    pub perm: Perm,
    /// `None`: at model level.
    pub object: Option<Object>,
    pub expiry: Expiry,
}

/// What the columns of a row of the users table hold.
#[derive(Debug, Clone, Copy)]
pub struct UserRow {
    pub active: Option<bool>,
    pub superuser: Option<bool>,
}

#[derive(Debug, Clone)]
pub struct ObjectType {
    pub perms: usize,
    /// Pairs of a permission and one that it implies, one step.
    pub implies: BTreeSet<(Perm, Perm)>,
    /// Whether there is a table; `rows` says which objects are in it and who owns them.
    pub has_table: bool,
    pub rows: BTreeMap<Object, Option<User>>,
    pub has_owner: bool,
}

#[derive(Debug, Clone)]
pub struct Model {
    /// Whether the users table is registered, and which of its columns.
    pub users_registered: bool,
    pub active_column: bool,
    pub superuser_column: bool,
    pub anonymous: Option<User>,
    pub users: BTreeMap<User, UserRow>,
    pub groups_registered: bool,
    pub groups: BTreeSet<Group>,
    /// The application's table of memberships; with foreign keys it loses and renames members as
    /// the other tables do.
    pub memberships: Vec<(User, Group)>,
    pub foreign_keys: bool,
    pub types: Vec<ObjectType>,
    pub grants: Vec<Grant>,
}

/// What a listing or a check may take into account.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub use_groups: bool,
    pub accept_global_perms: bool,
    pub with_superuser: bool,
}

impl Options {
    pub const ALL: Options =
        Options { use_groups: true, accept_global_perms: true, with_superuser: true };
}

/// A listing, or the SQLSTATE that it raises.
pub type Listing = Result<Vec<Object>, &'static str>;

/// Whoever asks: the subjects whose grants count, and what else gives permissions.
#[derive(Debug, Default)]
pub struct Asker {
    pub subjects: BTreeSet<Subject>,
    pub superuser: bool,
    /// The user that owner columns are compared with.
    pub owner: Option<User>,
}

impl Model {
    /// Whether a user is there and active, as the registered table says.
    fn is_active(&self, user: User) -> bool {
        if !self.users_registered {
            return true;
        }
        match self.users.get(&user) {
            None => false,
            Some(row) => !self.active_column || row.active == Some(true),
        }
    }

    fn is_superuser(&self, user: User) -> bool {
        self.users_registered
            && self.superuser_column
            && self.users.get(&user).is_some_and(|row| row.superuser == Some(true))
    }

    fn groups_of(&self, user: User) -> BTreeSet<Group> {
        let mut groups = BTreeSet::new();
        for (member, group) in &self.memberships {
            if *member == user {
                groups.insert(*group);
            }
        }
        groups
    }

    /// The user as whom `user` asks; NULL is the anonymous user, and so is his id.
    pub fn asker(&self, user: Option<User>, options: Options) -> Asker {
        let mut asker = Asker::default();
        let anonymous = user.is_none() || user == self.anonymous;
        let id = if user.is_none() { self.anonymous } else { user };

        // A user who is inactive or not there has nothing. NULL is nobody in particular, and
        // keeps what everyone holds.
        let known = id.filter(|id| self.is_active(*id));
        if known.is_none() && user.is_some() {
            return asker;
        }
        if options.use_groups {
            asker.subjects.insert(Subject::Everyone);
            if !anonymous {
                asker.subjects.insert(Subject::Authenticated);
            }
        }
        if let Some(id) = known {
            asker.subjects.insert(Subject::User(id));
            if options.use_groups {
                for group in self.groups_of(id) {
                    asker.subjects.insert(Subject::Group(group));
                }
            }
            if !anonymous {
                asker.owner = Some(id);
                asker.superuser = options.with_superuser && self.is_superuser(id);
            }
        }
        asker
    }

    /// A group as the one who asks; `None` is the NULL group.
    pub fn group_asker(&self, group: Option<Subject>) -> Asker {
        let mut asker = Asker::default();
        if let Some(group) = group {
            asker.subjects.insert(group);
        }
        if group == Some(Subject::Authenticated) {
            asker.subjects.insert(Subject::Everyone);
        }
        asker
    }

    /// The permissions that give `perm`: itself, and all that imply it over any number of steps.
    fn giving(&self, of: usize, perm: Perm) -> BTreeSet<Perm> {
        let mut giving = BTreeSet::from([perm]);
        loop {
            let mut more = giving.clone();
            for (stronger, implied) in &self.types[of].implies {
                if giving.contains(implied) {
                    more.insert(*stronger);
                }
            }
            if more == giving {
                return giving;
            }
            giving = more;
        }
    }

    /// Whether there is a grant that counts, on that object or (`None`) at model level.
    fn granted(&self, asker: &Asker, of: usize, perm: Perm, object: Option<Object>) -> bool {
        let giving = self.giving(of, perm);
        for grant in &self.grants {
            if grant.of == of
                && giving.contains(&grant.perm)
                && grant.object == object
                && asker.subjects.contains(&grant.subject)
                && grant.expiry != Expiry::Past
            {
                return true;
            }
        }
        false
    }

    /// Whether the permission is held on every object.
    pub fn everywhere(&self, asker: &Asker, of: usize, perm: Perm, options: Options) -> bool {
        asker.superuser || (options.accept_global_perms && self.granted(asker, of, perm, None))
    }

    /// Whether the permission is held on one object.
    pub fn holds(
        &self,
        asker: &Asker,
        of: usize,
        perm: Perm,
        object: Object,
        options: Options,
    ) -> bool {
        let object_type = &self.types[of];
        if object_type.has_table && !object_type.rows.contains_key(&object) {
            return false;
        }
        if object_type.has_owner
            && asker.owner.is_some()
            && object_type.rows.get(&object) == Some(&asker.owner)
        {
            return true;
        }
        self.everywhere(asker, of, perm, options) || self.granted(asker, of, perm, Some(object))
    }

    /// Whether all of the permissions are held, or any of them; of none at all, nothing is.
    pub fn holds_many(
        &self,
        asker: &Asker,
        of: usize,
        perms: &[Perm],
        any: bool,
        object: Object,
        options: Options,
    ) -> bool {
        let held = |perm: &Perm| self.holds(asker, of, *perm, object, options);
        !perms.is_empty() && if any { perms.iter().any(held) } else { perms.iter().all(held) }
    }

    /// The objects on which all, or any, of the permissions are held.
    pub fn listing(
        &self,
        asker: &Asker,
        of: usize,
        perms: &[Perm],
        any: bool,
        options: Options,
    ) -> Listing {
        let everywhere = |perm: &Perm| self.everywhere(asker, of, *perm, options);
        let all_objects = !perms.is_empty()
            && if any { perms.iter().any(everywhere) } else { perms.iter().all(everywhere) };
        // All objects of a type that has no table: nobody knows which those are.
        if all_objects && !self.types[of].has_table {
            return Err("0A000");
        }
        let mut objects = Vec::new();
        for object in 0..OBJECTS {
            if self.holds_many(asker, of, perms, any, object, options) {
                objects.push(object);
            }
        }
        Ok(objects)
    }
}

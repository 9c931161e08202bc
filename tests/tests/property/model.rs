//! The naive model: what a user or a group holds, worked out in the plainest way.

use std::collections::BTreeSet;

#[derive(Debug, Clone)]
pub struct User {
    pub id: String,
    /// The same id, spelled otherwise.
    pub other: String,
    pub exists: bool,
    pub active: bool,
    pub superuser: bool,
}

#[derive(Debug, Clone)]
pub struct Group {
    pub id: String,
    pub other: String,
    pub exists: bool,
}

#[derive(Debug, Clone)]
pub struct Object {
    pub key: String,
    pub other: String,
    pub exists: bool,
    pub owner: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    User(usize),
    Group(usize),
    Everyone,
    Authenticated,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub holder: Holder,
    pub perm: usize,
    /// None: at model level.
    pub object: Option<usize>,
    pub expired: bool,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    User(usize),
    Nobody,
    Unknown,
}

#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub use_groups: bool,
    pub accept_global: bool,
    pub with_superuser: bool,
}

pub const ALL: Options = Options { use_groups: true, accept_global: true, with_superuser: true };

/// Whose grants count for one who asks.
struct Standing {
    holders: BTreeSet<Holder>,
    superuser: bool,
    /// Whose objects are his own.
    owner: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Model {
    pub key_type: &'static str,
    pub user_type: &'static str,
    pub group_type: &'static str,
    /// Whether users and groups are those of the application's tables.
    pub registered: bool,
    pub has_table: bool,
    pub has_owner: bool,
    pub anonymous: Option<usize>,
    pub users: Vec<User>,
    pub groups: Vec<Group>,
    /// The application's table of (user, group), which outlives both.
    pub members: BTreeSet<(usize, usize)>,
    /// Memberships kept by rowgrant.
    pub kept: BTreeSet<(usize, usize)>,
    /// Child and parent; the child may be a built-in group.
    pub subgroups: BTreeSet<(Holder, usize)>,
    pub objects: Vec<Object>,
    pub perms: usize,
    /// Direct implications only.
    pub implies: BTreeSet<(usize, usize)>,
    pub grants: Vec<Grant>,
}

impl Model {
    /// The permissions that give this one.
    pub fn giving(&self, perm: usize) -> BTreeSet<usize> {
        let mut all = BTreeSet::from([perm]);
        for _ in 0..self.perms {
            for (above, below) in &self.implies {
                if all.contains(below) {
                    all.insert(*above);
                }
            }
        }
        all
    }

    /// The groups and all above them.
    pub fn with_above(&self, groups: impl IntoIterator<Item = Holder>) -> BTreeSet<Holder> {
        let mut all: BTreeSet<Holder> = groups.into_iter().collect();
        for _ in 0..=self.groups.len() {
            for (child, parent) in &self.subgroups {
                if all.contains(child) {
                    all.insert(Holder::Group(*parent));
                }
            }
        }
        all
    }

    /// The groups that the user is in, with no other between.
    pub fn direct_groups(&self, user: usize) -> BTreeSet<Holder> {
        let both = self.members.iter().chain(&self.kept);
        both.filter(|(member, _)| *member == user).map(|(_, group)| Holder::Group(*group)).collect()
    }

    /// Every group that can be asked about, built-in ones too.
    pub fn every_group(&self) -> Vec<Holder> {
        let mut all: Vec<Holder> = (0..self.groups.len()).map(Holder::Group).collect();
        all.extend([Holder::Everyone, Holder::Authenticated]);
        all
    }

    /// The holder's id as rowgrant spells it.
    pub fn name(&self, holder: Holder) -> &str {
        match holder {
            Holder::User(u) => &self.users[u].id,
            Holder::Group(g) => &self.groups[g].id,
            Holder::Everyone => "everyone",
            Holder::Authenticated => "authenticated",
        }
    }

    /// Whether nothing can be granted to it, because its row is not there.
    pub fn is_missing(&self, holder: Holder) -> bool {
        self.registered
            && match holder {
                Holder::User(u) => !self.users[u].exists,
                Holder::Group(g) => !self.groups[g].exists,
                Holder::Everyone | Holder::Authenticated => false,
            }
    }

    fn is_valid(&self, user: usize) -> bool {
        !self.registered || (self.users[user].exists && self.users[user].active)
    }

    /// The user as whom somebody asks, if it is one who may hold anything himself.
    pub fn identity(&self, asker: Asker) -> Option<usize> {
        let user = match asker {
            Asker::User(u) => Some(u),
            Asker::Nobody => self.anonymous,
            Asker::Unknown => None,
        };
        user.filter(|u| self.is_valid(*u))
    }

    fn standing(&self, asker: Asker, options: Options) -> Standing {
        let mut standing = Standing { holders: BTreeSet::new(), superuser: false, owner: None };
        let refused = match asker {
            Asker::User(u) => !self.is_valid(u),
            Asker::Nobody => false,
            Asker::Unknown => self.registered,
        };
        if refused {
            return standing;
        }
        let user = self.identity(asker);
        let anonymous = asker == Asker::Nobody || (user.is_some() && user == self.anonymous);
        if options.use_groups {
            let mut groups = user.map(|u| self.direct_groups(u)).unwrap_or_default();
            groups.insert(Holder::Everyone);
            if !anonymous {
                groups.insert(Holder::Authenticated);
            }
            standing.holders = self.with_above(groups);
        }
        standing.holders.extend(user.map(Holder::User));
        if let Some(u) = user.filter(|_| !anonymous) {
            standing.superuser = self.registered && self.users[u].superuser;
            standing.owner = Some(u);
        }
        standing
    }

    fn granted(&self, holders: &BTreeSet<Holder>, perm: usize, object: Option<usize>) -> bool {
        let giving = self.giving(perm);
        self.grants.iter().any(|grant| {
            grant.object == object
                && !grant.expired
                && giving.contains(&grant.perm)
                && holders.contains(&grant.holder)
        })
    }

    /// Whether what is held on every object is held on this one.
    fn is_there(&self, object: usize) -> bool {
        self.objects[object].exists || !self.has_table
    }

    pub fn owns(&self, user: usize, object: usize) -> bool {
        let target = &self.objects[object];
        self.has_owner && target.exists && target.owner == Some(user)
    }

    /// Whether it is held on every object.
    pub fn everywhere(&self, asker: Asker, perm: usize, options: Options) -> bool {
        let standing = self.standing(asker, options);
        (standing.superuser && options.with_superuser)
            || (options.accept_global && self.granted(&standing.holders, perm, None))
    }

    /// Whether it is held on the object.
    pub fn holds(&self, asker: Asker, perm: usize, object: usize, options: Options) -> bool {
        let standing = self.standing(asker, options);
        self.granted(&standing.holders, perm, Some(object))
            || standing.owner.is_some_and(|user| self.owns(user, object))
            || (self.everywhere(asker, perm, options) && self.is_there(object))
    }

    /// The objects on which all, or any, of the permissions are held.
    pub fn list(&self, asker: Asker, perms: &[usize], any: bool, options: Options) -> Vec<usize> {
        let held = |object| {
            let mut each = perms.iter().map(|perm| self.holds(asker, *perm, object, options));
            !perms.is_empty() && if any { each.any(|h| h) } else { each.all(|h| h) }
        };
        (0..self.objects.len()).filter(|o| held(*o)).collect()
    }

    /// Whether the group holds it on the object; without `use_groups`, by its own grants only.
    pub fn group_holds(
        &self,
        group: Holder,
        perm: usize,
        object: usize,
        use_groups: bool,
        accept_global: bool,
    ) -> bool {
        let holders = if use_groups { self.with_above([group]) } else { BTreeSet::from([group]) };
        self.granted(&holders, perm, Some(object))
            || (accept_global && self.granted(&holders, perm, None) && self.is_there(object))
    }

    /// Whether the user is listed among those who hold it on the object. What everybody holds is
    /// not expanded into users.
    pub fn is_listed(
        &self,
        user: usize,
        perm: usize,
        object: usize,
        with_group_users: bool,
        with_superusers: bool,
    ) -> bool {
        if !self.is_valid(user) {
            return false;
        }
        let named = self.registered && self.anonymous != Some(user);
        let superuser = named && self.users[user].superuser;
        let owner = self.anonymous != Some(user) && self.owns(user, object);
        let mut holders = BTreeSet::from([Holder::User(user)]);
        if with_group_users {
            holders.extend(self.with_above(self.direct_groups(user)));
        }
        self.granted(&holders, perm, Some(object))
            || (self.granted(&holders, perm, None) && self.is_there(object))
            || owner
            || (superuser && with_superusers && self.is_there(object))
    }
}

//! The naive model: what a user holds, worked out in the plainest way.

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

#[derive(Debug, Clone)]
pub struct Model {
    pub key_type: &'static str,
    pub user_type: &'static str,
    pub registered: bool,
    pub has_table: bool,
    pub has_owner: bool,
    pub anonymous: Option<usize>,
    pub users: Vec<User>,
    pub groups: Vec<String>,
    pub memberships: BTreeSet<(usize, usize)>,
    pub objects: Vec<Object>,
    pub perms: usize,
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

    /// Whose grants count, whether as a superuser, and who may own.
    fn holders(&self, asker: Asker, options: Options) -> (BTreeSet<Holder>, bool, Option<usize>) {
        let mut holders = BTreeSet::new();
        let everyone = |holders: &mut BTreeSet<Holder>, authenticated: bool| {
            if options.use_groups {
                holders.insert(Holder::Everyone);
                if authenticated {
                    holders.insert(Holder::Authenticated);
                }
            }
        };
        let valid = |u: usize| !self.registered || (self.users[u].exists && self.users[u].active);
        let own = |holders: &mut BTreeSet<Holder>, u: usize| {
            holders.insert(Holder::User(u));
            if options.use_groups {
                let of = self.memberships.iter().filter(|(user, _)| *user == u);
                holders.extend(of.map(|(_, group)| Holder::Group(*group)));
            }
        };
        match asker {
            Asker::User(u) if !valid(u) => (holders, false, None),
            Asker::User(u) => {
                let anonymous = self.anonymous == Some(u);
                own(&mut holders, u);
                everyone(&mut holders, !anonymous);
                let superuser = self.registered && self.users[u].superuser && !anonymous;
                (holders, superuser, (!anonymous).then_some(u))
            }
            Asker::Nobody => {
                if let Some(u) = self.anonymous.filter(|u| valid(*u)) {
                    own(&mut holders, u);
                }
                everyone(&mut holders, false);
                (holders, false, None)
            }
            Asker::Unknown if self.registered => (holders, false, None),
            Asker::Unknown => {
                everyone(&mut holders, true);
                (holders, false, None)
            }
        }
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

    /// Whether it is held on every object.
    pub fn everywhere(&self, asker: Asker, perm: usize, options: Options) -> bool {
        let (holders, superuser, _) = self.holders(asker, options);
        (superuser && options.with_superuser)
            || (options.accept_global && self.granted(&holders, perm, None))
    }

    /// Whether it is held on the object.
    pub fn holds(&self, asker: Asker, perm: usize, object: usize, options: Options) -> bool {
        let (holders, _, owner) = self.holders(asker, options);
        let target = &self.objects[object];
        let owns = self.has_owner && target.exists && owner.is_some() && target.owner == owner;
        self.granted(&holders, perm, Some(object))
            || owns
            || (self.everywhere(asker, perm, options) && (target.exists || !self.has_table))
    }

    /// The objects on which all, or any, of the permissions are held.
    pub fn list(&self, asker: Asker, perms: &[usize], any: bool, options: Options) -> Vec<i32> {
        let held = |object| {
            let mut each = perms.iter().map(|perm| self.holds(asker, *perm, object, options));
            !perms.is_empty() && if any { each.any(|h| h) } else { each.all(|h| h) }
        };
        (0..self.objects.len()).filter(|o| held(*o)).map(|o| o as i32).collect()
    }

    /// Whether the group itself holds it on the object.
    pub fn group_holds(&self, group: Holder, perm: usize, object: usize) -> bool {
        let holders = BTreeSet::from([group]);
        self.granted(&holders, perm, Some(object))
            || (self.granted(&holders, perm, None)
                && (self.objects[object].exists || !self.has_table))
    }
}

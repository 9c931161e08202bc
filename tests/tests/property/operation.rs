//! What happens in a case: changes of the application's tables and of grants, and how the model
//! takes each of them.

use std::collections::BTreeSet;

use super::model::{Expiry, Grant, Group, Model, Object, Perm, Subject, User, UserRow};

#[derive(Debug, Clone)]
pub enum Operation {
    PutUser { user: User, row: UserRow },
    DeleteUser(User),
    RenameUser(User, User),
    PutGroup(Group),
    DeleteGroup(Group),
    RenameGroup(Group, Group),
    Join(User, Group),
    Leave(User, Group),
    PutRow { of: usize, object: Object, owner: Option<User> },
    DeleteRow { of: usize, object: Object },
    RenameRow { of: usize, from: Object, to: Object },
    Truncate { of: usize },
    SetImplied { of: usize, perm: Perm, implied: BTreeSet<Perm> },
    Assign { what: Target, expiry: Expiry, by_row: bool },
    Remove { what: Target, by_row: bool },
    AssignMany { what: Targets, expiry: Expiry },
    RemoveMany { what: Targets },
    /// Compare all answers now, not only at the end.
    Ask,
    /// Roll all of these back, to a savepoint.
    RolledBack(Vec<Step>),
}

/// An operation, and the seed of how it is spelled in SQL.
#[derive(Debug, Clone)]
pub struct Step {
    pub operation: Operation,
    pub style: u64,
}

#[derive(Debug, Clone)]
pub struct Target {
    pub subject: Subject,
    pub of: usize,
    pub perm: Perm,
    /// `None`: at model level.
    pub object: Option<Object>,
}

/// All combinations. The subjects are users, or groups, but not both.
#[derive(Debug, Clone)]
pub struct Targets {
    pub subjects: Vec<Subject>,
    pub of: usize,
    pub perms: Vec<Perm>,
    pub objects: Vec<Object>,
}

/// The rows that a call returns, or the SQLSTATE that it raises.
pub type Outcome = Result<Vec<String>, &'static str>;

fn answer(changed: bool) -> Outcome {
    Ok(vec![if changed { "t" } else { "f" }.to_owned()])
}

const NOTHING: Outcome = Ok(Vec::new());
const MISSING: Outcome = Err("23503");

impl Model {
    /// Whether a grant to it can be stored.
    fn subject_exists(&self, subject: Subject) -> bool {
        match subject {
            Subject::User(user) => !self.users_registered || self.users.contains_key(&user),
            Subject::Group(group) => !self.groups_registered || self.groups.contains(&group),
            Subject::Everyone | Subject::Authenticated => true,
        }
    }

    fn object_exists(&self, of: usize, object: Object) -> bool {
        !self.types[of].has_table || self.types[of].rows.contains_key(&object)
    }

    /// Stores a grant; whether that added it or changed its expiry.
    fn assign(&mut self, what: &Target, expiry: Expiry) -> bool {
        for grant in &mut self.grants {
            if grant.subject == what.subject
                && grant.of == what.of
                && grant.perm == what.perm
                && grant.object == what.object
            {
                let changed = grant.expiry != expiry;
                grant.expiry = expiry;
                return changed;
            }
        }
        let Target { subject, of, perm, object } = what.clone();
        self.grants.push(Grant { subject, of, perm, object, expiry });
        true
    }

    /// Removes a grant, one that has expired too; whether there was one.
    fn remove(&mut self, what: &Target) -> bool {
        let before = self.grants.len();
        self.grants.retain(|grant| {
            !(grant.subject == what.subject
                && grant.of == what.of
                && grant.perm == what.perm
                && grant.object == what.object)
        });
        self.grants.len() < before
    }

    fn each_combination(what: &Targets) -> Vec<Target> {
        let mut all = Vec::new();
        for object in &what.objects {
            for perm in &what.perms {
                for subject in &what.subjects {
                    let (subject, perm, object) = (*subject, *perm, Some(*object));
                    all.push(Target { subject, of: what.of, perm, object });
                }
            }
        }
        all
    }

    fn rename_subject(&mut self, from: Subject, to: Subject) {
        for grant in &mut self.grants {
            if grant.subject == from {
                grant.subject = to;
            }
        }
    }

    /// Brings the change about; what the call answers.
    pub fn apply(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::PutUser { user, row } => {
                self.users.insert(*user, *row);
                NOTHING
            }
            Operation::DeleteUser(user) => {
                if self.users.remove(user).is_some() {
                    self.grants.retain(|grant| grant.subject != Subject::User(*user));
                    if self.foreign_keys {
                        self.memberships.retain(|(member, _)| member != user);
                    }
                }
                NOTHING
            }
            Operation::RenameUser(from, to) => {
                if from != to && !self.users.contains_key(to) {
                    if let Some(row) = self.users.remove(from) {
                        self.users.insert(*to, row);
                        self.rename_subject(Subject::User(*from), Subject::User(*to));
                        for (member, _) in &mut self.memberships {
                            if self.foreign_keys && member == from {
                                *member = *to;
                            }
                        }
                    }
                }
                NOTHING
            }
            Operation::PutGroup(group) => {
                self.groups.insert(*group);
                NOTHING
            }
            Operation::DeleteGroup(group) => {
                if self.groups.remove(group) {
                    self.grants.retain(|grant| grant.subject != Subject::Group(*group));
                    if self.foreign_keys {
                        self.memberships.retain(|(_, of)| of != group);
                    }
                }
                NOTHING
            }
            Operation::RenameGroup(from, to) => {
                if from != to && !self.groups.contains(to) && self.groups.remove(from) {
                    self.groups.insert(*to);
                    self.rename_subject(Subject::Group(*from), Subject::Group(*to));
                    for (_, of) in &mut self.memberships {
                        if self.foreign_keys && of == from {
                            *of = *to;
                        }
                    }
                }
                NOTHING
            }
            Operation::Join(user, group) => {
                let refused = self.foreign_keys
                    && !(self.users.contains_key(user) && self.groups.contains(group));
                if !refused {
                    self.memberships.push((*user, *group));
                }
                NOTHING
            }
            Operation::Leave(user, group) => {
                self.memberships.retain(|membership| *membership != (*user, *group));
                NOTHING
            }
            Operation::PutRow { of, object, owner } => {
                self.types[*of].rows.insert(*object, *owner);
                NOTHING
            }
            Operation::DeleteRow { of, object } => {
                self.types[*of].rows.remove(object);
                self.grants.retain(|grant| !(grant.of == *of && grant.object == Some(*object)));
                NOTHING
            }
            Operation::RenameRow { of, from, to } => {
                let rows = &mut self.types[*of].rows;
                if from != to && !rows.contains_key(to) {
                    if let Some(owner) = rows.remove(from) {
                        rows.insert(*to, owner);
                        for grant in &mut self.grants {
                            if grant.of == *of && grant.object == Some(*from) {
                                grant.object = Some(*to);
                            }
                        }
                    }
                }
                NOTHING
            }
            Operation::Truncate { of } => {
                self.types[*of].rows.clear();
                self.grants.retain(|grant| !(grant.of == *of && grant.object.is_some()));
                NOTHING
            }
            Operation::SetImplied { of, perm, implied } => {
                let implies = &mut self.types[*of].implies;
                implies.retain(|(stronger, _)| stronger != perm);
                for weaker in implied {
                    implies.insert((*perm, *weaker));
                }
                Ok(vec![String::new()])
            }
            Operation::Assign { what, expiry, by_row } => {
                if let Some(object) = what.object
                    && !self.object_exists(what.of, object)
                {
                    // By row there is no row to call the function for.
                    return if *by_row { NOTHING } else { MISSING };
                }
                if !self.subject_exists(what.subject) {
                    return MISSING;
                }
                answer(self.assign(what, *expiry))
            }
            Operation::Remove { what, by_row } => {
                if let (true, Some(object)) = (by_row, what.object)
                    && !self.object_exists(what.of, object)
                {
                    return NOTHING;
                }
                answer(self.remove(what))
            }
            Operation::AssignMany { what, expiry } => {
                let all = Self::each_combination(what);
                for target in &all {
                    let object = target.object.unwrap_or_default();
                    if !self.subject_exists(target.subject) || !self.object_exists(what.of, object)
                    {
                        return MISSING;
                    }
                }
                let mut added = 0;
                for target in &all {
                    added += u32::from(self.assign(target, *expiry));
                }
                Ok(vec![added.to_string()])
            }
            Operation::RemoveMany { what } => {
                let mut removed = 0;
                for target in Self::each_combination(what) {
                    removed += u32::from(self.remove(&target));
                }
                Ok(vec![removed.to_string()])
            }
            Operation::Ask | Operation::RolledBack(_) => NOTHING,
        }
    }
}

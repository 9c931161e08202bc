//! Asks why somebody holds a permission, and undoes each way that is named.

use postgres::Row;
use rand::Rng;
use rand::seq::IteratorRandom;

use super::ask::Asking;
use super::model::{ALL, Asker, Holder, Model};
use super::setup::{quote, same_key};

/// The application's table of memberships, and rowgrant's own, as they are named.
const TABLES: [&str; 2] = ["public.members", "rowgrant.membership"];

/// How many explanations of one model are undone.
const UNDONE: usize = 6;

/// A row of explain_perm.
#[derive(Debug)]
struct Way {
    via: String,
    subject: String,
    perm: String,
    object: Option<String>,
    groups: Vec<String>,
    memberships: Vec<String>,
    permissions: Vec<String>,
}

impl Way {
    fn read(row: &Row) -> Self {
        Self {
            via: row.get(0),
            subject: row.get(1),
            perm: row.get(2),
            object: row.get(3),
            groups: row.get(4),
            memberships: row.get(5),
            permissions: row.get(6),
        }
    }

    fn is_by_group(&self) -> bool {
        self.via == "group" || self.via == "built-in group"
    }

    /// What is wrong with it: a way must be made of what there is in the model.
    fn mistake(&self, model: &Model, asked: &Asked) -> Option<&'static str> {
        let user = model.identity(asked.asker);
        if self.via == "owner" || self.via == "superuser" {
            let known = user.is_some_and(|u| model.users[u].id == self.subject);
            return (!known || self.perm != format!("p{}", asked.perm)).then_some("standing");
        }
        let holder = if self.via == "own" {
            user.filter(|u| model.users[*u].id == self.subject).map(Holder::User)
        } else {
            model.every_group().into_iter().find(|g| model.name(*g) == self.subject)
        };
        let Some(holder) = holder else { return Some("subject") };
        let object = self.object.as_ref().map(|_| asked.object);
        let granted = model.grants.iter().any(|g| {
            (g.holder, g.object, g.expired) == (holder, object, false)
                && self.perm == format!("p{}", g.perm)
        });
        if !granted {
            return Some("grant");
        }
        if !self.is_chain_of_implications(model, asked.perm) {
            return Some("permissions");
        }
        (self.is_by_group() && !self.is_chain_of_groups(model, user)).then_some("groups")
    }

    fn is_chain_of_implications(&self, model: &Model, asked: usize) -> bool {
        let perms: Option<Vec<usize>> =
            self.permissions.iter().map(|name| name.strip_prefix('p')?.parse().ok()).collect();
        let Some(perms) = perms else { return false };
        self.permissions.first() == Some(&self.perm)
            && perms.last() == Some(&asked)
            && perms.windows(2).all(|pair| model.implies.contains(&(pair[0], pair[1])))
    }

    /// From a group that the user is in, as the tables named say, up to the one granted to.
    fn is_chain_of_groups(&self, model: &Model, user: Option<usize>) -> bool {
        let known =
            |name: &String| model.every_group().into_iter().find(|g| model.name(*g) == *name);
        let groups: Option<Vec<Holder>> = self.groups.iter().map(known).collect();
        let Some(groups) = groups else { return false };
        let entry = match groups.first() {
            Some(Holder::Group(group)) => user.is_some_and(|user| {
                let pair = (user, *group);
                let says = [model.members.contains(&pair), model.kept.contains(&pair)];
                let expected = TABLES.iter().zip(says).filter(|(_, says)| *says);
                self.via == "group" && expected.map(|(table, _)| *table).eq(self.memberships.iter())
            }),
            Some(Holder::Everyone | Holder::Authenticated) => {
                self.via == "built-in group" && self.memberships.is_empty()
            }
            _ => false,
        };
        let edge = |pair: &[Holder]| match pair[1] {
            Holder::Group(parent) => model.subgroups.contains(&(pair[0], parent)),
            _ => false,
        };
        entry && self.groups.last() == Some(&self.subject) && groups.windows(2).all(edge)
    }

    /// The statements that undo it; where there is a choice, the membership or the grant.
    fn undoing(&self, model: &Model, asked: &Asked, cut: bool) -> String {
        let subject = quote(&self.subject);
        match self.via.as_str() {
            "owner" => {
                format!("UPDATE t SET owner = NULL WHERE {};", same_key(model, asked.object))
            }
            "superuser" => format!("UPDATE users SET root = false WHERE id = {subject};"),
            "group" if cut => {
                let user = model.identity(asked.asker).map_or("", |u| &model.users[u].id);
                let (user, group) = (quote(user), quote(&self.groups[0]));
                let each = self.memberships.iter().map(|table| match table.as_str() {
                    "rowgrant.membership" => {
                        format!("SELECT rowgrant.remove_member({group}, {user});")
                    }
                    table => format!("DELETE FROM {table} WHERE u = {user} AND g = {group};"),
                });
                each.collect()
            }
            via => {
                let function = if via == "own" { "remove_perm" } else { "remove_group_perm" };
                let key = self.object.as_ref().map(|key| format!(", {}", quote(key)));
                let (perm, key) = (&self.perm, key.unwrap_or_default());
                format!("SELECT rowgrant.{function}({subject}, '{perm}', 't'{key});")
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Asked {
    asker: Asker,
    perm: usize,
    object: usize,
}

impl Asking<'_> {
    /// Explains some of what is held, and undoes it. That nothing is explained where nothing is
    /// held is asked together with has_perm.
    pub fn explanations(&mut self) {
        let model = self.model;
        let held = self.askers().into_iter().flat_map(|asker| {
            (0..model.perms).flat_map(move |perm| {
                let each =
                    (0..model.objects.len()).map(move |object| Asked { asker, perm, object });
                each.filter(|asked| model.holds(asked.asker, asked.perm, asked.object, ALL))
            })
        });
        for asked in held.choose_multiple(self.rng, UNDONE) {
            self.explain(asked);
        }
    }

    fn explain(&mut self, asked: Asked) {
        let model = self.model;
        let arguments = format!(
            "{}, 'p{}', 't', {}",
            self.asker(asked.asker),
            asked.perm,
            self.key(asked.object)
        );
        let elements =
            |field: &str| format!("ARRAY(SELECT jsonb_array_elements_text(path->'{field}'))");
        let sql = format!(
            "SELECT via, subject, perm, object, {}, {}, {} FROM rowgrant.explain_perm({arguments})",
            elements("groups"),
            elements("memberships"),
            elements("permissions")
        );
        let ways: Vec<Way> = self.session.rows(&sql).iter().map(Way::read).collect();
        for way in &ways {
            if let Some(mistake) = way.mistake(model, &asked) {
                self.wrong.push(format!("explain_perm({arguments})\n  {mistake} of {way:?}"));
            }
        }
        let mut undoing = String::new();
        for way in &ways {
            undoing += &way.undoing(model, &asked, self.rng.random_bool(0.5));
        }
        // Marked, to be told from what the statements between answer.
        let ask = format!("SELECT 'held', rowgrant.has_perm({arguments});");
        let sql = format!("SAVEPOINT undone; {undoing} {ask} ROLLBACK TO undone; {ask}");
        let values = self.session.values(&sql);
        let marks = values.iter().zip(values.iter().skip(1));
        let answers: Vec<_> = marks
            .filter(|(mark, _)| mark.as_deref() == Some("held"))
            .map(|(_, answer)| answer.as_deref())
            .collect();
        if answers != [Some("f"), Some("t")] {
            self.wrong.push(format!(
                "has_perm({arguments})\n  answered {answers:?} after and before\n  {undoing}\n  {ways:#?}"
            ));
        }
    }
}

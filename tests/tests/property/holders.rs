//! Asks who holds permissions on an object, and compares.

use rand::Rng;

use super::ask::{Asking, names};

/// Rows of an id and permissions, in the order in which they are asked for.
fn rows(mut rows: Vec<(&str, Vec<usize>)>) -> String {
    rows.retain(|(_, held)| !held.is_empty());
    rows.sort();
    let rows: Vec<String> =
        rows.into_iter().map(|(id, held)| format!("{id}={}", names(held))).collect();
    rows.join("|")
}

impl Asking<'_> {
    pub fn holders_of(&mut self, object: usize) {
        self.users_with_perm(object);
        self.users_with_perms(object);
        self.groups_with_perms(object);
    }

    fn users_with_perm(&mut self, object: usize) {
        let model = self.model;
        for perm in 0..model.perms {
            let (groups, superusers) = self.flags();
            let mut users: Vec<&str> = (0..model.users.len())
                .filter(|u| model.is_listed(*u, perm, object, groups, superusers))
                .map(|u| model.users[u].id.as_str())
                .collect();
            users.sort_unstable();
            let question = format!(
                "SELECT coalesce(string_agg(u, '|' ORDER BY u COLLATE \"C\"), '') \
                 FROM rowgrant.users_with_perm('p{perm}', 't', {}, {groups}, {superusers}) u",
                self.key(object)
            );
            self.question(question, users.join("|"));
        }
    }

    fn users_with_perms(&mut self, object: usize) {
        let model = self.model;
        let (groups, superusers) = self.flags();
        let held = |user: usize| {
            let listed = |p: &usize| model.is_listed(user, *p, object, groups, superusers);
            (0..model.perms).filter(listed).collect()
        };
        let expected = model.users.iter().enumerate().map(|(u, user)| (user.id.as_str(), held(u)));
        let question = format!(
            "SELECT coalesce(string_agg(user_id || '=' || perms::text, '|' ORDER BY user_id COLLATE \"C\"), '') \
             FROM rowgrant.users_with_perms('t', {}, with_group_users => {groups}, with_superusers => {superusers})",
            self.key(object)
        );
        self.question(question, rows(expected.collect()));
    }

    fn groups_with_perms(&mut self, object: usize) {
        let model = self.model;
        let expected = model.every_group().into_iter().map(|group| {
            let held = |p: &usize| model.group_holds(group, *p, object, true, true);
            (model.name(group), (0..model.perms).filter(held).collect())
        });
        let question = format!(
            "SELECT coalesce(string_agg(group_id || '=' || perms::text, '|' ORDER BY group_id COLLATE \"C\"), '') \
             FROM rowgrant.groups_with_perms('t', {})",
            self.key(object)
        );
        self.question(question, rows(expected.collect()));
    }

    /// with_group_users and with_superusers.
    fn flags(&mut self) -> (bool, bool) {
        (self.rng.random_bool(0.7), self.rng.random_bool(0.4))
    }
}

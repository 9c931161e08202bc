//! Asks what users and groups hold, and compares.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;

use super::model::{ALL, Asker, Holder, Model, Options};
use super::session::Session;
use super::setup::{quote, same_key, spelled, spelled_key};

/// Questions about one model. They are asked several in one statement, which is faster, and shows
/// whether what one of them read misleads the next.
pub struct Asking<'a> {
    pub session: &'a mut Session,
    pub model: &'a Model,
    pub rng: &'a mut StdRng,
    /// Questions with their answers, not yet asked.
    open: Vec<(String, String)>,
    /// The questions that were answered otherwise.
    pub wrong: Vec<String>,
}

pub fn array(items: impl IntoIterator<Item = String>) -> String {
    format!("{{{}}}", items.into_iter().collect::<Vec<_>>().join(","))
}

fn numbers(list: &[usize]) -> String {
    array(list.iter().map(usize::to_string))
}

fn bits(list: impl IntoIterator<Item = bool>) -> String {
    array(list.into_iter().map(|b| if b { "t" } else { "f" }.to_owned()))
}

pub fn names(perms: impl IntoIterator<Item = usize>) -> String {
    array(perms.into_iter().map(|p| format!("p{p}")))
}

impl<'a> Asking<'a> {
    pub fn new(session: &'a mut Session, model: &'a Model, rng: &'a mut StdRng) -> Self {
        Self { session, model, rng, open: Vec::new(), wrong: Vec::new() }
    }

    /// Asks everything, or a sample of it where there is much to ask.
    pub fn everything(&mut self) {
        for asker in self.askers() {
            for perm in 0..self.model.perms {
                self.checks(asker, perm);
                if self.rng.random_bool(0.5) {
                    self.lists(asker, perm);
                }
            }
            self.lists_of_several(asker);
            self.perms_of_user(asker);
        }
        for group in self.groups() {
            self.of_group(group);
        }
        for object in self.each_object() {
            self.holders_of(object);
        }
        self.explanations();
    }

    /// Asks a little of everything.
    pub fn something(&mut self) {
        let asker = self.askers().into_iter().choose(self.rng).unwrap_or(Asker::Nobody);
        let perm = self.rng.random_range(0..self.model.perms);
        self.checks(asker, perm);
        match self.rng.random_range(0..4) {
            0 => self.lists(asker, perm),
            1 => self.perms_of_user(asker),
            2 => {
                let object = self.random_object();
                self.holders_of(object);
            }
            _ => {
                let group = self.groups().into_iter().choose(self.rng).flatten();
                self.of_group(group);
            }
        }
    }

    /// The questions that were answered otherwise.
    pub fn finish(mut self) -> Vec<String> {
        self.flush();
        self.wrong
    }

    pub fn askers(&self) -> Vec<Asker> {
        let users = (0..self.model.users.len()).map(Asker::User);
        users.chain([Asker::Nobody, Asker::Unknown]).collect()
    }

    /// Every group, and one that nobody knows.
    fn groups(&self) -> Vec<Option<Holder>> {
        self.model.every_group().into_iter().map(Some).chain([None]).collect()
    }

    pub fn question(&mut self, question: String, expected: String) {
        self.open.push((question, expected));
        if self.rng.random_bool(0.05) {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let asked: Vec<String> = self.open.iter().map(|(q, _)| format!("({q})::text")).collect();
        let answers = self.session.values(&format!("SELECT {}", asked.join(", ")));
        for ((question, expected), answer) in self.open.drain(..).zip(answers) {
            let answer = answer.unwrap_or_else(|| "NULL".into());
            if answer != expected {
                self.wrong.push(format!("{question}\n  answered {answer}, expected {expected}"));
            }
        }
    }

    /// Who asks, as an argument.
    pub fn asker(&mut self, asker: Asker) -> String {
        match asker {
            Asker::Nobody => "NULL".into(),
            Asker::Unknown => quote(match self.model.user_type {
                "integer" => "99",
                "uuid" => "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a99",
                _ => "nobody known",
            }),
            Asker::User(u) => spelled(self.model, Holder::User(u), self.rng),
        }
    }

    pub fn key(&mut self, object: usize) -> String {
        spelled_key(self.model, object, self.rng)
    }

    fn random_object(&mut self) -> usize {
        self.rng.random_range(0..self.model.objects.len())
    }

    fn each_object(&self) -> std::ops::Range<usize> {
        0..self.model.objects.len()
    }

    fn random_perms(&mut self) -> Vec<usize> {
        (0..self.model.perms).filter(|_| self.rng.random_bool(0.6)).collect()
    }

    fn random_options(&mut self) -> Options {
        Options {
            use_groups: self.rng.random_bool(0.6),
            accept_global: self.rng.random_bool(0.6),
            with_superuser: self.rng.random_bool(0.6),
        }
    }

    /// The type in which a key can be listed and compared with the keys that are known.
    fn list_type(&self) -> &'static str {
        if self.model.key_type.starts_with("char(") { "bpchar" } else { self.model.key_type }
    }

    /// The list of what is held; NULL where it is everything, and that cannot be listed.
    fn listed(&self, everywhere: bool, list: &[usize]) -> String {
        if everywhere && !self.model.has_table { "NULL".into() } else { numbers(list) }
    }

    /// One permission on each object, and on all.
    fn checks(&mut self, asker: Asker, perm: usize) {
        let (model, user) = (self.model, self.asker(asker));
        let typed = format!("{user}::{}", model.user_type);
        let held: Vec<bool> =
            self.each_object().map(|o| model.holds(asker, perm, o, ALL)).collect();
        let everywhere = model.everywhere(asker, perm, ALL);
        let asked: Vec<String> = self
            .each_object()
            .map(|o| {
                let key = self.key(o);
                let user = if key.contains("::") { &typed } else { &user };
                format!("rowgrant.has_perm({user}, 'p{perm}', 't', {key})")
            })
            .collect();
        self.question(format!("ARRAY[{}]", asked.join(", ")), bits(held.clone()));
        self.question(format!("rowgrant.has_perm({user}, 'p{perm}', 't')"), everywhere.to_string());
        let object = self.random_object();
        let key = quote(&model.objects[object].other);
        match self.rng.random_range(0..6) {
            0 => self.question(
                format!("required_everywhere({user}, 'p{perm}')"),
                everywhere.to_string(),
            ),
            1 if model.has_table && model.objects[object].exists => {
                let condition = quote(&same_key(model, object));
                let question = format!("required_row({user}, 'p{perm}', {condition})");
                self.question(question, held[object].to_string());
            }
            _ => self
                .question(format!("required({user}, 'p{perm}', {key})"), held[object].to_string()),
        }
        let asked: Vec<String> = self
            .each_object()
            .map(|o| {
                let key = self.key(o);
                format!("EXISTS (SELECT FROM rowgrant.explain_perm({user}, 'p{perm}', 't', {key}))")
            })
            .collect();
        self.question(format!("ARRAY[{}]", asked.join(", ")), bits(held));
    }

    /// The objects on which one permission is held, in each way of asking for them.
    fn lists(&mut self, asker: Asker, perm: usize) {
        let (model, user) = (self.model, self.asker(asker));
        let list = model.list(asker, &[perm], false, ALL);
        let everywhere = model.everywhere(asker, perm, ALL);
        let question = format!(
            "listed({user}, '{{p{perm}}}', false, true, true, true, '{}')",
            self.list_type()
        );
        self.question(question, self.listed(everywhere, &list));
        if !model.has_table {
            return;
        }
        let key = if model.key_type == "composite" { "ROW(d.a, d.b)::composite" } else { "d.k" };
        let there: Vec<usize> = list.into_iter().filter(|o| model.objects[*o].exists).collect();
        for from in [
            format!(
                "t d JOIN keys ON keys.k = {key} WHERE rowgrant.has_perm({user}, 'p{perm}', d)"
            ),
            format!(
                "rowgrant.objects_for_user({user}, 'p{perm}', NULL::t) d JOIN keys ON keys.k = {key}"
            ),
        ] {
            let question = format!("SELECT coalesce(array_agg(n ORDER BY n), '{{}}') FROM {from}");
            self.question(question, numbers(&there));
        }
    }

    /// All or any of several permissions, with all options.
    fn lists_of_several(&mut self, asker: Asker) {
        let (model, user) = (self.model, self.asker(asker));
        for _ in 0..2 {
            let (perms, options) = (self.random_perms(), self.random_options());
            let (names, any) = (names(perms.iter().copied()), self.rng.random_bool(0.5));
            let mut each = perms.iter().map(|p| model.everywhere(asker, *p, options));
            let everywhere =
                !perms.is_empty() && if any { each.any(|e| e) } else { each.all(|e| e) };
            let question = format!(
                "listed({user}, '{names}', {any}, {}, {}, {}, '{}')",
                options.use_groups,
                options.accept_global,
                options.with_superuser,
                self.list_type()
            );
            let list = model.list(asker, &perms, any, options);
            self.question(question, self.listed(everywhere, &list));
            let held = model.list(asker, &perms, any, ALL);
            let asked: Vec<String> = self
                .each_object()
                .map(|o| {
                    let key = self.key(o);
                    format!("rowgrant.has_perms({user}, '{names}', 't', {key}, any_perm => {any})")
                })
                .collect();
            let held = self.each_object().map(|o| held.contains(&o));
            self.question(format!("ARRAY[{}]", asked.join(", ")), bits(held));
        }
    }

    fn perms_of_user(&mut self, asker: Asker) {
        let (model, user) = (self.model, self.asker(asker));
        let options = Options { with_superuser: true, ..self.random_options() };
        for object in [ALL, options].map(|options| (self.random_object(), options)) {
            let (object, options) = object;
            let held = (0..model.perms).filter(|p| model.holds(asker, *p, object, options));
            let question = format!(
                "rowgrant.perms_for_user({user}, 't', {}, {}, {})",
                self.key(object),
                options.use_groups,
                options.accept_global
            );
            self.question(question, names(held));
        }
    }

    fn of_group(&mut self, group: Option<Holder>) {
        let model = self.model;
        let id = match group {
            Some(group) => spelled(model, group, self.rng),
            None => quote("999"),
        };
        let holds = |perm: usize, object: usize, use_groups: bool, accept_global: bool| {
            group.is_some_and(|g| model.group_holds(g, perm, object, use_groups, accept_global))
        };
        for perm in (0..model.perms).filter(|_| self.rng.random_bool(0.5)).collect::<Vec<_>>() {
            let held: Vec<bool> = self.each_object().map(|o| holds(perm, o, true, true)).collect();
            let asked: Vec<String> = self
                .each_object()
                .map(|o| format!("rowgrant.group_has_perm({id}, 'p{perm}', 't', {})", self.key(o)))
                .collect();
            self.question(format!("ARRAY[{}]", asked.join(", ")), bits(held.clone()));
            if model.has_table {
                let list: Vec<usize> = self.each_object().filter(|o| held[*o]).collect();
                let question = format!("listed_by_group({id}, 'p{perm}', '{}')", self.list_type());
                self.question(question, numbers(&list));
            }
        }
        for _ in 0..2 {
            let (object, options) = (self.random_object(), self.random_options());
            let Options { use_groups, accept_global, .. } = options;
            let held = (0..model.perms).filter(|p| holds(*p, object, use_groups, accept_global));
            let question = format!(
                "rowgrant.perms_for_group({id}, 't', {}, use_groups => {use_groups}, accept_global_perms => {accept_global})",
                self.key(object)
            );
            self.question(question, names(held));
        }
    }
}

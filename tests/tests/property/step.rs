//! Random changes, made in the model and in the database.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;

use super::model::{Grant, Holder, Model};
use super::session::Session;
use super::setup::{
    insert_group, insert_object, insert_user, quote, same_key, spelled, spelled_key,
};

/// One random change.
pub fn step(session: &mut Session, model: &mut Model, rng: &mut StdRng) {
    match rng.random_range(0..26) {
        0 | 1 if model.has_table => object(session, model, rng),
        2 if model.registered => user(session, model, rng),
        3 if model.registered => group(session, model, rng),
        4 | 5 => kept_member(session, model, rng),
        6 => application_member(session, model, rng),
        7..=9 => subgroup(session, model, rng),
        10..=13 => revoke(session, model, rng),
        _ => grant(session, model, rng),
    }
}

fn object(session: &mut Session, model: &mut Model, rng: &mut StdRng) {
    let object = rng.random_range(0..model.objects.len());
    if model.objects[object].exists {
        session.execute(&format!("DELETE FROM t WHERE {};", same_key(model, object)));
        model.grants.retain(|g| g.object != Some(object));
    } else {
        session.execute(&insert_object(model, object));
    }
    model.objects[object].exists ^= true;
}

fn user(session: &mut Session, model: &mut Model, rng: &mut StdRng) {
    let user = rng.random_range(0..model.users.len());
    if model.users[user].exists {
        session.execute(&format!("DELETE FROM users WHERE id = {};", quote(&model.users[user].id)));
        model.grants.retain(|g| g.holder != Holder::User(user));
        model.kept.retain(|(member, _)| *member != user);
    } else {
        session.execute(&insert_user(model, user));
    }
    model.users[user].exists ^= true;
}

fn group(session: &mut Session, model: &mut Model, rng: &mut StdRng) {
    let group = rng.random_range(0..model.groups.len());
    if model.groups[group].exists {
        let id = quote(&model.groups[group].id);
        session.execute(&format!("DELETE FROM groups WHERE id = {id};"));
        let gone = Holder::Group(group);
        model.grants.retain(|g| g.holder != gone);
        model.kept.retain(|(_, of)| *of != group);
        model.subgroups.retain(|(child, parent)| *child != gone && *parent != group);
    } else {
        session.execute(&insert_group(model, group));
    }
    model.groups[group].exists ^= true;
}

fn random_group(model: &Model, rng: &mut StdRng) -> Holder {
    match rng.random_range(0..10) {
        0 => Holder::Everyone,
        1 => Holder::Authenticated,
        _ => Holder::Group(rng.random_range(0..model.groups.len())),
    }
}

fn kept_member(session: &mut Session, model: &mut Model, rng: &mut StdRng) {
    let pair = (rng.random_range(0..model.users.len()), rng.random_range(0..model.groups.len()));
    let known = model.kept.iter().copied().choose(rng).filter(|_| rng.random_bool(0.3));
    let pair = known.unwrap_or(pair);
    let (user, group) = (Holder::User(pair.0), Holder::Group(pair.1));
    let arguments = format!("{}, {}", spelled(model, group, rng), spelled(model, user, rng));
    if known.is_some() || rng.random_bool(0.2) {
        let removed = session.changes(&format!("rowgrant.remove_member({arguments})"));
        assert_eq!(removed, model.kept.remove(&pair), "{}", session.script());
    } else if model.is_missing(user) || model.is_missing(group) {
        let refusal = session.refusal(&format!("SELECT rowgrant.add_member({arguments})"));
        assert_eq!(refusal, "23503", "add_member({arguments})\n{}", session.script());
    } else {
        let added = session.changes(&format!("rowgrant.add_member({arguments})"));
        assert_eq!(added, model.kept.insert(pair), "{}", session.script());
    }
}

/// In the application's own table, of which rowgrant is told nothing.
fn application_member(session: &mut Session, model: &mut Model, rng: &mut StdRng) {
    let pair = (rng.random_range(0..model.users.len()), rng.random_range(0..model.groups.len()));
    let (user, group) = (quote(&model.users[pair.0].id), quote(&model.groups[pair.1].id));
    if model.members.remove(&pair) {
        session.execute(&format!("DELETE FROM members WHERE u = {user} AND g = {group};"));
    } else {
        session.execute(&format!("INSERT INTO members VALUES ({user}, {group});"));
        model.members.insert(pair);
    }
}

fn subgroup(session: &mut Session, model: &mut Model, rng: &mut StdRng) {
    let known = model.subgroups.iter().copied().choose(rng).filter(|_| rng.random_bool(0.3));
    let random = (random_group(model, rng), random_group(model, rng));
    let (child, above) = known.map_or(random, |(child, parent)| (child, Holder::Group(parent)));
    let arguments = format!("{}, {}", spelled(model, above, rng), spelled(model, child, rng));
    let Holder::Group(parent) = above else {
        let refusal = session.refusal(&format!("SELECT rowgrant.add_subgroup({arguments})"));
        assert_eq!(refusal, "22023", "add_subgroup({arguments})\n{}", session.script());
        return;
    };
    if known.is_some() || rng.random_bool(0.1) {
        let removed = session.changes(&format!("rowgrant.remove_subgroup({arguments})"));
        assert_eq!(removed, model.subgroups.remove(&(child, parent)), "{}", session.script());
        return;
    }
    let expected = if model.is_missing(above) || model.is_missing(child) {
        Some("23503")
    } else {
        model.with_above([above]).contains(&child).then_some("22023")
    };
    if let Some(expected) = expected {
        let refusal = session.refusal(&format!("SELECT rowgrant.add_subgroup({arguments})"));
        assert_eq!(refusal, expected, "add_subgroup({arguments})\n{}", session.script());
    } else {
        let added = session.changes(&format!("rowgrant.add_subgroup({arguments})"));
        assert_eq!(added, model.subgroups.insert((child, parent)), "{}", session.script());
    }
}

fn random_grant(model: &Model, rng: &mut StdRng) -> Grant {
    let holder = match rng.random_range(0..10) {
        0..5 => random_group(model, rng),
        _ => Holder::User(rng.random_range(0..model.users.len())),
    };
    let object = (!rng.random_bool(0.1)).then(|| rng.random_range(0..model.objects.len()));
    let expired = object.is_some() && rng.random_bool(0.15);
    Grant { holder, perm: rng.random_range(0..model.perms), object, expired }
}

/// The call's name and arguments, ids and keys in either spelling.
fn call(model: &Model, verb: &str, grant: &Grant, rng: &mut StdRng) -> String {
    let function = match grant.holder {
        Holder::User(_) => "perm",
        _ => "group_perm",
    };
    let id = spelled(model, grant.holder, rng);
    let key = grant.object.map(|object| format!(", {}", spelled_key(model, object, rng)));
    let key = key.unwrap_or_default();
    format!("rowgrant.{verb}_{function}({id}, 'p{}', 't'{key}", grant.perm)
}

fn grant(session: &mut Session, model: &mut Model, rng: &mut StdRng) {
    let grant = random_grant(model, rng);
    let mut sql = call(model, "assign", &grant, rng);
    if grant.expired {
        sql += ", '2001-01-01'";
    } else if grant.object.is_some() && rng.random_bool(0.2) {
        sql += ", 'infinity'";
    }
    let gone = grant.object.is_some_and(|o| model.has_table && !model.objects[o].exists);
    if gone || model.is_missing(grant.holder) {
        let refusal = session.refusal(&format!("SELECT {sql})"));
        assert_eq!(refusal, "23503", "{sql})\n{}", session.script());
        return;
    }
    session.execute(&format!("SELECT {sql});"));
    model.grants.retain(|g| !same(g, &grant));
    model.grants.push(grant);
}

fn revoke(session: &mut Session, model: &mut Model, rng: &mut StdRng) {
    let known = model.grants.iter().choose(rng).filter(|_| rng.random_bool(0.8)).cloned();
    let grant = known.unwrap_or_else(|| random_grant(model, rng));
    let removed = session.changes(&format!("{})", call(model, "remove", &grant, rng)));
    let before = model.grants.len();
    model.grants.retain(|g| !same(g, &grant));
    assert_eq!(removed, model.grants.len() < before, "{}", session.script());
}

fn same(one: &Grant, other: &Grant) -> bool {
    (one.holder, one.perm, one.object) == (other.holder, other.perm, other.object)
}

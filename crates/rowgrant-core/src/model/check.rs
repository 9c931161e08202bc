//! What can be wrong with a document by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{Id, Model, ObjectType};

/// Checks a document; the error names the path of the mistake.
pub fn check(model: &Model) -> Result<(), String> {
    let mut relations = BTreeMap::new();
    for (name, object_type) in model.object_types.iter().flatten() {
        let at = format!("object_types.{name}");
        check_object_type(&at, object_type)?;
        if let Some(relation) = &object_type.relation
            && let Some(other) = relations.insert(relation, name)
        {
            return Err(format!("{at}.relation: \"{relation}\" is \"{other}\" already"));
        }
    }
    let subgroups = model.subgroups.iter().flatten();
    check_no_cycle(
        "subgroups",
        |group: &Id| {
            model
                .subgroups
                .as_ref()
                .and_then(|all| all.get(&group.0))
                .into_iter()
                .flatten()
                .collect()
        },
        subgroups.clone().map(|(group, _)| Id(group.clone())),
    )
}

fn check_object_type(at: &str, object_type: &ObjectType) -> Result<(), String> {
    match (&object_type.relation, &object_type.key_type) {
        (Some(_), Some(_)) => {
            return Err(format!("{at}: it has a relation, so its key_type is that of its key"));
        }
        (None, None) => return Err(format!("{at}: either relation or key_type is needed")),
        (None, Some(_)) if object_type.key.is_some() => {
            return Err(format!("{at}.key: only a table has columns"));
        }
        (None, Some(_)) if object_type.owner_column.is_some() => {
            return Err(format!("{at}.owner_column: only a table has columns"));
        }
        _ => {}
    }
    for (perm, implies) in &object_type.perms {
        if let Some(missing) = implies.iter().find(|name| !object_type.perms.contains_key(*name)) {
            return Err(format!("{at}.perms.{perm}: there is no permission \"{missing}\""));
        }
    }
    check_no_cycle(
        &format!("{at}.perms"),
        |perm: &String| object_type.perms.get(perm).into_iter().flatten().collect(),
        object_type.perms.keys().cloned(),
    )
}

/// Refuses a graph in which one can come back to where one was.
fn check_no_cycle<'a, T: Ord + Clone + 'a + Named>(
    at: &str,
    steps: impl Fn(&T) -> Vec<&'a T>,
    all: impl Iterator<Item = T>,
) -> Result<(), String> {
    let mut done = BTreeSet::new();
    for start in all {
        // Depth first: what is on the way, and what of each is still to be looked at.
        let mut way: Vec<(T, Vec<T>)> = Vec::new();
        let enter = |node: &T| steps(node).into_iter().cloned().collect::<Vec<T>>();
        if !done.contains(&start) {
            way.push((start.clone(), enter(&start)));
        }
        while let Some((node, open)) = way.last_mut() {
            match open.pop() {
                None => {
                    done.insert(node.clone());
                    way.pop();
                }
                Some(next) if way.iter().any(|(before, _)| *before == next) => {
                    return Err(format!("{at}.{}: it would contain itself", next.name()));
                }
                Some(next) if !done.contains(&next) => {
                    let steps = enter(&next);
                    way.push((next, steps));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

trait Named {
    fn name(&self) -> &str;
}

impl Named for String {
    fn name(&self) -> &str {
        self
    }
}

impl Named for Id {
    fn name(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::check;

    #[test]
    fn mistakes_are_named() {
        let mistake = |json: &str| check(&parse(json).unwrap()).unwrap_err();
        assert_eq!(
            mistake(r#"{"object_types": {"d": {}}}"#),
            "object_types.d: either relation or key_type is needed"
        );
        assert_eq!(
            mistake(r#"{"object_types": {"d": {"relation": "x", "perms": {"a": ["b"]}}}}"#),
            "object_types.d.perms.a: there is no permission \"b\""
        );
        assert_eq!(
            mistake(
                r#"{"object_types": {"d": {"key_type": "uuid", "perms": {"a": ["b"], "b": ["a"]}}}}"#
            ),
            "object_types.d.perms.a: it would contain itself"
        );
        assert_eq!(
            mistake(r#"{"subgroups": {"a": ["b"], "b": ["c"], "c": ["b"]}}"#),
            "subgroups.b: it would contain itself"
        );
        assert_eq!(
            mistake(r#"{"object_types": {"c": {"relation": "x"}, "d": {"relation": "x"}}}"#),
            "object_types.d.relation: \"x\" is \"c\" already"
        );
    }

    #[test]
    fn a_diamond_is_no_cycle() {
        let json = r#"{"subgroups": {"a": ["b", "c"], "b": ["d"], "c": ["d"]}}"#;
        assert_eq!(check(&parse(json).unwrap()), Ok(()));
    }
}

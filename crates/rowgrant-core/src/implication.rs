//! Which permissions imply which, to any depth.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The edges `permission implies implied` of one object type.
#[derive(Debug, Default, Clone)]
pub struct Implications {
    implied_by: BTreeMap<i32, BTreeSet<i32>>,
}

impl Implications {
    /// Collects edges `(permission, implied)`.
    pub fn new(edges: impl IntoIterator<Item = (i32, i32)>) -> Self {
        let mut implied_by: BTreeMap<i32, BTreeSet<i32>> = BTreeMap::new();
        for (permission, implied) in edges {
            implied_by.entry(implied).or_default().insert(permission);
        }
        Self { implied_by }
    }

    /// The permissions that give `permission`: itself and all that imply it, in ascending order.
    pub fn giving(&self, permission: i32) -> Vec<i32> {
        let mut found = BTreeSet::from([permission]);
        let mut open = vec![permission];
        while let Some(next) = open.pop() {
            for &above in self.implied_by.get(&next).into_iter().flatten() {
                if found.insert(above) {
                    open.push(above);
                }
            }
        }
        found.into_iter().collect()
    }

    /// The permissions that `permission` gives: itself and all that it implies.
    pub fn given_by(&self, permission: i32) -> BTreeSet<i32> {
        let mut found = BTreeSet::from([permission]);
        let mut open = vec![permission];
        while let Some(next) = open.pop() {
            for below in self.directly(next) {
                if found.insert(below) {
                    open.push(below);
                }
            }
        }
        found
    }

    /// A shortest chain of implications from `permission` to `implied`, both included; empty where
    /// there is none.
    pub fn chain(&self, permission: i32, implied: i32) -> Vec<i32> {
        shortest(permission, implied, |next| self.directly(next).into_iter().collect())
    }

    /// The permissions that `permission` implies in one step.
    pub fn directly(&self, permission: i32) -> BTreeSet<i32> {
        let above = self.implied_by.iter();
        above.filter(|(_, by)| by.contains(&permission)).map(|(implied, _)| *implied).collect()
    }

    /// Whether `permission` implies `implied`, directly or through others.
    pub fn implies(&self, permission: i32, implied: i32) -> bool {
        self.giving(implied).binary_search(&permission).is_ok()
    }
}

/// A shortest path from one number to another along `steps`, both included; empty where there is
/// none.
fn shortest(from: i32, to: i32, steps: impl Fn(i32) -> Vec<i32>) -> Vec<i32> {
    let mut came_from = BTreeMap::from([(from, from)]);
    let mut open = VecDeque::from([from]);
    while let Some(next) = open.pop_front() {
        if next == to {
            let mut path = vec![to];
            while path[path.len() - 1] != from {
                path.push(came_from[&path[path.len() - 1]]);
            }
            path.reverse();
            return path;
        }
        for step in steps(next) {
            came_from.entry(step).or_insert_with(|| {
                open.push_back(step);
                next
            });
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implications_are_transitive_and_a_diamond_counts_once() {
        let edges = Implications::new([(4, 3), (4, 2), (3, 1), (2, 1)]);
        assert_eq!(edges.giving(1), [1, 2, 3, 4]);
        assert_eq!(edges.giving(3), [3, 4]);
        assert!(edges.implies(4, 1) && !edges.implies(1, 4) && edges.implies(2, 2));
    }

    #[test]
    fn the_shortest_chain_is_told() {
        let edges = Implications::new([(5, 4), (4, 3), (4, 2), (3, 1), (2, 1), (5, 1)]);
        assert_eq!(edges.chain(5, 1), [5, 1]);
        assert_eq!(edges.chain(4, 1), [4, 2, 1]);
        assert_eq!(edges.chain(3, 3), [3]);
        assert!(edges.chain(1, 5).is_empty());
        assert_eq!(edges.given_by(4), BTreeSet::from([1, 2, 3, 4]));
    }

    #[test]
    fn a_cycle_in_the_data_ends() {
        assert_eq!(Implications::new([(1, 2), (2, 1)]).giving(1), [1, 2]);
    }
}

//! The hint of an error that names something unknown.

/// The most names that a hint lists.
const MOST: usize = 20;

/// Lists the known names, those that begin like the unknown one first: `read, write, ...`.
/// `None` where there are none.
pub fn known<'a>(unknown: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut names: Vec<&str> = names.into_iter().collect();
    if names.is_empty() {
        return None;
    }
    let alike = |name: &str| {
        name.chars()
            .zip(unknown.chars())
            .take_while(|(a, b)| a.to_lowercase().eq(b.to_lowercase()))
            .count()
    };
    names.sort_by_key(|name| (std::cmp::Reverse(alike(name).min(3)), *name));
    let more = names.len() > MOST;
    names.truncate(MOST);
    let mut list = names.join(", ");
    if more {
        list.push_str(", ...");
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn alike_names_come_first_and_the_list_is_bounded() {
        assert_eq!(known("veiw", ["add", "view"]).unwrap(), "view, add");
        assert_eq!(known("x", []), None);
        let many: Vec<String> = (0..30).map(|i| format!("p{i:02}")).collect();
        let list = known("x", many.iter().map(String::as_str)).unwrap();
        assert!(list.ends_with("p19, ..."));
    }
}

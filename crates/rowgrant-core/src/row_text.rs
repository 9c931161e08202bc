//! Keys of several columns as one text, in the syntax of PostgreSQL's row literals.

/// A row literal that is being written in place of what is in a string: `(1,"a b")`. The canonical form
/// of a key of several columns, given the canonical forms of its parts; no part of a key is NULL.
pub struct Row<'a>(&'a mut String);

impl<'a> Row<'a> {
    pub fn new(text: &'a mut String) -> Self {
        text.clear();
        // Room for two numbers of ordinary size.
        text.reserve(24);
        text.push('(');
        Self(text)
    }

    fn begin_part(&mut self) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
    }

    /// Adds a part that needs no quotes: one without blanks, quotes, backslashes, parentheses and
    /// commas, and not empty.
    pub fn push_plain(&mut self, part: &str) {
        self.begin_part();
        self.0.push_str(part);
    }

    /// Adds a part.
    pub fn push(&mut self, part: &str) {
        let is_special = |c: char| c.is_whitespace() || matches!(c, '"' | '\\' | '(' | ')' | ',');
        if !part.is_empty() && !part.chars().any(is_special) {
            return self.push_plain(part);
        }
        self.begin_part();
        self.0.push('"');
        for c in part.chars() {
            if matches!(c, '"' | '\\') {
                self.0.push(c);
            }
            self.0.push(c);
        }
        self.0.push('"');
    }

    /// The literal.
    pub fn finish(self) -> &'a str {
        self.0.push(')');
        self.0
    }
}

/// The row literal of these parts.
pub fn format<S: AsRef<str>>(parts: &[S]) -> String {
    let mut text = String::new();
    let mut row = Row::new(&mut text);
    parts.iter().for_each(|part| row.push(part.as_ref()));
    row.finish();
    text
}

/// Reads a row literal into its parts, `None` for a NULL part; the rules are those of `record_in`.
/// The error is what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Option<String>>, &'static str> {
    let body = text.trim().strip_prefix('(').ok_or("it does not begin with a parenthesis")?;
    let mut parts = Vec::new();
    let mut part = String::new();
    let (mut seen, mut quoted) = (false, false);
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                part.push(chars.next().ok_or("it ends in a backslash")?);
                seen = true;
            }
            '"' if quoted => {
                if chars.clone().next() == Some('"') {
                    chars.next();
                    part.push('"');
                } else {
                    quoted = false;
                }
            }
            '"' => {
                quoted = true;
                seen = true;
            }
            ',' | ')' if !quoted => {
                parts.push(seen.then(|| std::mem::take(&mut part)));
                seen = false;
                if c == ')' {
                    return if chars.as_str().trim().is_empty() {
                        Ok(parts)
                    } else {
                        Err("something follows its last parenthesis")
                    };
                }
            }
            _ => {
                part.push(c);
                seen = true;
            }
        }
    }
    Err("its last parenthesis is missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for parts in
            [vec!["1", "x"], vec!["", " ", "a\"b", "c\\d", "(e)", "f,g", "new\nline"], vec!["ünï"]]
        {
            let read = parse(&format(&parts)).unwrap();
            let read: Vec<_> = read.iter().map(|p| p.as_deref().unwrap()).collect();
            assert_eq!(read, parts);
        }
    }

    #[test]
    fn nulls_and_quotes_are_read_as_record_in_reads_them() {
        assert_eq!(
            parse("(1,,\"\",a\"b\"c)").unwrap(),
            [Some("1".into()), None, Some(String::new()), Some("abc".into())]
        );
    }

    #[test]
    fn malformed_literals_are_refused() {
        for text in ["", "1", "(1", "(1)x", "(\"1)", "(\\"] {
            assert!(parse(text).is_err(), "{text} was accepted");
        }
    }
}

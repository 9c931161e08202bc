//! UUIDs in every spelling that PostgreSQL's `uuid` type accepts.
//!
//! The rule is the one of `string_to_uuid` in `src/backend/utils/adt/uuid.c`: hexadecimal digits
//! of either case, optional surrounding braces, an optional hyphen after each group of four digits.

use uuid::Uuid;

/// Parses `text` as PostgreSQL would; `None` where PostgreSQL would refuse it.
///
/// The `uuid` crate reads the common spellings itself; its `urn:uuid:` form is not PostgreSQL's,
/// and PostgreSQL's hyphens after any group of four are not the crate's.
pub fn parse(text: &str) -> Option<Uuid> {
    let braced = text.strip_prefix('{').map(|rest| rest.strip_suffix('}'));
    let digits = match braced {
        Some(inner) => inner?,
        None => text,
    };
    let mut simple = [0u8; 32];
    let mut count = 0;
    let mut after_hyphen = false;
    for byte in digits.bytes() {
        if byte == b'-' {
            if count == 0 || count % 4 != 0 || count == 32 || after_hyphen {
                return None;
            }
            after_hyphen = true;
        } else if byte.is_ascii_hexdigit() && count < 32 {
            simple[count] = byte;
            count += 1;
            after_hyphen = false;
        } else {
            return None;
        }
    }
    if count != 32 {
        return None;
    }
    Uuid::try_parse_ascii(&simple).ok()
}

/// The spelling that PostgreSQL prints: lower case, hyphens in the standard places.
pub fn canonical(uuid: Uuid) -> String {
    uuid.hyphenated().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANONICAL: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

    #[test]
    fn every_spelling_of_the_manual_is_read() {
        for spelling in [
            CANONICAL,
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
        ] {
            let parsed = parse(spelling).unwrap_or_else(|| panic!("{spelling} was refused"));
            assert_eq!(canonical(parsed), CANONICAL);
        }
    }

    #[test]
    fn what_postgresql_refuses_is_refused() {
        for spelling in [
            "",
            "{}",
            "urn:uuid:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
            "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
            "-a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11-",
            "a0e-ebc999c0b4ef8bb6d6bb9bd380a11",
            " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        ] {
            assert_eq!(parse(spelling), None, "{spelling} was accepted");
        }
    }
}

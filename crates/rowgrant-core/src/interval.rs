//! Intervals in the one spelling that equal intervals share.

const MICROSECONDS_A_DAY: i128 = 86_400_000_000;
const DAYS_A_MONTH: i128 = 30;

/// The canonical form of an interval: PostgreSQL holds two intervals to be equal where they last
/// equally long, a month counting 30 days and a day 24 hours (`interval_cmp_value` in
/// `src/backend/utils/adt/timestamp.c`).
///
/// Days and microseconds have the same sign, so that the text reads the same under every
/// `IntervalStyle`.
pub fn canonical(months: i32, days: i32, microseconds: i64) -> String {
    let total = (i128::from(months) * DAYS_A_MONTH + i128::from(days)) * MICROSECONDS_A_DAY
        + i128::from(microseconds);
    format!("{} days {} microseconds", total / MICROSECONDS_A_DAY, total % MICROSECONDS_A_DAY)
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn equal_intervals_share_one_spelling() {
        assert_eq!(canonical(1, 0, 0), canonical(0, 30, 0));
        assert_eq!(canonical(0, 1, 0), canonical(0, 0, 86_400_000_000));
        assert_eq!(canonical(1, -30, 0), canonical(0, 0, 0));
        assert_ne!(canonical(0, 1, 0), canonical(0, 1, 1));
    }

    #[test]
    fn both_parts_have_one_sign() {
        assert_eq!(canonical(0, -1, -1), "-1 days -1 microseconds");
        assert_eq!(canonical(0, 1, -1), "0 days 86399999999 microseconds");
    }
}

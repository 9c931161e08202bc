//! What the planner knows of the joins of a query.

use pgrx::PgList;
use pgrx::pg_sys::{self, Oid};

use super::plan::{Column, Planner, columns_of};

/// The rows of a table that a join finds by an index.
pub struct Joined {
    /// About so many, in all.
    pub rows: f64,
    /// What it costs to read their pages one by one, as a part of what it costs to read the whole table.
    pub share: f64,
}

impl Planner {
    /// The least number of rows of a table whose column this one is joined with by equality.
    pub fn fewest_partners(&self, column: &Column) -> Option<f64> {
        let own = column.table_number();
        let partners = self.classes_of(column).flat_map(|class| self.partners(class, own));
        partners.map(|(rows, _)| rows).reduce(f64::min)
    }

    /// The fewest rows of the column's table that a join by another column, the first of some index,
    /// finds from a table with fewer rows: of two that could be found from each other, only one is
    /// told so.
    pub fn fewest_joined(&self, column: &Column) -> Option<Joined> {
        let relation = self.relation_of(column)?;
        let own = column.table_number();
        // SAFETY: lists of the planner's own structures; an index has a first column.
        let rows = unsafe {
            let indexes = PgList::<pg_sys::IndexOptInfo>::from_pg(relation.indexlist);
            // With the collations under which they look up.
            let first: Vec<(i32, Oid)> = indexes
                .iter_ptr()
                .filter(|index| (**index).indpred.is_null() && finds_few((**index).relam))
                .map(|index| (*(*index).indexkeys, *(*index).indexcollations))
                .filter(|(number, _)| *number > 0 && *number != i32::from(column.number))
                .collect();
            let classes = PgList::<pg_sys::EquivalenceClass>::from_pg((*self.0).eq_classes);
            let joined = |class: *mut pg_sys::EquivalenceClass| {
                let looked_up = |var: &*mut pg_sys::Var| {
                    first.contains(&(i32::from((**var).varattno), (*class).ec_collation))
                };
                let var = columns_of(class, own).find(looked_up)?;
                let is_before = |other: &(f64, i32)| *other < (relation.rows, own);
                let partners = self.partners(&*class, own).into_iter().filter(is_before);
                let fewest = partners.map(|(rows, _)| rows).reduce(f64::min)?;
                Some(fewest * relation.tuples.max(1.0) / self.different_values(var))
            };
            classes.iter_ptr().filter_map(joined).reduce(f64::min)?
        };
        // SAFETY: variables that users set.
        let at_random = unsafe { pg_sys::random_page_cost / pg_sys::seq_page_cost.max(0.01) };
        Some(Joined { rows, share: rows * at_random / f64::from(relation.pages.max(1)) })
    }

    /// Rows and number of the other tables of which a column is in the class.
    fn partners(&self, class: &pg_sys::EquivalenceClass, own: i32) -> Vec<(f64, i32)> {
        // A partition is no partner of its own table's.
        let whole =
            self.relation(own).map_or(std::ptr::null_mut(), |table| table.top_parent_relids);
        let mut found = Vec::new();
        let mut number = -1;
        // SAFETY: members of sets of range table indexes.
        unsafe {
            loop {
                number = pg_sys::bms_next_member(class.ec_relids, number);
                if number < 0 {
                    return found;
                }
                if number != own && !pg_sys::bms_is_member(number, whole) {
                    let rows = self.relation(number).map(|table| table.rows);
                    found.extend(rows.filter(|rows| *rows > 0.0).map(|rows| (rows, number)));
                }
            }
        }
    }

    /// About how many different values the column has.
    fn different_values(&self, var: *mut pg_sys::Var) -> f64 {
        // SAFETY: a column of this query; what the statistics hold is released by the function that
        // came with it.
        unsafe {
            let mut known = pg_sys::VariableStatData::default();
            let mut is_default = false;
            pg_sys::examine_variable(self.0, var.cast(), 0, &mut known);
            let different = pg_sys::get_variable_numdistinct(&mut known, &mut is_default);
            if let (false, Some(free)) = (known.statsTuple.is_null(), known.freefunc) {
                free(known.statsTuple);
            }
            different.max(1.0)
        }
    }
}

/// Whether indexes of this kind find the few rows with a value without reading many others.
fn finds_few(access_method: Oid) -> bool {
    const BTREE: u32 = 403;
    const HASH: u32 = 405;
    [BTREE, HASH].contains(&access_method.to_u32())
}

//! Row values, taken apart.

use pgrx::pg_sys::{self, Oid};

use super::relation::{attributes, column_of, name_of};
use super::value::Value;

/// The row type's oid and a row's columns with the names that the type gives them.
pub struct RowValue {
    pub type_oid: Oid,
    names: Vec<String>,
    columns: Vec<Option<Value>>,
}

impl RowValue {
    /// The column by name; the outer `None` where the row type has none.
    pub fn column(&self, name: &str) -> Option<Option<Value>> {
        let at = self.names.iter().position(|n| n == name)?;
        Some(self.columns[at])
    }
}

/// Takes a row value apart.
pub fn row_value(value: Value) -> RowValue {
    deform(value.datum())
}

pub(super) fn row_value_columns(datum: pg_sys::Datum) -> Vec<Option<Value>> {
    deform(datum).columns
}

fn deform(datum: pg_sys::Datum) -> RowValue {
    // SAFETY: the datum is a composite value: a heap tuple that tells its own type.
    unsafe {
        let header = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()) as pg_sys::HeapTupleHeader;
        let type_oid = (*header).t_choice.t_datum.datum_typeid;
        let typmod = (*header).t_choice.t_datum.datum_typmod;
        let descriptor = pg_sys::lookup_rowtype_tupdesc_copy(type_oid, typmod);
        let mut tuple = pg_sys::HeapTupleData {
            t_len: ((*header).t_choice.t_datum.datum_len_ as u32) >> 2,
            t_data: header,
            ..Default::default()
        };
        let attributes = attributes(descriptor);
        let mut names = Vec::with_capacity(attributes.len());
        let mut columns = Vec::with_capacity(attributes.len());
        for attribute in attributes.iter().filter(|a| !a.attisdropped) {
            names.push(name_of(&attribute.attname).to_owned());
            columns.push(
                column_of(&mut tuple, attribute.attnum, descriptor)
                    .map(|datum| Value::new(datum, attribute.atttypid)),
            );
        }
        RowValue { type_oid, names, columns }
    }
}

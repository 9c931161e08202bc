//! Making arrays.

use pgrx::PgMemoryContexts;
use pgrx::pg_sys::{self, Datum, Oid};

use super::call::Call;
use super::value::Value;
use crate::error::{Error, Result};

/// The bytes that PostgreSQL can hold in one value, less the head of an array.
const MOST: usize = 0x3fff_ffff - 64;

/// An array in the making, then made: in the memory of a call site, freed when dropped.
pub struct ArrayBuilder {
    element: Oid,
    memory: pg_sys::MemoryContext,
    values: Vec<Datum>,
    made: Datum,
}

impl ArrayBuilder {
    /// For an array that lives as long as what the call site remembers.
    pub fn new(call: &Call, element: Oid) -> Self {
        Self { element, memory: call.memory(), values: Vec::new(), made: Datum::null() }
    }

    /// Adds a value of the element type, which must live until the array is finished.
    pub fn push(&mut self, value: Value) {
        self.values.push(value.datum());
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Makes the array.
    pub fn finish(&mut self) -> Result<()> {
        // SAFETY: the values are of the element type; the array is a copy.
        unsafe {
            let (mut length, mut by_value, mut align) = (0, false, 0);
            pg_sys::get_typlenbyvalalign(self.element, &mut length, &mut by_value, &mut align);
            if length > 0 && self.values.len() > MOST / length as usize {
                return Err(Error::unsupported(format!(
                    "{} keys are too many for one array",
                    self.values.len()
                ))
                .hint("The plan was made when there were fewer; the next run makes another."));
            }
            let make = |_: &mut PgMemoryContexts| {
                pg_sys::construct_array(
                    self.values.as_mut_ptr(),
                    self.values.len() as i32,
                    self.element,
                    i32::from(length),
                    by_value,
                    align,
                )
            };
            self.made = Datum::from(PgMemoryContexts::For(self.memory).switch_to(make));
        }
        Ok(())
    }

    /// The array.
    pub fn datum(&self) -> Datum {
        self.made
    }
}

impl Drop for ArrayBuilder {
    fn drop(&mut self) {
        if !self.made.is_null() && !std::thread::panicking() {
            // SAFETY: allocated by `finish`, in memory that lives as long as this.
            unsafe { pg_sys::pfree(self.made.cast_mut_ptr()) }
        }
    }
}

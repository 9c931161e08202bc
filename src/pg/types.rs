//! Look-ups in PostgreSQL's catalog of types.

use std::ffi::CStr;

use pgrx::pg_sys::{self, Oid};

use crate::error::{Error, Result};

/// The type text.
pub const TEXT: Oid = pg_sys::TEXTOID;
/// The type text[].
pub const TEXT_ARRAY: Oid = pg_sys::TEXTARRAYOID;

/// Whether values of a base type are just texts.
pub fn is_text(base: Oid) -> bool {
    base == pg_sys::TEXTOID || base == pg_sys::VARCHAROID
}

/// Copies a string that PostgreSQL allocated.
pub(super) fn copy_cstr(text: *const std::ffi::c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: PostgreSQL's strings are NUL-terminated; it is copied before anything frees it.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// The type below all domains.
pub fn base(type_oid: Oid) -> Oid {
    // None of PostgreSQL's own types with oids given by hand is a domain.
    if type_oid.to_u32() < pg_sys::FirstGenbkiObjectId {
        return type_oid;
    }
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::getBaseType(type_oid) }
}

/// Whether there is such a type.
pub fn exists(type_oid: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_typisdefined(type_oid) }
}

/// The type with its modifier, as any search_path reads it.
pub fn with_modifier(type_oid: Oid, modifier: i32) -> String {
    let flags = pg_sys::FORMAT_TYPE_TYPEMOD_GIVEN | pg_sys::FORMAT_TYPE_FORCE_QUALIFY;
    // SAFETY: returns a palloc'd string for every oid.
    copy_cstr(unsafe { pg_sys::format_type_extended(type_oid, modifier, flags as u16) })
        .unwrap_or_default()
}

/// The type's name as SQL spells it.
pub fn name(type_oid: Oid) -> String {
    // SAFETY: returns a palloc'd string for every oid.
    copy_cstr(unsafe { pg_sys::format_type_be(type_oid) }).unwrap_or_default()
}

/// The type's own name with its schema, as any search_path reads it, without SQL's special
/// spellings: `character` would be char(1), and cut keys short.
pub fn qualified_name(type_oid: Oid) -> String {
    // SAFETY: a syscache look-up; the name and schema are copied before it is released.
    unsafe {
        let found =
            pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::TYPEOID as i32, type_oid.into());
        if found.is_null() {
            return name(type_oid);
        }
        let row = pg_sys::GETSTRUCT(found) as pg_sys::Form_pg_type;
        let schema = pg_sys::get_namespace_name((*row).typnamespace);
        let qualified = pg_sys::quote_qualified_identifier(schema, (*row).typname.data.as_ptr());
        pg_sys::ReleaseSysCache(found);
        copy_cstr(qualified).unwrap_or_default()
    }
}

/// `typtype`: b for base, c for composite, e for enum, ...
pub fn kind(type_oid: Oid) -> u8 {
    // SAFETY: a syscache look-up; 0 where there is no such type.
    unsafe { pg_sys::get_typtype(type_oid) as u8 }
}

/// The element type of a true array type.
pub fn array_element(type_oid: Oid) -> Option<Oid> {
    // SAFETY: a syscache look-up.
    let element = unsafe { pg_sys::get_element_type(type_oid) };
    (element != Oid::INVALID).then_some(element)
}

/// The type over which a range type ranges.
pub fn range_subtype(type_oid: Oid) -> Option<Oid> {
    // SAFETY: a syscache look-up.
    let subtype = unsafe { pg_sys::get_range_subtype(type_oid) };
    (subtype != Oid::INVALID).then_some(subtype)
}

/// The collation by which a range type compares its bounds.
pub fn range_collation(type_oid: Oid) -> Oid {
    // SAFETY: a syscache look-up; none for other types.
    unsafe { pg_sys::get_range_collation(type_oid) }
}

/// Whether the collation holds strings of different bytes to be different.
pub fn collation_is_deterministic(collation: Oid) -> bool {
    // SAFETY: a syscache look-up; no collation at all is deterministic too.
    collation == Oid::INVALID || unsafe { pg_sys::get_collation_isdeterministic(collation) }
}

/// Whether equal values of the type always have equal bytes, going by the type's own
/// B-tree operator class (support function 4, "equalimage").
pub fn equal_means_identical(type_oid: Oid) -> bool {
    const EQUALIMAGE: i16 = 4;
    // SAFETY: syscache look-ups; the support function takes the operator class's input type.
    unsafe {
        let class = pg_sys::GetDefaultOpClass(type_oid, pg_sys::BTREE_AM_OID);
        if class == Oid::INVALID {
            return false;
        }
        let family = pg_sys::get_opclass_family(class);
        let input = pg_sys::get_opclass_input_type(class);
        let support = pg_sys::get_opfamily_proc(family, input, input, EQUALIMAGE);
        support != Oid::INVALID
            && pg_sys::OidFunctionCall1Coll(support, Oid::INVALID, input.into()).value() != 0
    }
}

/// Whether the type's text form depends on nothing but the value.
pub fn text_form_is_immutable(type_oid: Oid) -> bool {
    // SAFETY: syscache look-ups that fill the variables given.
    unsafe {
        let (mut output, mut varlena) = (Oid::INVALID, false);
        pg_sys::getTypeOutputInfo(type_oid, &mut output, &mut varlena);
        let (mut input, mut parameter) = (Oid::INVALID, Oid::INVALID);
        pg_sys::getTypeInputInfo(type_oid, &mut input, &mut parameter);
        let immutable = pg_sys::PROVOLATILE_IMMUTABLE as std::ffi::c_char;
        pg_sys::func_volatile(output) == immutable && pg_sys::func_volatile(input) == immutable
    }
}

/// The name of the extension that the type belongs to.
pub fn extension_of(type_oid: Oid) -> Option<String> {
    // SAFETY: catalog look-ups; the name is copied.
    unsafe {
        let extension = pg_sys::getExtensionOfObject(pg_sys::TypeRelationId, type_oid);
        if extension == Oid::INVALID {
            return None;
        }
        copy_cstr(pg_sys::get_extension_name(extension))
    }
}

/// The type's own name, without schema.
pub fn bare_name(type_oid: Oid) -> String {
    let qualified = name(type_oid);
    let last = qualified.rsplit('.').next().unwrap_or_default();
    last.trim_matches('"').to_owned()
}

/// The type's own `=`, as any search_path reads it.
pub fn equality_operator(type_oid: Oid) -> Result<String> {
    // SAFETY: the type cache's entry lives for ever; the name and schema are copied.
    unsafe {
        let flags = pg_sys::TYPECACHE_EQ_OPR as i32;
        let operator = (*pg_sys::lookup_type_cache(type_oid, flags)).eq_opr;
        if operator == Oid::INVALID {
            return Err(Error::argument(format!(
                "type {} has no equality operator",
                name(type_oid)
            )));
        }
        let form =
            pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::OPEROID as i32, operator.into());
        let row = pg_sys::GETSTRUCT(form) as pg_sys::Form_pg_operator;
        let schema =
            copy_cstr(pg_sys::quote_identifier(pg_sys::get_namespace_name((*row).oprnamespace)));
        let symbol = copy_cstr((*row).oprname.data.as_ptr());
        pg_sys::ReleaseSysCache(form);
        Ok(format!("OPERATOR({}.{})", schema.unwrap_or_default(), symbol.unwrap_or_default()))
    }
}

/// The collation that columns of the type have where none is given.
pub fn collation(type_oid: Oid) -> Oid {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_typcollation(type_oid) }
}

/// The type of a table's rows.
pub fn row_type_of_relation(relation: Oid) -> Oid {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_rel_type_id(relation) }
}

/// The composite type's relation, for the row type of a table.
pub fn relation_of_row_type(type_oid: Oid) -> Option<Oid> {
    // SAFETY: a syscache look-up.
    let relation = unsafe { pg_sys::get_typ_typrelid(type_oid) };
    (relation != Oid::INVALID).then_some(relation)
}

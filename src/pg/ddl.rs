//! The call of an event trigger: which statement it is about.

use pgrx::PgList;
use pgrx::pg_sys::{self, Oid};

use super::types::copy_cstr;

/// A column that gets another type.
pub struct Retyped {
    pub column: String,
    /// Whether every value becomes what a cast to the new type makes of it: there is no USING, or
    /// nothing else in it.
    pub plain: bool,
}

/// What a statement does to a table, as far as it matters here.
pub enum Statement {
    Alter {
        relation: Oid,
        retyped: Vec<Retyped>,
        /// Whether a partition or child leaves.
        leaves: bool,
        /// Whether one joins.
        joins: bool,
        /// Whether it gets another owner.
        given: bool,
    },
    Create,
    /// DROP EXTENSION of this one.
    DropExtension,
    RenameColumn {
        relation: Oid,
        from: String,
        to: String,
    },
    /// A value of an enum.
    RenameValue {
        from: String,
        to: String,
    },
    Other,
}

/// The statement that fired the event trigger.
///
/// # Safety
/// `fcinfo` must be that of a running call.
pub(super) unsafe fn statement(fcinfo: pg_sys::FunctionCallInfo) -> Statement {
    // SAFETY: the caller's promise; each node's tag tells what it is.
    unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
            return Statement::Other;
        }
        let tree = (*context.cast::<pg_sys::EventTriggerData>()).parsetree;
        if tree.is_null() {
            return Statement::Other;
        }
        match (*tree).type_ {
            pg_sys::NodeTag::T_CreateStmt | pg_sys::NodeTag::T_CreateSchemaStmt => {
                Statement::Create
            }
            pg_sys::NodeTag::T_AlterTableStmt => alter(tree.cast()),
            pg_sys::NodeTag::T_DropStmt => drops(tree.cast()),
            pg_sys::NodeTag::T_RenameStmt => rename(tree.cast()),
            pg_sys::NodeTag::T_AlterEnumStmt => {
                let statement = tree.cast::<pg_sys::AlterEnumStmt>();
                match (copy_cstr((*statement).oldVal), copy_cstr((*statement).newVal)) {
                    (Some(from), Some(to)) => Statement::RenameValue { from, to },
                    _ => Statement::Other,
                }
            }
            _ => Statement::Other,
        }
    }
}

/// # Safety
/// Must be a statement that is being run.
unsafe fn drops(statement: *mut pg_sys::DropStmt) -> Statement {
    // SAFETY: the caller's promise; of extensions the names are strings.
    unsafe {
        if (*statement).removeType != pg_sys::ObjectType::OBJECT_EXTENSION {
            return Statement::Other;
        }
        let names = PgList::<pg_sys::Node>::from_pg((*statement).objects);
        let ours = names.iter_ptr().any(|name| string_of(name).as_deref() == Some("rowgrant"));
        if ours { Statement::DropExtension } else { Statement::Other }
    }
}

/// # Safety
/// Must be a statement that is being run.
unsafe fn alter(statement: *mut pg_sys::AlterTableStmt) -> Statement {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(relation) = look_up((*statement).relation) else { return Statement::Other };
        let (mut retyped, mut leaves, mut joins, mut given) = (Vec::new(), false, false, false);
        let commands = PgList::<pg_sys::AlterTableCmd>::from_pg((*statement).cmds);
        for command in commands.iter_ptr() {
            match (*command).subtype {
                pg_sys::AlterTableType::AT_AlterColumnType => {
                    let column = copy_cstr((*command).name).unwrap_or_default();
                    let definition = (*command).def.cast::<pg_sys::ColumnDef>();
                    retyped.push(Retyped { plain: is_plain(definition, &column), column });
                }
                pg_sys::AlterTableType::AT_DetachPartition
                | pg_sys::AlterTableType::AT_DetachPartitionFinalize
                | pg_sys::AlterTableType::AT_DropInherit => leaves = true,
                pg_sys::AlterTableType::AT_AttachPartition
                | pg_sys::AlterTableType::AT_AddInherit => joins = true,
                pg_sys::AlterTableType::AT_ChangeOwner => given = true,
                _ => {}
            }
        }
        Statement::Alter { relation, retyped, leaves, joins, given }
    }
}

/// # Safety
/// Must be the definition that ALTER COLUMN TYPE has, as the parser makes it.
unsafe fn is_plain(definition: *mut pg_sys::ColumnDef, column: &str) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let mut using = (*definition).raw_default;
        if using.is_null() {
            return true;
        }
        if (*using).type_ == pg_sys::NodeTag::T_TypeCast {
            let cast = using.cast::<pg_sys::TypeCast>();
            // A cast by way of another type would change values on the way.
            if !pg_sys::equal((*cast).typeName.cast(), (*definition).typeName.cast()) {
                return false;
            }
            using = (*cast).arg;
        }
        if (*using).type_ != pg_sys::NodeTag::T_ColumnRef {
            return false;
        }
        let fields = (*using.cast::<pg_sys::ColumnRef>()).fields;
        let fields = PgList::<pg_sys::Node>::from_pg(fields);
        fields.iter_ptr().last().is_some_and(|last| string_of(last).as_deref() == Some(column))
    }
}

/// # Safety
/// Must be a node as the parser makes it.
unsafe fn string_of(node: *mut pg_sys::Node) -> Option<String> {
    // SAFETY: the caller's promise; the tag tells what it is.
    unsafe {
        if (*node).type_ != pg_sys::NodeTag::T_String {
            return None;
        }
        #[cfg(feature = "pg14")]
        let text = (*node.cast::<pg_sys::Value>()).val.str_;
        #[cfg(not(feature = "pg14"))]
        let text = (*node.cast::<pg_sys::String>()).sval;
        copy_cstr(text)
    }
}

/// # Safety
/// Must be a statement that is being run.
unsafe fn rename(statement: *mut pg_sys::RenameStmt) -> Statement {
    // SAFETY: the caller's promise.
    unsafe {
        let statement = &*statement;
        let of_column = matches!(
            statement.renameType,
            pg_sys::ObjectType::OBJECT_COLUMN | pg_sys::ObjectType::OBJECT_ATTRIBUTE
        );
        let names = (copy_cstr(statement.subname), copy_cstr(statement.newname));
        match (look_up(statement.relation), names) {
            (Some(relation), (Some(from), Some(to))) if of_column => {
                Statement::RenameColumn { relation, from, to }
            }
            _ => Statement::Other,
        }
    }
}

/// # Safety
/// Must be null or a name as the parser makes it.
unsafe fn look_up(name: *const pg_sys::RangeVar) -> Option<Oid> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the statement itself holds, or will take, the lock.
    let oid = unsafe {
        pg_sys::RangeVarGetRelidExtended(
            name,
            pg_sys::NoLock as i32,
            pg_sys::RVROption::RVR_MISSING_OK,
            None,
            std::ptr::null_mut(),
        )
    };
    (oid != Oid::INVALID).then_some(oid)
}

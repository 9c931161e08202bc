//! The triggers on the application's tables. Run as the extension's owner.

use pgrx::pg_sys::Oid;

use crate::catalog::{Kind, ObjectType, SubjectSource};
use crate::error::{Error, Result};
use crate::key::{KeyColumn, KeyShape};
use crate::pg::relation::{Relation, qualified_name, quote};
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;
use crate::pg::{inherit, relation, role};

/// Names of the triggers on one kind of table, in the order in which they shall fire: PostgreSQL goes
/// by name. What comes after a change comes before all triggers of the application's, which may
/// change other rows in turn; what comes before a change comes after all those that may alter it.
pub struct Names {
    function: &'static str,
    delete: &'static str,
    /// Before the key is changed.
    pub leaving: &'static str,
    key: &'static str,
    truncate: &'static str,
}

/// On protected tables.
pub const ON_OBJECTS: Names = Names {
    function: "object_changed",
    delete: "!rowgrant_object_delete",
    leaving: "~rowgrant_object_leaving",
    key: "!rowgrant_object_key",
    truncate: "rowgrant_object_truncate",
};
const ON_USERS: Names = Names {
    function: "subject_changed",
    delete: "!rowgrant_user_delete",
    leaving: "~rowgrant_user_leaving",
    key: "!rowgrant_user_key",
    truncate: "rowgrant_user_truncate",
};
const ON_GROUPS: Names = Names {
    function: "subject_changed",
    delete: "!rowgrant_group_delete",
    leaving: "~rowgrant_group_leaving",
    key: "!rowgrant_group_key",
    truncate: "rowgrant_group_truncate",
};

/// Those for TRUNCATE, which every table with rows has for itself.
pub const ON_TRUNCATE: [&str; 3] = [ON_OBJECTS.truncate, ON_USERS.truncate, ON_GROUPS.truncate];

impl Names {
    /// On the registered table of users or groups.
    pub fn of_subjects(kind: Kind) -> &'static Names {
        match kind {
            Kind::User => &ON_USERS,
            Kind::Group => &ON_GROUPS,
        }
    }

    fn of_rows(&self) -> [&'static str; 3] {
        [self.delete, self.leaving, self.key]
    }

    /// Those that a table needs which holds rows of `root`, or `root` itself, with this key. A BEFORE
    /// trigger locks every row that is updated, so only those have it whose rows can be told apart no
    /// other way while a command changes keys: where a row may move to another partition, or may
    /// come to a key before another has left it.
    fn on(&self, table: Oid, root: Oid, key: &[&str]) -> Vec<&'static str> {
        let mut names = Vec::new();
        if table == root || !inherit::is_partition(table) {
            names.extend([self.delete, self.key]);
            if !inherit::has_rows_itself(table) || !Relation::open(table).is_unique_at_once(key) {
                names.push(self.leaving);
            }
        }
        if inherit::has_rows_itself(table) {
            names.push(self.truncate);
        }
        names
    }
}

/// The triggers that a table, its partitions and its children shall have.
struct Wanted<'a> {
    names: &'a Names,
    argument: String,
    /// The key's columns with their base types.
    key: Vec<(&'a str, Oid)>,
}

/// Puts the triggers on a protected table and all that hold rows of it.
pub fn on_objects(table: Oid, id: i32, columns: &[String], shape: &KeyShape) -> Result<()> {
    of_objects(id, columns, shape).create(table)
}

/// Puts them on what has come to hold rows of it since.
pub fn complete_objects(object_type: &ObjectType) -> Result<()> {
    match object_type.relation {
        Some(table) => {
            on_objects(table, object_type.id, &object_type.key_columns, &object_type.shape)
        }
        None => Ok(()),
    }
}

/// Puts the triggers on the table of users or groups and all that hold rows of it.
pub fn on_subjects(table: Oid, kind: Kind, key: &str, column: &KeyColumn) -> Result<()> {
    let wanted = Wanted {
        names: Names::of_subjects(kind),
        argument: kind.code().to_owned(),
        key: vec![(key, column.base)],
    };
    wanted.create(table)
}

/// Puts them on what has come to hold rows of it since.
pub fn complete_subjects(kind: Kind, source: &SubjectSource) -> Result<()> {
    on_subjects(source.relation, kind, &source.key_column, &source.column)
}

/// Whether these columns are the key for which the triggers were made. PostgreSQL keeps them right
/// when a column is renamed, and lets none be dropped without the trigger.
pub fn stand_on_key(table: Oid, id: i32, columns: &[String], shape: &KeyShape) -> Result<bool> {
    let wanted = of_objects(id, columns, shape);
    wanted.stands(table, wanted.names.key)
}

fn of_objects<'a>(id: i32, columns: &'a [String], shape: &KeyShape) -> Wanted<'a> {
    Wanted {
        names: &ON_OBJECTS,
        argument: id.to_string(),
        key: columns.iter().map(String::as_str).zip(shape.base_types()).collect(),
    }
}

impl Wanted<'_> {
    /// Row triggers, as partitions inherit them and every way of deleting fires them; children that
    /// are no partitions get their own. TRUNCATE fires those of each table for itself.
    fn create(&self, table: Oid) -> Result<()> {
        self.let_owner_add_partitions(table)?;
        for part in inherit::with_descendants(table) {
            for name in self.names.on(part, table, &self.columns()) {
                self.create_one(part, name)?;
            }
        }
        Ok(())
    }

    /// PostgreSQL copies a trigger to a new partition only for a role that may execute its function. Which
    /// does nothing elsewhere: it looks whose rows it is called for.
    fn let_owner_add_partitions(&self, table: Oid) -> Result<()> {
        let function = format!("rowgrant.{}()", self.names.function);
        let may = "SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) $1 \
                   AND NOT pg_catalog.has_function_privilege(c.relowner, $2, 'EXECUTE')";
        let arguments = [Argument::oid(table), Argument::text(&function)];
        if !inherit::has_rows_itself(table) && spi::execute(may, &arguments, See::Latest)? > 0 {
            let owner = role::spelled(relation::owner(table)?);
            spi::define(&format!("GRANT EXECUTE ON FUNCTION {function} TO {owner}"))?;
        }
        Ok(())
    }

    /// Where it is there already nothing is done: a second call of protect takes no lock that would
    /// stop the application.
    fn create_one(&self, table: Oid, name: &str) -> Result<()> {
        if self.stands(table, name)? {
            return Ok(());
        }
        self.check_alone(table, name)?;
        drop_one(table, name)?;
        let on = qualified_name(table);
        let run = format!("EXECUTE FUNCTION rowgrant.{}('{}')", self.names.function, self.argument);
        // Keeps an UPDATE that leaves the key alone from calling anything.
        let changed = || Ok::<_, Error>(format!("WHEN (NOT ({}))", self.unchanged()?));
        let definition = if name == self.names.delete {
            format!("AFTER DELETE ON {on} FOR EACH ROW {run}")
        } else if name == self.names.leaving {
            format!("BEFORE UPDATE ON {on} FOR EACH ROW {} {run}", changed()?)
        } else if name == self.names.key {
            format!("AFTER UPDATE ON {on} FOR EACH ROW {} {run}", changed()?)
        } else {
            format!("BEFORE TRUNCATE ON {on} FOR EACH STATEMENT {run}")
        };
        spi::define(&format!("CREATE TRIGGER {} {definition}", quote(name)))?;
        // In the worker of a subscription too.
        for part in inherit::with_descendants(table) {
            if has(part, name)? {
                Relation::open(part).enable_trigger_always(name)?;
            }
        }
        Ok(())
    }

    /// Refuses a table whose rows are those of another object type too: a parent's or a child's.
    fn check_alone(&self, table: Oid, name: &str) -> Result<()> {
        if self.names.function != ON_OBJECTS.function {
            return Ok(());
        }
        let mut other = None;
        spi::query(
            "SELECT o.name FROM pg_catalog.pg_trigger t \
             JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid \
             AND p.proname OPERATOR(pg_catalog.=) $3::pg_catalog.name \
             AND p.pronamespace OPERATOR(pg_catalog.=) 'rowgrant'::pg_catalog.regnamespace::pg_catalog.oid \
             JOIN rowgrant.object_type o ON t.tgargs OPERATOR(pg_catalog.=) pg_catalog.decode(\
             o.id::pg_catalog.text OPERATOR(pg_catalog.||) '\\000', 'escape') \
             AND o.id OPERATOR(pg_catalog.<>) $4 \
             WHERE t.tgrelid OPERATOR(pg_catalog.=) $1 AND t.tgname OPERATOR(pg_catalog.=) $2::pg_catalog.name",
            &[
                Argument::oid(table),
                Argument::text(name),
                Argument::text(self.names.function),
                Argument::integer(self.argument.parse().unwrap_or_default()),
            ],
            See::Latest,
            |row| {
                other = row.text(1);
                Ok(())
            },
        )?;
        let Some(other) = other else { return Ok(()) };
        Err(Error::in_use(format!(
            "rows of table {} are objects of type \"{other}\" already",
            qualified_name(table)
        ))
        .hint(format!(
            "Of a table and its partitions or children only one can be protected: call rowgrant.unprotect('{other}') first."
        )))
    }

    fn columns(&self) -> Vec<&str> {
        self.key.iter().map(|(column, _)| *column).collect()
    }

    fn unchanged(&self) -> Result<String> {
        let same = self.key.iter().map(|(column, base)| {
            let column = quote(column);
            Ok(format!("OLD.{column} {} NEW.{column}", types::equality_operator(*base)?))
        });
        Ok(same.collect::<Result<Vec<_>>>()?.join(" AND "))
    }

    /// Whether the trigger is there, for this very argument and, where it has a condition, key.
    fn stands(&self, table: Oid, name: &str) -> Result<bool> {
        let conditional = name == self.names.leaving || name == self.names.key;
        let columns = self.key.iter().map(|(column, _)| (*column).to_owned());
        let columns = if conditional { columns.collect() } else { Vec::new() };
        let found = spi::execute(
            "SELECT FROM pg_catalog.pg_trigger t \
             WHERE t.tgrelid OPERATOR(pg_catalog.=) $1 AND t.tgname OPERATOR(pg_catalog.=) $2::pg_catalog.name \
             AND t.tgargs OPERATOR(pg_catalog.=) pg_catalog.decode($3, 'escape') \
             AND t.tgfoid OPERATOR(pg_catalog.=) (SELECT p.oid FROM pg_catalog.pg_proc p \
             WHERE p.proname OPERATOR(pg_catalog.=) $5::pg_catalog.name \
             AND p.pronamespace OPERATOR(pg_catalog.=) 'rowgrant'::pg_catalog.regnamespace::pg_catalog.oid) \
             AND NOT EXISTS (SELECT FROM pg_catalog.unnest($4) c WHERE pg_catalog.strpos(\
             pg_catalog.pg_get_triggerdef(t.oid), '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(c) OPERATOR(pg_catalog.||) ' ') OPERATOR(pg_catalog.=) 0)",
            &[
                Argument::oid(table),
                Argument::text(name),
                Argument::text(&stored_argument(&self.argument)),
                Argument::texts(columns),
                Argument::text(self.names.function),
            ],
            See::Latest,
        )?;
        Ok(found > 0)
    }
}

fn has(table: Oid, name: &str) -> Result<bool> {
    let found = spi::execute(
        "SELECT FROM pg_catalog.pg_trigger WHERE tgrelid OPERATOR(pg_catalog.=) $1 \
         AND tgname OPERATOR(pg_catalog.=) $2::pg_catalog.name",
        &[Argument::oid(table), Argument::text(name)],
        See::Latest,
    )?;
    Ok(found > 0)
}

fn drop_one(table: Oid, name: &str) -> Result<()> {
    if has(table, name)? {
        spi::define(&format!("DROP TRIGGER {} ON {}", quote(name), qualified_name(table)))?;
    }
    Ok(())
}

/// The triggers that do not fire on all that a table's rows undergo: the table, partition or child,
/// the name, and how it is enabled; none where it is missing.
pub fn not_firing(
    table: Oid,
    names: &Names,
    key: &[&str],
) -> Result<Vec<(Oid, &'static str, Option<u8>)>> {
    let mut found = Vec::new();
    for part in inherit::with_descendants(table) {
        let mut wanted = names.on(part, table, key);
        if part != table && inherit::is_partition(part) {
            // Inherited from the parent.
            wanted.extend(names.of_rows());
        }
        for name in wanted {
            let mut state = None;
            spi::query(
                "SELECT tgenabled::pg_catalog.text FROM pg_catalog.pg_trigger \
                 WHERE tgrelid OPERATOR(pg_catalog.=) $1 \
                 AND tgname OPERATOR(pg_catalog.=) $2::pg_catalog.name",
                &[Argument::oid(part), Argument::text(name)],
                See::Statement,
                |row| {
                    state = row.text(1).and_then(|state| state.bytes().next());
                    Ok(())
                },
            )?;
            if state != Some(b'A') {
                found.push((part, name, state));
            }
        }
    }
    Ok(found)
}

/// Takes the triggers off a table and all that hold rows of it.
pub fn drop_from(table: Oid, names: &Names) -> Result<()> {
    for part in inherit::with_descendants(table) {
        if part == table || !inherit::is_partition(part) {
            for name in names.of_rows() {
                drop_one(part, name)?;
            }
        }
        drop_one(part, names.truncate)?;
    }
    Ok(())
}

/// Takes those off a table that keep the type of its key from being changed.
pub fn drop_conditional(table: Oid, names: &Names) -> Result<()> {
    for part in inherit::with_descendants(table) {
        if part == table || !inherit::is_partition(part) {
            drop_one(part, names.leaving)?;
            drop_one(part, names.key)?;
        }
    }
    Ok(())
}

/// The tables that have the triggers of an object type, for TRUNCATE at least.
pub fn tables_of(id: i32) -> Result<Vec<Oid>> {
    tables(&ON_OBJECTS, &stored_argument(&id.to_string()))
}

/// The tables that have the triggers of users or groups.
pub fn tables_with(kind: Kind) -> Result<Vec<Oid>> {
    tables(Names::of_subjects(kind), &stored_argument(kind.code()))
}

/// The argument of a trigger as pg_trigger holds it: each one ends in a zero byte.
fn stored_argument(argument: &str) -> String {
    format!("{argument}\\000")
}

fn tables(names: &Names, argument: &str) -> Result<Vec<Oid>> {
    let mut found = Vec::new();
    spi::query(
        "SELECT t.tgrelid FROM pg_catalog.pg_trigger t \
         JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid \
         WHERE t.tgname OPERATOR(pg_catalog.=) $1::pg_catalog.name \
         AND t.tgargs OPERATOR(pg_catalog.=) pg_catalog.decode($2, 'escape') \
         AND p.proname OPERATOR(pg_catalog.=) $3::pg_catalog.name \
         AND p.pronamespace OPERATOR(pg_catalog.=) 'rowgrant'::pg_catalog.regnamespace::pg_catalog.oid",
        &[Argument::text(names.truncate), Argument::text(argument), Argument::text(names.function)],
        See::Latest,
        |row| {
            found.extend(row.as_oid(1));
            Ok(())
        },
    )?;
    Ok(found)
}

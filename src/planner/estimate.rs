//! How much a user or group reaches, looked up while planning and so bounded.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use pgrx::pg_sys::Oid;

use super::asked::{Asked, Who};
use crate::catalog::{self, Asker, Kind, ObjectType, SubjectSource, Subjects};
use crate::check::{Holder, Reach};
use crate::error::{Error, Result};
use crate::key::{Family, Key, Reading};
use crate::pg::held::{self, Cursor, Pair};
use crate::pg::plan::{Foreseen, Planner};
use crate::pg::relation::Relation;
use crate::pg::snapshot::{self, Stamp};
use crate::pg::value::Value;
use crate::pg::{own, session as set_user, statistics, types};
use crate::session;

/// So many grants are counted one by one where statistics know of no more.
const COUNTED: usize = 500;
/// So many at least, whatever they know.
const COUNTED_FIRST: usize = 100;

/// The share of the rows that a user owns where nothing is known.
const DEFAULT_OWNED: f64 = 0.001;

/// What the planner can know of a reach.
#[derive(Clone, Copy)]
pub enum Estimate {
    /// All objects.
    Everywhere,
    /// About so many.
    Objects(f64),
    /// Whoever the parameter of a plan for all of its values will name.
    Parameter,
    Unknown,
}

/// Who was looked up, of which permission and object type.
#[derive(PartialEq, Eq)]
struct Question {
    stamp: Stamp,
    who: Asker,
    perm: String,
    object_type: i32,
}

/// What was found of a reach.
pub struct Reached {
    pub estimate: Estimate,
    /// The number of different values of each column of the key among the objects; nothing where they
    /// were not all counted, or have one column.
    pub values: Vec<usize>,
}

thread_local! {
    /// The planner asks the same many times over for one query.
    static LAST: RefCell<Vec<(Question, Rc<Reached>)>> = const { RefCell::new(Vec::new()) };
}

/// So many answers are remembered.
const REMEMBERED: usize = 8;

/// Estimates what the call asks about.
pub fn estimate(
    asked: &Asked,
    object_type: &Rc<ObjectType>,
    planner: &Planner,
) -> Result<Estimate> {
    reached(asked, object_type, planner).map(|reached| reached.estimate)
}

/// What is reached by whom the call asks about.
pub fn reached(
    asked: &Asked,
    object_type: &Rc<ObjectType>,
    planner: &Planner,
) -> Result<Rc<Reached>> {
    let only = |estimate| Ok(Rc::new(Reached { estimate, values: Vec::new() }));
    let Some(perm) = asked.perm(Some(planner)) else { return only(Estimate::Unknown) };
    if object_type.permission(&perm).is_err() {
        return only(Estimate::Unknown);
    }
    let sources = catalog::sources()?;
    let of_ids = |kind: Kind| kind.source(&sources);
    let foreseen = |expression, kind| match planner.foresee(expression) {
        // What cannot be read is for the call to say, if it is ever made.
        Foreseen::Value(Some(value)) if !SubjectSource::reads_plainly(of_ids(kind), value) => {
            Err(Estimate::Unknown)
        }
        Foreseen::Value(value) => Ok(value),
        Foreseen::Parameter => Err(Estimate::Parameter),
        Foreseen::Unknown => Err(Estimate::Unknown),
    };
    let (who, group): (Asker, Option<Value>) = match asked.who {
        Who::User(user) => match foreseen(user, Kind::User) {
            Ok(value) => (Asker::User(catalog::user_id(&sources, value)?), None),
            Err(unknown) => return only(unknown),
        },
        Who::Current => {
            set_user::plans_depend();
            (Asker::User(session::current(&sources)?), None)
        }
        Who::Group(group) => match foreseen(group, Kind::Group) {
            Ok(value) => (Asker::Group(value.map(Value::print)), value),
            Err(unknown) => return only(unknown),
        },
    };
    let question = Question { stamp: snapshot::stamp(), who, perm, object_type: object_type.id };
    let known = LAST.with_borrow(|last| {
        last.iter().find(|(asked, _)| *asked == question).map(|(_, reached)| Rc::clone(reached))
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let subjects = match &question.who {
        Asker::User(id) => Subjects::of_user(&sources, id, true)?,
        Asker::Group(_) => catalog::group_subjects(&sources, group, true)?,
    };
    let holder = Holder { sources, subjects, accept_model_level: true, with_superuser: true };
    let giving = object_type.giving(&question.perm)?;
    let reach = Reach { object_type: Rc::clone(object_type), giving, holder };
    let reached = Rc::new(of_reach(&reach)?);
    LAST.with_borrow_mut(|last| {
        last.retain(|(known, _)| known.stamp == question.stamp);
        last.truncate(REMEMBERED - 1);
        last.insert(0, (question, Rc::clone(&reached)));
    });
    Ok(reached)
}

fn of_reach(reach: &Reach) -> Result<Reached> {
    if reach.is_everywhere()? {
        return Ok(Reached { estimate: Estimate::Everywhere, values: Vec::new() });
    }
    let pairs = reach.pairs();
    let shape = &reach.object_type.shape;
    let (family, is_composite) = (shape.family(), reach.object_type.key_columns.len() > 1);
    let mut cursor = Cursor::default();
    let (mut counted, mut objects) = (0, Vec::new());
    let mut count = |most: usize| {
        held::read(family, &pairs, &mut cursor, most, |object| {
            counted += 1;
            if is_composite {
                objects.push(Key::from(object));
            }
        })?;
        Ok::<_, Error>((cursor.is_at_end(), counted as f64))
    };
    // One more is asked for: where it is not there, all were counted.
    let (mut all, mut number) = count(COUNTED_FIRST + 1)?;
    if !all {
        let known = known_grants(family, &pairs)?;
        // Those who hold many are among a column's most common values, and need not be counted.
        if known.certain < COUNTED as f64 {
            (all, number) = count(COUNTED - COUNTED_FIRST)?;
        }
        if !all {
            // There are more than were counted, whatever the statistics say.
            number = known.likely.max(2.0 * number);
        }
    }
    let owned = owned(reach);
    let mut values = Vec::new();
    if is_composite && all && owned == 0.0 {
        let keys = objects.iter().map(|key| shape.split(key)).collect::<Result<Vec<_>>>()?;
        let columns = 0..reach.object_type.key_columns.len();
        let different = |column| keys.iter().map(|key| &key[column]).collect::<HashSet<_>>().len();
        values = columns.map(different).collect();
    }
    Ok(Reached { estimate: Estimate::Objects(number + owned), values })
}

/// What statistics know of some pairs' grants.
struct KnownGrants {
    /// Of subjects that are among the most common ones.
    certain: f64,
    likely: f64,
}

fn known_grants(family: Family, pairs: &[Pair]) -> Result<KnownGrants> {
    let table = own::own_tables()?.grants[family as usize].heap;
    let grants = statistics::rows(table);
    let mut known = KnownGrants { certain: 0.0, likely: 0.0 };
    for (subject, permission) in pairs {
        let share = |column, id| statistics::share(table, column, Value::integer(id));
        let (Some(of_subject), Some(of_permission)) =
            (share("subject", *subject), share("perm", *permission))
        else {
            continue;
        };
        let number = grants * of_subject.share * of_permission.share;
        known.likely += number;
        if of_subject.is_common {
            known.certain += number;
        }
    }
    Ok(known)
}

/// About so many rows the user owns.
fn owned(reach: &Reach) -> f64 {
    let of = &reach.object_type;
    let (Some(owner), Some(column), Some(table)) = (reach.owner(), &of.owner_column, of.relation)
    else {
        return 0.0;
    };
    let share =
        owner_value(reach, owner, table, column).and_then(|v| statistics::share(table, column, v));
    statistics::rows(table) * share.map_or(DEFAULT_OWNED, |share| share.share)
}

fn owner_value(reach: &Reach, owner: &Key, table: Oid, column: &str) -> Option<Value> {
    let (_, declared, _) = Relation::open(table).column(column)?;
    let base = types::base(declared);
    match catalog::spelled(reach.holder.sources.users.as_ref(), owner, base) {
        Reading::Spells(key) => Value::of_key(&key, base).ok().flatten(),
        _ => None,
    }
}

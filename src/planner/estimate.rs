//! How much a user or group reaches, looked up while planning and so bounded.

use std::cell::RefCell;
use std::rc::Rc;

use pgrx::pg_sys::Oid;

use super::asked::{Asked, Who};
use crate::catalog::{self, Kind, ObjectType, SubjectSource, Subjects, UserId};
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
    who: Subject,
    perm: String,
    object_type: i32,
}

#[derive(PartialEq, Eq)]
enum Subject {
    User(UserId),
    Group(Option<String>),
}

thread_local! {
    /// The planner asks the same many times over for one query.
    static LAST: RefCell<Vec<(Question, Estimate)>> = const { RefCell::new(Vec::new()) };
}

/// So many answers are remembered.
const REMEMBERED: usize = 8;

/// Estimates what the call asks about.
pub fn estimate(
    asked: &Asked,
    object_type: &Rc<ObjectType>,
    planner: &Planner,
) -> Result<Estimate> {
    let Some(perm) = asked.perm(Some(planner)) else { return Ok(Estimate::Unknown) };
    if object_type.permission(&perm).is_err() {
        return Ok(Estimate::Unknown);
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
    let (who, group): (Subject, Option<Value>) = match asked.who {
        Who::User(user) => match foreseen(user, Kind::User) {
            Ok(value) => (Subject::User(catalog::user_id(&sources, value)?), None),
            Err(unknown) => return Ok(unknown),
        },
        Who::Current => {
            set_user::plans_depend();
            (Subject::User(session::current(&sources)?), None)
        }
        Who::Group(group) => match foreseen(group, Kind::Group) {
            Ok(value) => (Subject::Group(value.map(Value::print)), value),
            Err(unknown) => return Ok(unknown),
        },
    };
    let question = Question { stamp: snapshot::stamp(), who, perm, object_type: object_type.id };
    let known = LAST.with_borrow(|last| {
        last.iter().find(|(asked, _)| *asked == question).map(|(_, estimate)| *estimate)
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let subjects = match &question.who {
        Subject::User(id) => Subjects::of_user(&sources, id, true)?,
        Subject::Group(_) => catalog::group_subjects(&sources, group, true)?,
    };
    let holder = Holder {
        sources,
        subjects: Rc::new(subjects),
        accept_model_level: true,
        with_superuser: true,
    };
    let giving = object_type.giving(&question.perm)?;
    let estimate = of_reach(&Reach { object_type: Rc::clone(object_type), giving, holder })?;
    LAST.with_borrow_mut(|last| {
        last.retain(|(known, _)| known.stamp == question.stamp);
        last.truncate(REMEMBERED - 1);
        last.insert(0, (question, estimate));
    });
    Ok(estimate)
}

fn of_reach(reach: &Reach) -> Result<Estimate> {
    if reach.is_everywhere()? {
        return Ok(Estimate::Everywhere);
    }
    let pairs = reach.pairs();
    let family = reach.object_type.shape.family();
    let mut cursor = Cursor::default();
    let mut counted = 0;
    let mut count = |most: usize| {
        held::read(family, &pairs, &mut cursor, most, |_| counted += 1)?;
        Ok::<_, Error>((cursor.is_at_end(), counted as f64))
    };
    let (mut all, mut objects) = count(COUNTED_FIRST)?;
    if !all {
        let known = known_grants(family, &pairs)?;
        // Those who hold many are among a column's most common values, and need not be counted.
        if known.certain < COUNTED as f64 {
            (all, objects) = count(COUNTED - COUNTED_FIRST)?;
        }
        if !all {
            // There are more than were counted, whatever the statistics say.
            objects = known.likely.max(2.0 * objects);
        }
    }
    Ok(Estimate::Objects(objects + owned(reach)))
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

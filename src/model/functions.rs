//! apply_model and model, as SQL calls them.

use rowgrant_core::model::{self, Change, Model};
use serde_json::json;

use super::carry_out::carry_out;
use super::current::current;
use super::wanted::{Wanted, invalid};
use crate::catalog;
use crate::cleanup::grants;
use crate::error::{Error, Result};
use crate::pg::call::{Call, Column, Output, null_argument};
use crate::pg::spi::See;
use crate::pg::{lock, owner, snapshot};
use crate::setup;

/// `model()`: the document that would make what stands.
pub fn model(_call: &Call) -> Result<Output> {
    let current = owner::run(|| current(See::Statement))?;
    let json = serde_json::to_value(current).map_err(|why| Error::internal(why.to_string()))?;
    Ok(Output::Json(json))
}

/// A change, and how many grants go with it.
struct Planned {
    change: Change,
    grants: i64,
}

/// `apply_model(model, dry_run)`: brings the document about by the least change, and returns the
/// changes; the dry run only returns them.
pub fn apply_model(call: &Call) -> Result<Output> {
    let document = call.value(0).ok_or_else(|| null_argument("model"))?.print();
    let dry_run = call.bool(1).unwrap_or(false);
    let document = model::parse(&document).map_err(invalid)?;
    model::check(&document).map_err(invalid)?;
    let rows = call.rows()?;
    if !dry_run {
        setup::lock()?;
    }
    // Only now, when nobody else can change it.
    snapshot::with_latest(|| {
        let before = owner::run(|| current(See::Latest))?;
        let wanted = Wanted::new(&before, document)?;
        let plan = plan(&before, &wanted, dry_run)?;
        if !dry_run {
            refuse_silent_loss(&wanted.model, &plan)?;
            let changes: Vec<&Change> = plan.iter().map(|planned| &planned.change).collect();
            owner::run(|| carry_out(&wanted, &changes))?;
        }
        for Planned { change, grants } in &plan {
            let (action, subject, mut detail) = change.row();
            if *grants > 0
                && let Some(detail) = detail.as_object_mut()
            {
                detail.insert("grants".into(), json!(grants));
            }
            let action = Column::Text(action.to_owned());
            rows.push([action, Column::Text(subject), Column::Json(detail)]);
        }
        Ok(Output::Set)
    })
}

fn plan(before: &Model, wanted: &Wanted, dry_run: bool) -> Result<Vec<Planned>> {
    let changes = model::changes(before, &wanted.model);
    // Changes name a type as it will be called.
    let former = |name: &str| {
        let renamed = changes.iter().find_map(|change| match change {
            Change::Rename { from, to } if to == name => Some(from.clone()),
            _ => None,
        });
        renamed.unwrap_or_else(|| name.to_owned())
    };
    // Nobody grants on it once it is counted.
    let counted = |name: &str| {
        let object_type = catalog::object_type(name)?;
        if !dry_run {
            lock::for_removal(object_type.id)?;
        }
        Ok(object_type)
    };
    let count = |change: &Change| match change {
        Change::Unprotect { object_type } => grants::count(&counted(object_type)?.permission_ids()),
        Change::ChangeKey { object_type, .. } => {
            grants::count_on_objects(&counted(&former(object_type))?.permission_ids())
        }
        Change::DropPerm { object_type, perm } => {
            let id = counted(&former(object_type))?.permission(perm)?.id;
            // Those on objects have gone with the key.
            let rekeyed = changes.iter().any(
                |other| matches!(other, Change::ChangeKey { object_type: of, .. } if of == object_type),
            );
            if rekeyed { grants::count_model_level(&[id]) } else { grants::count(&[id]) }
        }
        _ => Ok(0),
    };
    let counts = owner::run(|| changes.iter().map(count).collect::<Result<Vec<i64>>>())?;
    let planned = changes.into_iter().zip(counts);
    Ok(planned.map(|(change, grants)| Planned { change, grants }).collect())
}

/// Refuses with `2BP01` where grants would go and the document does not say that they may.
fn refuse_silent_loss(model: &Model, plan: &[Planned]) -> Result<()> {
    let losses: Vec<String> = plan
        .iter()
        .filter(|planned| planned.grants > 0)
        .map(|planned| {
            let (action, subject, _) = planned.change.row();
            format!("{action} {subject}: {}", planned.grants)
        })
        .collect();
    if losses.is_empty() || model.drop_grants {
        return Ok(());
    }
    Err(Error::in_use(format!("the model would take grants away ({})", losses.join(", "))).hint(
        "Revoke them first, or let the document say \"drop_grants\": true. \
         dry_run => true lists all changes.",
    ))
}

//! Who holds permissions at model level, remembered while what statements see stays the same: asked
//! of every object that is refused, it is told by few grants, or none, as a rule.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::error::Result;
use crate::pg::grants::{self, Wanted};
use crate::pg::snapshot::{self, Stamp};

/// Of a permission with more grants at model level than this none are remembered.
const FEW: usize = 64;

/// By permission: the subjects, ascending, where they are few.
type Holders = HashMap<i32, Option<Rc<[i32]>>>;

thread_local! {
    static MEMO: RefCell<(Option<Stamp>, Holders)> = RefCell::default();
}

/// Whether any wanted subject holds any wanted permission at model level.
pub fn is_held(wanted: Wanted) -> Result<bool> {
    for &permission in wanted.permissions {
        let held = match holders(permission)? {
            Some(holders) => holders.iter().any(|id| wanted.subjects.binary_search(id).is_ok()),
            None => grants::any_model_level(Wanted { permissions: &[permission], ..wanted })?,
        };
        if held {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holders(permission: i32) -> Result<Option<Rc<[i32]>>> {
    let stamp = Some(snapshot::stamp());
    let known = MEMO.with_borrow_mut(|(known_at, holders)| {
        if *known_at != stamp {
            *known_at = stamp;
            holders.clear();
        }
        holders.get(&permission).cloned()
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let found = grants::model_level_holders(permission, FEW)?.map(Rc::from);
    MEMO.with_borrow_mut(|(_, holders)| holders.insert(permission, found.clone()));
    Ok(found)
}

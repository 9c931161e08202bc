//! The symbols that sql/ names. One that an installed schema names must stay, or upgrades of the
//! library would break it before the extension is updated.

use pgrx::PgLogLevel;
use pgrx::pg_sys::{self, Datum, panic::ErrorReport};

use super::call::{Call, Output, Returned};
use super::ddl::{self, Statement};
use super::plan::{Answer, Request};
use super::snapshot;
use super::trigger::Trigger;
use crate::error::{Error, Result};
use crate::{check, cleanup, doctor, grants, guardian, listing, model, planner, session, setup};

fn raise(error: Error) -> ! {
    let mut report = ErrorReport::new(error.code, error.message, "rowgrant");
    if let Some(hint) = error.hint {
        report = report.set_hint(hint);
    }
    report.report(PgLogLevel::ERROR);
    unreachable!("an error was raised and did not leave")
}

fn run<R: Returned>(fcinfo: pg_sys::FunctionCallInfo, function: fn(&Call) -> Result<R>) -> Datum {
    // SAFETY: PostgreSQL calls with the structure of a running call.
    let call = unsafe { Call::new(fcinfo) };
    match function(&call) {
        Ok(returned) => {
            let datum = returned.datum();
            // SAFETY: as above.
            unsafe { (*fcinfo).isnull = datum.is_none() };
            datum.unwrap_or(Datum::null())
        }
        Err(error) => raise(error),
    }
}

fn run_change(fcinfo: pg_sys::FunctionCallInfo, function: fn(&Call) -> Result<Output>) -> Datum {
    snapshot::with_latest(|| run(fcinfo, function))
}

fn run_trigger(fcinfo: pg_sys::FunctionCallInfo, function: fn(&Trigger) -> Result<()>) -> Datum {
    // SAFETY: PostgreSQL calls with the structure of a running call.
    let trigger = unsafe { Trigger::new(fcinfo) };
    let run = |trigger: Trigger| {
        snapshot::with_latest(|| function(&trigger))?;
        Ok(trigger.result())
    };
    match trigger.and_then(run) {
        Ok(result) => result,
        Err(error) => raise(error),
    }
}

fn run_event(fcinfo: pg_sys::FunctionCallInfo, function: fn(&Statement) -> Result<()>) -> Datum {
    // SAFETY: PostgreSQL calls with the structure of a running call.
    let statement = unsafe { ddl::statement(fcinfo) };
    match snapshot::with_latest(|| function(&statement)) {
        Ok(()) => Datum::null(),
        Err(error) => raise(error),
    }
}

fn run_support(fcinfo: pg_sys::FunctionCallInfo, function: fn(Request) -> Result<Answer>) -> Datum {
    // SAFETY: the planner calls with a pointer to its request.
    unsafe {
        let node = (*fcinfo).args.as_slice(1)[0].value.cast_mut_ptr::<pg_sys::Node>();
        if !pg_sys::ActiveSnapshotSet() {
            return Datum::null();
        }
        let Some(request) = Request::new(node) else { return Datum::null() };
        match function(request) {
            Ok(answer) => answer.write(node),
            // What is wrong with the call is for the call to say, if it is ever made.
            Err(_) => Datum::null(),
        }
    }
}

macro_rules! symbols {
    ($($name:ident, $info:ident => $run:ident, $function:path;)*) => {$(
        #[pgrx::pg_guard]
        #[unsafe(no_mangle)]
        pub extern "C-unwind" fn $name(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
            $run(fcinfo, $function)
        }

        #[unsafe(no_mangle)]
        pub extern "C" fn $info() -> &'static pg_sys::Pg_finfo_record {
            static RECORD: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
            &RECORD
        }
    )*};
}

symbols! {
    rowgrant_has_perm_key, pg_finfo_rowgrant_has_perm_key => run, check::has_perm_key;
    rowgrant_has_perm_row, pg_finfo_rowgrant_has_perm_row => run, check::has_perm_row;
    rowgrant_has_perm_model, pg_finfo_rowgrant_has_perm_model => run, check::has_perm_model;
    rowgrant_can_key, pg_finfo_rowgrant_can_key => run, check::can_key;
    rowgrant_can_row, pg_finfo_rowgrant_can_row => run, check::can_row;
    rowgrant_can_model, pg_finfo_rowgrant_can_model => run, check::can_model;
    rowgrant_has_perm_columns, pg_finfo_rowgrant_has_perm_columns => run, check::has_perm_columns;
    rowgrant_can_columns, pg_finfo_rowgrant_can_columns => run, check::can_columns;
    rowgrant_keys_for_user, pg_finfo_rowgrant_keys_for_user => run, listing::keys_for_user;
    rowgrant_keys_for_group, pg_finfo_rowgrant_keys_for_group => run, listing::keys_for_group;
    rowgrant_key_may_be, pg_finfo_rowgrant_key_may_be => run, planner::key_may_be;
    rowgrant_reach_support, pg_finfo_rowgrant_reach_support => run_support, planner::answer;
    rowgrant_set_user, pg_finfo_rowgrant_set_user => run, session::set_user;
    rowgrant_enable_rls, pg_finfo_rowgrant_enable_rls => run_change, setup::enable_rls;
    rowgrant_disable_rls, pg_finfo_rowgrant_disable_rls => run_change, setup::disable_rls;
    rowgrant_stored_subject, pg_finfo_rowgrant_stored_subject => run, grants::stored_subject;
    rowgrant_set_expiry, pg_finfo_rowgrant_set_expiry => run_change, grants::set_expiry;
    rowgrant_stored_key, pg_finfo_rowgrant_stored_key => run, grants::stored_key;
    rowgrant_current_user_id, pg_finfo_rowgrant_current_user_id => run, session::current_user_id;
    rowgrant_has_perms, pg_finfo_rowgrant_has_perms => run, check::has_perms;
    rowgrant_group_has_perm, pg_finfo_rowgrant_group_has_perm => run, check::group_has_perm;
    rowgrant_require_perm_key, pg_finfo_rowgrant_require_perm_key => run, check::require_perm_key;
    rowgrant_require_perm_row, pg_finfo_rowgrant_require_perm_row => run, check::require_perm_row;
    rowgrant_require_perm_model, pg_finfo_rowgrant_require_perm_model => run, check::require_perm_model;
    rowgrant_objects_for_user, pg_finfo_rowgrant_objects_for_user => run, listing::objects_for_user;
    rowgrant_objects_for_user_rows, pg_finfo_rowgrant_objects_for_user_rows => run, listing::objects_for_user_rows;
    rowgrant_objects_for_user_perms, pg_finfo_rowgrant_objects_for_user_perms => run, listing::objects_for_user_perms;
    rowgrant_objects_for_group, pg_finfo_rowgrant_objects_for_group => run, listing::objects_for_group;
    rowgrant_objects_for_group_perms, pg_finfo_rowgrant_objects_for_group_perms => run, listing::objects_for_group_perms;
    rowgrant_assign_perm_key, pg_finfo_rowgrant_assign_perm_key => run_change, grants::assign_perm_key;
    rowgrant_assign_perm_row, pg_finfo_rowgrant_assign_perm_row => run_change, grants::assign_perm_row;
    rowgrant_assign_perm_model, pg_finfo_rowgrant_assign_perm_model => run_change, grants::assign_perm_model;
    rowgrant_assign_perms, pg_finfo_rowgrant_assign_perms => run_change, grants::assign_perms;
    rowgrant_assign_group_perm_key, pg_finfo_rowgrant_assign_group_perm_key => run_change, grants::assign_group_perm_key;
    rowgrant_assign_group_perm_row, pg_finfo_rowgrant_assign_group_perm_row => run_change, grants::assign_group_perm_row;
    rowgrant_assign_group_perm_model, pg_finfo_rowgrant_assign_group_perm_model => run_change, grants::assign_group_perm_model;
    rowgrant_assign_group_perms, pg_finfo_rowgrant_assign_group_perms => run_change, grants::assign_group_perms;
    rowgrant_remove_perm_key, pg_finfo_rowgrant_remove_perm_key => run_change, grants::remove_perm_key;
    rowgrant_remove_perm_row, pg_finfo_rowgrant_remove_perm_row => run_change, grants::remove_perm_row;
    rowgrant_remove_perm_model, pg_finfo_rowgrant_remove_perm_model => run_change, grants::remove_perm_model;
    rowgrant_remove_perms, pg_finfo_rowgrant_remove_perms => run_change, grants::remove_perms;
    rowgrant_remove_group_perm_key, pg_finfo_rowgrant_remove_group_perm_key => run_change, grants::remove_group_perm_key;
    rowgrant_remove_group_perm_row, pg_finfo_rowgrant_remove_group_perm_row => run_change, grants::remove_group_perm_row;
    rowgrant_remove_group_perm_model, pg_finfo_rowgrant_remove_group_perm_model => run_change, grants::remove_group_perm_model;
    rowgrant_remove_group_perms, pg_finfo_rowgrant_remove_group_perms => run_change, grants::remove_group_perms;
    rowgrant_protect, pg_finfo_rowgrant_protect => run_change, setup::protect;
    rowgrant_unprotect, pg_finfo_rowgrant_unprotect => run_change, setup::unprotect;
    rowgrant_define_object_type, pg_finfo_rowgrant_define_object_type => run_change, setup::define_object_type;
    rowgrant_define_perm, pg_finfo_rowgrant_define_perm => run_change, setup::define_perm;
    rowgrant_drop_perm, pg_finfo_rowgrant_drop_perm => run_change, setup::drop_perm;
    rowgrant_register_users, pg_finfo_rowgrant_register_users => run_change, setup::register_users;
    rowgrant_register_groups, pg_finfo_rowgrant_register_groups => run_change, setup::register_groups;
    rowgrant_register_membership, pg_finfo_rowgrant_register_membership => run_change, setup::register_membership;
    rowgrant_add_member, pg_finfo_rowgrant_add_member => run_change, setup::add_member;
    rowgrant_remove_member, pg_finfo_rowgrant_remove_member => run_change, setup::remove_member;
    rowgrant_add_subgroup, pg_finfo_rowgrant_add_subgroup => run_change, setup::add_subgroup;
    rowgrant_remove_subgroup, pg_finfo_rowgrant_remove_subgroup => run_change, setup::remove_subgroup;
    rowgrant_apply_model, pg_finfo_rowgrant_apply_model => run_change, model::apply_model;
    rowgrant_model, pg_finfo_rowgrant_model => run, model::model;
    rowgrant_import_guardian, pg_finfo_rowgrant_import_guardian => run_change, guardian::import_guardian;
    rowgrant_perms_for_user, pg_finfo_rowgrant_perms_for_user => run, check::perms_for_user;
    rowgrant_perms_for_group, pg_finfo_rowgrant_perms_for_group => run, check::perms_for_group;
    rowgrant_explain_perm, pg_finfo_rowgrant_explain_perm => run, check::explain_perm;
    rowgrant_users_with_perm, pg_finfo_rowgrant_users_with_perm => run, listing::users_with_perm;
    rowgrant_users_with_perms, pg_finfo_rowgrant_users_with_perms => run, listing::users_with_perms;
    rowgrant_groups_with_perms, pg_finfo_rowgrant_groups_with_perms => run, listing::groups_with_perms;
    rowgrant_orphans, pg_finfo_rowgrant_orphans => run, cleanup::orphans;
    rowgrant_clean_orphans, pg_finfo_rowgrant_clean_orphans => run_change, cleanup::clean_orphans;
    rowgrant_doctor, pg_finfo_rowgrant_doctor => run, doctor::doctor;
    rowgrant_clean_expired, pg_finfo_rowgrant_clean_expired => run_change, doctor::clean_expired;
    rowgrant_object_changed, pg_finfo_rowgrant_object_changed => run_trigger, cleanup::object_changed;
    rowgrant_subject_changed, pg_finfo_rowgrant_subject_changed => run_trigger, cleanup::subject_changed;
    rowgrant_catalog_changed, pg_finfo_rowgrant_catalog_changed => run_trigger, cleanup::catalog_changed;
    rowgrant_table_altering, pg_finfo_rowgrant_table_altering => run_event, cleanup::table_altering;
    rowgrant_table_altered, pg_finfo_rowgrant_table_altered => run_event, cleanup::table_altered;
    rowgrant_relations_dropped, pg_finfo_rowgrant_relations_dropped => run_event, cleanup::relations_dropped;
}

/// Called once, when a backend loads the library.
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    super::session::init();
    super::snapshot::init();
    super::own::init();
}

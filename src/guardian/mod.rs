//! Bringing a Django project's permissions over: those of django-guardian on objects, generic and by
//! foreign key, and Django's own on whole models. What the tables mean is as guardian 3 and Django
//! 4 and 5 make them (`guardian/models/models.py`, `django/contrib/auth/models.py`).

mod django;
mod functions;
mod grants;
mod types;

pub use functions::import_guardian;

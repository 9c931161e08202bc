//! Errors as users see them: SQLSTATE, message and hint.

use pgrx::PgSqlErrorCode as Code;

/// An error to be raised in PostgreSQL once every Rust value has been dropped.
#[derive(Debug)]
pub struct Error {
    pub code: Code,
    pub message: String,
    pub hint: Option<String>,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// Adds the hint that tells how to mend it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `42704`: a name that stands for nothing.
    pub fn undefined(message: impl Into<String>) -> Self {
        Self::new(Code::ERRCODE_UNDEFINED_OBJECT, message)
    }

    /// `42710`: a name that is taken.
    pub fn duplicate(message: impl Into<String>) -> Self {
        Self::new(Code::ERRCODE_DUPLICATE_OBJECT, message)
    }

    /// `22P02`: a text that is no key of the type.
    pub fn invalid_key(message: impl Into<String>) -> Self {
        Self::new(Code::ERRCODE_INVALID_TEXT_REPRESENTATION, message)
    }

    /// `23503`: an object, user or group that does not exist, or is still needed.
    pub fn foreign_key(message: impl Into<String>) -> Self {
        Self::new(Code::ERRCODE_FOREIGN_KEY_VIOLATION, message)
    }

    /// `22023`: an argument that makes no sense.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, message)
    }

    /// `42501`: not allowed.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, message)
    }

    /// `0A000`: cannot be done for this kind of thing.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Code::ERRCODE_FEATURE_NOT_SUPPORTED, message)
    }

    /// `2BP01`: something still depends on it.
    pub fn in_use(message: impl Into<String>) -> Self {
        Self::new(Code::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST, message)
    }

    /// `XX000`: cannot happen while the extension's own tables are whole.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::ERRCODE_INTERNAL_ERROR, message)
    }
}

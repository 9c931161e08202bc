# shellcheck shell=bash
# Shared by the scripts beside it, which source it. Sets, for the PostgreSQL that
# PG_CONFIG names (PostgreSQL 15 of Debian and PGDG packages where it names none):
#   ROOT        the top folder of the repository
#   PG_CONFIG   pg_config of the PostgreSQL to build for
#   PG_MAJOR    its major version
#   PG_FEATURE  the cargo feature that builds for it (pg15, ...)

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config}

# rustup and `cargo install` put their programs here; a fresh login shell may not have it yet.
export PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

say() {
    printf '==> %s\n' "$*"
}

# The major version, from pg_config or, where it is not installed yet, from the packages' path.
pg_major() {
    local version
    if [[ $PG_CONFIG != */* ]]; then
        PG_CONFIG=$(command -v "$PG_CONFIG") || die "PG_CONFIG is not on the PATH"
    fi
    if [[ -x $PG_CONFIG ]]; then
        version=$("$PG_CONFIG" --version)
        [[ $version =~ ^PostgreSQL\ ([0-9]+) ]] || die "$PG_CONFIG reports \"$version\""
    else
        [[ $PG_CONFIG =~ ^/usr/lib/postgresql/([0-9]+)/bin/pg_config$ ]] ||
            die "PG_CONFIG names $PG_CONFIG, which is not there"
    fi
    PG_MAJOR=${BASH_REMATCH[1]}
    PG_FEATURE=pg$PG_MAJOR
    grep -q "^$PG_FEATURE = " "$ROOT/Cargo.toml" ||
        die "$PG_CONFIG is PostgreSQL $PG_MAJOR, which rowgrant does not support"
}
pg_major

PGRX_CONFIG=${PGRX_HOME:-$HOME/.pgrx}/config.toml

# pgrx compiles against the pg_config that its configuration file names for the version.
# Override that only where it is another one: a changed environment rebuilds all bindings.
use_pg_config() {
    if ! grep -qsF "$PG_FEATURE = \"$PG_CONFIG\"" "$PGRX_CONFIG"; then
        export PGRX_PG_CONFIG_PATH=$PG_CONFIG
    fi
}

"""The ways of asking which rows a user may view, each as a condition on a row of a table."""

# The ways as SQL. {d} is the table's alias, {table} its name, {user} the user's id, {perm} the permission's number.
ROWGRANT = {
    "has_perm": "rowgrant.has_perm({user}, 'view', {d})",
    "objects_for_user": "{d}.id IN (SELECT rowgrant.objects_for_user({user}, 'view', '{table}', NULL::bigint))",
}

OBJECTS = (
    "SELECT g.object FROM expert.grants g WHERE g.perm = {perm} AND g.subject = {user}"
    " UNION ALL SELECT g.object FROM expert.grants g JOIN memberships m ON g.subject = -m.group_id"
    " WHERE g.perm = {perm} AND m.user_id = {user}"
)
MODEL = "EXISTS (SELECT FROM expert.model_grants a WHERE a.perm = {perm} AND a.subject = {user})"
HAND = {
    "semi-join": "{d}.id IN (" + OBJECTS + ")",
    "EXISTS": "EXISTS (SELECT FROM expert.grants g WHERE g.object = {d}.id AND g.perm = {perm}"
    " AND g.subject = ANY (ARRAY[{user}] || ARRAY(SELECT -m.group_id FROM memberships m WHERE m.user_id = {user})))",
    "ANY(ARRAY)": "{d}.id = ANY (ARRAY(" + OBJECTS + "))",
}

FUNCTION = "expert.may({user}, {perm}, {d}.id)"

# As get_objects_for_user writes it. Whoever holds the model-level permission gets the queryset as it
# was: guardian has asked for that before, in two statements that are not counted here.
GUARDIAN = (
    "(({d}.id)::varchar IN (SELECT U0.object_pk FROM guardian_userobjectpermission U0"
    " INNER JOIN auth_permission U2 ON (U0.permission_id = U2.id)"
    " WHERE (U0.user_id = {user} AND U2.content_type_id = {content_type} AND U2.codename IN ('{codename}')))"
    " OR ({d}.id)::varchar IN (SELECT V0.object_pk FROM guardian_groupobjectpermission V0"
    " INNER JOIN auth_permission V2 ON (V0.permission_id = V2.id)"
    " WHERE (V0.group_id IN (SELECT U0.id FROM auth_group U0 INNER JOIN auth_user_groups U1 ON (U0.id = U1.group_id)"
    " WHERE U1.user_id = {user}) AND V2.codename IN ('{codename}') AND V2.content_type_id = {content_type})))"
)

WAYS = [*ROWGRANT, *HAND, "PL/pgSQL", "guardian"]
TABLES = {"documents": 1, "folders": 2}


def by_hand(way, model):
    """With model-level grants an expert asks for those first; without, the condition stays free of them."""
    return f"({MODEL} OR {HAND[way]})" if model else HAND[way]


def condition(way, user, table, alias, model):
    """The condition; `model` tells that the user holds the permission on the model."""
    perm = TABLES[table]
    if way in ROWGRANT:
        template = ROWGRANT[way]
    elif way in HAND:
        template = by_hand(way, model)
    elif way == "PL/pgSQL":
        template = FUNCTION
    else:
        template = "true" if model else GUARDIAN
    return template.format(d=alias, table=table, user=user, perm=perm, content_type=6 + perm, codename="view_" + table.removesuffix("s"))


# Row-level security: a role for each way, so that all policies stand on the same tables at once.
ROLES = {"can": "bench_can", "EXISTS": "bench_exists", "ANY(ARRAY)": "bench_array"}


def policies():
    """Statements that put the policies in place. The user of those written by hand is in a setting; those
    of the roles ending in _model ask for model-level grants, too."""
    user = "current_setting('bench.user_id')::integer"
    for role in (*ROLES.values(), "bench_exists_model", "bench_array_model"):
        yield f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        yield f"GRANT USAGE ON SCHEMA expert TO {role}"
        yield f"GRANT SELECT ON documents, folders, memberships, expert.grants, expert.model_grants TO {role}"
    for table, perm in TABLES.items():
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
        yield f"CREATE POLICY can ON {table} TO bench_can USING (rowgrant.can('view', {table}))"
        for way in ("EXISTS", "ANY(ARRAY)"):
            for model in (False, True):
                role = ROLES[way] + ("_model" if model else "")
                using = by_hand(way, model).format(d=table, user=user, perm=perm)
                yield f"CREATE POLICY {role} ON {table} TO {role} USING ({using})"

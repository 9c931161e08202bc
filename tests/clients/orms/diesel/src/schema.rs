diesel::table! {
    users (id) {
        id -> Int4,
        name -> Text,
        is_active -> Bool,
        is_superuser -> Bool,
    }
}

diesel::table! {
    folders (id) {
        id -> Int4,
        name -> Text,
    }
}

diesel::table! {
    documents (id) {
        id -> Int4,
        title -> Text,
        body -> Text,
        folder_id -> Int4,
        owner_id -> Nullable<Int4>,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(documents -> folders (folder_id));
diesel::joinable!(documents -> users (owner_id));
diesel::allow_tables_to_appear_in_same_query!(users, folders, documents);

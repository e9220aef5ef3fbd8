diesel::table! {
    $table (id) {
        id -> Int8,
        #[max_length = 40]
        code -> Varchar,
        title -> Text,
        note -> Nullable<Text>,
        active -> Bool,
        quantity -> Int4,
        total -> Int8,
        ratio -> Nullable<Float8>,
        created -> Timestamptz,
        parent_id -> Int8,
    }
}
diesel::joinable!($table -> $parent (parent_id)); //parent

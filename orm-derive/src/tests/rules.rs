//! Keys, lists, names and columns that are refused.

use super::{assert_fields_refused, assert_refused, model};
use crate::derive_model;

#[test]
fn a_model_has_one_primary_key() {
    assert_refused(
        derive_model,
        &[
            (
                "struct A { id: Auto<i32> }",
                &[
                    "`A` has no primary key; put `#[model(primary_key)]` on a field, or `#[model(primary_key(a, b))]` on the struct",
                ],
            ),
            (
                "#[model(primary_key(a))] struct A { #[model(primary_key)] id: i32, a: i32 }",
                &["the struct has a `primary_key(…)` already; remove one of the two"],
            ),
            (
                "struct A { #[model(primary_key)] id: Option<i32> }",
                &["a primary key is never NULL; take the type out of the `Option`"],
            ),
            (
                "#[model(primary_key(a, b))] struct A { a: i32, b: Option<i32> }",
                &["a primary key is never NULL; take the type out of the `Option`"],
            ),
            (
                "struct A { #[model(primry_key)] id: i32 }",
                &["unknown attribute `primry_key`; did you mean `primary_key`?"],
            ),
        ],
    );
}

#[test]
fn lists_name_columns() {
    assert_refused(
        derive_model,
        &[
            (
                &model("#[model(unique(titel))]", "title: String"),
                &["unknown field `titel` in #[model(unique)]; did you mean `title`?"],
            ),
            (
                &model("#[model(index(xyz))]", "title: String"),
                &["unknown field `xyz` in #[model(index)]; name a field of the struct"],
            ),
            (&model("#[model(unique(id, id))]", ""), &["`id` is listed twice in #[model(unique)]; remove one"]),
            (
                &model("#[model(unique(bs))]", "#[model(has_many = B::a)] bs: HasMany<B>"),
                &["`bs` in #[model(unique)] is no column; name the field that holds the value"],
            ),
            (
                "#[model(primary_key(a, c))] struct A { a: i32, b: i32 }",
                &["unknown field `c` in #[model(primary_key)]; name a field of the struct"],
            ),
        ],
    );
}

#[test]
fn names_fit_into_the_database() {
    let long = "x".repeat(64);
    let too_long = "the name has 64 bytes and PostgreSQL cuts it at 63; shorten it";
    let empty = "the name is empty; give it at least one character";
    let nul = "the name has a NUL byte, which PostgreSQL refuses; remove it";
    for (name, fault) in [("", empty), ("\\0", nul), (&long, too_long)] {
        for attrs in [
            "table = \"N\"",
            "schema = \"N\"",
            "unique(id, name = \"N\")",
            "index(id, name = \"N\")",
            "check(\"true\", name = \"N\")",
        ] {
            let attrs = format!("#[model({})]", attrs.replace('N', name));
            assert_refused(derive_model, &[(&model(&attrs, ""), &[fault])]);
        }
        for attrs in ["column = \"N\"", "unique(name = \"N\")", "index(name = \"N\")", "check(\"true\", name = \"N\")"]
        {
            let fields = format!("#[model({})] a: i32", attrs.replace('N', name));
            assert_refused(derive_model, &[(&model("", &fields), &[fault])]);
        }
        let through = format!("#[model(through(\"{name}\", a, b))] bs: HasMany<B>");
        assert_refused(derive_model, &[(&model("", &through), &[fault])]);
    }
    let by_column = format!("{too_long} by `column = \"…\"`");
    assert_refused(derive_model, &[(&model("", &format!("{long}: i32")), &[&by_column])]);
}

#[test]
fn names_do_not_clash() {
    assert_fields_refused(&[
        (
            "a: i32, #[model(column = \"a\")] b: i32",
            &["`a` and `b` are both the column `a`; name another by `column = \"…\"`"],
        ),
        ("c: i32", &["`c` clashes with the model's own `c`; put `#[model(constants = off)]` on the field"]),
        ("TABLE: i32", &["`TABLE` clashes with the model's own `TABLE`; put `#[model(constants = off)]` on the field"]),
        (
            "builder: i32",
            &["`builder` clashes with the model's own `builder`; put `#[model(constants = off)]` on the field"],
        ),
        (
            "build: i32",
            &[
                "`build` clashes with the builder's method; rename the field and keep the column by `column = \"build\"`",
            ],
        ),
        ("#[model(constants = off)] c: i32", &[]),
    ]);
}

#[test]
fn columns_keep_the_rules_of_the_database() {
    assert_fields_refused(&[
        (
            "a: Auto<i32>",
            &[
                "an `Auto` value is made by the server; say how by `default = \"sql\"`, `generated = \"sql\"` or `trigger`, or take the type out of the `Auto`",
            ],
        ),
        ("#[model(default = \"now()\")] a: Auto<i32>", &[]),
        (
            "#[model(generated = \"x\")] a: i32",
            &["a generated value is unknown before it is written; make the type an `Auto<…>` or an `Option<…>`"],
        ),
        (
            "#[model(generated = \"x\", default = \"1\")] a: Auto<i32>",
            &["a generated column has no default; remove `default` or `generated`"],
        ),
        (
            "#[model(length = 3)] a: i32",
            &["`length` is for `String`, `Option<String>` and `Auto<String>`; write the type by `sql_type = \"…\"`"],
        ),
        (
            "#[model(length = 0)] a: Option<String>",
            &["a length is a number from 1 to 10485760; leave `length` out for text of any length"],
        ),
        ("#[model(on_delete = cascade)] a: i32", &["`on_delete` is for foreign keys; add `references = Model::field`"]),
        ("#[model(deferrable)] a: i32", &["`deferrable` is for foreign keys; add `references = Model::field`"]),
        (
            "#[model(index = false)] a: i32",
            &["`index = false` is for foreign keys, which have an index otherwise; remove it"],
        ),
        (
            "#[model(references = B::id, on_delete = set_null)] a: i32",
            &["`set_null` needs columns that may be NULL; make the type of `a` an `Option<…>`"],
        ),
        ("#[model(references = B::id, on_delete = set_null)] a: Option<i32>", &[]),
        ("#[model(version)] a: i32, #[model(version)] b: i32", &["a model has one `version`; remove this one"]),
    ]);
}

#[test]
fn what_every_update_sets_can_be_set() {
    assert_fields_refused(&[
        ("#[model(on_update = \"now()\")] a: Option<i64>", &[]),
        ("#[model(on_update = \"now()\", default = \"now()\")] a: Auto<i64>", &[]),
        ("#[model(references = B::id, on_update = \"x()\")] a: i32", &[]),
        ("#[model(on_update = cascade)] a: i32", &["`on_update` is for foreign keys; add `references = Model::field`"]),
        (
            "#[model(on_update = \"now()\", on_delete = cascade)] a: i32",
            &["`on_delete` is for foreign keys; add `references = Model::field`"],
        ),
        (
            "#[model(on_update = \"now()\")] a: Auto<i64>",
            &[
                "`on_update` makes the value of an `Auto` with an update only; say by `default = \"sql\"` what a new row has",
            ],
        ),
        ("#[model(on_update = \"1\", version)] a: i32", &["a version is raised by every update; remove `on_update`"]),
        (
            "#[model(on_update = \"1\", generated = \"2\")] a: Option<i32>",
            &["a generated column cannot be set; remove `on_update`"],
        ),
    ]);
    assert_refused(
        derive_model,
        &[
            (
                "struct A { #[model(primary_key, on_update = \"1\")] id: i32 }",
                &["a primary key stays as it is with an update; remove `on_update`"],
            ),
            (
                &model("#[model(soft_delete = a)]", "#[model(on_update = \"now()\")] a: Option<i64>"),
                &["the column of `soft_delete` is set by a deletion; remove `on_update`"],
            ),
        ],
    );
}

#[test]
fn what_a_trigger_sets_has_no_other_maker() {
    assert_fields_refused(&[
        ("#[model(trigger)] a: Option<i64>", &[]),
        ("#[model(trigger)] a: Auto<i64>", &[]),
        ("#[model(trigger)] a: String", &[]),
        ("#[model(trigger, default = \"1\", on_update = \"2\")] a: Auto<i64>", &[]),
        ("#[model(trigger, references = B::id)] a: Option<i32>", &[]),
        ("#[model(trigger = insert)] a: i32", &["`trigger` is written `trigger`"]),
        (
            "#[model(trigger, generated = \"1\")] a: Option<i32>",
            &["a generated column is made by its expression, after all triggers; remove `trigger`"],
        ),
        ("#[model(trigger, version)] a: i32", &["a version is raised by the statements themselves; remove `trigger`"]),
        ("#[model(trigger, skip)] a: i32", &["a skipped field is in no table; remove `trigger` or `skip`"]),
        (
            "#[model(trigger, has_many = B::a)] bs: HasMany<B>",
            &["`trigger` belongs on a column, and `bs` is a relationship; remove it"],
        ),
    ]);
    assert_refused(
        derive_model,
        &[
            (
                "struct A { #[model(primary_key, trigger)] id: Auto<i32> }",
                &["a row is told by its primary key, which no trigger may set; remove `trigger`"],
            ),
            (
                "#[model(primary_key(a, b))] struct A { a: i32, #[model(trigger)] b: i32 }",
                &["a row is told by its primary key, which no trigger may set; remove `trigger`"],
            ),
            (
                &model("#[model(soft_delete = a)]", "#[model(trigger)] a: Option<i64>"),
                &["the column of `soft_delete` is set by a deletion; remove `trigger`"],
            ),
            (&model("#[model(trigger)]", ""), &["`trigger` is not expected here; it belongs on a column"]),
        ],
    );
}

#[test]
fn a_soft_delete_names_a_column_that_may_be_null() {
    assert_refused(
        derive_model,
        &[
            (&model("#[model(soft_delete = a)]", "a: Option<i64>"), &[]),
            (
                &model("#[model(soft_delete = a)]", "a: i64"),
                &["`a` is NULL until the row is deleted, as `soft_delete` names it; make the type an `Option<…>`"],
            ),
            (
                &model("#[model(soft_delete = id)]", ""),
                &["`id` is in the primary key; `soft_delete` names another field"],
            ),
            (
                &model("#[model(soft_delete = b)]", "a: Option<i64>"),
                &["unknown field `b` in #[model(soft_delete)]; name a field of the struct"],
            ),
            (
                &model("#[model(soft_delete = bs)]", "#[model(has_many = B::a)] bs: HasMany<B>"),
                &["`bs` in #[model(soft_delete)] is no column; name the field that holds the value"],
            ),
            (
                &model("#[model(soft_delete = \"a\")]", "a: Option<i64>"),
                &["`soft_delete` is written `soft_delete = field`"],
            ),
            (&model("#[model(soft_delete)]", "a: Option<i64>"), &["`soft_delete` is written `soft_delete = field`"]),
            (
                &model("", "#[model(soft_delete = a)] a: Option<i64>"),
                &["`soft_delete` is not expected here; it belongs on the struct"],
            ),
            (
                &model("#[model(soft_delete = a)]", "#[model(default = \"now()\")] a: Option<i64>"),
                &["the column of `soft_delete` is set by a deletion; remove `default`"],
            ),
            (
                &model("#[model(soft_delete = a)]", "#[model(generated = \"now()\")] a: Option<i64>"),
                &["the column of `soft_delete` is set by a deletion; remove `generated`"],
            ),
        ],
    );
}

//! What is refused before its meaning is looked at: words and their shapes.

use super::{assert_fields_refused, assert_refused, messages, model};
use crate::derive_model;

#[test]
fn what_is_no_struct_with_named_fields_is_refused() {
    assert_refused(
        derive_model,
        &[
            ("struct A(i32);", &["a model has named fields, one a column; name them: `struct Course { id: … }`"]),
            ("struct A;", &["a model has fields, one a column; add them: `struct Course { id: … }`"]),
            ("enum A { B }", &["a model is a struct; for a column's type, use `#[derive(Enum)]`"]),
            ("union A { a: i32 }", &["a model is a struct; make it one"]),
            (
                "struct A<T> { #[model(primary_key)] id: T }",
                &["a model is one table and has no type parameters, constants or lifetimes; remove them"],
            ),
            (
                "struct A<'a> { #[model(primary_key)] id: &'a str }",
                &["a model is one table and has no type parameters, constants or lifetimes; remove them"],
            ),
        ],
    );
}

#[test]
fn unknown_misplaced_and_double_attributes_are_refused() {
    assert_fields_refused(&[
        ("#[model(lenght = 3)] a: String", &["unknown attribute `lenght`; did you mean `length`?"]),
        ("#[model(table = \"x\")] a: String", &["`table` is not expected here; it belongs on the struct"]),
        ("#[model(length = 3, length = 4)] a: String", &["duplicate attribute `length`; keep one of them"]),
        ("#[model(length = 3)] #[model(length = 4)] a: String", &["duplicate attribute `length`; keep one of them"]),
        ("#[model] a: String", &["write the attributes of a model in parentheses: `#[model(…)]`"]),
        (
            "#[model(order_by = B::a)] a: String",
            &["`order_by` belongs on a relationship, and `a` is a column; remove it"],
        ),
        (
            "#[model(has_many = B::a, unique)] a: HasMany<B>",
            &["`unique` belongs on a column, and `a` is a relationship; remove it"],
        ),
        ("#[model(skip, length = 3)] a: String", &["a skipped field is in no table; remove `length` or `skip`"]),
    ]);
    assert_refused(
        derive_model,
        &[
            (&model("#[model(length = 3)]", ""), &["`length` is not expected here; it belongs on a column"]),
            (
                &model("#[model(has_many = A::b)]", ""),
                &["`has_many` is not expected here; it belongs on a relationship"],
            ),
            (
                &model("#[model(colour)]", ""),
                &[
                    "unknown attribute `colour`; known are table, schema, primary_key, unique, index, check, soft_delete, view, materialized_view, comment, constants, crate",
                ],
            ),
            (&model("#[model(table = \"a\", table = \"b\")]", ""), &["duplicate attribute `table`; keep one of them"]),
        ],
    );
}

#[test]
fn attributes_of_the_wrong_shape_are_refused_with_the_right_one() {
    assert_refused(
        derive_model,
        &[
            (&model("#[model(table = 3)]", ""), &["`table` is written `table = \"name\"`"]),
            (&model("#[model(table(\"x\"))]", ""), &["`table` is written `table = \"name\"`"]),
            (&model("#[model(table)]", ""), &["`table` is written `table = \"name\"`"]),
            (&model("#[model(constants = on)]", ""), &["`constants` is written `constants = off`"]),
            (
                &model("#[model(check(3))]", ""),
                &["`check` is written `check(\"sql\")` or `check(\"sql\", name = \"name\")`"],
            ),
            (
                &model("#[model(unique)]", ""),
                &["`unique` is written `unique(field, field)` or `unique(field, field, name = \"name\")`"],
            ),
            (
                &model("#[model(index(id, sort = \"x\"))]", ""),
                &[
                    "`index` is written `index(field, field)`, also with `unique`, `using = \"gin\"`, `where = \"sql\"`, `name = \"name\"`",
                ],
            ),
        ],
    );
    assert_fields_refused(&[
        ("#[model(length = \"3\")] a: String", &["`length` is written `length = 40`"]),
        ("#[model(version = 3)] a: i32", &["`version` is written `version`"]),
        ("#[model(references = id)] a: i32", &["`references` is written `references = Model::field`"]),
        (
            "#[model(references = B::id, on_delete = destroy)] a: i32",
            &["`on_delete` is written `on_delete = cascade`, `restrict`, `set_null`, `set_default` or `no_action`"],
        ),
        (
            "#[model(on_update = now)] a: i32",
            &[
                "`on_update` is written `on_update = \"sql\"`, or of a foreign key `on_update = cascade`, `restrict`, `set_null`, `set_default` or `no_action`",
            ],
        ),
        ("#[model(has_many = bs)] a: HasMany<B>", &["`has_many` is written `has_many = Model::field`"]),
        (
            "#[model(through = A::b)] a: HasMany<B>",
            &["`through` is written `through = (Model::field, Model::field)` or `through(\"table\", column, column)`"],
        ),
        (
            "#[model(has_many = B::a, orphans = keep)] a: HasMany<B>",
            &["`orphans` is written `orphans = delete` or `orphans = nullify`"],
        ),
    ]);
}

#[test]
fn all_errors_come_at_once() {
    let fields = "#[model(lenght = 3)] a: String, #[model(length = 0)] b: String, c: i32, d: HasOne<B>";
    assert_eq!(messages(derive_model, &model("#[model(table = \"\")]", fields)).len(), 5);
}

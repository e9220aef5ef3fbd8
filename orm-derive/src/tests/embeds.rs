//! Embedded structs that are refused, and fields that hold them.

use super::{assert_fields_refused, assert_refused, model};
use crate::{derive_embed, derive_model};

#[test]
fn embedded_structs_have_columns() {
    let no_struct = "what is embedded is a struct with named fields; write `struct Address { city: String }`";
    assert_refused(
        derive_embed,
        &[
            ("struct A;", &[no_struct]),
            ("struct A(i32);", &[no_struct]),
            ("struct A {}", &[no_struct]),
            ("enum A { B }", &[no_struct]),
            (
                "struct A<T> { a: T }",
                &["an embedded struct has no type parameters, constants or lifetimes; remove them"],
            ),
            (
                "struct A { a: i32, #[model(column = \"a\")] b: i32 }",
                &["`a` and `b` are both the column `a`; name another by `column = \"…\"`"],
            ),
            (
                "struct A { a: i32, #[model(primary_key)] b: i32 }",
                &["`primary_key` is not expected here; it belongs on a column"],
            ),
            ("struct A { a: BelongsTo<B> }", &["a relationship belongs to a model; move it there, with its key"]),
            ("struct A { #[model(embed)] a: HasMany<B> }", &["a relationship is not embedded; remove `embed`"]),
            (
                "struct A { #[model(embed, length = 3)] a: B }",
                &["`length` is of one column, and `a` is several; put it on a field inside"],
            ),
            (
                "#[model(table = \"a\")] struct A { a: i32 }",
                &["`table` is not expected here; it belongs on the struct"],
            ),
        ],
    );
}

#[test]
fn a_field_that_holds_an_embedded_struct_has_no_attributes_of_a_column() {
    assert_fields_refused(&[
        (
            "#[model(embed, unique, default = \"1\")] a: A",
            &[
                "`unique` is of one column, and `a` is several; put it on a field inside",
                "`default` is of one column, and `a` is several; put it on a field inside",
            ],
        ),
        ("#[model(embed = 3)] a: A", &["`embed` is written `embed` or `embed = \"prefix_\"`"]),
        ("#[model(embed)] a: HasMany<A>", &["a relationship is not embedded; remove `embed`"]),
    ]);
}

#[test]
fn lists_name_columns_inside_embedded_structs() {
    let fields = "#[model(embed)] a: A, b: i32";
    let several = "`a` in #[model(index)] is several columns; name one of them, as `a.field`";
    let own = "#[model(primary_key)] names columns of the model's own; move the field into the model";
    for (attrs, expected) in [
        ("#[model(index(a))]", vec![several]),
        ("#[model(index(a.x, a.x))]", vec!["`a.x` is listed twice in #[model(index)]; remove one"]),
        ("#[model(index(b.x))]", vec!["`b` in #[model(index)] is no embedded struct; name the field alone"]),
        ("#[model(unique(b, a.x.y))]", vec![]),
    ] {
        assert_refused(derive_model, &[(&model(attrs, fields), &expected)]);
    }
    let keyed = "#[model(primary_key(a.x))] struct C { #[model(embed)] a: A, b: i32 }";
    let no_key = crate::tests::messages(derive_model, keyed);
    assert!(no_key.iter().any(|message| message == own), "{no_key:?}");
}

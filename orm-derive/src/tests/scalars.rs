//! Enums and newtypes that are refused.

use super::assert_refused;
use crate::{derive_enumeration, derive_newtype};

#[test]
fn enums_without_labels_are_refused() {
    let long = format!("enum A {{ #[model(rename = \"{}\")] B }}", "x".repeat(64));
    assert_refused(
        derive_enumeration,
        &[
            (
                "struct A;",
                &[
                    "a native enum is made of an enum; use `#[derive(Newtype)]` for a wrapper, `#[derive(Model)]` for a table",
                ],
            ),
            ("enum A {}", &["a native enum has at least one label; add a variant"]),
            ("enum A { B(i32), C }", &["a label of a native enum carries no values; remove the fields"]),
            (
                "enum A<T> { B }",
                &["an enum in the database has no type parameters, constants or lifetimes; remove them"],
            ),
            (
                "enum A { B, #[model(rename = \"b\")] C }",
                &["`B` and `C` are both the label `b`; rename one by `#[model(rename = \"…\")]`"],
            ),
            (&long, &["the name has 64 bytes and PostgreSQL cuts it at 63; shorten it"]),
            ("enum A { #[model(rename = \"\")] B }", &["the name is empty; give it at least one character"]),
            ("#[model(name = \"\")] enum A { B }", &["the name is empty; give it at least one character"]),
            (
                "#[model(rename_all = \"snakecase\")] enum A { B }",
                &["unknown rule `snakecase` for the labels; did you mean `snake_case`?"],
            ),
            ("#[model(rename = \"x\")] enum A { B }", &["`rename` is not expected here; it belongs on a variant"]),
            ("enum A { #[model(renam = \"x\")] B }", &["unknown attribute `renam`; did you mean `rename`?"]),
            ("enum A { #[model(rename = 3)] B }", &["`rename` is written `rename = \"label\"`"]),
        ],
    );
}

#[test]
fn newtypes_wrap_one_value() {
    let one = "a newtype is a struct with one field; write `struct CourseId(i32);`";
    assert_refused(
        derive_newtype,
        &[
            ("struct A(i32, i32);", &[one]),
            ("struct A;", &[one]),
            ("struct A { a: i32, b: i32 }", &[one]),
            ("enum A { B }", &[one]),
            ("struct A<T>(T);", &["a newtype has no type parameters, constants or lifetimes; remove them"]),
            (
                "struct A(Option<i32>);",
                &["a newtype wraps the value itself; put the `Option` or `Auto` around the newtype instead"],
            ),
            ("#[model(table = \"x\")] struct A(i32);", &["`table` is not expected here; it belongs on the struct"]),
        ],
    );
}

//! Composite types that are refused.

use super::assert_refused;
use crate::derive_composite;

#[test]
fn composite_types_have_members() {
    let no_struct = "a composite type is a struct with named fields; write `struct Address { city: String }`";
    assert_refused(
        derive_composite,
        &[
            ("struct A;", &[no_struct]),
            ("struct A(i32);", &[no_struct]),
            ("struct A {}", &[no_struct]),
            ("enum A { B }", &[no_struct]),
            ("struct A<T> { a: T }", &["a composite type has no type parameters, constants or lifetimes; remove them"]),
            (
                "struct A { a: i32, #[model(name = \"a\")] b: i32 }",
                &["two fields are the member `a`; name one by `name = \"…\"`"],
            ),
            ("struct A { a: Auto<i32> }", &["the server makes no member of a value; take the type out of the `Auto`"]),
            ("#[model(name = \"\")] struct A { a: i32 }", &["the name is empty; give it at least one character"]),
            (
                "#[model(table = \"a\")] struct A { a: i32 }",
                &["`table` is not expected here; it belongs on the struct"],
            ),
            ("struct A { #[model(length = 3)] a: String }", &["`length` is not expected here; it belongs on a column"]),
        ],
    );
}

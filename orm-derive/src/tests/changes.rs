//! Changes that are refused.

use super::assert_refused;
use crate::changes::derive;

#[test]
fn changes_are_structs_of_fields_with_a_model() {
    assert_refused(
        derive,
        &[
            (
                "struct A { b: Option<i32> }",
                &["which model is changed is not said; write `#[changes(model = Course)]` before it"],
            ),
            (
                "#[changes(model = Course)] struct A(Option<i32>);",
                &["changes are a struct with a field for each column that may change"],
            ),
            (
                "#[changes(model = Course)] enum A { B }",
                &["changes are a struct with a field for each column that may change"],
            ),
            (
                "#[changes(modle = Course)] struct A { b: Option<i32> }",
                &["unknown attribute `modle` on the struct of changes; did you mean `model`?"],
            ),
            (
                "#[changes(model = Course)] struct A { #[changes(column = b)] c: Option<i32> }",
                &["unknown attribute `column` on a field of changes; known are field, skip"],
            ),
        ],
    );
}

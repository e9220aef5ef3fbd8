//! Views that are refused.

use super::{assert_refused, model};
use crate::derive_model;

#[test]
fn views_have_nothing_that_is_written() {
    let of = |word: &str| format!("`{word}` is of what is written, and a view is read; remove it");
    let field = |attrs: &str| model("#[model(view)]", &format!("#[model({attrs})] a: Option<i32>"));
    for (attrs, word) in [
        ("default = \"1\"", "default"),
        ("generated = \"1\"", "generated"),
        ("unique", "unique"),
        ("check = \"a > 1\"", "check"),
    ] {
        assert_refused(derive_model, &[(&field(attrs), &[&of(word)])]);
    }
    let version = model("#[model(view)]", "#[model(version)] a: i32");
    assert_refused(derive_model, &[(&version, &[&of("version")])]);
    let a = "a: i32, at: Option<Time>";
    for (attrs, message) in [
        ("view, unique(a)", "a view has no constraints; remove `unique`"),
        ("materialized_view, unique(a)", "a view has no constraints; write `index(…, unique)`"),
        ("view, index(a)", "a `view` stores no rows to index; remove `index`"),
        ("view, check(\"a > 1\")", "a view has no constraints; remove `check`"),
        ("view, soft_delete = at", "rows of a view are not deleted; remove `soft_delete`"),
        ("view, materialized_view", "a model is of one kind; keep one of `view` and `materialized_view`"),
        ("view = 1", "`view` is written `view` or `view = \"SELECT …\"`"),
    ] {
        assert_refused(derive_model, &[(&model(&format!("#[model({attrs})]"), a), &[message])]);
    }
    assert_refused(derive_model, &[(&model("#[model(materialized_view, index(a, unique))]", a), &[])]);
}

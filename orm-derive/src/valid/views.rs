//! Views, which are not made of columns but of a query.

use proc_macro2::Span;

use crate::ast::{Field, Model};
use crate::attr::Problems;

pub(super) fn check(model: &Model, problems: &mut Problems) {
    let Some(view) = &model.attrs.view else { return };
    let attrs = &model.attrs;
    for unique in &attrs.uniques {
        let advice = if view.materialized { "write `index(…, unique)`" } else { "remove `unique`" };
        problems.at(&unique.word, format!("a view has no constraints; {advice}"));
    }
    let indexes = model.columns().filter_map(|field| field.column.index.as_ref());
    for index in attrs.indexes.iter().chain(indexes).filter(|_| !view.materialized) {
        problems.at(&index.listing.word, "a `view` stores no rows to index; remove `index`");
    }
    for check in &attrs.checks {
        problems.at(&check.sql, "a view has no constraints; remove `check`");
    }
    if let Some(name) = &attrs.soft_delete {
        problems.at(name, "rows of a view are not deleted; remove `soft_delete`");
    }
    for field in model.columns() {
        for (word, span) in words(field) {
            problems.at_span(span, format!("`{word}` is of what is written, and a view is read; remove it"));
        }
    }
}

/// What says of a column how it is written.
fn words(field: &Field) -> impl Iterator<Item = (&'static str, Span)> {
    let attrs = &field.column;
    let texts = [("default", &attrs.default), ("generated", &attrs.generated), ("on_update", &attrs.touch)];
    let texts = texts.into_iter().filter_map(|(word, text)| Some((word, text.as_ref()?.span())));
    let unique = attrs.unique.as_ref().map(|unique| ("unique", unique.word.span()));
    let check = attrs.check.as_ref().map(|check| ("check", check.sql.span()));
    let version = attrs.version.as_ref().map(|version| ("version", version.span()));
    texts.chain(unique).chain(check).chain(version)
}

//! Names in the database, and names in Rust that the expansion needs for itself.

use proc_macro2::Span;
use syn::LitStr;

use crate::ast::{Field, Model, Through};
use crate::attr::Problems;
use crate::name::MAX_BYTES;
use crate::symbol::RESERVED;

pub(super) fn check(model: &Model, problems: &mut Problems) {
    let attrs = &model.attrs;
    match &attrs.table {
        Some(name) => given(name, problems),
        None => derived(&model.table(), model.ident.span(), "table", problems),
    }
    let listings = attrs.uniques.iter().chain(attrs.indexes.iter().map(|index| &index.listing));
    let checks = attrs.checks.iter().filter_map(|check| check.name.as_ref());
    for name in attrs.schema.iter().chain(listings.filter_map(|listing| listing.name.as_ref())).chain(checks) {
        given(name, problems);
    }
    for field in &model.fields {
        field_names(field, problems);
        reserved(model, field, problems);
    }
    columns_differ(model, problems);
}

fn field_names(field: &Field, problems: &mut Problems) {
    let attrs = &field.column;
    match &attrs.name {
        Some(name) => given(name, problems),
        None if field.is_column() => derived(&field.column_name(), field.ident.span(), "column", problems),
        None => {}
    }
    let constraints = [
        attrs.unique.as_ref().and_then(|unique| unique.name.as_ref()),
        attrs.index.as_ref().and_then(|index| index.listing.name.as_ref()),
        attrs.check.as_ref().and_then(|check| check.name.as_ref()),
    ];
    for name in constraints.into_iter().flatten() {
        given(name, problems);
    }
    if let Some(Through::Bare { table, local, remote }) = &field.relation.through {
        for name in [table].into_iter().chain(local).chain(remote) {
            given(name, problems);
        }
    }
}

/// A name that was written out.
pub(super) fn given(name: &LitStr, problems: &mut Problems) {
    if let Some(fault) = fault(&name.value()) {
        problems.at(name, fault);
    }
}

/// A name that was made of a Rust name.
pub(super) fn derived(name: &str, span: Span, word: &str, problems: &mut Problems) {
    if let Some(fault) = fault(name) {
        problems.at_span(span, format!("{fault} by `{word} = \"…\"`"));
    }
}

/// What is wrong with a name.
pub(super) fn fault(name: &str) -> Option<String> {
    if name.is_empty() {
        Some("the name is empty; give it at least one character".to_owned())
    } else if name.contains('\0') {
        Some("the name has a NUL byte, which PostgreSQL refuses; remove it".to_owned())
    } else if name.len() > MAX_BYTES {
        Some(format!("the name has {} bytes and PostgreSQL cuts it at {MAX_BYTES}; shorten it", name.len()))
    } else {
        None
    }
}

fn reserved(model: &Model, field: &Field, problems: &mut Problems) {
    let name = field.name();
    let has_constant = field.skip.is_none() && field.constants_off.is_none() && model.attrs.constants_off.is_none();
    if has_constant && RESERVED.contains(&name.as_str()) {
        problems.at(
            &field.ident,
            format!("`{name}` clashes with the model's own `{name}`; put `#[model(constants = off)]` on the field"),
        );
    }
    if name == "build" {
        let keep = if field.is_column() { " and keep the column by `column = \"build\"`" } else { "" };
        problems.at(&field.ident, format!("`build` clashes with the builder's method; rename the field{keep}"));
    }
}

fn columns_differ(model: &Model, problems: &mut Problems) {
    let columns: Vec<_> = model.columns().collect();
    for (index, field) in columns.iter().enumerate() {
        let name = field.column_name();
        if let Some(other) = columns[..index].iter().find(|other| other.column_name() == name) {
            let message = format!(
                "`{}` and `{}` are both the column `{name}`; name another by `column = \"…\"`",
                other.name(),
                field.name()
            );
            match &field.column.name {
                Some(name) => problems.at(name, message),
                None => problems.at(&field.ident, message),
            }
        }
    }
}

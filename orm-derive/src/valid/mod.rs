//! The checks: the only place that refuses, with all errors of one item at once.

mod columns;
mod composite;
mod embed;
mod names;
mod projection;
mod relations;
mod scalar;
mod views;

use crate::ast::{Listed, Model};
use crate::attr::Problems;
use crate::infer::is_option;
use crate::name::suggestion;

pub(crate) use composite::composite;
pub(crate) use embed::embed;
pub(crate) use projection::projection;
pub(crate) use scalar::{enumeration, newtype};

/// Whether the struct can be a model as it stands.
pub(crate) fn validate(model: &mut Model) -> syn::Result<()> {
    let mut problems = std::mem::take(&mut model.problems);
    if let Some(misfit) = model.misfit.clone() {
        problems.push(misfit);
        return problems.into_result();
    }
    lists(model, &mut problems);
    primary_key(model, &mut problems);
    names::check(model, &mut problems);
    columns::check(model, &mut problems);
    columns::soft_delete(model, &mut problems);
    relations::check(model, &mut problems);
    views::check(model, &mut problems);
    problems.into_result()
}

/// The columns in the lists of the struct.
fn lists(model: &Model, problems: &mut Problems) {
    let attrs = &model.attrs;
    let indexes = attrs.indexes.iter().map(|index| &index.listing);
    if let Some(name) = &attrs.soft_delete {
        columns_of(model, &[Listed::of(name)], "#[model(soft_delete)]", problems);
    }
    for listing in attrs.primary_key.iter().chain(&attrs.uniques).chain(indexes) {
        columns_of(model, &listing.fields, &format!("#[model({})]", listing.word), problems);
    }
}

/// Each name of a list must be that of a column, once.
fn columns_of(model: &Model, names: &[Listed], place: &str, problems: &mut Problems) {
    let may_be_inside = place == "#[model(unique)]" || place == "#[model(index)]";
    for (index, listed) in names.iter().enumerate() {
        let (name, text) = (&listed.field, listed.to_string());
        let is_embedded = model.fields.iter().any(|field| field.ident == *name && field.is_embedded());
        if names[..index].iter().any(|other| other.to_string() == text) {
            problems.at(name, format!("`{text}` is listed twice in {place}; remove one"));
        } else if !listed.inside.is_empty() {
            if !is_embedded {
                problems.at(name, format!("`{name}` in {place} is no embedded struct; name the field alone"));
            } else if !may_be_inside {
                problems.at(name, format!("{place} names columns of the model's own; move the field into the model"));
            }
        } else if is_embedded && may_be_inside {
            problems.at(name, format!("`{text}` in {place} is several columns; name one of them, as `{text}.field`"));
        } else if model.column(name).is_none() {
            let is_field = model.fields.iter().any(|field| field.ident == *name);
            let message = if is_field {
                format!("`{text}` in {place} is no column; name the field that holds the value")
            } else {
                let columns: Vec<_> = model.columns().map(|field| field.name()).collect();
                let advice = suggestion(&text, columns.iter().map(String::as_str))
                    .unwrap_or_else(|| "; name a field of the struct".to_owned());
                format!("unknown field `{text}` in {place}{advice}")
            };
            problems.at(name, message);
        }
    }
}

fn primary_key(model: &Model, problems: &mut Problems) {
    let on_fields: Vec<_> = model.columns().filter_map(|field| field.column.primary_key.as_ref()).collect();
    match &model.attrs.primary_key {
        Some(_) => {
            for word in &on_fields {
                problems.at(word, "the struct has a `primary_key(…)` already; remove one of the two");
            }
        }
        None if on_fields.is_empty() && !model.unread => problems.at(
            &model.ident,
            format!(
                "`{}` has no primary key; put `#[model(primary_key)]` on a field, or `#[model(primary_key(a, b))]` on the struct",
                model.name()
            ),
        ),
        None => {}
    }
    for field in model.key().into_iter().filter(|field| is_option(&field.ty)) {
        problems.at(&field.ty, "a primary key is never NULL; take the type out of the `Option`");
    }
}

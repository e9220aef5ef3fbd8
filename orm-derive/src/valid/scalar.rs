//! Enums and newtypes.

use proc_macro2::Ident;
use syn::Generics;
use syn::ext::IdentExt;

use super::names::{fault, given};
use crate::attr::Problems;
use crate::infer::{is_auto, is_option};
use crate::name::{RULES, suggestion};
use crate::scalar::{Enumeration, Newtype, Variant};

/// Whether the enum can be a native enum as it stands.
pub(crate) fn enumeration(input: &Enumeration, mut problems: Problems) -> syn::Result<()> {
    if !input.is_enum {
        let message =
            "a native enum is made of an enum; use `#[derive(Newtype)]` for a wrapper, `#[derive(Model)]` for a table";
        problems.at(&input.ident, message);
        return problems.into_result();
    }
    generics(&input.generics, "an enum in the database", &mut problems);
    if input.variants.is_empty() {
        problems.at(&input.ident, "a native enum has at least one label; add a variant");
    }
    for name in input.name.iter().chain(&input.schema) {
        given(name, &mut problems);
    }
    if let (None, Some(fault)) = (&input.name, fault(&input.type_name())) {
        problems.at(&input.ident, format!("{fault} by `name = \"…\"`"));
    }
    rename_all(input, &mut problems);
    for (index, variant) in input.variants.iter().enumerate() {
        label(input, variant, &input.variants[..index], &mut problems);
    }
    problems.into_result()
}

fn rename_all(input: &Enumeration, problems: &mut Problems) {
    let Some(rule) = &input.rename_all else {
        return;
    };
    let text = rule.value();
    if !RULES.contains(&text.as_str()) {
        let advice =
            suggestion(&text, RULES.iter().copied()).unwrap_or_else(|| format!("; known are {}", RULES.join(", ")));
        problems.at(rule, format!("unknown rule `{text}` for the labels{advice}"));
    }
}

fn label(input: &Enumeration, variant: &Variant, before: &[Variant], problems: &mut Problems) {
    if !matches!(variant.fields, syn::Fields::Unit) {
        problems.at(&variant.fields, "a label of a native enum carries no values; remove the fields");
    }
    let label = input.label(variant);
    let span = variant.rename.as_ref().map_or_else(|| variant.ident.span(), syn::LitStr::span);
    if let Some(fault) = fault(&label) {
        let by = if variant.rename.is_some() { "" } else { " by `#[model(rename = \"…\")]`" };
        problems.at_span(span, format!("{fault}{by}"));
    }
    if let Some(other) = before.iter().find(|other| input.label(other) == label) {
        let (first, second): (Ident, Ident) = (other.ident.unraw(), variant.ident.unraw());
        let message =
            format!("`{first}` and `{second}` are both the label `{label}`; rename one by `#[model(rename = \"…\")]`");
        problems.at_span(span, message);
    }
}

/// Whether the struct can be a newtype as it stands.
pub(crate) fn newtype(input: &Newtype, mut problems: Problems) -> syn::Result<()> {
    generics(&input.generics, "a newtype", &mut problems);
    match &input.fields {
        Some(fields) if fields.len() == 1 => {}
        _ => problems.at(&input.ident, "a newtype is a struct with one field; write `struct CourseId(i32);`"),
    }
    if let Some(inner) = input.inner().filter(|inner| is_option(inner) || is_auto(inner)) {
        problems.at(inner, "a newtype wraps the value itself; put the `Option` or `Auto` around the newtype instead");
    }
    problems.into_result()
}

fn generics(generics: &Generics, what: &str, problems: &mut Problems) {
    if !generics.params.is_empty() {
        problems.at(generics, format!("{what} has no type parameters, constants or lifetimes; remove them"));
    }
}

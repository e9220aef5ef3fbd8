//! Projections.

use quote::ToTokens;

use crate::attr::Problems;
use crate::projection::Projection;

/// Whether the struct can be a projection as it stands.
pub(crate) fn projection(input: &Projection, mut problems: Problems) -> syn::Result<()> {
    if !input.is_struct {
        let message = "a projection is a struct with named fields; write `struct CourseView { name: String }`";
        problems.at(&input.ident, message);
        return problems.into_result();
    }
    if !input.generics.params.is_empty() {
        let message = "a projection has no type parameters, constants or lifetimes; remove them";
        problems.at(&input.generics, message);
    }
    if input.model.is_none() && !input.unread {
        let name = input.name();
        problems.at(&input.ident, format!("`{name}` names no model; put `#[projection(model = …)]` on the struct"));
    }
    if input.fields.is_empty() {
        problems.at(&input.ident, "a projection has at least one field; add what shall be read");
    }
    for field in &input.fields {
        if let [_, second, ..] = field.words.as_slice() {
            problems.at(second, "a field comes from one place; keep one of `column`, `expr` and `relation`");
        }
    }
    tables_differ(input, &mut problems);
    problems.into_result()
}

fn tables_differ(input: &Projection, problems: &mut Problems) {
    let mut tables: Vec<String> = input.model.iter().map(|model| model.to_token_stream().to_string()).collect();
    for path in input.joined.iter().chain(&input.left_joined) {
        let name = path.to_token_stream().to_string();
        if tables.contains(&name) {
            problems.at(path, format!("`{name}` is among the tables of the projection already; remove it"));
        }
        tables.push(name);
    }
}

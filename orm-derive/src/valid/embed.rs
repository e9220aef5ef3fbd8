//! Embedded structs, and the fields of models that hold them.

use syn::ext::IdentExt;

use super::columns::length;
use super::names::{derived, given};
use crate::ast::Field;
use crate::attr::Problems;
use crate::embed::Embed;
use crate::infer::relationship;
use crate::symbol::{CONSTANTS, EMBED};

/// Whether the struct can be embedded as it stands.
pub(crate) fn embed(input: &Embed, mut problems: Problems) -> syn::Result<()> {
    if !input.is_struct || input.fields.is_empty() {
        let message = "what is embedded is a struct with named fields; write `struct Address { city: String }`";
        problems.at(&input.ident, message);
        return problems.into_result();
    }
    if !input.generics.params.is_empty() {
        let message = "an embedded struct has no type parameters, constants or lifetimes; remove them";
        problems.at(&input.generics, message);
    }
    for (index, field) in input.fields.iter().enumerate() {
        let name = field.column_name();
        if field.is_embedded() {
            holder(field, &mut problems);
            continue;
        }
        if relationship(&field.ty).is_some() {
            let message = "a relationship belongs to a model; move it there, with its key";
            problems.at(&field.ty, message);
        }
        length(field, &mut problems);
        match &field.column.name {
            Some(name) => given(name, &mut problems),
            None => derived(&name, field.ident.span(), "column", &mut problems),
        }
        let same = |other: &&Field| !other.is_embedded() && other.column_name() == name;
        if let Some(other) = input.fields[..index].iter().find(same) {
            let (first, second) = (other.name(), field.name());
            let message =
                format!("`{first}` and `{second}` are both the column `{name}`; name another by `column = \"…\"`");
            problems.at(&field.ident, message);
        }
    }
    problems.into_result()
}

/// A field that holds an embedded struct, whose columns have their attributes there.
pub(super) fn holder(field: &Field, problems: &mut Problems) {
    for word in field.words.iter().filter(|word| *word != EMBED && *word != CONSTANTS) {
        let text = word.unraw();
        let message = format!("`{text}` is of one column, and `{}` is several; put it on a field inside", field.name());
        problems.at(word, message);
    }
    if relationship(&field.ty).is_some() {
        problems.at(&field.ty, "a relationship is not embedded; remove `embed`");
    }
}

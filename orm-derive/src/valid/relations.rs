//! The attributes of relationships.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;

use super::columns::set_null;
use super::columns_of;
use crate::ast::{Field, Listed, Model};
use crate::attr::{Member, Problems};
use crate::infer::Ends;
use crate::symbol::{
    BACK_POPULATES, BACKREF, BELONGS_TO, FOREIGN, HAS_MANY, HAS_ONE, ON_PARENT_DELETE, ORDER_BY, ORPHANS, THROUGH,
};

pub(super) fn check(model: &Model, problems: &mut Problems) {
    for field in model.relations() {
        let Some((ends, target)) = field.ends() else {
            continue;
        };
        kind(field, ends, problems);
        if ends == Ends::BelongsTo {
            belongs_to(model, field, &target.to_token_stream().to_string(), problems);
        } else {
            far_end(field, problems);
        }
        collection_only(field, ends, problems);
    }
    keys(model, problems);
}

/// The word of the attributes, for its span.
fn word<'f>(field: &'f Field, text: &str) -> Option<&'f Ident> {
    field.words.iter().find(|word| word.unraw() == text)
}

/// Exactly one kind, and the one that the type says.
fn kind(field: &Field, ends: Ends, problems: &mut Problems) {
    let fitting: &[&str] = match ends {
        Ends::HasMany => &[HAS_MANY, THROUGH],
        Ends::HasOne => &[HAS_ONE],
        Ends::BelongsTo => &[BELONGS_TO],
    };
    let kinds = [HAS_MANY, HAS_ONE, BELONGS_TO, THROUGH];
    let given: Vec<_> = field.words.iter().filter(|word| kinds.contains(&word.to_string().as_str())).collect();
    if given.is_empty() && !field.unread {
        let advice = match ends {
            Ends::HasMany => "`has_many = Model::field`, or `through = (Model::field, Model::field)`",
            Ends::HasOne => "`has_one = Model::field`",
            Ends::BelongsTo => "`belongs_to = field`, with the field that holds the key",
        };
        problems.at(&field.ty, format!("a `{}` says what it leads to: add {advice}", ends.name()));
    }
    for (index, word) in given.iter().enumerate() {
        if index > 0 {
            problems.at(word, format!("`{}` and `{word}` exclude each other; keep one", given[0]));
        } else if !fitting.contains(&word.to_string().as_str()) {
            let needed = match word.to_string().as_str() {
                HAS_ONE => Ends::HasOne,
                BELONGS_TO => Ends::BelongsTo,
                _ => Ends::HasMany,
            };
            problems.at(word, format!("`{word}` needs a field of type `{}<…>`; change the type", needed.name()));
        }
    }
}

fn belongs_to(model: &Model, field: &Field, target: &str, problems: &mut Problems) {
    let names = field.relation.belongs_to.as_deref().unwrap_or_default();
    let listed: Vec<_> = names.iter().map(Listed::of).collect();
    columns_of(model, &listed, "#[model(belongs_to)]", problems);
    for name in names {
        let Some(column) = model.column(name) else {
            continue;
        };
        if column.column.references.is_none() && !column.unread {
            let text = name.unraw();
            let message = format!("`{text}` is no foreign key; put `#[model(references = {target}::…)]` on it");
            problems.at(name, message);
        }
    }
    let attrs = &field.relation;
    if let (Some(back), Some(_)) = (word(field, BACK_POPULATES), &attrs.backref) {
        problems.at(back, "`backref` declares what `back_populates` would name; keep one of them");
    }
    if let (Some(foreign), None) = (&attrs.foreign, word(field, BACKREF)) {
        problems.at(foreign, "`foreign` says how `backref` is declared; add `backref = name`");
    }
}

/// `has_many`, `has_one` and `through`.
fn far_end(field: &Field, problems: &mut Problems) {
    for text in [BACKREF, FOREIGN] {
        if let Some(word) = word(field, text) {
            problems.at(word, format!("`{text}` belongs on a `belongs_to`; remove it"));
        }
    }
    let Some(back) = &field.relation.back_populates else {
        return;
    };
    let inverse = field.relation.has_many.as_ref().or(field.relation.has_one.as_ref()).map(Member::text);
    match inverse {
        Some(name) if back.unraw() == name.as_str() => {}
        Some(name) => {
            let given = back.unraw();
            problems.at(back, format!("`{given}` is not the other side; write `back_populates = {name}`"));
        }
        None => problems.at(back, "`back_populates` is for two sides of one foreign key; remove it"),
    }
}

/// Attributes of a collection on something else.
fn collection_only(field: &Field, ends: Ends, problems: &mut Problems) {
    if let (Some(word), true) = (word(field, ORDER_BY), ends != Ends::HasMany) {
        problems.at(word, format!("`order_by` orders a collection, and a `{}` is none; remove it", ends.name()));
    }
    for text in [ORPHANS, ON_PARENT_DELETE] {
        let Some(word) = word(field, text) else {
            continue;
        };
        if ends == Ends::BelongsTo {
            problems.at(word, format!("`{text}` is a rule of the parent; put it on the `has_many` or `has_one` there"));
        } else if field.relation.through.is_some() {
            problems.at(word, format!("`{text}` is for children with a foreign key, not for `through`; remove it"));
        }
    }
}

/// The foreign keys that the columns form.
fn keys(model: &Model, problems: &mut Problems) {
    let mut keys: Vec<(&Field, Vec<&Field>)> = Vec::new();
    for relation in model.relations() {
        let key = relation.key_fields(model);
        let names = |key: &[&Field]| key.iter().map(|field| field.ident.clone()).collect::<Vec<_>>();
        for (other, columns) in &keys {
            let shared = relation.relation.belongs_to.iter().flatten().find(|name| names(columns).contains(name));
            if let Some(name) = shared.filter(|_| names(columns) != names(&key)) {
                let (text, other) = (name.unraw(), other.name());
                let message = format!(
                    "`{text}` is part of the key of `{other}`, and a column has one foreign key; give this one columns of its own"
                );
                problems.at(name, message);
            }
        }
        agree(&key, problems);
        keys.push((relation, key));
    }
    let composite: Vec<_> = keys.into_iter().map(|(_, key)| key).filter(|key| key.len() > 1).collect();
    for key in &composite {
        set_null(key, problems);
    }
    for field in model.columns() {
        if !composite.iter().flatten().any(|other| other.ident == field.ident) {
            set_null(&[field], problems);
        }
    }
}

/// The rules of a foreign key of several columns may stand on any of them.
fn agree(key: &[&Field], problems: &mut Problems) {
    let rules: [fn(&Field) -> Option<&Ident>; 3] = [
        |field| field.column.on_delete.as_ref(),
        |field| field.column.on_update.as_ref(),
        |field| field.column.deferrable.as_ref(),
    ];
    for rule in rules {
        let mut given = key.iter().filter_map(|field| rule(field).map(|value| (field, value)));
        let Some((first, value)) = given.next() else {
            continue;
        };
        for (_, other) in given.filter(|(_, other)| *other != value) {
            let name = first.name();
            problems.at(
                other,
                format!(
                    "the columns of one foreign key have one rule, and `{name}` says `{value}`; make them the same"
                ),
            );
        }
    }
}

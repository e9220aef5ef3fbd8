//! The attributes of columns, and those that stand on the wrong kind of field.

use proc_macro2::Ident;
use syn::ext::IdentExt;

use crate::ast::{Field, Model};
use crate::attr::Problems;
use crate::infer::{is_auto, is_option, is_text};
use crate::symbol::{BELONGS_TO, CONSTANTS, HAS_MANY, HAS_ONE, ON_COLUMN, ON_RELATIONSHIP, SKIP, THROUGH};

/// The longest `varchar`.
const MAX_LENGTH: u32 = 10_485_760;

pub(super) fn check(model: &Model, problems: &mut Problems) {
    for field in &model.fields {
        if field.skip.is_some() {
            skipped(field, problems);
        } else if field.is_embedded() {
            super::embed::holder(field, problems);
        } else if field.is_column() {
            misplaced_relationship(field, problems);
            server_made(model, field, problems);
            touched(model, field, problems);
            set_by_trigger(model, field, problems);
            length(field, problems);
            foreign_key(field, problems);
        } else {
            misplaced_column(field, problems);
        }
    }
    for second in model.columns().filter_map(|field| field.column.version.as_ref()).skip(1) {
        problems.at(second, "a model has one `version`; remove this one");
    }
}

fn skipped(field: &Field, problems: &mut Problems) {
    for word in field.words.iter().filter(|word| *word != SKIP) {
        let text = word.unraw();
        problems.at(word, format!("a skipped field is in no table; remove `{text}` or `skip`"));
    }
}

fn misplaced_relationship(field: &Field, problems: &mut Problems) {
    for word in &field.words {
        let text = word.unraw().to_string();
        let message = match text.as_str() {
            HAS_MANY | THROUGH => {
                format!("`{text}` needs a field of type `HasMany<…>`; change the type")
            }
            HAS_ONE => format!("`{text}` needs a field of type `HasOne<…>`; change the type"),
            BELONGS_TO => format!("`{text}` needs a field of type `BelongsTo<…>`; change the type"),
            _ if ON_COLUMN.form(&text).is_none() => {
                format!("`{text}` belongs on {}, and `{}` is a column; remove it", ON_RELATIONSHIP.name, field.name())
            }
            _ => continue,
        };
        problems.at(word, message);
    }
}

fn misplaced_column(field: &Field, problems: &mut Problems) {
    for word in &field.words {
        let text = word.unraw().to_string();
        if text != CONSTANTS && ON_RELATIONSHIP.form(&text).is_none() {
            let (place, name) = (ON_COLUMN.name, field.name());
            problems.at(word, format!("`{text}` belongs on {place}, and `{name}` is a relationship; remove it"));
        }
    }
}

/// Values that the server makes: the type must have room for "not yet", and the table must say how.
fn server_made(model: &Model, field: &Field, problems: &mut Problems) {
    let attrs = &field.column;
    let made = attrs.default.is_some() || attrs.generated.is_some() || attrs.trigger.is_some() || is_key(model, field);
    // Without any key, this field is likely to be the one, and that is said already.
    if is_auto(&field.ty) && !made && !field.unread && !model.key().is_empty() {
        let message = if attrs.touch.is_some() {
            "`on_update` makes the value of an `Auto` with an update only; say by `default = \"sql\"` what a new row has"
        } else {
            "an `Auto` value is made by the server; say how by `default = \"sql\"`, `generated = \"sql\"` or `trigger`, or take the type out of the `Auto`"
        };
        problems.at(&field.ty, message);
    }
    if let Some(generated) = &attrs.generated {
        if !is_auto(&field.ty) && !is_option(&field.ty) {
            let message =
                "a generated value is unknown before it is written; make the type an `Auto<…>` or an `Option<…>`";
            problems.at(generated, message);
        }
        if let Some(default) = &attrs.default {
            problems.at(default, "a generated column has no default; remove `default` or `generated`");
        }
    }
}

/// What every update sets must be free to be set, and not be set by something else.
fn touched(model: &Model, field: &Field, problems: &mut Problems) {
    let Some(sql) = &field.column.touch else {
        return;
    };
    let is_mark = model.attrs.soft_delete.as_ref() == Some(&field.ident);
    let reason = if is_key(model, field) {
        "a primary key stays as it is with an update"
    } else if field.column.generated.is_some() {
        "a generated column cannot be set"
    } else if field.column.version.is_some() {
        "a version is raised by every update"
    } else if is_mark {
        "the column of `soft_delete` is set by a deletion"
    } else {
        return;
    };
    problems.at(sql, format!("{reason}; remove `on_update`"));
}

/// What a trigger sets must not be what a row is told by, nor what has another maker.
fn set_by_trigger(model: &Model, field: &Field, problems: &mut Problems) {
    let Some(word) = &field.column.trigger else {
        return;
    };
    let reason = if is_key(model, field) {
        "a row is told by its primary key, which no trigger may set"
    } else if field.column.generated.is_some() {
        "a generated column is made by its expression, after all triggers"
    } else if field.column.version.is_some() {
        "a version is raised by the statements themselves"
    } else if model.attrs.soft_delete.as_ref() == Some(&field.ident) {
        "the column of `soft_delete` is set by a deletion"
    } else {
        return;
    };
    problems.at(word, format!("{reason}; remove `trigger`"));
}

/// The column that marks deleted rows.
pub(super) fn soft_delete(model: &Model, problems: &mut Problems) {
    let Some(field) = model.soft_delete() else {
        return;
    };
    let (attrs, name) = (&field.column, field.name());
    if is_key(model, field) {
        problems
            .at(&model.attrs.soft_delete, format!("`{name}` is in the primary key; `soft_delete` names another field"));
    } else if !is_option(&field.ty) {
        problems.at(
            &field.ty,
            format!(
                "`{name}` is NULL until the row is deleted, as `soft_delete` names it; make the type an `Option<…>`"
            ),
        );
    }
    for (word, text) in [("default", &attrs.default), ("generated", &attrs.generated)] {
        if let Some(text) = text {
            problems.at(text, format!("the column of `soft_delete` is set by a deletion; remove `{word}`"));
        }
    }
}

fn is_key(model: &Model, field: &Field) -> bool {
    field.column.primary_key.is_some() || model.key().iter().any(|key| key.ident == field.ident)
}

pub(super) fn length(field: &Field, problems: &mut Problems) {
    let Some(length) = &field.column.length else {
        return;
    };
    if !is_text(&field.ty) {
        problems.at(
            length,
            "`length` is for `String`, `Option<String>` and `Auto<String>`; write the type by `sql_type = \"…\"`",
        );
    }
    if !length.base10_parse::<u32>().is_ok_and(|length| (1..=MAX_LENGTH).contains(&length)) {
        problems.at(
            length,
            format!("a length is a number from 1 to {MAX_LENGTH}; leave `length` out for text of any length"),
        );
    }
}

fn foreign_key(field: &Field, problems: &mut Problems) {
    let attrs = &field.column;
    if attrs.references.is_some() || field.unread {
        return;
    }
    let words = ["on_delete", "on_update", "deferrable"];
    // With a text, `on_update` is for any column.
    let is_action = |word: &&Ident| attrs.touch.is_none() || *word != "on_update";
    for word in field.words.iter().filter(|word| words.contains(&word.to_string().as_str())).filter(is_action) {
        problems.at(word, format!("`{word}` is for foreign keys; add `references = Model::field`"));
    }
    if let Some(word) = &attrs.index_off {
        problems.at(word, "`index = false` is for foreign keys, which have an index otherwise; remove it");
    }
}

/// The columns of one foreign key, against each action that writes NULL to them.
pub(super) fn set_null(key: &[&Field], problems: &mut Problems) {
    let actions = key.iter().flat_map(|field| [&field.column.on_delete, &field.column.on_update]).flatten();
    for action in actions.filter(|action: &&Ident| *action == "set_null") {
        if let Some(field) = key.iter().find(|field| !is_option(&field.ty)) {
            let name = field.name();
            problems.at(
                action,
                format!("`set_null` needs columns that may be NULL; make the type of `{name}` an `Option<…>`"),
            );
        }
    }
}

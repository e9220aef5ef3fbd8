//! What the derives emit for a small model, and what they say to everything that they refuse.

mod attributes;
mod changes;
mod composites;
mod embeds;
mod projections;
mod relationships;
mod rules;
mod scalars;
mod views;

use std::fs;
use std::path::Path;

use crate::derive_model;

/// Compares the expansion of a four-column model with the one that is kept: growth shows in review.
/// `ORM_BLESS=1` writes it anew.
#[test]
fn the_expansion_of_a_small_model_stays_small() {
    let input = syn::parse_str(
        r#"
        #[model(table = "homework")]
        pub struct Homework {
            #[model(primary_key)]
            pub id: Auto<i32>,
            pub number: i32,
            pub description: String,
            #[model(references = Course::id)]
            pub course_id: i32,
            #[model(belongs_to = course_id)]
            pub course: BelongsTo<Course>,
        }
        "#,
    )
    .unwrap();
    let file = syn::parse2(derive_model(&input)).unwrap();
    let expansion = prettyplease::unparse(&file);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/golden/homework.rs.txt");
    if std::env::var_os("ORM_BLESS").is_some() {
        fs::create_dir_all(golden.parent().unwrap()).unwrap();
        fs::write(&golden, &expansion).unwrap();
    }
    let kept = fs::read_to_string(&golden).unwrap_or_default();
    assert!(kept == expansion, "the expansion has changed; look at it and run with ORM_BLESS=1:\n{expansion}");
}

type Derive = fn(&syn::DeriveInput) -> proc_macro2::TokenStream;

/// The messages of the `compile_error!`s in an expansion.
fn messages(derive: Derive, input: &str) -> Vec<String> {
    let input = syn::parse_str(input).unwrap_or_else(|error| panic!("{error}: {input}"));
    let file: syn::File = syn::parse2(derive(&input)).unwrap();
    file.items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Macro(item) if item.mac.path.segments.last()?.ident == "compile_error" => {
                Some(item.mac.parse_body::<syn::LitStr>().unwrap().value())
            }
            _ => None,
        })
        .collect()
}

/// Compares the messages for each input, which are the whole of what a user sees.
fn assert_refused(derive: Derive, table: &[(&str, &[&str])]) {
    for (input, expected) in table {
        let messages = messages(derive, input);
        assert_eq!(messages, *expected, "for {input}");
        for message in messages {
            assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase), "{message}");
        }
    }
}

/// A model with these attributes and fields beside its key.
fn model(attrs: &str, fields: &str) -> String {
    format!("{attrs} struct Course {{ #[model(primary_key)] id: Auto<i32>, {fields} }}")
}

/// Like [`assert_refused`], for [`model`]s without attributes of the struct.
fn assert_fields_refused(table: &[(&str, &[&str])]) {
    for (fields, expected) in table {
        assert_refused(derive_model, &[(&model("", fields), expected)]);
    }
}

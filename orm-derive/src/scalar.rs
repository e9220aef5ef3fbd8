//! The trees of `#[derive(Enum)]` and `#[derive(Newtype)]`: column types of the user's own.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, LitStr, Type};

use crate::attr::{Problems, Reader, Word, words};
use crate::name::{rename, snake_case};
use crate::symbol::{CRATE, NAME, ON_COLUMN, ON_ENUM, ON_NEWTYPE, ON_STRUCT, ON_VARIANT, RENAME, RENAME_ALL, SCHEMA};

/// An enum with `#[derive(Enum)]`.
#[derive(Debug)]
pub(crate) struct Enumeration {
    pub(crate) ident: Ident,
    pub(crate) name: Option<LitStr>,
    pub(crate) schema: Option<LitStr>,
    pub(crate) rename_all: Option<LitStr>,
    pub(crate) orm: Option<syn::Path>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) is_enum: bool,
    pub(crate) generics: syn::Generics,
}

/// A variant of an enum.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) fields: Fields,
    pub(crate) rename: Option<LitStr>,
}

/// A struct with `#[derive(Newtype)]`.
#[derive(Debug)]
pub(crate) struct Newtype {
    pub(crate) ident: Ident,
    pub(crate) orm: Option<syn::Path>,
    /// The fields; exactly one in a newtype that is not refused.
    pub(crate) fields: Option<Fields>,
    pub(crate) generics: syn::Generics,
}

impl Enumeration {
    pub(crate) fn from_syn(input: &DeriveInput, problems: &mut Problems) -> Self {
        let words = words(&input.attrs, problems);
        let mut reader = Reader { place: &[&ON_ENUM], problems };
        let words = reader.known(words, &[], &[&ON_VARIANT, &ON_STRUCT, &ON_COLUMN]);
        let mut read = Self {
            ident: input.ident.clone(),
            name: None,
            schema: None,
            rename_all: None,
            orm: None,
            variants: Vec::new(),
            is_enum: matches!(input.data, Data::Enum(_)),
            generics: input.generics.clone(),
        };
        for word in &words {
            read.word(word, &mut reader);
        }
        if let Data::Enum(data) = &input.data {
            read.variants = data.variants.iter().map(|variant| Variant::from_syn(variant, problems)).collect();
        }
        read
    }

    fn word(&mut self, word: &Word, reader: &mut Reader<'_>) {
        match word.text().as_str() {
            NAME => self.name = reader.text(word),
            SCHEMA => self.schema = reader.text(word),
            RENAME_ALL => self.rename_all = reader.text(word),
            CRATE => self.orm = reader.path(word),
            _ => {}
        }
    }

    /// The type's name in the database.
    pub(crate) fn type_name(&self) -> String {
        self.name.as_ref().map_or_else(|| snake_case(&self.ident.unraw().to_string()), LitStr::value)
    }

    /// The label of a variant.
    pub(crate) fn label(&self, variant: &Variant) -> String {
        let rule = self.rename_all.as_ref().map_or_else(|| "snake_case".to_owned(), LitStr::value);
        let name = variant.ident.unraw().to_string();
        variant.rename.as_ref().map_or_else(|| rename(&rule, &name), LitStr::value)
    }
}

impl Variant {
    fn from_syn(variant: &syn::Variant, problems: &mut Problems) -> Self {
        let words = words(&variant.attrs, problems);
        let mut reader = Reader { place: &[&ON_VARIANT], problems };
        let words = reader.known(words, &[], &[&ON_ENUM, &ON_STRUCT, &ON_COLUMN]);
        let label = words.iter().find(|word| word.text() == RENAME).and_then(|word| reader.text(word));
        Self { ident: variant.ident.clone(), fields: variant.fields.clone(), rename: label }
    }
}

impl Newtype {
    pub(crate) fn from_syn(input: &DeriveInput, problems: &mut Problems) -> Self {
        let words = words(&input.attrs, problems);
        let mut reader = Reader { place: &[&ON_NEWTYPE], problems };
        let words = reader.known(words, &[], &[&ON_STRUCT, &ON_COLUMN, &ON_ENUM]);
        let orm = words.iter().find(|word| word.text() == CRATE).and_then(|word| reader.path(word));
        let fields = match &input.data {
            Data::Struct(data) => Some(data.fields.clone()),
            Data::Enum(_) | Data::Union(_) => None,
        };
        Self { ident: input.ident.clone(), orm, fields, generics: input.generics.clone() }
    }

    /// The type inside.
    pub(crate) fn inner(&self) -> Option<&Type> {
        self.fields.as_ref()?.iter().next().map(|field| &field.ty)
    }
}

//! The tree of `#[derive(Composite)]`: a struct that is one column.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, LitStr, Type, Visibility};

use crate::attr::{Problems, Reader, words};
use crate::name::snake_case;
use crate::symbol::{CRATE, NAME, ON_COLUMN, ON_COMPOSITE, ON_MEMBER, ON_STRUCT, SCHEMA};

/// A struct with `#[derive(Composite)]`.
#[derive(Debug)]
pub(crate) struct Composite {
    pub(crate) ident: Ident,
    pub(crate) name: Option<LitStr>,
    pub(crate) schema: Option<LitStr>,
    pub(crate) orm: Option<syn::Path>,
    pub(crate) members: Vec<Member>,
    pub(crate) is_struct: bool,
    pub(crate) generics: syn::Generics,
}

/// A field of it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    pub(crate) name: Option<LitStr>,
}

impl Composite {
    pub(crate) fn from_syn(input: &DeriveInput, problems: &mut Problems) -> Self {
        let words = words(&input.attrs, problems);
        let mut reader = Reader { place: &[&ON_COMPOSITE], problems };
        let words = reader.known(words, &[], &[&ON_STRUCT, &ON_COLUMN]);
        let mut read = Self {
            ident: input.ident.clone(),
            name: None,
            schema: None,
            orm: None,
            members: Vec::new(),
            is_struct: false,
            generics: input.generics.clone(),
        };
        for word in &words {
            match word.text().as_str() {
                NAME => read.name = reader.text(word),
                SCHEMA => read.schema = reader.text(word),
                CRATE => read.orm = reader.path(word),
                _ => {}
            }
        }
        if let Data::Struct(data) = &input.data
            && let Fields::Named(fields) = &data.fields
        {
            read.is_struct = true;
            read.members = fields.named.iter().filter_map(|field| Member::from_syn(field, problems)).collect();
        }
        read
    }

    /// The type's name in the database.
    pub(crate) fn type_name(&self) -> String {
        self.name.as_ref().map_or_else(|| snake_case(&self.ident.unraw().to_string()), LitStr::value)
    }
}

impl Member {
    fn from_syn(field: &syn::Field, problems: &mut Problems) -> Option<Self> {
        let words = words(&field.attrs, problems);
        let mut reader = Reader { place: &[&ON_MEMBER], problems };
        let words = reader.known(words, &[], &[&ON_COMPOSITE, &ON_STRUCT, &ON_COLUMN]);
        let name = words.iter().find(|word| word.text() == NAME).and_then(|word| reader.text(word));
        Some(Self { ident: field.ident.clone()?, vis: field.vis.clone(), ty: field.ty.clone(), name })
    }

    /// The member's name in the database.
    pub(crate) fn member_name(&self) -> String {
        self.name.as_ref().map_or_else(|| self.ident.unraw().to_string(), LitStr::value)
    }
}

//! The tree of `#[derive(Embed)]`: a struct that is several columns.

use proc_macro2::Ident;
use syn::{Data, DeriveInput, Fields, Visibility};

use crate::ast::Field;
use crate::attr::{Problems, Reader, words};
use crate::symbol::{CRATE, ON_COLUMN, ON_EMBED, ON_EMBEDDED, ON_RELATIONSHIP, ON_STRUCT};

/// A struct with `#[derive(Embed)]`.
#[derive(Debug)]
pub(crate) struct Embed {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) orm: Option<syn::Path>,
    pub(crate) fields: Vec<Field>,
    pub(crate) is_struct: bool,
    pub(crate) generics: syn::Generics,
}

impl Embed {
    pub(crate) fn from_syn(input: &DeriveInput, problems: &mut Problems) -> Self {
        let words = words(&input.attrs, problems);
        let mut reader = Reader { place: &[&ON_EMBED], problems };
        let words = reader.known(words, &[], &[&ON_STRUCT, &ON_COLUMN]);
        let orm = words.iter().find(|word| word.text() == CRATE).and_then(|word| reader.path(word));
        let (mut fields, mut is_struct) = (Vec::new(), false);
        if let Data::Struct(data) = &input.data
            && let Fields::Named(named) = &data.fields
        {
            is_struct = true;
            let read =
                |field| Field::read(field, &[&ON_EMBEDDED], &[&ON_COLUMN, &ON_RELATIONSHIP, &ON_STRUCT], problems);
            fields = named.named.iter().filter_map(read).collect();
        }
        let (ident, vis, generics) = (input.ident.clone(), input.vis.clone(), input.generics.clone());
        Self { ident, vis, orm, fields, is_struct, generics }
    }
}

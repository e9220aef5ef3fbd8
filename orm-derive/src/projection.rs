//! The tree of `#[derive(Projection)]`: a struct that is filled from a model.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Expr, Fields, Path, Type};

use crate::attr::{Member, Problems, Reader, Word, words_of};
use crate::symbol::{COLUMN, CRATE, EXPR, JOIN, LEFT_JOIN, MODEL, ON_PROJECTED, ON_PROJECTION, PROJECTION, RELATION};

/// A struct with `#[derive(Projection)]`.
#[derive(Debug)]
pub(crate) struct Projection {
    pub(crate) ident: Ident,
    pub(crate) model: Option<Path>,
    pub(crate) joined: Vec<Path>,
    pub(crate) left_joined: Vec<Path>,
    pub(crate) orm: Option<Path>,
    pub(crate) fields: Vec<Field>,
    pub(crate) is_struct: bool,
    pub(crate) generics: syn::Generics,
    /// Whether something could not be read, so that nothing follows from what is missing.
    pub(crate) unread: bool,
}

/// A field of it.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The words that say where it comes from.
    pub(crate) words: Vec<Ident>,
    /// Where it comes from, if that is not the model's member of its name.
    pub(crate) source: Option<Expr>,
}

impl Projection {
    pub(crate) fn from_syn(input: &DeriveInput, problems: &mut Problems) -> Self {
        let before = problems.len();
        let words = words_of(PROJECTION, &input.attrs, problems);
        let mut reader = Reader { place: &[&ON_PROJECTION], problems };
        let words = reader.known(words, &[], &[&ON_PROJECTED]);
        let mut read = Self {
            ident: input.ident.clone(),
            model: None,
            joined: Vec::new(),
            left_joined: Vec::new(),
            orm: None,
            fields: Vec::new(),
            is_struct: false,
            generics: input.generics.clone(),
            unread: false,
        };
        for word in &words {
            read.word(word, &mut reader);
        }
        read.unread = problems.len() > before;
        if let Data::Struct(data) = &input.data
            && let Fields::Named(fields) = &data.fields
        {
            read.is_struct = true;
            read.fields = fields.named.iter().filter_map(|field| Field::from_syn(field, problems)).collect();
        }
        read
    }

    fn word(&mut self, word: &Word, reader: &mut Reader<'_>) {
        match word.text().as_str() {
            MODEL => self.model = reader.path(word),
            JOIN => self.joined = reader.paths(word).unwrap_or_default(),
            LEFT_JOIN => self.left_joined = reader.paths(word).unwrap_or_default(),
            CRATE => self.orm = reader.path(word),
            _ => {}
        }
    }

    /// The name without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

impl Field {
    fn from_syn(field: &syn::Field, problems: &mut Problems) -> Option<Self> {
        let ident = field.ident.clone()?;
        let words = words_of(PROJECTION, &field.attrs, problems);
        let mut reader = Reader { place: &[&ON_PROJECTED], problems };
        let words = reader.known(words, &[], &[&ON_PROJECTION]);
        let mut source = None;
        for word in &words {
            let read = match word.text().as_str() {
                COLUMN => reader.member(word).map(|Member { expr, .. }| expr),
                EXPR | RELATION => reader.expression(word),
                _ => None,
            };
            source = source.or(read);
        }
        let words = words.into_iter().map(|word| word.name).collect();
        Some(Self { ident, ty: field.ty.clone(), words, source })
    }
}

//! The derive macros of `orm_core`: `Model`, `Enum` and `Newtype`.
//!
//! The way through the crate: `attr` and `read` read the attributes into the trees of `ast` and `scalar`, `valid` refuses
//! what is wrong, `expand` writes the code. After a refusal, `fallback` sees to it that no other errors follow.

mod ast;
mod attr;
mod expand;
mod fallback;
mod infer;
mod name;
mod read;
mod scalar;
mod symbol;
#[cfg(test)]
mod tests;
mod valid;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Code;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a model.
#[proc_macro_derive(Model, attributes(model))]
pub fn model(input: TokenStream) -> TokenStream {
    derive_model(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an enum a column type.
#[proc_macro_derive(Enum, attributes(model))]
pub fn enumeration(input: TokenStream) -> TokenStream {
    derive_enumeration(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a newtype a column type.
#[proc_macro_derive(Newtype, attributes(model))]
pub fn newtype(input: TokenStream) -> TokenStream {
    derive_newtype(&parse_macro_input!(input as DeriveInput)).into()
}

fn derive_model(input: &DeriveInput) -> Code {
    let mut model = ast::Model::from_syn(input);
    let Err(refusal) = valid::validate(&mut model) else {
        return expand::model(&model);
    };
    let error = refusal.to_compile_error();
    let rest = if model.misfit.is_some() {
        fallback::model(input, &model.attrs.private())
    } else {
        fallback::repair(&mut model);
        expand::model(&model)
    };
    quote!(#error #rest)
}

fn derive_enumeration(input: &DeriveInput) -> Code {
    let mut problems = attr::Problems::default();
    let tree = scalar::Enumeration::from_syn(input, &mut problems);
    match valid::enumeration(&tree, problems) {
        Ok(()) => expand::enumeration(&tree),
        Err(refusal) => refused(&refusal, &fallback::scalar(input, tree.orm.as_ref())),
    }
}

fn derive_newtype(input: &DeriveInput) -> Code {
    let mut problems = attr::Problems::default();
    let tree = scalar::Newtype::from_syn(input, &mut problems);
    match valid::newtype(&tree, problems) {
        Ok(()) => expand::newtype(&tree),
        Err(refusal) => refused(&refusal, &fallback::scalar(input, tree.orm.as_ref())),
    }
}

fn refused(refusal: &syn::Error, fallback: &Code) -> Code {
    let error = refusal.to_compile_error();
    quote!(#error #fallback)
}

//! The derive macros of `orm_core`.

mod ast;
mod attr;
mod expand;
mod infer;
mod name;
mod read;
mod scalar;
mod symbol;
mod valid;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a model.
#[proc_macro_derive(Model, attributes(model))]
pub fn model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let mut model = ast::Model::from_syn(&input);
    let error = valid::validate(&mut model).err().map(|error| error.to_compile_error());
    model.refused = error.is_some();
    let code = expand::model(&model);
    quote!(#error #code).into()
}

/// Makes an enum a column type.
#[proc_macro_derive(Enum, attributes(model))]
pub fn enumeration(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let mut problems = attr::Problems::default();
    let tree = scalar::Enumeration::from_syn(&input, &mut problems);
    expand::enumeration(&tree).into()
}

/// Makes a newtype a column type.
#[proc_macro_derive(Newtype, attributes(model))]
pub fn newtype(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let mut problems = attr::Problems::default();
    let tree = scalar::Newtype::from_syn(&input, &mut problems);
    expand::newtype(&tree).into()
}

//! From a valid tree to code: metadata as statics, and thin impls of the traits of `orm_core`.
//!
//! Everything stands in one anonymous constant, so that no name leaks, and names what it uses by full paths. A tree that
//! was refused is expanded too, to the shape of its API without its metadata: code that uses the model then shows no
//! errors beside those of its attributes.

mod builder;
mod columns;
mod composite;
mod embed;
mod enumeration;

mod model;
mod newtype;

mod projection;
mod relation;
mod row;
mod setter;

use proc_macro2::TokenStream;
use quote::quote;

use crate::ast::Model;

pub(crate) use composite::composite;
pub(crate) use embed::embed;
pub(crate) use enumeration::enumeration;
pub(crate) use newtype::newtype;
pub(crate) use projection::projection;

/// Everything that a model needs.
pub(crate) fn model(model: &Model) -> TokenStream {
    let orm = model.attrs.private();
    let parts = [
        columns::definitions(model),
        relation::definitions(model),
        model::table(model),
        relation::checks(model),
        columns::structure(model),
        columns::constants(model),
        relation::backrefs(model),
        row::from_row(model),
        model::source(model),
        model::model(model),
        builder::builder(model),
        model::registration(model),
    ];
    let traits = relation::foreign_traits(model);
    let unused = model.refused.then(|| quote!(#[allow(unused)]));
    quote! {
        #[automatically_derived]
        #[allow(dead_code, deprecated, missing_debug_implementations, non_camel_case_types, non_snake_case, non_upper_case_globals, unreachable_pub, unused_qualifications)]
        #unused
        const _: () = {
            use #orm as __orm;
            #(#parts)*
        };
        #traits
    }
}

/// `Some(tokens)` or `None`, as code.
fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

//! Between rows and values, column by column.

use proc_macro2::TokenStream;
use quote::quote;

use super::relation;
use crate::ast::Model;

/// `impl FromRow`
pub(super) fn from_row(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let body = if model.refused { quote!(::core::unimplemented!()) } else { read(model) };
    quote! {
        impl __orm::FromRow for #ident {
            fn from_row(__row: &mut __orm::RowReader<'_>) -> __orm::Result<Self> { #body }
        }
    }
}

fn read(model: &Model) -> TokenStream {
    let table = model.display_table();
    let columns = model.columns().map(|field| &field.ident);
    let relations = unloaded(model);
    let skipped = skipped(model);
    quote! {
        __row.enter(#table);
        ::core::result::Result::Ok(Self {
            #(#columns: __orm::RowReader::read(__row)?,)*
            #(#relations,)*
            #(#skipped,)*
        })
    }
}

/// The relationship fields, not loaded.
fn unloaded(model: &Model) -> impl Iterator<Item = TokenStream> {
    relation::all(model).into_iter().map(|relation| {
        let (ident, definition) = (&relation.field.ident, relation.definition());
        let ty = quote::format_ident!("{}", relation.ends.name());
        quote!(#ident: __orm::#ty::unloaded(&#definition))
    })
}

/// The fields that are in no table.
fn skipped(model: &Model) -> impl Iterator<Item = TokenStream> {
    model.fields.iter().filter(|field| field.skip.is_some()).map(|field| {
        let ident = &field.ident;
        quote!(#ident: ::core::default::Default::default())
    })
}

/// `fn dump`
pub(super) fn dump(model: &Model) -> TokenStream {
    let body = if model.refused {
        quote!(::core::unimplemented!())
    } else {
        let columns = model.columns().map(|field| &field.ident);
        quote!(#(__out.put(&self.#columns);)*)
    };
    quote!(fn dump(&self, __out: &mut __orm::Dump) { #body })
}

/// `fn store`
pub(super) fn store(model: &Model) -> TokenStream {
    let body = if model.refused {
        quote!(::core::unimplemented!())
    } else {
        let arms = model.columns().enumerate().map(|(index, field)| {
            let ident = &field.ident;
            quote!(#index => self.#ident = __orm::decode(__raw)?)
        });
        quote!(match __column { #(#arms,)* _ => {} } ::core::result::Result::Ok(()))
    };
    quote! {
        fn store(
            &mut self,
            __column: usize,
            __raw: ::core::option::Option<&[u8]>,
        ) -> ::core::result::Result<(), __orm::DecodeError> {
            #body
        }
    }
}

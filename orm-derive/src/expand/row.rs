//! Between rows and values, column by column.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{embed, relation};
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
    let columns = model.stored().into_iter().map(|field| {
        let ident = &field.ident;
        if field.is_embedded() {
            let read = embed::method(field, "read");
            quote!(#ident: #read(__row)?)
        } else {
            quote!(#ident: __orm::RowReader::read(__row)?)
        }
    });
    let relations = unloaded(model);
    let skipped = skipped(model);
    quote! {
        __row.enter(#table);
        ::core::result::Result::Ok(Self {
            #(#columns,)*
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
        let columns = model.stored().into_iter().map(|field| {
            let ident = &field.ident;
            if field.is_embedded() {
                let dump = embed::method(field, "dump");
                quote!(#dump(&self.#ident, __out);)
            } else {
                quote!(__out.put(&self.#ident);)
            }
        });
        quote!(#(#columns)*)
    };
    quote!(fn dump(&self, __out: &mut __orm::Dump) { #body })
}

/// `fn store`
pub(super) fn store(model: &Model) -> TokenStream {
    let body = if model.refused {
        quote!(::core::unimplemented!())
    } else {
        let stored = model.stored();
        // Behind an embedded struct, a position is no literal.
        let is_literal = |index: usize| !stored[..index].iter().any(|field| field.is_embedded());
        let columns = stored.iter().enumerate().filter(|(_, field)| !field.is_embedded());
        let arms = columns.map(|(index, field)| {
            let (ident, position) = (&field.ident, embed::position(&stored, index));
            let pattern = if is_literal(index) { position } else { quote!(__at if __at == #position) };
            quote!(#pattern => self.#ident = __orm::decode(__raw)?)
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

/// `fn store_embedded`, if there are embedded structs.
pub(super) fn store_embedded(model: &Model) -> TokenStream {
    let stored = model.stored();
    if model.refused || !stored.iter().any(|field| field.is_embedded()) {
        return TokenStream::new();
    }
    let embedded = stored.iter().enumerate().filter(|(_, field)| field.is_embedded()).map(|(index, field)| {
        let (ident, ty, position) = (&field.ident, &field.ty, embed::position(&stored, index));
        // With the span of the type, a struct that cannot be embedded is said once.
        let read = quote_spanned!(ty.span()=> read::<#ty>);
        quote!(if __cells.first() == #position { self.#ident = __cells.#read()?; return ::core::result::Result::Ok(()); })
    });
    quote! {
        fn store_embedded(
            &mut self,
            __cells: __orm::EmbeddedCells<'_>,
        ) -> ::core::result::Result<(), (usize, __orm::DecodeError)> {
            #(#embedded)*
            ::core::result::Result::Ok(())
        }
    }
}

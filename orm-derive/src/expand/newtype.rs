//! A wrapper of a column type, which is a type of its own in comparisons.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Fields, Index, Type};

use crate::ast::private;
use crate::scalar::Newtype;

/// Everything that a newtype needs; nothing for what is none.
pub(crate) fn newtype(input: &Newtype) -> TokenStream {
    let (Some(Fields::Named(_) | Fields::Unnamed(_)), Some(inner)) = (&input.fields, input.inner()) else {
        return TokenStream::new();
    };
    let (ident, orm, member) = (&input.ident, private(input.orm.as_ref()), member(input));
    let (field, keys) = (field(input, inner, &member), keys(input, inner, &member));
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        const _: () = {
            use #orm as __orm;
            impl __orm::SqlType for #ident {}
            #field
            #keys
            __orm::comparable!(#ident);
            impl ::core::convert::From<#inner> for #ident {
                fn from(value: #inner) -> Self { Self { #member: value } }
            }
        };
    }
}

/// The name or number of the one field.
fn member(input: &Newtype) -> TokenStream {
    let name = input.fields.as_ref().and_then(|fields| fields.iter().next()).and_then(|field| field.ident.as_ref());
    name.map_or_else(|| Index::from(0).into_token_stream(), ToTokens::to_token_stream)
}

fn field(input: &Newtype, inner: &Type, member: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let ty = quote_spanned!(inner.span()=> <#inner as __orm::Field>::TYPE);
    quote! {
        impl __orm::Field for #ident {
            type Sql = Self;
            type Read = Self;
            type Nullable = ::core::option::Option<Self>;
            type Null = __orm::NotNull;
            const TYPE: &'static __orm::TypeDef = #ty;
            fn encode(
                &self,
                out: &mut __orm::Encoder<'_>,
            ) -> ::core::result::Result<__orm::Encoded, __orm::EncodeError> {
                <#inner as __orm::Field>::encode(&self.#member, out)
            }
            fn decode(raw: ::core::option::Option<&[u8]>) -> ::core::result::Result<Self, __orm::DecodeError> {
                ::core::result::Result::Ok(Self { #member: <#inner as __orm::Field>::decode(raw)? })
            }
        }
    }
}

/// What the wrapped type can be, the newtype can be too. The binder makes a bound without parameters one that may fail.
fn keys(input: &Newtype, inner: &Type, member: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    quote! {
        impl __orm::ArrayElement for #ident where for<'__a> #inner: __orm::ArrayElement {}
        impl __orm::KeyType for #ident where for<'__a> #inner: __orm::KeyType {
            fn placeholder() -> Self { Self { #member: <#inner as __orm::KeyType>::placeholder() } }
        }
    }
}

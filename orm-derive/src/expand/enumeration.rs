//! A native PostgreSQL enum.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::option;
use crate::ast::private;
use crate::scalar::Enumeration;

/// Everything that an enum needs.
pub(crate) fn enumeration(input: &Enumeration) -> TokenStream {
    let (ident, orm) = (&input.ident, private(input.orm.as_ref()));
    let (rust_name, name, schema) = (ident.unraw().to_string(), input.type_name(), option(input.schema.as_ref()));
    let labels = input.variants.iter().map(|variant| input.label(variant));
    let (encode, decode) = (encode(input), decode(input));
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        const _: () = {
            use #orm as __orm;
            static __ENUM: __orm::EnumDef =
                __orm::EnumDef { rust_name: #rust_name, schema: #schema, name: #name, labels: &[#(#labels),*] };
            static __TYPE: __orm::TypeDef = __orm::TypeDef::enumeration(&__ENUM);
            impl __orm::SqlType for #ident {}
            impl __orm::Field for #ident {
                type Sql = Self;
                type Read = Self;
                type Nullable = ::core::option::Option<Self>;
                type Null = __orm::NotNull;
                const TYPE: &'static __orm::TypeDef = &__TYPE;
                #encode
                #decode
            }
            impl __orm::ArrayElement for #ident {}
            __orm::comparable!(#ident);
        };
    }
}

fn encode(input: &Enumeration) -> TokenStream {
    let arms = input.variants.iter().map(|variant| {
        let (ident, label) = (&variant.ident, input.label(variant));
        quote!(Self::#ident => #label)
    });
    quote! {
        fn encode(
            &self,
            out: &mut __orm::Encoder<'_>,
        ) -> ::core::result::Result<__orm::Encoded, __orm::EncodeError> {
            let label: &str = match self { #(#arms,)* };
            out.put(label.as_bytes());
            ::core::result::Result::Ok(__orm::Encoded::Value)
        }
    }
}

fn decode(input: &Enumeration) -> TokenStream {
    let unknown = format!("the value is no label of `{}`", input.ident.unraw());
    let arms = input.variants.iter().map(|variant| {
        let (ident, label) = (&variant.ident, Literal::byte_string(input.label(variant).as_bytes()));
        quote!(::core::option::Option::Some(#label) => ::core::result::Result::Ok(Self::#ident))
    });
    quote! {
        fn decode(raw: ::core::option::Option<&[u8]>) -> ::core::result::Result<Self, __orm::DecodeError> {
            match raw {
                #(#arms,)*
                ::core::option::Option::Some(_) => {
                    ::core::result::Result::Err(__orm::DecodeError::new(#unknown))
                }
                ::core::option::Option::None => ::core::result::Result::Err(__orm::DecodeError::Null),
            }
        }
    }
}

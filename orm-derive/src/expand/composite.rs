//! A composite type.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::option;
use crate::ast::private;
use crate::composite::{Composite, Member};

/// Everything that a composite type needs.
pub(crate) fn composite(input: &Composite) -> TokenStream {
    let (ident, orm) = (&input.ident, private(input.orm.as_ref()));
    let (rust_name, name, schema) = (ident.unraw().to_string(), input.type_name(), option(input.schema.as_ref()));
    let (idents, types): (Vec<_>, Vec<_>) = input.members.iter().map(|member| (&member.ident, &member.ty)).unzip();
    let names = input.members.iter().map(Member::member_name);
    let (count, constants) = (input.members.len(), constants(input));
    quote! {
        #[automatically_derived]
        #[allow(dead_code, deprecated, non_upper_case_globals)]
        const _: () = {
            use #orm as __orm;
            const __MEMBERS: &[__orm::MemberDef] = &[#(__orm::MemberDef::of::<#types>(#names)),*];
            static __COMPOSITE: __orm::CompositeDef =
                __orm::CompositeDef { rust_name: #rust_name, schema: #schema, name: #name, members: __MEMBERS };
            static __TYPE: __orm::TypeDef = __orm::TypeDef::composite(&__COMPOSITE);
            impl __orm::SqlType for #ident {}
            impl __orm::Field for #ident {
                type Sql = Self;
                type Read = Self;
                type Nullable = ::core::option::Option<Self>;
                type Null = __orm::NotNull;
                const TYPE: &'static __orm::TypeDef = &__TYPE;
                fn encode(
                    &self,
                    out: &mut __orm::Encoder<'_>,
                ) -> ::core::result::Result<__orm::Encoded, __orm::EncodeError> {
                    __orm::begin_members(out, #count)?;
                    #(__orm::put_member(out, &self.#idents)?;)*
                    ::core::result::Result::Ok(__orm::Encoded::Value)
                }
                fn decode(raw: ::core::option::Option<&[u8]>) -> ::core::result::Result<Self, __orm::DecodeError> {
                    let mut __members = __orm::Members::of(raw, #count)?;
                    ::core::result::Result::Ok(Self { #(#idents: __members.read()?,)* })
                }
            }
            impl __orm::ArrayElement for #ident {}
            __orm::comparable!(#ident);
            #constants
        };
    }
}

/// One for each member.
fn constants(input: &Composite) -> TokenStream {
    let ident = &input.ident;
    let constants = input.members.iter().enumerate().map(|(index, Member { ident, vis, ty, .. })| {
        let doc = format!("The member `{}`.", ident.unraw());
        quote!(#[doc = #doc] #vis const #ident: __orm::Member<Self, #ty> = __orm::Member::new(&__MEMBERS[#index]);)
    });
    quote!(impl #ident { #(#constants)* })
}

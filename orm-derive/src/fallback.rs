//! What is emitted for input that was refused, so that code which uses it shows no errors of its own.
//!
//! A struct whose attributes alone are wrong is [`repair`]ed and expanded as usual, without its metadata. Anything else
//! gets impls that satisfy the compiler and are never run.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{DeriveInput, Type, parse2};

use crate::ast::{Field, Model, private};
use crate::infer::{Ends, argument_of};

/// Lets the fields be what their attributes mean, where that is not what their types say.
pub(crate) fn repair(model: &mut Model) {
    model.refused = true;
    for field in &mut model.fields {
        if field.is_column() {
            field.meant = meant(field);
        }
    }
}

fn meant(field: &Field) -> Option<(Ends, Type)> {
    let attrs = &field.relation;
    let inverse = attrs.has_many.as_ref().map(|path| (Ends::HasMany, path));
    let inverse = inverse.or_else(|| attrs.has_one.as_ref().map(|path| (Ends::HasOne, path)));
    if let Some((ends, path)) = inverse {
        return parse2(path.model.clone()).ok().map(|target| (ends, target));
    }
    let inner = |wrapper| argument_of(&field.ty, wrapper);
    let target = inner("Vec").or_else(|| inner("Option")).or_else(|| inner("Box")).unwrap_or(&field.ty).clone();
    match (&attrs.through, &attrs.belongs_to) {
        (Some(_), _) => Some((Ends::HasMany, target)),
        (_, Some(_)) => Some((Ends::BelongsTo, target)),
        _ => None,
    }
}

/// Impls for something that can be no model.
pub(crate) fn model(input: &DeriveInput, orm: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (impls, types, wheres) = input.generics.split_for_impl();
    let predicates = wheres.map(|wheres| wheres.predicates.to_token_stream());
    let bounds =
        quote!(where Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static, #predicates);
    let never = quote!(::core::unimplemented!());
    let methods = model_methods();
    quote! {
        #[automatically_derived]
        #[allow(unused)]
        const _: () = {
            use #orm as __orm;
            impl #impls __orm::Source for #ident #types #bounds {
                const NAME: &'static str = "";
                fn source() -> __orm::SourceRef { #never }
            }
            impl #impls __orm::FromRow for #ident #types #bounds {
                fn from_row(row: &mut __orm::RowReader<'_>) -> __orm::Result<Self> { #never }
            }
            impl #impls __orm::Model for #ident #types #bounds { #methods }
            impl #impls __orm::Writable for #ident #types #bounds {}
            impl #impls __orm::SqlRow for #ident #types #bounds { type By = __orm::AsModel; }
            impl #impls __orm::IntoModel for #ident #types #bounds {
                type Model = Self;
                fn into_model(self) -> Self { self }
            }
            impl #impls __orm::IntoLink<Self> for #ident #types #bounds {
                fn into_link(self) -> __orm::Link<Self> { #never }
            }
        };
    }
}

fn model_methods() -> TokenStream {
    let never = quote!(::core::unimplemented!());
    quote! {
        type Key = i32;
        type Columns<__S> = ();
        fn table() -> &'static __orm::TableDef { #never }
        fn columns<__S>() {}
        fn dump(&self, out: &mut __orm::Dump) { #never }
        fn store(
            &mut self,
            column: usize,
            raw: ::core::option::Option<&[u8]>,
        ) -> ::core::result::Result<(), __orm::DecodeError> {
            #never
        }
        fn relation(&self, field: usize) -> ::core::option::Option<&dyn __orm::RelationField> { #never }
        fn relation_mut(&mut self, field: usize) -> ::core::option::Option<&mut dyn __orm::RelationField> { #never }
        fn adopt<__A: __orm::Adopter>(&mut self, adopter: &mut __A) { #never }
    }
}

/// Impls for something that can be no column type.
pub(crate) fn scalar(input: &DeriveInput, orm: Option<&syn::Path>) -> TokenStream {
    let (ident, orm) = (&input.ident, private(orm));
    let (impls, types, wheres) = input.generics.split_for_impl();
    let predicates = wheres.map(|wheres| wheres.predicates.to_token_stream());
    let bounds =
        quote!(where Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static, #predicates);
    let never = quote!(::core::unimplemented!());
    quote! {
        #[automatically_derived]
        #[allow(unused)]
        const _: () = {
            use #orm as __orm;
            impl #impls __orm::SqlType for #ident #types #bounds {}
            impl #impls __orm::Field for #ident #types #bounds {
                type Sql = Self;
                type Read = Self;
                type Nullable = ::core::option::Option<Self>;
                type Null = __orm::NotNull;
                const TYPE: &'static __orm::TypeDef = &__orm::TypeDef::named("");
                fn encode(
                    &self,
                    out: &mut __orm::Encoder<'_>,
                ) -> ::core::result::Result<__orm::Encoded, __orm::EncodeError> {
                    #never
                }
                fn decode(raw: ::core::option::Option<&[u8]>) -> ::core::result::Result<Self, __orm::DecodeError> {
                    #never
                }
            }
            impl #impls __orm::ArrayElement for #ident #types #bounds {}
            impl #impls __orm::IntoExpr<#ident #types> for #ident #types #bounds {
                type Uses<__S> = __S;
                type Null = __orm::NotNull;
                fn into_node(self) -> __orm::Node { #never }
            }
            impl #impls __orm::KeyType for #ident #types #bounds {
                fn placeholder() -> Self { #never }
            }
        };
    }
}

/// Impls for something that cannot be embedded.
pub(crate) fn embed(input: &DeriveInput, orm: Option<&syn::Path>) -> TokenStream {
    let (ident, orm) = (&input.ident, private(orm));
    let (impls, types, wheres) = input.generics.split_for_impl();
    let predicates = wheres.map(|wheres| wheres.predicates.to_token_stream());
    let bounds =
        quote!(where Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static, #predicates);
    let mut generics = input.generics.clone();
    generics.params.push(syn::parse_quote!(__S));
    generics.params.push(syn::parse_quote!(__P: __orm::Place));
    let (placed, ..) = generics.split_for_impl();
    let never = quote!(::core::unimplemented!());
    quote! {
        #[automatically_derived]
        #[allow(unused)]
        const _: () = {
            use #orm as __orm;
            impl #impls __orm::Embed for #ident #types #bounds {
                type Columns<__S> = ();
                type Optional<__S> = ();
                type Nullable = ::core::option::Option<Self>;
                const COLUMNS: &'static [__orm::ColumnDef] = &[];
                const OPTIONAL: bool = false;
                fn dump(&self, out: &mut __orm::Dump) { #never }
                fn read<__C: __orm::Cells>(cells: &mut __C) -> ::core::result::Result<Self, __C::Error> { #never }
            }
            impl #placed __orm::EmbedIn<__S, __P> for #ident #types #bounds {
                const COLUMNS_HERE: () = ();
                const OPTIONAL_HERE: () = ();
            }
        };
    }
}

//! The builder's setters: one for each field.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::Ident;

use super::builder::Shape;
use super::relation::{self, Relation};
use crate::ast::Field;
use crate::infer::Ends;

/// The setter of a field; none where the server computes the value.
pub(super) fn setter(shape: &Shape<'_>, field: &Field) -> TokenStream {
    if let Some(relation) = relation::all(shape.model).into_iter().find(|relation| relation.field.ident == field.ident)
    {
        return match relation.ends {
            Ends::HasMany => collection(shape, &relation),
            Ends::HasOne | Ends::BelongsTo => link(shape, &relation),
        };
    }
    if field.column.generated.is_some() || field.ident == "build" { TokenStream::new() } else { value(shape, field) }
}

fn value(shape: &Shape<'_>, field: &Field) -> TokenStream {
    let (ident, ty) = (&field.ident, &field.ty);
    let doc = format!("Sets `{}`.", field.name());
    let (takes, value) = if field.is_column() {
        (quote!(impl __orm::IntoField<#ty>), quote!(__orm::IntoField::into_field(#ident)))
    } else if field.is_embedded() {
        (quote!(impl ::core::convert::Into<#ty>), quote!(::core::convert::Into::into(#ident)))
    } else {
        (ty.to_token_stream(), quote!(#ident))
    };
    let value = if shape.is_optional_value(field) { quote!(::core::option::Option::Some(#value)) } else { value };
    let (result, end) = state_after(shape, &quote!(__orm::Set), &[ident]);
    let store = shape.store(&quote!(self.values.#ident = #value;));
    quote! {
        #[doc = #doc]
        pub fn #ident(mut self, #ident: #takes) -> #result {
            #store
            #end
        }
    }
}

impl Shape<'_> {
    /// The statement, unless the model was refused: then the values have no fields.
    fn store(&self, statement: &TokenStream) -> Option<TokenStream> {
        (!self.model.refused).then(|| statement.clone())
    }
}

/// The builder's type with these columns marked, and the expression that makes it of `self`.
fn state_after(shape: &Shape<'_>, mark: &TokenStream, marked: &[&Ident]) -> (TokenStream, TokenStream) {
    let builder = &shape.builder;
    if !shape.required.iter().any(|(field, _)| marked.contains(&&field.ident)) {
        return (quote!(Self), quote!(self));
    }
    let states = shape
        .required
        .iter()
        .map(|(field, param)| if marked.contains(&&field.ident) { mark.clone() } else { param.to_token_stream() });
    let end = quote!(#builder { values: self.values, state: ::core::marker::PhantomData });
    (quote!(#builder<#(#states),*>), end)
}

/// The trait by which a relationship takes what is at its other end, and the function that takes it.
///
/// Under a refused model every value is taken: whether it is one cannot be told.
fn link_trait(shape: &Shape<'_>, relation: &Relation<'_>) -> (Option<TokenStream>, TokenStream) {
    if shape.model.refused {
        return (None, TokenStream::new());
    }
    let (target, via) = (relation.target, relation.via());
    match (relation.ends, via) {
        (Ends::BelongsTo, _) | (_, 0) => (Some(quote!(__orm::IntoLink<#target>)), quote!(__orm::IntoLink::into_link)),
        _ => (Some(quote!(__orm::IntoChild<#target, #via>)), quote!(__orm::IntoChild::<#target, #via>::into_child)),
    }
}

fn collection(shape: &Shape<'_>, relation: &Relation<'_>) -> TokenStream {
    let (ident, definition) = (&relation.field.ident, relation.definition());
    let (takes, into) = link_trait(shape, relation);
    let takes = takes.map(|takes| quote!(: #takes));
    let doc = format!("Puts these into `{}`.", relation.field.name());
    let store = shape.store(&quote! {
        let links = ::core::iter::Iterator::map(::core::iter::IntoIterator::into_iter(#ident), #into);
        self.values.#ident = __orm::HasMany::links(&#definition, ::core::iter::Iterator::collect(links));
    });
    quote! {
        #[doc = #doc]
        pub fn #ident<__L #takes>(mut self, #ident: impl ::core::iter::IntoIterator<Item = __L>) -> Self {
            #store
            self
        }
    }
}

fn link(shape: &Shape<'_>, relation: &Relation<'_>) -> TokenStream {
    let (ident, definition) = (&relation.field.ident, relation.definition());
    let (takes, into) = link_trait(shape, relation);
    let takes = takes.map_or_else(|| quote!(impl ::core::marker::Sized), |takes| quote!(impl #takes));
    let ty = format_ident!("{}", relation.ends.name());
    let doc = format!("Relates to the `{}`.", relation.field.name());
    let linked: Vec<_> = if relation.ends == Ends::BelongsTo { shape.linked(relation).collect() } else { Vec::new() };
    let (result, end) = state_after(shape, &quote!(__orm::Linked), &linked);
    let store = shape.store(&quote!(self.values.#ident = __orm::#ty::link(&#definition, #into(#ident));));
    quote! {
        #[doc = #doc]
        pub fn #ident(mut self, #ident: #takes) -> #result {
            #store
            #end
        }
    }
}

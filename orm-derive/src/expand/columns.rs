//! The columns: their definitions, the struct that holds them as values, and the constants.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::embed;
use super::relation::{self, Relation};
use crate::ast::{Field, Model};
use crate::symbol::RESERVED;

/// `const __COLUMNS`
pub(super) fn definitions(model: &Model) -> TokenStream {
    let keys: Vec<_> = model.key().iter().map(|field| &field.ident).collect();
    let definition = |field: &Field| definition(field, !model.refused, keys.contains(&&field.ident));
    let (list, places) = (embed::list(&model.stored(), definition), places(model));
    quote!(const __COLUMNS: &[__orm::ColumnDef] = #list; #places)
}

/// Where the embedded structs stand.
fn places(model: &Model) -> TokenStream {
    let places = model.stored().into_iter().filter(|field| field.is_embedded()).map(|field| {
        let (place, position) = (embed::place(field), position(model, field));
        quote! {
            struct #place;
            impl __orm::Place for #place {
                const COLUMNS: &'static [__orm::ColumnDef] = __COLUMNS.split_at(#position).1;
            }
        }
    });
    quote!(#(#places)*)
}

/// The position of a field's column, or of the first of its columns.
pub(super) fn position(model: &Model, field: &Field) -> TokenStream {
    let stored = model.stored();
    let index = stored.iter().position(|other| other.ident == field.ident).unwrap_or(stored.len());
    embed::position(&stored, index)
}

pub(super) fn definition(field: &Field, with_attrs: bool, key: bool) -> TokenStream {
    let (ty, name, column) = (&field.ty, field.name(), field.column_name());
    let mut code = quote!(__orm::ColumnDef::of::<#ty>(#name, #column));
    if with_attrs {
        code.extend(setters(field));
        code.extend(key.then(|| quote!(.primary_key())));
    }
    code
}

/// The attributes as calls. The default comes before the key: it decides whether the key is an identity.
fn setters(field: &Field) -> TokenStream {
    let attrs = &field.column;
    let length = attrs.length.iter().map(|value| quote!(.length(#value)));
    let sql_type = attrs.sql_type.iter().map(|value| quote!(.sql_type(#value)));
    let default = attrs.default.iter().map(|value| quote!(.default_sql(#value)));
    let generated = attrs.generated.iter().map(|value| quote!(.generated(#value)));
    let touch = attrs.touch.iter().map(|value| quote!(.on_update_sql(#value)));
    let trigger = attrs.trigger.iter().map(|_| quote!(.trigger()));
    let comment = attrs.comment.iter().map(|value| quote!(.comment(#value)));
    let version = attrs.version.iter().map(|_| quote!(.version()));
    let sensitive = attrs.sensitive.iter().map(|_| quote!(.sensitive()));
    let made = quote!(#(#default)* #(#generated)* #(#touch)* #(#trigger)*);
    quote!(#(#length)* #(#sql_type)* #made #(#comment)* #(#version)* #(#sensitive)*)
}

/// The name of the struct of columns.
pub(super) fn structure_name(model: &Model) -> Ident {
    format_ident!("{}Columns", model.name(), span = model.ident.span())
}

/// The struct of columns and relationships, generic over the source that they are seen from.
pub(super) fn structure(model: &Model) -> TokenStream {
    let name = structure_name(model);
    let columns = model.stored().into_iter().map(|field| {
        let (Field { vis, ident, .. }, ty) = (field, column_type(field, &quote!(__S)));
        quote!(#vis #ident: #ty)
    });
    let relations = relation::all(model).into_iter().map(|relation| {
        let (Field { vis, ident, .. }, ty) = (relation.field, relation.ty(model, &quote!(__S)));
        quote!(#vis #ident: #ty)
    });
    let values =
        column_values(model).into_iter().chain(relation_values(model)).map(|(ident, value)| quote!(#ident: #value));
    quote! {
        pub struct #name<__S> {
            #(#columns,)*
            #(#relations,)*
            __source: ::core::marker::PhantomData<fn() -> __S>,
        }
        impl<__S> #name<__S> {
            const ALL: Self = Self { #(#values,)* __source: ::core::marker::PhantomData };
        }
    }
}

/// The type of a column's value, or of those of an embedded struct, seen from `source`.
fn column_type(field: &Field, source: &TokenStream) -> TokenStream {
    let ty = &field.ty;
    if field.is_embedded() {
        let columns = embed::method(field, "Columns");
        quote!(#columns<#source>)
    } else {
        quote!(__orm::Column<#source, #ty>)
    }
}

fn column_values(model: &Model) -> Vec<(&Ident, TokenStream)> {
    let value = |field: &Field| {
        let ty = &field.ty;
        if field.is_embedded() {
            let place = embed::place(field);
            quote_spanned!(ty.span()=> <#ty as __orm::EmbedIn<__S, #place>>::COLUMNS_HERE)
        } else {
            let position = position(model, field);
            quote!(__orm::Column::new(&__COLUMNS[#position]))
        }
    };
    model.stored().into_iter().map(|field| (&field.ident, value(field))).collect()
}

fn relation_values(model: &Model) -> impl Iterator<Item = (&Ident, TokenStream)> {
    relation::all(model).into_iter().map(|relation| {
        let definition = relation.definition();
        (&relation.field.ident, quote!(__orm::Relation::new(|| &#definition)))
    })
}

/// The model's own constants.
pub(super) fn constants(model: &Model) -> TokenStream {
    let (ident, vis, structure) = (&model.ident, &model.vis, structure_name(model));
    let short = short_constants(model);
    quote! {
        impl #ident {
            #short
            /// All columns and relationships.
            #vis const c: #structure<Self> = #structure::ALL;
            /// The table, as the outer table of a correlated subquery.
            #vis const TABLE: __orm::At<Self> = __orm::At::HERE;
        }
    }
}

fn short_constants(model: &Model) -> TokenStream {
    if model.attrs.constants_off.is_some() {
        return TokenStream::new();
    }
    let table = model.table();
    let structure = structure_name(model);
    let values = model.stored().into_iter().zip(column_values(model));
    let columns = values.filter(|(field, _)| field.has_constant()).map(|(field, (ident, value))| {
        let (vis, ty) = (&field.vis, column_type(field, &quote!(Self)));
        let doc = match field.prefix() {
            Some(prefix) => format!("The columns `{table}.{prefix}…`."),
            None => format!("The column `{table}.{}`.", field.column_name()),
        };
        // The values of an embedded struct are made once, for all sources.
        let value = if field.is_embedded() { quote!(#structure::<Self>::ALL.#ident) } else { value };
        quote!(#[doc = #doc] #vis const #ident: #ty = #value;)
    });
    let relations = relation::all(model)
        .into_iter()
        .zip(relation_values(model))
        .filter(|(relation, _)| relation.field.has_constant())
        .map(|(relation, (_, value))| relation_constant(model, &relation, &value));
    quote!(#(#columns)* #(#relations)*)
}

fn relation_constant(model: &Model, relation: &Relation<'_>, value: &TokenStream) -> TokenStream {
    let Field { vis, ident, .. } = relation.field;
    let ty = relation.ty(model, &quote!(Self));
    let doc = format!("The relationship `{}::{}`.", model.name(), relation.field.name());
    quote!(#[doc = #doc] #vis const #ident: #ty = #value;)
}

impl Field {
    fn has_constant(&self) -> bool {
        self.constants_off.is_none() && !RESERVED.contains(&self.name().as_str())
    }
}

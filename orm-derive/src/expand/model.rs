//! The table's static and the impls of `Source` and `Model`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::LitStr;

use super::relation::{name, names, variant};
use super::{columns, option, relation, row};
use crate::ast::{Check, Field, Index, Listed, Listing, Model};

/// `static __TABLE`
pub(super) fn table(model: &Model) -> TokenStream {
    let (rust, table) = (model.name(), model.table());
    let key: Vec<_> = if model.refused { Vec::new() } else { model.key() };
    let positions = key.iter().map(|key| columns::position(model, key));
    let key_names = names(key.iter().map(|field| field.column_name()));
    let rest = if model.refused { Vec::new() } else { table_parts(model) };
    let parts = rest.into_iter().filter(|(_, value)| !value.is_empty()).map(|(part, value)| {
        let part = quote::format_ident!("{part}");
        quote!(#part: #value,)
    });
    quote! {
        static __TABLE: __orm::TableDef = __orm::TableDef {
            #(#parts)*
            ..__orm::TableDef::new(#rust, ::core::module_path!(), #table, __COLUMNS, &[#(#positions),*], #key_names)
        };
    }
}

/// The parts of the table that are not there in every table; an empty one is left out.
fn table_parts(model: &Model) -> Vec<(&'static str, TokenStream)> {
    let some = |text: &Option<LitStr>| text.as_ref().map(|text| option(Some(text))).unwrap_or_default();
    let relations = relation::all(model).into_iter().map(|relation| {
        let definition = relation.definition();
        quote!(&#definition)
    });
    vec![
        ("schema", some(&model.attrs.schema)),
        ("uniques", slice(uniques(model))),
        ("indexes", slice(indexes(model))),
        ("checks", slice(checks(model))),
        ("foreign_keys", slice(foreign_keys(model))),
        ("relations", slice(relations)),
        (
            "soft_delete",
            model.soft_delete().map(|field| option(Some(columns::position(model, field)))).unwrap_or_default(),
        ),
        ("comment", some(&model.attrs.comment)),
        ("view", view(model)),
    ]
}

fn view(model: &Model) -> TokenStream {
    let Some(view) = &model.attrs.view else { return TokenStream::new() };
    let (materialized, sql) = (view.materialized, option(view.sql.as_ref()));
    quote!(::core::option::Option::Some(__orm::ViewDef { materialized: #materialized, sql: #sql }))
}

fn slice(items: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let items: Vec<_> = items.into_iter().collect();
    if items.is_empty() { TokenStream::new() } else { quote!(&[#(#items),*]) }
}

/// The columns' names of a struct's list, or of the one field that has the attribute.
fn listed(model: &Model, listing: &Listing, field: Option<&Field>) -> TokenStream {
    let ident = &model.ident;
    let structure = columns::structure_name(model);
    let listed = listing.fields.iter().map(|Listed { field, inside }| match model.column(field) {
        Some(column) => column.column_name().to_token_stream(),
        None => quote!(#structure::<#ident>::ALL.#field #(.#inside)*.name()),
    });
    let names = field.map(|field| field.column_name().to_token_stream()).into_iter().chain(listed);
    quote!(&[#(#names),*])
}

fn uniques(model: &Model) -> impl Iterator<Item = TokenStream> {
    let of_fields =
        model.columns().filter_map(|field| field.column.unique.as_ref().map(|unique| (unique, Some(field))));
    let of_struct = model.attrs.uniques.iter().map(|unique| (unique, None));
    of_fields.chain(of_struct).map(|(listing, field)| {
        let (columns, name) = (listed(model, listing, field), name(listing.name.as_ref()));
        quote!(__orm::UniqueDef { columns: #columns, name: #name })
    })
}

fn indexes(model: &Model) -> impl Iterator<Item = TokenStream> {
    let of_fields = model.columns().filter_map(|field| field.column.index.as_ref().map(|index| (index, Some(field))));
    let of_struct = model.attrs.indexes.iter().map(|index| (index, None));
    of_fields.chain(of_struct).map(|(index, field)| {
        let Index { listing, unique, using, predicate } = index;
        let (columns, name) = (listed(model, listing, field), name(listing.name.as_ref()));
        let (using, predicate) = (option(using.as_ref()), option(predicate.as_ref()));
        quote!(__orm::IndexDef { columns: #columns, name: #name, unique: #unique, using: #using, predicate: #predicate })
    })
}

fn checks(model: &Model) -> impl Iterator<Item = TokenStream> {
    let of_fields = model.columns().filter_map(|field| field.column.check.as_ref().map(|check| (check, Some(field))));
    let of_struct = model.attrs.checks.iter().map(|check| (check, None));
    of_fields.chain(of_struct).map(|(Check { sql, name: given }, field)| {
        let (name, column) = (name(given.as_ref()), option(field.map(Field::column_name)));
        quote!(__orm::CheckDef { sql: #sql, name: #name, column: #column })
    })
}

/// One foreign key for each `belongs_to` of several columns, and one for each other column with `references`.
fn foreign_keys(model: &Model) -> impl Iterator<Item = TokenStream> {
    let mut keys: Vec<Vec<&Field>> = Vec::new();
    for relation in model.relations() {
        let key = relation.key_fields(model);
        let same =
            |other: &Vec<&Field>| other.iter().map(|field| &field.ident).eq(key.iter().map(|field| &field.ident));
        if key.len() > 1 && !keys.iter().any(same) {
            keys.push(key);
        }
    }
    for field in model.columns().filter(|field| field.column.references.is_some()) {
        if !keys.iter().flatten().any(|other| other.ident == field.ident) {
            keys.push(vec![field]);
        }
    }
    keys.into_iter().filter_map(|key| foreign_key(&key))
}

fn foreign_key(key: &[&Field]) -> Option<TokenStream> {
    let columns = names(key.iter().map(|field| field.column_name()));
    let paths = key.iter().filter_map(|field| field.column.references.as_ref()).map(|path| &path.expr);
    let first = paths.clone().next()?;
    let on_delete = key.iter().find_map(|field| field.column.on_delete.as_ref()).map(|action| {
        let action = variant(action);
        quote!(.on_delete(__orm::ForeignKeyAction::#action))
    });
    let on_update = key.iter().find_map(|field| field.column.on_update.as_ref()).map(|action| {
        let action = variant(action);
        quote!(.on_update(__orm::ForeignKeyAction::#action))
    });
    let deferrable = key.iter().find_map(|field| field.column.deferrable.as_ref()).map(|when| {
        let when = variant(when);
        quote!(.deferrable(__orm::Deferrable::#when))
    });
    let not_indexed = key.iter().any(|field| field.column.index_off.is_some()).then(|| quote!(.not_indexed()));
    Some(quote! {
        __orm::ForeignKeyDef::new(#columns, (#first).table(), const { &[#((#paths).name()),*] })
            #on_delete #on_update #deferrable #not_indexed
    })
}

/// `impl Source`
pub(super) fn source(model: &Model) -> TokenStream {
    let (ident, name) = (&model.ident, model.display_table());
    quote! {
        impl __orm::Source for #ident {
            const NAME: &'static str = #name;
            fn source() -> __orm::SourceRef { __orm::SourceRef::Table(&__TABLE) }
        }
    }
}

/// `impl Model`
pub(super) fn model(model: &Model) -> TokenStream {
    let (ident, key, structure) = (&model.ident, key(model), columns::structure_name(model));
    let (dump, store, embedded) = (row::dump(model), row::store(model), row::store_embedded(model));
    let relations = if model.refused { Vec::new() } else { relation::all(model) };
    let fields: Vec<_> = relations.iter().map(|relation| &relation.field.ident).collect();
    let indexes: Vec<_> = relations.iter().map(|relation| relation.index).collect();
    let kind = kind(model);
    quote! {
        #kind
        impl __orm::Model for #ident {
            type Key = #key;
            type Columns<__S> = #structure<__S>;
            fn table() -> &'static __orm::TableDef { &__TABLE }
            fn columns<__S>() -> #structure<__S> { #structure::ALL }
            #dump
            #store
            #embedded
            fn relation(&self, __field: usize) -> ::core::option::Option<&dyn __orm::RelationField> {
                match __field { #(#indexes => ::core::option::Option::Some(&self.#fields),)* _ => ::core::option::Option::None }
            }
            fn relation_mut(&mut self, __field: usize) -> ::core::option::Option<&mut dyn __orm::RelationField> {
                match __field { #(#indexes => ::core::option::Option::Some(&mut self.#fields),)* _ => ::core::option::Option::None }
            }
            fn adopt<__A: __orm::Adopter>(&mut self, __adopter: &mut __A) {
                #(self.#fields.adopt(__adopter);)*
            }
        }
        impl __orm::SqlRow for #ident { type By = __orm::AsModel; }
    }
}

/// Whether it is written to, or a materialized view. A refused model is all of it, so that its users see no further errors.
fn kind(model: &Model) -> TokenStream {
    let (ident, view) = (&model.ident, &model.attrs.view);
    let writable = (view.is_none() || model.refused).then(|| quote!(impl __orm::Writable for #ident {}));
    let is_materialized = view.as_ref().is_some_and(|view| view.materialized);
    let materialized = is_materialized.then(|| quote!(impl __orm::Materialized for #ident {}));
    quote!(#writable #materialized)
}

/// The type of the primary key: that of its column, or a tuple.
fn key(model: &Model) -> TokenStream {
    let key = model.key();
    let types = key.iter().map(|field| {
        let ty = &field.ty;
        quote!(<#ty as __orm::Field>::Read)
    });
    match key.len() {
        // Refused: any key type lets the users of the model go on.
        0 => quote!(i32),
        1 => quote!(#(#types)*),
        _ => quote!((#(#types),*)),
    }
}

/// Registers the model for `create_all` over all models.
pub(super) fn registration(model: &Model) -> TokenStream {
    let ident = &model.ident;
    if model.refused {
        return TokenStream::new();
    }
    quote!(__orm::inventory::submit! { __orm::Registered::new::<#ident>() })
}

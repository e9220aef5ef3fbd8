//! Embedded structs: their columns are joined with those around them, and stand in a place.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::columns;
use crate::ast::{Field, private};
use crate::embed::Embed;

/// The list of columns of these fields.
pub(super) fn list(fields: &[&Field], definition: impl Fn(&Field) -> TokenStream) -> TokenStream {
    if !fields.iter().any(|field| field.is_embedded()) {
        let columns = fields.iter().map(|field| definition(field));
        return quote!(&[#(#columns),*]);
    }
    let parts = fields.iter().map(|field| match field.prefix() {
        Some(prefix) => {
            let (ty, name) = (&field.ty, field.name());
            let embedded = quote_spanned!(ty.span()=> __orm::ColumnPart::embedded::<#ty>);
            quote!(#embedded(#name, #prefix))
        }
        None => {
            let definition = definition(field);
            quote!(__orm::ColumnPart::Own(#definition))
        }
    });
    quote! {{
        const PARTS: &[__orm::ColumnPart] = &[#(#parts),*];
        const NAMES: [u8; __orm::names_len(PARTS)] = __orm::names(PARTS);
        const COLUMNS: [__orm::ColumnDef; __orm::width(PARTS)] = __orm::joined(PARTS, &NAMES);
        &COLUMNS
    }}
}

/// The position of the column, or of the first of the columns, of the field at `index`.
pub(super) fn position(fields: &[&Field], index: usize) -> TokenStream {
    let before = &fields[..index];
    let own = before.iter().filter(|field| !field.is_embedded()).count();
    let widths = before.iter().filter(|field| field.is_embedded()).map(|field| width(field));
    quote!(#own #(+ #widths)*)
}

/// A method of the struct, with the span of its type: a struct that cannot be embedded is said once.
pub(super) fn method(field: &Field, name: &str) -> TokenStream {
    let (ty, name) = (&field.ty, Ident::new(name, field.ty.span()));
    quote_spanned!(ty.span()=> <#ty as __orm::Embed>::#name)
}

/// How many columns an embedded struct is.
pub(super) fn width(field: &Field) -> TokenStream {
    let columns = method(field, "COLUMNS");
    quote!(#columns.len())
}

/// The name of the type that says where the struct stands.
pub(super) fn place(field: &Field) -> Ident {
    format_ident!("__At_{}", field.name())
}

/// Everything that an embedded struct needs.
pub(crate) fn embed(input: &Embed) -> TokenStream {
    let (ident, orm) = (&input.ident, private(input.orm.as_ref()));
    let fields: Vec<&Field> = input.fields.iter().collect();
    let list = list(&fields, |field| columns::definition(field, true, false));
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let dumps = fields.iter().map(|field| {
        let name = &field.ident;
        if field.is_embedded() {
            let dump = method(field, "dump");
            quote!(#dump(&self.#name, __out);)
        } else {
            quote!(__out.put(&self.#name);)
        }
    });
    let reads = fields.iter().map(|field| {
        if field.is_embedded() {
            let read = method(field, "read");
            quote!(#read(__cells)?)
        } else {
            quote!(__cells.read()?)
        }
    });
    let structure = columns_name(input);
    let (columns, places) = (structure_of(input), places(&fields));
    let (here, optional) = (values(&fields, &quote!(COLUMNS_HERE)), values(&fields, &quote!(OPTIONAL_HERE)));
    let together = together(input);
    quote! {
        #[automatically_derived]
        #[allow(dead_code, deprecated, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
        const _: () = {
            use #orm as __orm;
            #columns
            #places
            impl __orm::Embed for #ident {
                type Columns<__S> = #structure<__S, __orm::NotNull>;
                type Optional<__S> = #structure<__S, __orm::MaybeNull>;
                type Nullable = ::core::option::Option<Self>;
                const COLUMNS: &'static [__orm::ColumnDef] = #list;
                const OPTIONAL: bool = false;
                fn dump(&self, __out: &mut __orm::Dump) { #(#dumps)* }
                fn read<__C: __orm::Cells>(__cells: &mut __C) -> ::core::result::Result<Self, __C::Error> {
                    ::core::result::Result::Ok(Self { #(#idents: #reads,)* })
                }
            }
            impl<__S, __P: __orm::Place> __orm::EmbedIn<__S, __P> for #ident {
                const COLUMNS_HERE: #structure<__S, __orm::NotNull> = #structure { #here };
                const OPTIONAL_HERE: #structure<__S, __orm::MaybeNull> = #structure { #optional };
            }
            #together
        };
    }
}

fn columns_name(input: &Embed) -> Ident {
    format_ident!("{}Columns", input.ident)
}

/// The struct of columns, which may all be NULL where `__N` says so.
fn structure_of(input: &Embed) -> TokenStream {
    let (name, vis) = (columns_name(input), &input.vis);
    let fields = input.fields.iter().map(|field| {
        let Field { vis, ident, ty, .. } = field;
        if field.is_embedded() {
            quote!(#vis #ident: <<__N as __orm::Presence>::Of<#ty> as __orm::Embed>::Columns<__S>)
        } else {
            let nullable = quote!(<#ty as __orm::Field>::Nullable);
            quote!(#vis #ident: __orm::Column<__S, <__N as __orm::Nullability>::If<#nullable, #ty>>)
        }
    });
    quote! {
        #vis struct #name<__S, __N: __orm::Nullability + __orm::Presence> {
            #(#fields,)*
            __columns: &'static [__orm::ColumnDef],
        }
        impl<__S, __N: __orm::Nullability + __orm::Presence> ::core::clone::Clone for #name<__S, __N> {
            fn clone(&self) -> Self { *self }
        }
        impl<__S, __N: __orm::Nullability + __orm::Presence> ::core::marker::Copy for #name<__S, __N> {}
    }
}

/// Where the structs inside stand, below the place of this one.
fn places(fields: &[&Field]) -> TokenStream {
    let places = fields.iter().enumerate().filter(|(_, field)| field.is_embedded()).map(|(index, field)| {
        let (place, position) = (place(field), position(fields, index));
        quote! {
            struct #place<__P>(::core::marker::PhantomData<__P>);
            impl<__P: __orm::Place> __orm::Place for #place<__P> {
                const COLUMNS: &'static [__orm::ColumnDef] = __P::COLUMNS.split_at(#position).1;
            }
        }
    });
    quote!(#(#places)*)
}

/// The columns as values; `constant` is the one that structs inside give.
fn values(fields: &[&Field], constant: &TokenStream) -> TokenStream {
    let values = fields.iter().enumerate().map(|(index, field)| {
        let (ident, ty) = (&field.ident, &field.ty);
        if field.is_embedded() {
            let place = place(field);
            quote!(#ident: <#ty as __orm::EmbedIn<__S, #place<__P>>>::#constant)
        } else {
            let position = position(fields, index);
            quote!(#ident: __orm::Column::new(&__P::COLUMNS[#position]))
        }
    });
    quote!(#(#values,)* __columns: __P::COLUMNS.split_at(<Self as __orm::Embed>::COLUMNS.len()).0)
}

/// What the columns are together: comparable, in a select list, in a projection, in changes.
fn together(input: &Embed) -> TokenStream {
    let (ident, name) = (&input.ident, columns_name(input));
    let bounds = quote!(__N: __orm::Nullability + __orm::Presence);
    let value = quote!(<__N as __orm::Presence>::Of<#ident>);
    let row = quote!(<<__S as __orm::InScope<__Scope, __I>>::Null as __orm::Presence>::Of<#value>);
    let in_scope = quote! {
        where
            __S: __orm::Source + __orm::InScope<__Scope, __I>,
            <__S as __orm::InScope<__Scope, __I>>::Null: __orm::Presence,
    };
    quote! {
        impl<__S: __orm::Source, #bounds> __orm::EmbeddedColumns for #name<__S, __N> {
            type Source = __S;
            type Value = #value;
            fn definitions(self) -> &'static [__orm::ColumnDef] { self.__columns }
        }
        impl<__Scope, __S, #bounds, __I> __orm::Selection<__Scope, __orm::OfEmbedded<__I>> for #name<__S, __N>
        #in_scope
        {
            type Row = #row;
            fn into_projection(self, __out: &mut ::std::vec::Vec<__orm::SelectItem>) {
                __orm::select_embedded(<__S as __orm::Source>::source(), self.__columns, __out);
            }
            fn read(__row: &mut __orm::RowReader<'_>) -> __orm::Result<Self::Row> { __orm::Embed::read(__row) }
        }
        impl<__M, __Scope, __S, #bounds, __I> __orm::Fills<__M, __Scope, __orm::OfEmbedded<__I>> for #name<__S, __N>
        #in_scope
        {
            type Reads = __orm::Together<#row>;
            fn into_source(self) -> __orm::FieldSource {
                __orm::FieldSource::Embedded(<__S as __orm::Source>::source(), self.__columns)
            }
        }
        impl<__M: __orm::Model, #bounds> __orm::Changing<__M, ::core::option::Option<#value>> for #name<__M, __N> {
            fn change(self, __change: ::core::option::Option<#value>, __out: &mut __orm::ChangeSet<__M>) {
                __orm::change_embedded(self, __change, __out);
            }
        }
    }
}

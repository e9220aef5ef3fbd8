//! The builder: a type that knows which required columns are set.
//!
//! It has one type parameter for each required column, which is `unset::column` until the column is set or gets its value
//! from a relationship.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::relation::{self, Relation};
use super::setter::setter;
use crate::ast::{Field, Model};
use crate::infer::Ends;

/// The required columns with their type parameters, and the names of the types.
pub(super) struct Shape<'m> {
    pub(super) model: &'m Model,
    pub(super) builder: Ident,
    values: Ident,
    pub(super) required: Vec<(&'m Field, Ident)>,
}

/// The builder and what it becomes.
pub(super) fn builder(model: &Model) -> TokenStream {
    if model.attrs.view.is_some() && !model.refused {
        return read_only(model);
    }
    let required = model.required().enumerate().map(|(index, field)| (field, format_ident!("__S{index}"))).collect();
    let shape = Shape {
        model,
        builder: format_ident!("{}Builder", model.name()),
        values: format_ident!("{}Values", model.name()),
        required,
    };
    [shape.markers(), shape.types(), shape.methods(), shape.values(), shape.conversions(), shape.children(), own(model)]
        .into_iter()
        .collect()
}

impl Shape<'_> {
    fn params(&self) -> Vec<&Ident> {
        self.required.iter().map(|(_, param)| param).collect()
    }

    /// The types by which rustc names a column that is not set.
    fn markers(&self) -> TokenStream {
        let names: Vec<_> = self.required.iter().map(|(field, _)| &field.ident).collect();
        let linked = relation::all(self.model).into_iter().filter(|relation| relation.ends == Ends::BelongsTo);
        let under = linked.flat_map(|relation| {
            let via = relation.via();
            self.linked(&relation)
                .map(move |name| quote!(impl __orm::SetUnder<#via> for unset::#name {}))
                .collect::<Vec<_>>()
        });
        // A refused model does not complain about its builder too.
        let refused = self.model.refused.then(|| quote!(#(impl __orm::IsSet for unset::#names {})*));
        let under: TokenStream = if self.model.refused {
            quote!(#(impl<const VIA: u64> __orm::SetUnder<VIA> for unset::#names {})*)
        } else {
            under.collect()
        };
        quote! {
            mod unset { #(pub struct #names;)* }
            #refused
            #under
        }
    }

    /// The required columns that a relationship gives their values.
    pub(super) fn linked<'s>(&'s self, relation: &Relation<'_>) -> impl Iterator<Item = &'s Ident> + use<'s> {
        let key: Vec<_> = relation.field.key_fields(self.model).iter().map(|field| field.ident.clone()).collect();
        self.required.iter().map(|(field, _)| &field.ident).filter(move |name| key.contains(name))
    }

    fn types(&self) -> TokenStream {
        let Self { model, builder, values, .. } = self;
        let (vis, params) = (&model.vis, self.params());
        let names = self.required.iter().map(|(field, _)| &field.ident);
        let fields = model.fields.iter().filter(|_| !model.refused).map(|field| {
            let (ident, ty) = (&field.ident, &field.ty);
            if self.is_optional_value(field) {
                quote!(#ident: ::core::option::Option<#ty>)
            } else {
                quote!(#ident: #ty)
            }
        });
        quote! {
            struct #values { #(#fields,)* }
            #[must_use = "a builder does nothing until it is built or added to a session"]
            #vis struct #builder<#(#params = unset::#names),*> {
                values: #values,
                state: ::core::marker::PhantomData<fn() -> (#(#params,)*)>,
            }
        }
    }

    /// Whether the value is in an `Option` until it is set.
    pub(super) fn is_optional_value(&self, field: &Field) -> bool {
        (field.is_column() && (field.is_required() || field.column.version.is_some()))
            || (field.is_embedded() && field.is_required())
    }

    fn methods(&self) -> TokenStream {
        let Self { model, builder, values, .. } = self;
        let (ident, vis, params) = (&model.ident, &model.vis, self.params());
        let setters = model.fields.iter().map(|field| setter(self, field));
        let initial = model.fields.iter().filter(|_| !model.refused).map(|field| self.initial(field));
        quote! {
            impl #ident {
                /// Begins a new value.
                #vis fn builder() -> #builder {
                    #builder { values: #values { #(#initial,)* }, state: ::core::marker::PhantomData }
                }
            }
            impl<#(#params),*> #builder<#(#params),*> {
                #(#setters)*
                /// The value.
                pub fn build(self) -> #ident where #(#params: __orm::IsSet),* { self.values.finish() }
            }
        }
    }

    /// The value of a field of a new builder. A new object's collection is known: it is empty.
    fn initial(&self, field: &Field) -> TokenStream {
        let ident = &field.ident;
        let relation = relation::all(self.model).into_iter().find(|relation| relation.field.ident == field.ident);
        let value = match relation {
            Some(relation) => {
                let (definition, ty) = (relation.definition(), format_ident!("{}", relation.ends.name()));
                match relation.ends {
                    Ends::HasMany => {
                        quote!(__orm::HasMany::links(&#definition, ::std::vec::Vec::new()))
                    }
                    Ends::HasOne | Ends::BelongsTo => quote!(__orm::#ty::unloaded(&#definition)),
                }
            }
            None if self.is_optional_value(field) => quote!(::core::option::Option::None),
            None => quote!(::core::default::Default::default()),
        };
        quote!(#ident: #value)
    }

    /// `fn finish`, from the builder's values to the model's.
    fn values(&self) -> TokenStream {
        let Self { model, values, .. } = self;
        let ident = &model.ident;
        let fields = model.fields.iter().map(|field| {
            let (name, value) = (&field.ident, self.finished(field));
            quote!(#name: #value)
        });
        let body = if model.refused { quote!(::core::unimplemented!()) } else { quote!(#ident { #(#fields,)* }) };
        quote! {
            impl #values {
                fn finish(self) -> #ident { #body }
            }
        }
    }

    fn finished(&self, field: &Field) -> TokenStream {
        let (ident, ty) = (&field.ident, &field.ty);
        let linked =
            || relation::all(self.model).iter().any(|relation| self.linked(relation).any(|name| name == ident));
        if !self.is_optional_value(field) {
            quote!(self.#ident)
        } else if field.column.version.is_some() {
            quote!(self.#ident.unwrap_or(<#ty as __orm::VersionType>::FIRST))
        } else if linked() {
            quote!(__orm::key_or_placeholder(self.#ident))
        } else {
            quote!(__orm::expect_set(self.#ident))
        }
    }

    /// What a complete builder becomes.
    fn conversions(&self) -> TokenStream {
        let Self { model: Model { ident, .. }, builder, .. } = self;
        let params = self.params();
        quote! {
            impl<#(#params: __orm::IsSet),*> __orm::IntoModel for #builder<#(#params),*> {
                type Model = #ident;
                fn into_model(self) -> #ident { self.values.finish() }
            }
            impl<#(#params: __orm::IsSet),*> __orm::IntoLink<#ident> for #builder<#(#params),*> {
                fn into_link(self) -> __orm::Link<#ident> { __orm::Link::of(self.values.finish()) }
            }
            // At the end of a many-to-many relationship, which gives no key.
            impl<#(#params: __orm::IsSet),*> __orm::IntoChild<#ident, 0> for #builder<#(#params),*> {
                fn into_child(self) -> __orm::Link<#ident> { __orm::Link::of(self.values.finish()) }
            }
        }
    }

    /// What a builder is under its parent's, one impl for each `belongs_to`: the columns of its key may be unset.
    fn children(&self) -> TokenStream {
        let Self { model: Model { ident, .. }, builder, .. } = self;
        let params = self.params();
        let parents = relation::all(self.model).into_iter().filter(|relation| relation.ends == Ends::BelongsTo);
        parents
            .map(|relation| {
                let via = relation.via();
                let linked: Vec<_> = self.linked(&relation).collect();
                let bounds = self.required.iter().map(|(field, param)| {
                    if linked.contains(&&field.ident) {
                        quote!(#param: __orm::SetUnder<#via>)
                    } else {
                        quote!(#param: __orm::IsSet)
                    }
                });
                quote! {
                    impl<#(#bounds),*> __orm::IntoChild<#ident, #via> for #builder<#(#params),*> {
                        fn into_child(self) -> __orm::Link<#ident> { __orm::Link::of(self.values.finish()) }
                    }
                }
            })
            .collect()
    }
}

/// What a view has instead: conversions whose bound says why there are none. The binder makes a bound without parameters
/// one that may fail.
fn read_only(model: &Model) -> TokenStream {
    let ident = &model.ident;
    quote! {
        impl __orm::IntoModel for #ident where for<'__a> #ident: __orm::Writable {
            type Model = Self;
            fn into_model(self) -> Self { self }
        }
        impl __orm::IntoLink<Self> for #ident where for<'__a> #ident: __orm::Writable {
            fn into_link(self) -> __orm::Link<Self> { __orm::Link::of(self) }
        }
        impl<const VIA: u64> __orm::IntoChild<Self, VIA> for #ident where for<'__a> #ident: __orm::Writable {
            fn into_child(self) -> __orm::Link<Self> { __orm::Link::of(self) }
        }
    }
}

/// What the model itself becomes.
fn own(model: &Model) -> TokenStream {
    let ident = &model.ident;
    quote! {
        impl __orm::IntoModel for #ident {
            type Model = Self;
            fn into_model(self) -> Self { self }
        }
        impl __orm::IntoLink<Self> for #ident {
            fn into_link(self) -> __orm::Link<Self> { __orm::Link::of(self) }
        }
        impl<const VIA: u64> __orm::IntoChild<Self, VIA> for #ident {
            fn into_child(self) -> __orm::Link<Self> { __orm::Link::of(self) }
        }
    }
}

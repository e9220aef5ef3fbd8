//! A projection: where each field comes from, and how the fields are put together.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Index;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::ast::private;
use crate::projection::{Field, Projection};

/// Everything that a projection needs; of one that was refused no more than its name for other code.
pub(crate) fn projection(input: &Projection, refused: bool) -> TokenStream {
    let Some(model) = &input.model else { return TokenStream::new() };
    let (ident, name, orm) = (&input.ident, input.name(), private(input.orm.as_ref()));
    let (generics, types, wheres) = input.generics.split_for_impl();
    let scope = scope(input);
    let body = if refused { empty() } else { body(input) };
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        const _: () = {
            use #orm as __orm;
            impl #generics __orm::Projection for #ident #types #wheres {
                type Model = #model;
                type Scope = #scope;
                const NAME: &'static str = #name;
                #body
            }
            impl #generics __orm::SqlRow for #ident #types #wheres { type By = __orm::AsProjection; }
        };
    }
}

/// The tables as a query's scope.
fn scope(input: &Projection) -> TokenStream {
    let model = &input.model;
    let left = input.left_joined.iter().map(|table| quote!(__orm::Nullable<#table>));
    let joined = input.joined.iter().map(|table| quote!(#table));
    left.chain(joined).fold(quote!((#model, ())), |scope, table| quote!((#table, #scope)))
}

fn body(input: &Projection) -> TokenStream {
    let model = &input.model;
    let fields = input.fields.iter().map(|field| planned(field, input));
    let (idents, types): (Vec<_>, Vec<_>) = input.fields.iter().map(|field| (&field.ident, &field.ty)).unzip();
    let places: Vec<_> = (0..input.fields.len()).map(Index::from).collect();
    quote! {
        type Slots = (#(__orm::Slot<#types>,)*);
        type Draft = (#(::core::option::Option<#types>,)*);
        fn slots(__planner: &mut __orm::Planner<#model, Self::Scope>) -> Self::Slots {
            (#(#fields,)*)
        }
        fn read(__slots: &Self::Slots, __row: &mut __orm::RowReader<'_>) -> __orm::Result<Self::Draft> {
            ::core::result::Result::Ok((#(__slots.#places.read(__row)?,)*))
        }
        fn load<'__l>(
            __slots: &'__l Self::Slots,
            mut __loading: __orm::Loading<'__l>,
            __drafts: &'__l mut [Self::Draft],
        ) -> __orm::Boxed<'__l, ()> {
            __orm::boxed(async move {
                #(__slots.#places.load(&mut __loading, __drafts, |__draft| &mut __draft.#places).await?;)*
                ::core::result::Result::Ok(())
            })
        }
        fn finish(__draft: Self::Draft) -> ::core::option::Option<Self> {
            ::core::option::Option::Some(Self { #(#idents: __draft.#places?,)* })
        }
    }
}

/// The call that plans a field; its errors stand on the field.
fn planned(field: &Field, input: &Projection) -> TokenStream {
    let (ident, ty, model) = (&field.ident, &field.ty, &input.model);
    let name = ident.unraw().to_string();
    let source = match &field.source {
        Some(source) => quote!(#source),
        None => quote_spanned!(ident.span()=> <#model>::#ident),
    };
    let method = quote_spanned!(ty.span()=> field::<#ty, _, _>);
    quote!(__planner.#method(#name, #source))
}

fn empty() -> TokenStream {
    let never = quote!(::core::unimplemented!());
    quote! {
        type Slots = ();
        type Draft = ();
        fn slots(_: &mut __orm::Planner<Self::Model, Self::Scope>) { #never }
        fn read(_: &(), _: &mut __orm::RowReader<'_>) -> __orm::Result<()> { #never }
        fn load<'__l>(_: &'__l (), _: __orm::Loading<'__l>, _: &'__l mut [()]) -> __orm::Boxed<'__l, ()> { #never }
        fn finish(_: ()) -> ::core::option::Option<Self> { #never }
    }
}

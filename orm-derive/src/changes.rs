//! `#[derive(Changes)]`: a struct of options as the changes of a model. Read, checked and expanded here, with attributes of
//! its own.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Path, Type, parse_quote};

use crate::ast::private;
use crate::attr::Problems;
use crate::name::suggestion;

const CHANGES: &str = "changes";
const ON_STRUCT: [&str; 2] = ["model", "crate"];
const ON_FIELD: [&str; 2] = ["field", "skip"];

/// The impl, and what is wrong with the struct.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut problems = Problems::default();
    let read = Changes::from_syn(input, &mut problems);
    let code = read.expand(input);
    match problems.into_result() {
        Ok(()) => code,
        Err(refusal) => {
            let error = refusal.to_compile_error();
            quote!(#error #code)
        }
    }
}

#[derive(Default)]
struct Changes {
    model: Option<Type>,
    orm: Option<Path>,
    fields: Vec<Field>,
}

struct Field {
    ident: Ident,
    ty: Type,
    /// The model's field.
    column: Ident,
}

impl Changes {
    fn from_syn(input: &DeriveInput, problems: &mut Problems) -> Self {
        let mut read = Self::default();
        words(&input.attrs, &ON_STRUCT, "the struct", problems, |word, meta| {
            let value = meta.value()?;
            match word {
                "model" => read.model = Some(value.parse()?),
                _ => read.orm = Some(value.parse()?),
            }
            Ok(())
        });
        if read.model.is_none() && problems.len() == 0 {
            problems
                .at(&input.ident, "which model is changed is not said; write `#[changes(model = Course)]` before it");
        }
        match &input.data {
            Data::Struct(data) if matches!(data.fields, Fields::Named(_)) => {
                read.fields = data.fields.iter().filter_map(|field| Field::from_syn(field, problems)).collect();
            }
            _ => problems.at(&input.ident, "changes are a struct with a field for each column that may change"),
        }
        read
    }

    fn expand(&self, input: &DeriveInput) -> TokenStream {
        let Some(model) = &self.model else { return TokenStream::new() };
        let (ident, orm) = (&input.ident, private(self.orm.as_ref()));
        let (impls, types, wheres) = input.generics.split_for_impl();
        let mut generics = input.generics.clone();
        generics.params.push(parse_quote!(__S));
        let (with_scope, ..) = generics.split_for_impl();
        let puts = self.fields.iter().map(|field| {
            let Field { ident, ty, column } = field;
            // The compiler points at the type of the field if that is no change of the column.
            let value = quote_spanned!(ty.span()=> __value);
            let column = quote_spanned!(column.span()=> <#model>::c.#column);
            quote! {
                let #value = self.#ident;
                __out.put(#column, #value);
            }
        });
        quote! {
            #[automatically_derived]
            #[allow(deprecated, non_camel_case_types)]
            const _: () = {
                use #orm as __orm;
                impl #impls __orm::Changes for #ident #types #wheres {
                    type Model = #model;
                    fn into_changes(self, __out: &mut __orm::ChangeSet<#model>) {
                        #(#puts)*
                    }
                }
                // Here and not in one impl for all changes: with two impls to choose from, the compiler says less of other
                // assignments that do not fit.
                impl #with_scope __orm::Assignments<#model, __S, ()> for #ident #types #wheres {
                    fn into_assignments(
                        self,
                        __out: &mut ::std::vec::Vec<(&'static __orm::ColumnDef, __orm::Node)>,
                    ) {
                        __orm::ChangeSet::assign(self, __out);
                    }
                }
            };
        }
    }
}

impl Field {
    fn from_syn(field: &syn::Field, problems: &mut Problems) -> Option<Self> {
        let ident = field.ident.clone()?;
        let (mut column, mut is_skipped) = (ident.clone(), false);
        words(&field.attrs, &ON_FIELD, "a field", problems, |word, meta| {
            match word {
                "skip" => is_skipped = true,
                _ => column = meta.value()?.parse()?,
            }
            Ok(())
        });
        (!is_skipped).then(|| Self { ident, ty: field.ty.clone(), column })
    }
}

/// Reads the words of `#[changes(…)]`; those that are not `known` are problems.
fn words(
    attrs: &[Attribute],
    known: &[&str],
    place: &str,
    problems: &mut Problems,
    mut read: impl FnMut(&str, &syn::meta::ParseNestedMeta<'_>) -> syn::Result<()>,
) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(CHANGES)) {
        let outcome = attr.parse_nested_meta(|meta| {
            let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if known.contains(&word.as_str()) {
                return read(&word, &meta);
            }
            let advice =
                suggestion(&word, known.iter().copied()).unwrap_or_else(|| format!("; known are {}", known.join(", ")));
            let span: Span = meta.path.span();
            Err(syn::Error::new(span, format!("unknown attribute `{word}` on {place} of changes{advice}")))
        });
        if let Err(error) = outcome {
            problems.push(error);
        }
    }
}

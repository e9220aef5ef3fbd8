//! The relationships: their statics, the checks of both ends' types, and those that are declared for the other model.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, LitStr, Type};

use crate::ast::{Field, Model, OrderTerm, Through};
use crate::attr::Member;
use crate::infer::Ends;
use crate::name::{hash, pascal_case};

/// A relationship field with what follows from it.
pub(super) struct Relation<'m> {
    pub(super) field: &'m Field,
    pub(super) index: usize,
    pub(super) ends: Ends,
    pub(super) target: &'m Type,
}

/// The relationship fields, in their order.
pub(super) fn all(model: &Model) -> Vec<Relation<'_>> {
    model
        .relations()
        .filter_map(|field| field.ends().map(|(ends, target)| (field, ends, target)))
        .enumerate()
        .map(|(index, (field, ends, target))| Relation { field, index, ends, target })
        .collect()
}

impl Relation<'_> {
    /// The static that describes it.
    pub(super) fn definition(&self) -> Ident {
        format_ident!("__RELATION_{}", self.index)
    }

    /// The hash of the `belongs_to` at the end that holds the key; 0 where a table between holds it.
    pub(super) fn via(&self) -> u64 {
        let attrs = &self.field.relation;
        match self.ends {
            Ends::BelongsTo => hash(&self.field.name()),
            Ends::HasMany => attrs.has_many.as_ref().map_or(0, |inverse| hash(&inverse.text())),
            Ends::HasOne => attrs.has_one.as_ref().map_or(0, |inverse| hash(&inverse.text())),
        }
    }

    /// Its type, seen from a source.
    pub(super) fn ty(&self, model: &Model, source: &TokenStream) -> TokenStream {
        let (target, via) = (self.target, self.via());
        let kind = match self.ends {
            Ends::HasMany => quote!(__orm::Many<#via>),
            Ends::HasOne => quote!(__orm::MaybeOne<#via>),
            Ends::BelongsTo => {
                let null = nullability(&self.field.key_fields(model));
                quote!(__orm::ToOneOf<#null>)
            }
        };
        quote!(__orm::Relation<#source, #target, #kind>)
    }

    fn kind(&self, model: &Model) -> TokenStream {
        let (own, target, attrs) = (&model.ident, self.target, &self.field.relation);
        let inverse = |end: &Member| inverse_of(end, &quote!(#target), own);
        match (attrs.has_many.as_ref(), attrs.has_one.as_ref(), attrs.through.as_ref()) {
            _ if model.refused => quote!(__orm::RelationKind::BelongsTo { columns: &[] }),
            (Some(end), _, _) => {
                let inverse = inverse(end);
                quote!(__orm::RelationKind::HasMany { inverse: #inverse })
            }
            (_, Some(end), _) => {
                let inverse = inverse(end);
                quote!(__orm::RelationKind::HasOne { inverse: #inverse })
            }
            (_, _, Some(through)) => {
                let link = link_table(through, own, target);
                quote!(__orm::RelationKind::ManyToMany { link: #link })
            }
            _ => {
                let columns = self.field.key_fields(model).into_iter().map(Field::column_name);
                quote!(__orm::RelationKind::BelongsTo { columns: &[#(#columns),*] })
            }
        }
    }

    fn setters(&self) -> TokenStream {
        let attrs = &self.field.relation;
        let target = self.target;
        let order = attrs.order_by.iter().map(|terms| {
            let terms = terms.iter().map(|term| order_term(term, target));
            quote!(.order_by(const { &[#(#terms),*] }))
        });
        let orphans = attrs.orphans.iter().map(|rule| {
            let rule = variant(rule);
            quote!(.orphans(__orm::Orphans::#rule))
        });
        let on_parent_delete = attrs.on_parent_delete.iter().map(|rule| {
            let rule = variant(rule);
            quote!(.on_parent_delete(__orm::OnParentDelete::#rule))
        });
        quote!(#(#order)* #(#orphans)* #(#on_parent_delete)*)
    }
}

/// `set_null` becomes `SetNull`.
pub(super) fn variant(word: &Ident) -> Ident {
    format_ident!("{}", pascal_case(&word.to_string()))
}

fn nullability(key: &[&Field]) -> TokenStream {
    let of = |field: &Field| {
        let ty = &field.ty;
        quote!(<#ty as __orm::Field>::Null)
    };
    key.iter()
        .map(|field| of(field))
        .reduce(|all, one| quote!(<#all as __orm::Nullability>::Or<#one>))
        .unwrap_or_else(|| quote!(__orm::NotNull))
}

/// The `belongs_to` that `path` names, with an error on the path if it is none between these two.
fn inverse_of(path: &Member, from: &TokenStream, to: &impl ToTokens) -> TokenStream {
    let expr = &path.expr;
    quote_spanned!(expr.span()=> const { &__orm::inverse_of::<#from, #to, _>(#expr) })
}

fn link_table(through: &Through, own: &Ident, target: &Type) -> TokenStream {
    match through {
        Through::Model { local, remote } => {
            let here = inverse_of(local, &local.model, own);
            let there = inverse_of(remote, &remote.model, target);
            quote!(__orm::LinkTable::Model { local: #here, remote: #there })
        }
        Through::Bare { table, local, remote } => {
            quote!(__orm::LinkTable::Bare { table: #table, local: &[#(#local),*], remote: &[#(#remote),*] })
        }
    }
}

fn order_term(term: &OrderTerm, target: &Type) -> TokenStream {
    let (path, descending) = (&term.column.expr, term.descending);
    let name = quote_spanned!(path.span()=> (#path).name_in::<#target>());
    quote!(__orm::OrderDef { column: #name, descending: #descending })
}

/// The statics, one a field and one a `backref`.
pub(super) fn definitions(model: &Model) -> TokenStream {
    let own = &model.ident;
    all(model)
        .iter()
        .map(|relation| {
            let (definition, index, name) = (relation.definition(), relation.index, relation.field.name());
            let (target, kind) = (relation.target, relation.kind(model));
            let setters = (!model.refused).then(|| relation.setters());
            let backref = backref(relation).map(|(name, _)| backref_definition(own, relation, &name));
            quote! {
                static #definition: __orm::RelationDef = __orm::RelationDef::new(
                    #name,
                    <#own as __orm::Model>::table,
                    <#target as __orm::Model>::table,
                    #kind,
                ).field(#index)#setters;
                #backref
            }
        })
        .collect()
}

/// The name that a relationship gets on the other model, and the constant that describes it.
fn backref(relation: &Relation<'_>) -> Option<(Ident, Ident)> {
    let name = relation.field.relation.backref.clone()?;
    (relation.ends == Ends::BelongsTo).then(|| (name, format_ident!("__RELATION_B{}", relation.index)))
}

fn backref_definition(own: &Ident, relation: &Relation<'_>, name: &Ident) -> TokenStream {
    let (target, inverse) = (relation.target, relation.definition());
    let (definition, name) = (format_ident!("__RELATION_B{}", relation.index), name.unraw().to_string());
    quote! {
        static #definition: __orm::RelationDef = __orm::RelationDef::new(
            #name,
            <#target as __orm::Model>::table,
            <#own as __orm::Model>::table,
            __orm::RelationKind::HasMany {
                inverse: const { &__orm::inverse_of(__orm::Relation::<#own, #target>::new(|| &#inverse)) },
            },
        );
    }
}

/// The constants of the other models: inherent, or of a trait if the other model is of another crate.
pub(super) fn backrefs(model: &Model) -> TokenStream {
    let own = &model.ident;
    all(model)
        .iter()
        .filter_map(|relation| backref(relation).map(|names| (relation, names)))
        .map(|(relation, (name, definition))| {
            let (vis, target, via) = (&model.vis, relation.target, relation.via());
            let doc = format!("The relationship `{}::{}` from its other end.", model.name(), relation.field.name());
            let constant = quote!(const #name: __orm::Relation<#target, #own, __orm::Many<#via>> = __orm::Relation::new(|| &#definition););
            match foreign_trait(relation) {
                Some(name) => quote!(impl #name for #target { #constant }),
                None => quote!(impl #target { #[doc = #doc] #vis #constant }),
            }
        })
        .collect()
}

fn foreign_trait(relation: &Relation<'_>) -> Option<Ident> {
    let attrs = &relation.field.relation;
    let (name, Type::Path(target)) = (attrs.backref.as_ref()?, relation.target) else {
        return None;
    };
    let target = target.path.segments.last()?.ident.unraw();
    let name = format_ident!("{}{}", target, pascal_case(&name.unraw().to_string()), span = name.span());
    attrs.foreign.as_ref().map(|_| name)
}

/// The traits that stand for inherent constants on models of other crates; the user imports them.
pub(super) fn foreign_traits(model: &Model) -> TokenStream {
    let (own, vis, orm) = (&model.ident, &model.vis, model.attrs.private());
    all(model)
        .iter()
        .filter_map(|relation| {
            let (trait_name, (name, _)) = (foreign_trait(relation)?, backref(relation)?);
            let (target, via) = (relation.target, relation.via());
            let doc = format!("The relationship `{}::{}` from its other end.", model.name(), relation.field.name());
            Some(quote! {
                #[doc = #doc]
                #[allow(non_upper_case_globals)]
                #vis trait #trait_name {
                    #[doc = #doc]
                    const #name: #orm::Relation<#target, #own, #orm::Many<#via>>;
                }
            })
        })
        .collect()
}

/// Checks that rustc makes and that run nowhere; its errors stand on the user's paths.
pub(super) fn checks(model: &Model) -> TokenStream {
    if model.refused {
        return TokenStream::new();
    }
    let references = model.columns().filter_map(reference_check);
    let versions = model.columns().filter(|field| field.column.version.is_some()).map(|field| {
        let ty = &field.ty;
        quote_spanned!(ty.span()=> __orm::check_version::<#ty>();)
    });
    let soft_delete = model.soft_delete().map(|field| {
        let ty = &field.ty;
        quote_spanned!(ty.span()=> __orm::check_soft_delete::<#ty>();)
    });
    let relations = all(model).into_iter().filter_map(|relation| relation_check(model, &relation));
    let checks: Vec<_> = references.chain(versions).chain(soft_delete).chain(relations).collect();
    if checks.is_empty() {
        return TokenStream::new();
    }
    quote!(const _: fn() = || { #(#checks)* };)
}

fn reference_check(field: &Field) -> Option<TokenStream> {
    let (path, ty) = (&field.column.references.as_ref()?.expr, &field.ty);
    Some(quote_spanned!(path.span()=> (#path).referenced_by::<#ty>();))
}

fn relation_check(model: &Model, relation: &Relation<'_>) -> Option<TokenStream> {
    let (own, target, via) = (&model.ident, relation.target, relation.via());
    let columns = relation.field.key_fields(model).into_iter().filter_map(|field| {
        let path = &field.column.references.as_ref()?.expr;
        Some(quote_spanned!(path.span()=> let _ = (#path).name_in::<#target>();))
    });
    let columns: TokenStream = (relation.ends == Ends::BelongsTo).then(|| columns.collect())?;
    let back = relation.field.relation.back_populates.as_ref().map(|name| {
        quote_spanned!(name.span()=> __orm::check_back_populates::<#target, #own, #via, _>(&<#target>::c.#name);)
    });
    Some(quote!(#columns #back))
}

/// Column names as an array.
pub(super) fn names(names: impl IntoIterator<Item = String>) -> TokenStream {
    let names = names.into_iter();
    quote!(&[#(#names),*])
}

/// A constraint's name as code.
pub(super) fn name(name: Option<&LitStr>) -> TokenStream {
    super::option(name)
}

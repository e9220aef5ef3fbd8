//! What a field's type says by its shape: the macro sees tokens, not types, and goes by the last segment's name.

use syn::{GenericArgument, PathArguments, Type};

/// The relationship types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    HasMany,
    HasOne,
    BelongsTo,
}

impl Ends {
    /// The type's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::HasMany => "HasMany",
            Self::HasOne => "HasOne",
            Self::BelongsTo => "BelongsTo",
        }
    }
}

/// The relationship type that a field has, and the model at its other end.
pub(crate) fn relationship(ty: &Type) -> Option<(Ends, &Type)> {
    [Ends::HasMany, Ends::HasOne, Ends::BelongsTo]
        .into_iter()
        .find_map(|ends| argument_of(ty, ends.name()).map(|model| (ends, model)))
}

/// Whether the type is an `Option`.
pub(crate) fn is_option(ty: &Type) -> bool {
    argument_of(ty, "Option").is_some()
}

/// Whether the type is an `Auto`.
pub(crate) fn is_auto(ty: &Type) -> bool {
    argument_of(ty, "Auto").is_some()
}

/// Whether the type is a `String`, perhaps in an `Option` or `Auto`.
pub(crate) fn is_text(ty: &Type) -> bool {
    let inner = argument_of(ty, "Option").or_else(|| argument_of(ty, "Auto")).unwrap_or(ty);
    last_segment(inner).is_some_and(|segment| segment.ident == "String" && segment.arguments.is_none())
}

/// The `T` of `name<T>`.
pub(crate) fn argument_of<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == name)?;
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) if arguments.args.len() == 1 => match arguments.args.first()? {
            GenericArgument::Type(argument) => Some(argument),
            _ => None,
        },
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        // A type that came through a `macro_rules!` fragment is in an invisible group.
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

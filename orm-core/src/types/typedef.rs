//! Descriptions of PostgreSQL types, as statics: names, object identifiers, enum labels.

use postgres_types::{Kind, Type};

use super::composite::CompositeDef;

/// A SQL type as the compiler sees it: the tag by which expressions may be compared.
///
/// Every builtin type has a tag in [`types::sql`](crate::types::sql); a newtype or an enum is its own tag, so that a
/// `CourseId` is not compared with a `StudentId` although both are integers on the wire.
pub trait SqlType: 'static {}

/// What PostgreSQL calls a type, and how its values are recognised in a result.
#[derive(Debug, Clone, Copy)]
pub struct TypeDef {
    name: &'static str,
    ddl: &'static str,
    oid: u32,
    array_oid: u32,
    accepts: &'static [u32],
    element: Option<&'static Self>,
    enumeration: Option<&'static EnumDef>,
    composite: Option<&'static CompositeDef>,
}

/// A native PostgreSQL enum: `CREATE TYPE … AS ENUM`.
#[derive(Debug, Clone, Copy)]
pub struct EnumDef {
    /// The Rust name of the enum.
    pub rust_name: &'static str,
    /// The schema, where it is not the default one.
    pub schema: Option<&'static str>,
    /// The name of the type.
    pub name: &'static str,
    /// The labels, in their order.
    pub labels: &'static [&'static str],
}

impl TypeDef {
    /// A type by the name that PostgreSQL uses in DDL, for example `"citext"`. It may have a schema before it, and quotes
    /// around it.
    ///
    /// Its object identifier is left for the server to know, which is right for every type of an extension.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { name, ddl: name, oid: 0, array_oid: 0, accepts: &[], element: None, enumeration: None, composite: None }
    }

    pub(crate) const fn builtin(name: &'static str, ddl: &'static str, oid: u32, array_oid: u32) -> Self {
        Self { name, ddl, oid, array_oid, accepts: &[], element: None, enumeration: None, composite: None }
    }

    pub(crate) const fn accepting(mut self, oids: &'static [u32]) -> Self {
        self.accepts = oids;
        self
    }

    /// The type of an array of `element`.
    #[must_use]
    pub const fn array(element: &'static Self) -> Self {
        Self {
            name: element.name,
            ddl: element.ddl,
            oid: element.array_oid,
            array_oid: 0,
            accepts: &[],
            element: Some(element),
            enumeration: element.enumeration,
            composite: element.composite,
        }
    }

    /// The type of a native enum.
    #[must_use]
    pub const fn enumeration(def: &'static EnumDef) -> Self {
        Self {
            name: def.name,
            ddl: def.name,
            oid: 0,
            array_oid: 0,
            accepts: &[],
            element: None,
            enumeration: Some(def),
            composite: None,
        }
    }

    /// A composite type.
    #[must_use]
    pub const fn composite(def: &'static CompositeDef) -> Self {
        Self {
            name: def.name,
            ddl: def.name,
            oid: 0,
            array_oid: 0,
            accepts: &[],
            element: None,
            enumeration: None,
            composite: Some(def),
        }
    }

    /// The type's name in the catalog; that of the element for an array.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The type's name in DDL, without the brackets of an array and without quotes.
    pub(crate) const fn ddl_name(&self) -> &'static str {
        self.ddl
    }

    /// The type's object identifier, or 0 where only the server knows it.
    #[must_use]
    #[inline]
    pub const fn oid(&self) -> u32 {
        self.oid
    }

    /// The element's type, of an array.
    #[must_use]
    pub const fn element(&self) -> Option<&'static Self> {
        self.element
    }

    /// The enum, of an enum or an array of one.
    #[must_use]
    pub const fn enum_def(&self) -> Option<&'static EnumDef> {
        self.enumeration
    }

    /// The composite type, of such a type or an array of it.
    #[must_use]
    pub const fn composite_def(&self) -> Option<&'static CompositeDef> {
        self.composite
    }

    /// Whether `UNNEST` would make several columns of an array of it.
    pub(crate) const fn is_composite(&self) -> bool {
        self.composite.is_some() && self.element.is_none()
    }

    /// Whether a result column of type `found` can be decoded as this type.
    pub(crate) fn matches(&self, found: &Type) -> bool {
        if self.oid != 0 && (found.oid() == self.oid || self.accepts.contains(&found.oid())) {
            return true;
        }
        match (self.element, found.kind()) {
            (Some(element), Kind::Array(member)) => element.matches(member),
            (None, Kind::Array(_)) | (Some(_), _) => false,
            (None, Kind::Domain(base)) => self.matches(base),
            (None, _) => self.oid == 0 && found.name() == self.catalog_name(),
        }
    }

    /// The name without schema and quotes, which it may have for DDL's sake. An enum's name is as it is.
    fn catalog_name(&self) -> &'static str {
        match (self.enumeration, self.composite) {
            (None, None) => self.name.rsplit('.').next().unwrap_or(self.name).trim_matches('"'),
            _ => self.name,
        }
    }

    /// The type to declare a parameter as; `UNKNOWN` leaves it to the server.
    pub(crate) fn param_type(&self) -> Type {
        Type::from_oid(self.oid).unwrap_or(Type::UNKNOWN)
    }

    /// The type to declare a parameter as that is an array of this one.
    pub(crate) fn array_param_type(&self) -> Type {
        Type::from_oid(self.array_oid).unwrap_or(Type::UNKNOWN)
    }

    /// The type's name for messages, with brackets for an array.
    pub(crate) fn display(&self) -> String {
        match self.element {
            Some(_) => format!("{}[]", self.ddl),
            None => self.ddl.to_owned(),
        }
    }
}

/// Whether PostgreSQL has a type of that name itself, which is found before all others.
pub(crate) fn is_builtin(name: &str) -> bool {
    // The numbers that PostgreSQL assigns by hand end there.
    (1..10_000).filter_map(Type::from_oid).any(|ty| ty.name() == name)
}

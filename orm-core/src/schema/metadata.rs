//! [`Metadata`]: a set of tables, in the order in which they can be created.

use super::model::Model;
use super::relation::{LinkTable, RelationDef, RelationKind, bare_link_schema};
use super::table::TableDef;
use crate::error::{Error, ErrorKind, Result};
use crate::types::{CompositeDef, EnumDef, TypeDef, is_builtin};

/// Several models, as a type: a model, or a tuple of models.
pub trait Models {
    /// Their tables.
    fn tables() -> Vec<&'static TableDef>;
}

impl<M: Model> Models for M {
    fn tables() -> Vec<&'static TableDef> {
        vec![M::table()]
    }
}

macro_rules! models {
    ($($model:ident)*) => {
        impl<$($model: Models),*> Models for ($($model,)*) {
            fn tables() -> Vec<&'static TableDef> {
                let mut tables = Vec::new();
                $(tables.extend($model::tables());)*
                tables
            }
        }
    };
}
models!(A);
models!(A B);
models!(A B C);
models!(A B C D);
models!(A B C D E);
models!(A B C D E F);
models!(A B C D E F G);
models!(A B C D E F G H);
models!(A B C D E F G H I);
models!(A B C D E F G H I J);
models!(A B C D E F G H I J K);
models!(A B C D E F G H I J K L);

/// A model of the program, as the derive registers it.
#[derive(Debug)]
pub struct Registered(fn() -> &'static TableDef);

impl Registered {
    /// Registers a model.
    #[must_use]
    pub const fn new<M: Model>() -> Self {
        Self(M::table)
    }
}

inventory::collect!(Registered);

/// A set of tables: what is created and dropped together.
#[derive(Debug, Clone)]
pub struct Metadata {
    tables: Vec<&'static TableDef>,
}

/// The table between the ends of a many-to-many relationship that has no model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BareLink {
    pub(crate) schema: Option<&'static str>,
    pub(crate) table: &'static str,
    pub(crate) from: &'static TableDef,
    pub(crate) to: &'static TableDef,
    pub(crate) local: &'static [&'static str],
    pub(crate) remote: &'static [&'static str],
}

impl Metadata {
    /// The tables of these models.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if two of the models are of one table, or two relationships disagree about a link table, where
    /// the error names both; if an enum has the name of one of PostgreSQL's own types; or if a foreign key of a table leads
    /// to a view.
    pub fn of<M: Models>() -> Result<Self> {
        Self::from_tables(M::tables())
    }

    /// The tables of all models of the program, in whichever crate they are declared.
    ///
    /// # Errors
    ///
    /// Like [`of`](Self::of).
    pub fn registered() -> Result<Self> {
        Self::from_tables(inventory::iter::<Registered>().map(|model| (model.0)()).collect())
    }

    fn from_tables(mut tables: Vec<&'static TableDef>) -> Result<Self> {
        // The order of registration is the linker's: by name, it is the same in every build.
        tables.sort_by_key(|table| (table.schema, table.name, table.module, table.model));
        tables.dedup_by(|a, b| std::ptr::eq(*a, *b));
        for pair in tables.windows(2) {
            if pair[0].is_same_table(pair[1]) {
                return Err(two_models(pair[0], pair[1]));
            }
        }
        let metadata = Self { tables: sorted_by_foreign_key(&tables) };
        if let Some(def) = metadata.enums().into_iter().find(|def| def.schema.is_none() && is_builtin(def.name)) {
            return Err(builtin_type("enum", def.rust_name, def.name));
        }
        if let Some(def) = metadata.composites().into_iter().find(|def| def.schema.is_none() && is_builtin(def.name)) {
            return Err(builtin_type("composite type", def.rust_name, def.name));
        }
        metadata.check_links()?;
        metadata.check_views()?;
        Ok(metadata)
    }

    /// The tables, those that are pointed to before those that point, where there is no cycle.
    #[must_use]
    pub fn tables(&self) -> &[&'static TableDef] {
        &self.tables
    }

    /// The native enums that the columns use, each once.
    #[must_use]
    pub fn enums(&self) -> Vec<&'static EnumDef> {
        let mut enums: Vec<&'static EnumDef> = Vec::new();
        let columns = self.tables.iter().flat_map(|table| table.columns).filter(|column| column.sql_type.is_none());
        let members = self.composites().into_iter().flat_map(|def| def.members).map(|member| member.ty);
        for ty in columns.map(|column| column.ty).chain(members) {
            if let Some(def) = ty.enum_def()
                && !enums.iter().any(|other| other.name == def.name && other.schema == def.schema)
            {
                enums.push(def);
            }
        }
        enums
    }

    /// The composite types that the columns use, each once, those that are members of others before these.
    #[must_use]
    pub fn composites(&self) -> Vec<&'static CompositeDef> {
        fn visit(ty: &TypeDef, found: &mut Vec<&'static CompositeDef>) {
            let Some(def) = ty.composite_def() else { return };
            if found.iter().any(|other| other.name == def.name && other.schema == def.schema) {
                return;
            }
            for member in def.members {
                visit(member.ty, found);
            }
            found.push(def);
        }
        let mut found = Vec::new();
        for column in self.tables.iter().flat_map(|table| table.columns).filter(|column| column.sql_type.is_none()) {
            visit(column.ty, &mut found);
        }
        found
    }

    /// The schemas that the tables and types are in, but the default one.
    #[must_use]
    pub fn schemas(&self) -> Vec<&'static str> {
        let mut schemas: Vec<&'static str> = self.tables.iter().filter_map(|table| table.schema).collect();
        schemas.extend(self.enums().iter().filter_map(|def| def.schema));
        schemas.extend(self.composites().iter().filter_map(|def| def.schema));
        schemas.sort_unstable();
        schemas.dedup();
        schemas
    }

    /// The link tables without a model whose two ends are both here, each once.
    pub(crate) fn links(&self) -> Vec<BareLink> {
        let mut links: Vec<BareLink> = Vec::new();
        for relation in self.tables.iter().flat_map(|table| table.relations) {
            if let Some(link) = bare_link(relation)
                && self.contains(link.from)
                && self.contains(link.to)
                && !links.iter().any(|other| other.is_same_table(&link))
            {
                links.push(link);
            }
        }
        links
    }

    /// A foreign key of the database leads to a table.
    fn check_views(&self) -> Result<()> {
        for table in self.tables.iter().filter(|table| table.view.is_none()) {
            if let Some(view) = table.foreign_keys.iter().map(|key| (key.target)()).find(|target| target.view.is_some())
            {
                return Err(key_to_a_view(table, view));
            }
        }
        Ok(())
    }

    /// Two relationships over one link table must name the same columns for the same ends.
    fn check_links(&self) -> Result<()> {
        let mut links: Vec<BareLink> = Vec::new();
        for link in self.tables.iter().flat_map(|table| table.relations).filter_map(|relation| bare_link(relation)) {
            match links.iter().find(|other| other.is_same_table(&link) && !other.agrees_with(&link)) {
                Some(other) => return Err(disagreeing_links(&link, other)),
                None => links.push(link),
            }
        }
        Ok(())
    }

    /// Whether the table is one of these.
    #[must_use]
    pub fn contains(&self, table: &TableDef) -> bool {
        self.tables.iter().any(|other| other.is_same_table(table))
    }
}

impl BareLink {
    fn is_same_table(&self, other: &Self) -> bool {
        self.table == other.table && self.schema == other.schema
    }

    /// Whether two relationships mean the same by one table, from the same or from opposite ends.
    fn agrees_with(&self, other: &Self) -> bool {
        let ends =
            |link: &Self| ((link.from.schema, link.from.name, link.local), (link.to.schema, link.to.name, link.remote));
        let ((from, to), (start, end)) = (ends(self), ends(other));
        (from, to) == (start, end) || (from, to) == (end, start)
    }
}

fn bare_link(relation: &RelationDef) -> Option<BareLink> {
    match relation.kind {
        RelationKind::ManyToMany { link: LinkTable::Bare { table, local, remote } } => {
            let (from, to) = ((relation.from)(), (relation.to)());
            Some(BareLink { schema: bare_link_schema(from, to), table, from, to, local, remote })
        }
        _ => None,
    }
}

fn two_models(a: &TableDef, b: &TableDef) -> Error {
    let message = format!(
        "two models are of table `{}`: `{}::{}` and `{}::{}`",
        a.display_name(),
        a.module,
        a.model,
        b.module,
        b.model
    );
    Error::new(ErrorKind::Config, message).with_table(a.display_name())
}

fn disagreeing_links(a: &BareLink, b: &BareLink) -> Error {
    let shown = |link: &BareLink| {
        format!("`{}` ({}) to `{}` ({})", link.from.model, link.local.join(", "), link.to.model, link.remote.join(", "))
    };
    let message = format!("two relationships disagree about link table `{}`: {}, but {}", a.table, shown(a), shown(b));
    Error::config(message).with_table(a.table)
}

fn key_to_a_view(table: &TableDef, view: &TableDef) -> Error {
    let message = format!(
        "a foreign key of `{}` leads to `{}`, which is a view: let it lead to a table, or let the view have the key",
        table.model, view.model
    );
    Error::config(message).with_model(table.model).with_table(table.display_name())
}

/// PostgreSQL would take its own type where the program's is meant.
fn builtin_type(what: &str, rust_name: &str, name: &str) -> Error {
    Error::config(format!(
        "{what} `{rust_name}` has the name of PostgreSQL's own type `{name}`: give it another by #[model(name = \"…\")], or a schema"
    ))
}

/// Sorts by foreign key, those that are pointed to first.
///
/// In a cycle the table that comes first by name goes first; the key that closes the cycle is added afterwards.
fn sorted_by_foreign_key(tables: &[&'static TableDef]) -> Vec<&'static TableDef> {
    let mut sorted = Vec::with_capacity(tables.len());
    let mut visited = vec![false; tables.len()];
    for index in 0..tables.len() {
        visit(tables, index, &mut visited, &mut sorted);
    }
    sorted
}

fn visit(tables: &[&'static TableDef], index: usize, visited: &mut [bool], sorted: &mut Vec<&'static TableDef>) {
    if std::mem::replace(&mut visited[index], true) {
        return;
    }
    for key in tables[index].foreign_keys {
        let target = (key.target)();
        if let Some(next) = tables.iter().position(|table| table.is_same_table(target)) {
            visit(tables, next, visited, sorted);
        }
    }
    sorted.push(tables[index]);
}

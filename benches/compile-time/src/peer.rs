//! Who is measured, and how each writes its models and queries.

use std::fmt::Write as _;
use std::path::Path;

/// An ORM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Ours,
    Diesel,
    SeaOrm,
    Toasty,
}

/// The files of a model, as its documentation recommends them.
struct Templates {
    model: &'static str,
    queries: &'static str,
    main: &'static str,
}

macro_rules! templates {
    ($folder:literal) => {
        Templates {
            model: include_str!(concat!("../templates/", $folder, "/model.rs")),
            queries: include_str!(concat!("../templates/", $folder, "/queries.rs")),
            main: include_str!(concat!("../templates/", $folder, "/main.rs")),
        }
    };
}

const OURS: Templates = templates!("ours");
const DIESEL: Templates = templates!("diesel");
const SEA_ORM: Templates = templates!("sea-orm");
const TOASTY: Templates = templates!("toasty");
const DIESEL_TABLE: &str = include_str!("../templates/diesel/table.rs");

impl Peer {
    pub(crate) const ALL: [Self; 4] = [Self::Ours, Self::Diesel, Self::SeaOrm, Self::Toasty];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Diesel => "Diesel",
            Self::SeaOrm => "SeaORM",
            Self::Toasty => "Toasty",
        }
    }

    /// The name on the command line and of folders.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Diesel => "diesel",
            Self::SeaOrm => "sea-orm",
            Self::Toasty => "toasty",
        }
    }

    /// The crate whose version is told.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Ours => "orm-core",
            Self::Diesel | Self::SeaOrm | Self::Toasty => self.slug(),
        }
    }

    /// The dependencies of a crate, with the features that the models need.
    pub(crate) fn dependencies(self, workspace: &Path) -> String {
        let chrono = r#"chrono = { version = "0.4", default-features = false, features = ["std", "clock"] }"#;
        match self {
            Self::Ours => {
                let path = workspace.join("orm-core");
                format!("{chrono}\norm-core = {{ path = {path:?}, features = [\"chrono\"] }}\n{TOKIO}")
            }
            // Columns beyond 32 are of queries with more joins; see `wide`.
            Self::Diesel => format!("{chrono}\ndiesel = {{ version = \"2.3\", features = [\"postgres\", \"chrono\"] }}\n"),
            Self::SeaOrm => format!(
                "{chrono}\nsea-orm = {{ version = \"2.0\", features = [\"sqlx-postgres\", \"runtime-tokio\"] }}\n{TOKIO}"
            ),
            Self::Toasty => format!(
                "jiff = {{ version = \"0.2\", default-features = false, features = [\"std\"] }}\n\
                 toasty = {{ version = \"0.11\", features = [\"postgresql\", \"jiff\"] }}\n{TOKIO}"
            ),
        }
    }

    fn templates(self) -> &'static Templates {
        match self {
            Self::Ours => &OURS,
            Self::Diesel => &DIESEL,
            Self::SeaOrm => &SEA_ORM,
            Self::Toasty => &TOASTY,
        }
    }

    /// The file of the model `index` of `count`; the relationships go around in a ring.
    pub(crate) fn model(self, index: usize, count: usize, with_queries: bool) -> String {
        let templates = self.templates();
        let mut text = names(templates.model, index, count);
        if with_queries {
            text.push_str(&names(templates.queries, index, count));
        }
        text
    }

    /// What the root file of a crate has beside the modules of its models, with the names of these modules; and a file
    /// `schema.rs` where there is one.
    pub(crate) fn schema(self, count: usize, allowed: Allowed) -> Option<String> {
        if self != Self::Diesel || count == 0 {
            return None;
        }
        let mut text: String = (0..count).map(|index| names(DIESEL_TABLE, index, count)).collect();
        let all: Vec<usize> = (0..count).collect();
        match allowed {
            Allowed::Neighbours => {
                for index in 0..count {
                    allow(&mut text, &[index, parent_of(index, count)]);
                }
            }
            Allowed::All => allow(&mut text, &all),
        }
        Some(text)
    }

    /// The root file of a program that runs one query.
    pub(crate) fn main(self, modules: &str) -> String {
        self.templates().main.replace("$modules", modules).replace("$first", &table(0))
    }

    /// One query over `joins + 1` models that are joined one after the other, with two predicates and two columns.
    pub(crate) fn joined(self, joins: usize) -> Option<String> {
        match self {
            Self::Ours => Some(ours_joined(joins)),
            Self::Diesel => Some(diesel_joined(joins)),
            Self::SeaOrm | Self::Toasty => None,
        }
    }
}

/// Which tables Diesel is told that they may come in one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    Neighbours,
    All,
}

const TOKIO: &str = "tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n";

fn allow(text: &mut String, tables: &[usize]) {
    let tables: Vec<String> = tables.iter().map(|index| table(*index)).collect();
    let _ = writeln!(text, "diesel::allow_tables_to_appear_in_same_query!({});", tables.join(", "));
}

pub(crate) fn table(index: usize) -> String {
    format!("item{index:03}")
}

fn model_name(index: usize) -> String {
    format!("Item{index:03}")
}

fn parent_of(index: usize, count: usize) -> usize {
    (index + count - 1) % count
}

fn names(template: &str, index: usize, count: usize) -> String {
    let (parent, child) = (parent_of(index, count), (index + 1) % count);
    template
        .replace("$Model", &model_name(index))
        .replace("$table", &table(index))
        .replace("$Parent", &model_name(parent))
        .replace("$parent", &table(parent))
        .replace("$Child", &model_name(child))
        .replace("$child", &table(child))
}

fn ours_joined(joins: usize) -> String {
    let root = model_name(joins);
    let mut text = String::from("use orm_core::prelude::*;\n\n");
    for index in 0..=joins {
        let _ = writeln!(text, "use crate::{}::{};", table(index), model_name(index));
    }
    let _ = writeln!(
        text,
        "\npub async fn joined(engine: &Engine) -> orm_core::Result<Vec<(i64, String)>> {{\n    engine\n        .query::<{root}>()"
    );
    for index in (1..=joins).rev() {
        let _ = writeln!(text, "        .join({}::parent)", model_name(index));
    }
    let last = model_name(0);
    let _ = writeln!(
        text,
        "        .filter({root}::active.eq(true))\n        .filter({last}::quantity.gt(1))\n        .select(({root}::id, {last}::title))\n        .all()\n        .await\n}}"
    );
    text
}

fn diesel_joined(joins: usize) -> String {
    let (root, last) = (table(joins), table(0));
    let mut text = String::from("use diesel::prelude::*;\n\nuse crate::schema::*;\n\n");
    let _ = writeln!(
        text,
        "pub fn joined(connection: &mut PgConnection) -> QueryResult<Vec<(i64, String)>> {{\n    {root}::table"
    );
    for index in (1..=joins).rev() {
        let (near, far) = (table(index), table(index - 1));
        let _ = writeln!(text, "        .inner_join({far}::table.on({near}::parent_id.eq({far}::id)))");
    }
    let _ = writeln!(
        text,
        "        .filter({root}::active.eq(true))\n        .filter({last}::quantity.gt(1))\n        .select(({root}::id, {last}::title))\n        .load(connection)\n}}"
    );
    text
}

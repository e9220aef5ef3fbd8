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

    /// The dependencies of a crate, with the features that the models need, and a query over so many `tables`.
    pub(crate) fn dependencies(self, workspace: &Path, tables: usize) -> String {
        let chrono = r#"chrono = { version = "0.4", default-features = false, features = ["std", "clock"] }"#;
        match self {
            Self::Ours => {
                let path = workspace.join("orm-core");
                format!("{chrono}\norm-core = {{ path = {path:?}, features = [\"chrono\"] }}\n{TOKIO}")
            }
            // Its tuples have 32 members, unless more are asked for.
            Self::Diesel => {
                let wide = match tables {
                    ..=32 => "",
                    33..=64 => ", \"64-column-tables\"",
                    _ => ", \"128-column-tables\"",
                };
                format!("{chrono}\ndiesel = {{ version = \"2.3\", features = [\"postgres\", \"chrono\"{wide}] }}\n")
            }
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

    /// The file of a model.
    pub(crate) fn model(self, place: Place, with_queries: bool) -> String {
        let templates = self.templates();
        let mut text = place.fill(templates.model);
        if with_queries {
            text.push_str(&place.fill(templates.queries));
        }
        text
    }

    /// The file `schema.rs`, where there is one. Of a chain of one all tables may come in one query, and otherwise
    /// neighbours.
    pub(crate) fn schema(self, places: &[Place], all_together: bool) -> Option<String> {
        if self != Self::Diesel || places.is_empty() {
            return None;
        }
        let mut text: String = places.iter().map(|place| place.fill(DIESEL_TABLE)).collect();
        if all_together {
            let all: Vec<String> = places.iter().map(|place| table(place.index)).collect();
            allow(&mut text, &all);
        } else {
            for place in places.iter().filter(|place| place.has_parent()) {
                allow(&mut text, &[table(place.index), table(place.index - 1)]);
            }
        }
        Some(text)
    }

    /// What stands at the head of a crate with a query of so many joins: Diesel's are types within types.
    pub(crate) fn attributes(self, joins: usize) -> &'static str {
        if self == Self::Diesel && joins > 32 { "#![recursion_limit = \"1024\"]\n\n" } else { "" }
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

const TOKIO: &str = "tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n";

fn allow(text: &mut String, tables: &[String]) {
    let _ = writeln!(text, "diesel::allow_tables_to_appear_in_same_query!({});", tables.join(", "));
}

pub(crate) fn table(index: usize) -> String {
    format!("item{index:03}")
}

fn model_name(index: usize) -> String {
    format!("Item{index:03}")
}

/// Where a model stands: chains of `chain` models, each belonging to the one before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) index: usize,
    pub(crate) count: usize,
    pub(crate) chain: usize,
}

impl Place {
    fn has_parent(self) -> bool {
        !self.index.is_multiple_of(self.chain)
    }

    fn has_child(self) -> bool {
        !(self.index + 1).is_multiple_of(self.chain) && self.index + 1 < self.count
    }

    /// Fills a template in. A line that ends with `//parent`, `//child` or `//first` is there only if the model has a
    /// parent, has children, or has no parent; `near` is the model that its query joins.
    fn fill(self, template: &str) -> String {
        let (parent, child) = (self.index.saturating_sub(1), self.index + 1);
        let near = if self.has_parent() { parent } else { child };
        let kept = template.lines().filter_map(|line| {
            let marks =
                [(" //parent", self.has_parent()), (" //child", self.has_child()), (" //first", !self.has_parent())];
            match marks.iter().find(|(mark, _)| line.ends_with(mark)) {
                Some((mark, true)) => line.strip_suffix(mark),
                Some((_, false)) => None,
                None => Some(line),
            }
        });
        let text: String = kept.flat_map(|line| [line, "\n"]).collect();
        text.replace("$Model", &model_name(self.index))
            .replace("$table", &table(self.index))
            .replace("$Parent", &model_name(parent))
            .replace("$parent", &table(parent))
            .replace("$Child", &model_name(child))
            .replace("$child", &table(child))
            .replace("$Near", &model_name(near))
            .replace("$near", &table(near))
    }
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

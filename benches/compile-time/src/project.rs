//! The crates that are measured, in the target folder.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::peer::{Peer, Place, table};

/// What a crate has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content {
    pub(crate) models: usize,
    pub(crate) queries: bool,
    /// How many models belong to each other one after the other.
    pub(crate) chain: usize,
    /// A query with as many joins.
    pub(crate) joins: Option<usize>,
    pub(crate) program: bool,
}

impl Content {
    /// Models with their five queries each, in chains of ten.
    pub(crate) fn models(models: usize) -> Self {
        Self { models, queries: true, chain: CHAIN, joins: None, program: false }
    }

    /// Models alone.
    pub(crate) fn bare(models: usize) -> Self {
        Self { queries: false, ..Self::models(models) }
    }

    /// The models that a query with `joins` needs, all in one chain, and the query if it is wanted.
    pub(crate) fn joined(joins: usize, with_query: bool) -> Self {
        Self { joins: with_query.then_some(joins), chain: joins + 1, ..Self::bare(joins + 1) }
    }

    /// A program that runs one query.
    pub(crate) fn program() -> Self {
        Self { program: true, ..Self::models(3) }
    }
}

/// A crate on disk.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) dir: PathBuf,
    content: Content,
}

/// So many models belong to each other one after the other. Toasty's cannot be many more, and SeaORM's no ring.
const CHAIN: usize = 10;

/// The name of every crate; only their folders differ, so that they can have one lock file.
pub(crate) const NAME: &str = "measured";

impl Project {
    /// Writes a crate of `peer` into `root/name`.
    pub(crate) fn write(root: &Path, workspace: &Path, peer: Peer, name: &str, content: Content) -> Result<Self> {
        let dir = root.join(format!("{}-{name}", peer.slug()));
        let src = dir.join("src");
        if src.exists() {
            fs::remove_dir_all(&src)?;
        }
        fs::create_dir_all(&src)?;
        let manifest = format!(
            "[package]\nname = \"{NAME}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n[dependencies]\n{}",
            peer.dependencies(workspace, if content.chain == CHAIN { 0 } else { content.models })
        );
        fs::write(dir.join("Cargo.toml"), manifest)?;
        let mut modules = String::from(peer.attributes(content.joins.unwrap_or(0)));
        let (count, chain) = (content.models, content.chain);
        let places: Vec<Place> = (0..count).map(|index| Place { index, count, chain }).collect();
        for &place in &places {
            let name = table(place.index);
            let _ = writeln!(modules, "pub mod {name};");
            fs::write(src.join(format!("{name}.rs")), peer.model(place, content.queries))?;
        }
        if let Some(schema) = peer.schema(&places, chain != CHAIN) {
            modules.push_str("pub mod schema;\n");
            fs::write(src.join("schema.rs"), schema)?;
        }
        if let Some(query) = content.joins.and_then(|joins| peer.joined(joins)) {
            modules.push_str("pub mod joined;\n");
            fs::write(src.join("joined.rs"), query)?;
        }
        if content.program {
            fs::write(src.join("main.rs"), peer.main(&modules))?;
        } else {
            fs::write(src.join("lib.rs"), modules)?;
        }
        Ok(Self { dir, content })
    }

    /// Changes a number in one query of the model in the middle.
    pub(crate) fn edit(&self) -> Result<()> {
        let path = self.dir.join("src").join(format!("{}.rs", table(self.content.models / 2)));
        let text = fs::read_to_string(&path)?;
        let changed = match text.contains(".limit(10)") {
            true => text.replace(".limit(10)", ".limit(11)"),
            false => text.replace(".limit(11)", ".limit(10)"),
        };
        fs::write(path, changed)?;
        Ok(())
    }
}

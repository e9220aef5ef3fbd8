//! What is measured, and in which order: the peers take turns, so that a busy machine slows all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::cargo::{Cargo, Cost, Ran};
use crate::options::Options;
use crate::peer::Peer;
use crate::project::{Content, NAME, Project};

/// Seconds of processor time that a compiler gets, and one that checks a single query.
const LIMIT: u64 = 300;
const LIMIT_OF_QUERY: u64 = 60;

/// What was found of one peer.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) version: String,
    /// Why there is nothing else.
    pub(crate) skipped: Option<String>,
    pub(crate) crates: usize,
    /// By number of models, of which 0 stands for cargo and the dependencies alone.
    pub(crate) checks: BTreeMap<usize, Vec<Cost>>,
    pub(crate) edits: BTreeMap<usize, Vec<Cost>>,
    pub(crate) lines: Option<Lines>,
    pub(crate) joins: BTreeMap<usize, Joins>,
    pub(crate) builds: Option<Builds>,
}

/// Lines of expanded code of a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines {
    pub(crate) a_model: f64,
    /// Whether they are as prettyplease breaks them; else as rustc prints them.
    pub(crate) pretty: bool,
}

/// A crate with and without one query.
#[derive(Debug, Default)]
pub(crate) struct Joins {
    pub(crate) without: Vec<Cost>,
    pub(crate) with: Vec<Cost>,
    /// Why there are no figures with it.
    pub(crate) refused: Option<String>,
}

/// What is built from nothing.
#[derive(Debug)]
pub(crate) struct Builds {
    pub(crate) dependencies: Cost,
    /// Bytes of a program, as cargo leaves it and without symbols.
    pub(crate) program: u64,
    pub(crate) stripped: Option<u64>,
}

/// The whole.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) figures: Vec<(Peer, Figures)>,
    workspace: PathBuf,
    root: PathBuf,
}

impl Bench {
    pub(crate) fn new(benches: &Path, options: Options) -> Result<Self> {
        let figures = options.peers.iter().map(|&peer| (peer, Figures::default())).collect();
        let root = benches.join("target/compile-time");
        fs::create_dir_all(&root)?;
        Ok(Self { options, figures, workspace: benches.join("..").canonicalize()?, root })
    }

    /// Measures all of it. The results are written again and again, so that a run that is ended early has some.
    pub(crate) fn run(&mut self, written: impl Fn(&Self) -> Result<()>) -> Result<()> {
        for index in 0..self.figures.len() {
            let peer = self.figures[index].0;
            say(&format!("{}: its dependencies", peer.name()));
            if let Err(error) = self.prepare(index) {
                self.figures[index].1.skipped = Some(format!("skipped: {error}"));
            }
        }
        let (small, large): (Vec<usize>, Vec<usize>) = self.options.models.iter().partition(|&&models| models <= 50);
        for round in 1..=self.options.runs {
            self.checks(round, [0].into_iter().chain(small.iter().copied()))?;
            written(self)?;
        }
        for round in 1..=self.options.runs {
            for joins in self.options.joins.clone() {
                say(&format!("round {round}: {joins} joins"));
                self.each(|bench, index| bench.join(index, joins))?;
            }
            written(self)?;
            if round == 1 {
                self.each(|bench, index| bench.expand(index))?;
                written(self)?;
            }
            for &models in &large {
                self.checks(round, [models].into_iter())?;
                written(self)?;
            }
            if round == 1 && self.options.builds {
                self.each(|bench, index| bench.build(index))?;
                written(self)?;
            }
        }
        Ok(())
    }

    fn checks(&mut self, round: usize, crates: impl Iterator<Item = usize>) -> Result<()> {
        for models in crates {
            say(&format!("round {round}: {models} models"));
            self.each(|bench, index| bench.check(index, models))?;
        }
        Ok(())
    }

    /// Does something for each peer that is not skipped.
    fn each(&mut self, work: impl Fn(&mut Self, usize) -> Result<()>) -> Result<()> {
        for index in 0..self.figures.len() {
            if self.figures[index].1.skipped.is_none() {
                work(self, index)?;
            }
        }
        Ok(())
    }

    fn cargo(&self, peer: Peer, purpose: &str) -> Cargo {
        Cargo { target: self.root.join(format!("target-{}-{purpose}", peer.slug())), limit: LIMIT }
    }

    fn write(&self, peer: Peer, name: &str, content: Content) -> Result<Project> {
        let project = Project::write(&self.root, &self.workspace, peer, name, content)?;
        // All crates of a peer have the versions of the first.
        let lock = self.root.join(format!("{}-0/Cargo.lock", peer.slug()));
        if name != "0" && lock.exists() {
            fs::copy(lock, project.dir.join("Cargo.lock"))?;
        }
        Ok(project)
    }

    /// What is done once: what needs the network, and what does not differ from run to run.
    fn prepare(&mut self, index: usize) -> Result<()> {
        let peer = self.figures[index].0;
        let empty = self.write(peer, "0", Content::bare(0))?;
        let cargo = self.cargo(peer, "check");
        cargo.output(&empty.dir, &["update"], &[])?;
        cargo.output(&empty.dir, &["fetch"], &[])?;
        let crates = crates(&cargo, &empty)?;
        cargo.check_again(&empty)?;
        let figures = Figures {
            version: crates
                .iter()
                .find_map(|(name, version)| (name == peer.package()).then(|| version.clone()))
                .unwrap_or_default(),
            crates: crates.len() - 1,
            ..Figures::default()
        };
        for &models in &self.options.models {
            self.write(peer, &models.to_string(), Content::models(models))?;
        }
        self.figures[index].1 = figures;
        Ok(())
    }

    fn check(&mut self, index: usize, models: usize) -> Result<()> {
        let peer = self.figures[index].0;
        let cargo = self.cargo(peer, "check");
        let content = if models == 0 { Content::bare(0) } else { Content::models(models) };
        let project = self.write(peer, &models.to_string(), content)?;
        let checked = done(cargo.check(&project)?)?;
        let figures = &mut self.figures[index].1;
        figures.checks.entry(models).or_default().push(checked);
        if models > 0 {
            project.edit()?;
            figures.edits.entry(models).or_default().push(done(cargo.check_again(&project)?)?);
        }
        Ok(())
    }

    fn join(&mut self, index: usize, joins: usize) -> Result<()> {
        let peer = self.figures[index].0;
        // What was stopped is not tried again, nor are more joins.
        let stopped = |figures: &Figures| figures.joins.range(..=joins).any(|(_, joined)| joined.refused.is_some());
        if peer.joined(joins).is_none() || stopped(&self.figures[index].1) {
            return Ok(());
        }
        let cargo = self.cargo(peer, "check");
        let without = self.write(peer, &format!("{joins}-unjoined"), Content::joined(joins, false))?;
        let with = self.write(peer, &format!("{joins}-joined"), Content::joined(joins, true))?;
        let joined = self.figures[index].1.joins.entry(joins).or_default();
        if joined.without.is_empty() {
            // The features of Diesel differ, so its dependencies are built first.
            cargo.check_again(&without)?;
        }
        joined.without.push(done(cargo.check(&without)?)?);
        match (Cargo { limit: LIMIT_OF_QUERY, ..cargo }).check(&with) {
            Ok(Ran::Done(cost)) => joined.with.push(cost),
            Ok(Ran::Stopped) => joined.refused = Some(format!("stopped after {LIMIT_OF_QUERY} s")),
            Err(error) => {
                say(&error.to_string());
                joined.refused = Some("does not compile".to_owned());
            }
        }
        Ok(())
    }

    /// Lines that a model expands to: those of twenty without those of ten.
    fn expand(&mut self, index: usize) -> Result<()> {
        let peer = self.figures[index].0;
        say(&format!("{}: expanded", peer.name()));
        // A folder of its own: with this variable the dependencies are others.
        let cargo = self.cargo(peer, "expanded");
        let mut counts = Vec::new();
        let mut pretty = true;
        for models in [10, 20] {
            let project = self.write(peer, &format!("{models}-expanded"), Content::bare(models))?;
            let arguments = ["rustc", "--offline", "--quiet", "--profile", "check", "--", "-Zunpretty=expanded"];
            let code = String::from_utf8(cargo.output(&project.dir, &arguments, &[("RUSTC_BOOTSTRAP", "1")])?)?;
            let file = syn::parse_file(&code).ok();
            pretty &= file.is_some();
            counts.push((code.lines().count(), file.map_or(0, |file| prettyplease::unparse(&file).lines().count())));
        }
        let [(few, few_pretty), (many, many_pretty)] = counts[..] else {
            return Err("two crates were expanded".into());
        };
        let lines = if pretty { many_pretty - few_pretty } else { many - few };
        self.figures[index].1.lines = Some(Lines { a_model: lines as f64 / 10.0, pretty });
        Ok(())
    }

    fn build(&mut self, index: usize) -> Result<()> {
        let peer = self.figures[index].0;
        let empty = self.write(peer, "0", Content::bare(0))?;
        let (cargo, release) = (self.cargo(peer, "build"), self.cargo(peer, "release"));
        if cargo.target.exists() {
            fs::remove_dir_all(&cargo.target)?;
        }
        say(&format!("{}: its dependencies, built anew", peer.name()));
        let dependencies = done(cargo.run(&empty.dir, &["build", "--offline", "--quiet"])?)?;
        say(&format!("{}: a program", peer.name()));
        let project = self.write(peer, "program", Content::program())?;
        done(release.run(&project.dir, &["build", "--release", "--offline", "--quiet"])?)?;
        let program = release.target.join("release").join(NAME);
        let stripped = release.target.join("stripped");
        let strip = Command::new("strip").arg("-o").args([&stripped, &program]).status();
        let is_stripped = strip.is_ok_and(|status| status.success());
        self.figures[index].1.builds = Some(Builds {
            dependencies,
            program: fs::metadata(&program)?.len(),
            stripped: if is_stripped { Some(fs::metadata(&stripped)?.len()) } else { None },
        });
        Ok(())
    }
}

/// The crates that are compiled for a crate and run with it, with their versions.
fn crates(cargo: &Cargo, project: &Project) -> Result<BTreeSet<(String, String)>> {
    let arguments = ["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let text = String::from_utf8(cargo.output(&project.dir, &arguments, &[])?)?;
    let named = text.lines().filter_map(|line| line.split_once(' '));
    Ok(named
        .map(|(name, rest)| {
            (name.to_owned(), rest.split(' ').next().unwrap_or(rest).trim_start_matches('v').to_owned())
        })
        .collect())
}

/// The cost of what must not take so long as to be stopped.
fn done(ran: Ran) -> Result<Cost> {
    match ran {
        Ran::Done(cost) => Ok(cost),
        Ran::Stopped => Err(format!("a compiler was stopped after {LIMIT} s").into()),
    }
}

fn say(what: &str) {
    eprintln!("{what}");
}

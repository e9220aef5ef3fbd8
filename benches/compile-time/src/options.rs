//! What is measured.

use crate::Result;
use crate::peer::Peer;

/// The command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) peers: Vec<Peer>,
    pub(crate) models: Vec<usize>,
    pub(crate) joins: Vec<usize>,
    pub(crate) runs: usize,
    /// Whether dependencies are built anew, and programs.
    pub(crate) builds: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            peers: Peer::ALL.to_vec(),
            models: vec![10, 50, 100, 200],
            joins: vec![22, 44, 100],
            runs: 3,
            builds: true,
        }
    }
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self::default();
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--only" => options.peers = list(&value, peer)?,
                "--models" => options.models = list(&value, number)?,
                "--joins" => options.joins = list(&value, number)?,
                "--runs" => options.runs = number(&value)?.max(1),
                "--without" if value == "builds" => options.builds = false,
                _ => return Err(format!("{name} {value} is not known; see the crate's documentation").into()),
            }
        }
        Ok(options)
    }

    /// The file for the results: a part does not overwrite the whole.
    pub(crate) fn results(&self) -> &'static str {
        if *self == Self::default() { "RESULTS-compile-time.md" } else { "target/RESULTS-compile-time-part.md" }
    }
}

fn list<T>(text: &str, one: fn(&str) -> Result<T>) -> Result<Vec<T>> {
    text.split(',').filter(|part| !part.is_empty()).map(one).collect()
}

fn number(text: &str) -> Result<usize> {
    text.parse().map_err(|_| format!("{text} is no number").into())
}

fn peer(text: &str) -> Result<Peer> {
    let found = Peer::ALL.into_iter().find(|peer| peer.slug() == text);
    found.ok_or_else(|| format!("{text} is none of {}", Peer::ALL.map(Peer::slug).join(", ")).into())
}

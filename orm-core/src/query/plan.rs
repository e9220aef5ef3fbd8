//! [`Plan`]: what `EXPLAIN (FORMAT JSON)` says, as a tree.

use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};

/// The plan of a statement: what [`Explain::plan`](super::Explain::plan) gives. Needs the feature `json`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The last step, whose rows are those of the statement.
    pub root: PlanNode,
    /// How long planning took, if the statement was run.
    pub planning_time: Option<Duration>,
    /// How long running took, if the statement was run.
    pub execution_time: Option<Duration>,
}

/// One step of a plan, with the steps that give it its rows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Raw")]
#[non_exhaustive]
pub struct PlanNode {
    /// What it does: `"Seq Scan"`, `"Index Scan"`, `"Hash Join"`, `"Sort"`, …
    pub node_type: String,
    /// The table that it reads or writes.
    pub relation: Option<String>,
    /// What the statement calls that table.
    pub alias: Option<String>,
    /// The index that it uses.
    pub index: Option<String>,
    /// The conditions and keys that it works with, by PostgreSQL's names for them (`"Filter"`, `"Index Cond"`, `"Hash Cond"`,
    /// `"Sort Key"`, …) and in PostgreSQL's words. They may show values.
    pub conditions: Vec<(String, String)>,
    /// The cost before the first row, as the planner estimates it.
    pub startup_cost: f64,
    /// The cost of all rows, as the planner estimates it.
    pub total_cost: f64,
    /// How many rows the planner expects.
    pub plan_rows: f64,
    /// How many bytes the planner expects a row to have.
    pub plan_width: u64,
    /// How it went, if the statement was run and this step with it.
    pub actual: Option<PlanActual>,
    /// The blocks that it and the steps below it touched, if `buffers` asked for them.
    pub buffers: Option<PlanBuffers>,
    /// The steps that give it its rows.
    pub children: Vec<Self>,
    /// Everything that the server said of this step, its children apart.
    pub all: serde_json::Map<String, serde_json::Value>,
}

/// How a step of a plan went.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PlanActual {
    /// How long the first row took, on average; none with `without_timing`.
    pub startup_time: Option<Duration>,
    /// How long all rows took, on average; none with `without_timing`.
    pub total_time: Option<Duration>,
    /// How many rows came, on average of the loops.
    pub rows: f64,
    /// How often the step was run.
    pub loops: f64,
}

/// How many blocks were touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PlanBuffers {
    /// Found in the server's cache.
    pub shared_hit: u64,
    /// Read from below it.
    pub shared_read: u64,
    /// Changed for the first time.
    pub shared_dirtied: u64,
    /// Written, to make room.
    pub shared_written: u64,
    /// Of temporary files, read.
    pub temp_read: u64,
    /// Of temporary files, written.
    pub temp_written: u64,
}

#[derive(Deserialize)]
struct Top {
    #[serde(rename = "Plan")]
    root: PlanNode,
    #[serde(rename = "Planning Time")]
    planning_time: Option<f64>,
    #[serde(rename = "Execution Time")]
    execution_time: Option<f64>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "Node Type")]
    node_type: String,
    #[serde(rename = "Startup Cost")]
    startup_cost: f64,
    #[serde(rename = "Total Cost")]
    total_cost: f64,
    #[serde(rename = "Plan Rows")]
    plan_rows: f64,
    #[serde(rename = "Plan Width")]
    plan_width: u64,
    #[serde(rename = "Plans", default)]
    children: Vec<PlanNode>,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

impl Plan {
    pub(super) fn parse(json: &str) -> Result<Self> {
        let top: Vec<Top> = serde_json::from_str(json).map_err(|source| {
            Error::new(ErrorKind::Decode, "what the server answered to EXPLAIN is no plan").with_source(source)
        })?;
        let Some(top) = top.into_iter().next() else {
            return Err(Error::new(ErrorKind::Decode, "the server answered to EXPLAIN with no plan"));
        };
        Ok(Self {
            root: top.root,
            planning_time: top.planning_time.and_then(milliseconds),
            execution_time: top.execution_time.and_then(milliseconds),
        })
    }

    /// All steps, each before those below it.
    #[must_use]
    pub fn nodes(&self) -> Vec<&PlanNode> {
        let mut nodes = Vec::new();
        self.root.collect(&mut nodes);
        nodes
    }

    /// Whether a step reads a table from its beginning to its end (`Seq Scan`).
    #[must_use]
    pub fn scans(&self, table: &str) -> bool {
        self.nodes().iter().any(|node| node.node_type == "Seq Scan" && node.relation.as_deref() == Some(table))
    }

    /// Whether a step uses this index.
    #[must_use]
    pub fn uses_index(&self, index: &str) -> bool {
        self.nodes().iter().any(|node| node.index.as_deref() == Some(index))
    }
}

impl PlanNode {
    fn collect<'p>(&'p self, nodes: &mut Vec<&'p Self>) {
        nodes.push(self);
        for child in &self.children {
            child.collect(nodes);
        }
    }
}

impl From<Raw> for PlanNode {
    fn from(raw: Raw) -> Self {
        let Raw { node_type, startup_cost, total_cost, plan_rows, plan_width, children, rest } = raw;
        let text = |name: &str| rest.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        let (relation, alias, index) = (text("Relation Name"), text("Alias"), text("Index Name"));
        let conditions =
            rest.iter().filter_map(|(name, value)| Some((name.clone(), condition(name, value)?))).collect();
        let (actual, buffers) = (PlanActual::of(&rest), PlanBuffers::of(&rest));
        Self {
            node_type,
            relation,
            alias,
            index,
            conditions,
            startup_cost,
            total_cost,
            plan_rows,
            plan_width,
            actual,
            buffers,
            children,
            all: rest,
        }
    }
}

/// What is a text, or a list of texts, under a name that speaks of a condition or a key.
fn condition(name: &str, value: &serde_json::Value) -> Option<String> {
    if !name.ends_with("Filter") && !name.ends_with("Cond") && !name.ends_with("Key") {
        return None;
    }
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(texts) => {
            Some(texts.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join(", "))
        }
        _ => None,
    }
}

impl PlanActual {
    fn of(node: &serde_json::Map<String, serde_json::Value>) -> Option<Self> {
        let number = |name: &str| node.get(name).and_then(serde_json::Value::as_f64);
        Some(Self {
            startup_time: number("Actual Startup Time").and_then(milliseconds),
            total_time: number("Actual Total Time").and_then(milliseconds),
            rows: number("Actual Rows")?,
            loops: number("Actual Loops")?,
        })
    }
}

impl PlanBuffers {
    fn of(node: &serde_json::Map<String, serde_json::Value>) -> Option<Self> {
        let number = |name: &str| node.get(name).and_then(serde_json::Value::as_u64);
        Some(Self {
            shared_hit: number("Shared Hit Blocks")?,
            shared_read: number("Shared Read Blocks").unwrap_or(0),
            shared_dirtied: number("Shared Dirtied Blocks").unwrap_or(0),
            shared_written: number("Shared Written Blocks").unwrap_or(0),
            temp_read: number("Temp Read Blocks").unwrap_or(0),
            temp_written: number("Temp Written Blocks").unwrap_or(0),
        })
    }
}

fn milliseconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number / 1e3).ok()
}

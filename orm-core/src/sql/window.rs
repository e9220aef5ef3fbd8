//! Windows as data: what stands behind `OVER`.

use super::node::Node;
use super::select::OrderBy;

/// The window of a function.
#[derive(Debug, Clone)]
pub enum Over {
    /// `OVER (…)`
    Window(Box<WindowDef>),
    /// `OVER "name"`, which the query defines.
    Named(&'static str),
}

/// `(PARTITION BY … ORDER BY … ROWS …)`.
#[derive(Debug, Clone, Default)]
pub struct WindowDef {
    /// The named window that this one adds to.
    pub base: Option<&'static str>,
    /// What tells the partitions.
    pub partition_by: Vec<Node>,
    /// The order within a partition.
    pub order_by: Vec<OrderBy>,
    /// The rows that are looked at.
    pub frame: Option<Frame>,
}

/// `ROWS BETWEEN … AND …`.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What is counted.
    pub unit: FrameUnit,
    /// Where it begins.
    pub start: FrameBound,
    /// Where it ends.
    pub end: FrameBound,
    /// What is left out.
    pub exclude: FrameExclude,
}

/// What the bounds of a frame count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameUnit {
    /// `ROWS`
    Rows,
    /// `RANGE`
    Range,
    /// `GROUPS`
    Groups,
}

/// A bound of a frame.
#[derive(Debug, Clone)]
pub enum FrameBound {
    /// `UNBOUNDED PRECEDING`
    UnboundedPreceding,
    /// `… PRECEDING`
    Preceding(Node),
    /// `CURRENT ROW`
    CurrentRow,
    /// `… FOLLOWING`
    Following(Node),
    /// `UNBOUNDED FOLLOWING`
    UnboundedFollowing,
}

/// What a frame leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrameExclude {
    /// Nothing.
    #[default]
    NoOthers,
    /// `EXCLUDE CURRENT ROW`
    CurrentRow,
    /// `EXCLUDE GROUP`
    Group,
    /// `EXCLUDE TIES`
    Ties,
}

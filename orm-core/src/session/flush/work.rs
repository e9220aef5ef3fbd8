//! What a flush has to write, as `collect` finds it.

use smallvec::SmallVec;

use super::super::inner::Row;
use super::followers::Follower;
use crate::schema::{ColumnDef, Dump, EdgeLink, RelationDef, TableDef};
use crate::sql::Node;

/// All that a flush has to write.
#[derive(Default)]
pub(super) struct Work {
    pub(super) inserts: Vec<InsertOp>,
    pub(super) updates: Vec<UpdateOp>,
    pub(super) switches: Vec<Switch>,
    pub(super) deletes: Vec<DeleteOp>,
    pub(super) links: Vec<LinkOp>,
    /// New objects that came with a collection and were taken out of it again: they are not written.
    pub(super) dropped: Vec<Row>,
    /// Children that a collection was given, by owner and field, and that went elsewhere by what they say themselves.
    pub(super) lost: Vec<(Row, usize, Row)>,
    /// The parents that children with a row have, by what relationships say.
    pub(super) parents: Vec<(Row, &'static RelationDef, Option<Row>)>,
}

/// Where a column's value comes from, if not from the object's own field.
#[derive(Debug, Clone)]
pub(super) enum KeySource {
    Null,
    Known(Box<[u8]>),
    /// A column of a row that this flush inserts.
    Of(Row, usize),
}

/// The models to whose new rows these point, by arena.
pub(super) fn pointed_to<'w>(sources: impl Iterator<Item = &'w KeySource>) -> Vec<usize> {
    let mut arenas = Vec::new();
    for source in sources {
        if let KeySource::Of(row, _) = source
            && !arenas.contains(&row.arena)
        {
            arenas.push(row.arena);
        }
    }
    arenas
}

/// The columns of a row whose values come from elsewhere: nearly always one.
pub(super) type KeyColumns = SmallVec<[(usize, KeySource); 1]>;

/// Positions of columns: nearly always few.
pub(super) type Columns = SmallVec<[usize; 4]>;

pub(super) struct InsertOp {
    pub(super) row: Row,
    pub(super) table: &'static TableDef,
    pub(super) dump: Dump,
    pub(super) keys: KeyColumns,
}

pub(super) struct UpdateOp {
    pub(super) row: Row,
    pub(super) table: &'static TableDef,
    pub(super) dump: Dump,
    /// The columns as the row has them, perhaps as another object's: the key to find it by is among them.
    pub(super) stored: Dump,
    pub(super) changed: Columns,
    pub(super) keys: KeyColumns,
    /// Columns that are set to expressions.
    pub(super) set: Vec<(usize, Node)>,
    /// The foreign keys that point to columns that change.
    pub(super) followers: Vec<Follower>,
}

impl UpdateOp {
    /// Whether it is a statement of its own: it sets columns to expressions, or takes rows of other tables with it.
    pub(super) fn stands_alone(&self) -> bool {
        !self.set.is_empty() || self.followers.iter().any(Follower::needs_statement)
    }

    /// Whether this change sets a column, to a value or to an expression.
    fn sets(&self, column: usize) -> bool {
        self.changed.contains(&column) || self.set.iter().any(|(other, _)| *other == column)
    }

    /// Whether the row may have another primary key afterwards: it is set here, or by the server.
    pub(super) fn may_move(&self) -> bool {
        self.table.primary_key.iter().any(|&column| {
            let def = &self.table.columns[column];
            def.trigger || def.on_update.is_some() || self.sets(column)
        })
    }

    /// The columns that every update sets, and this change does not.
    pub(super) fn touched(&self) -> Vec<usize> {
        self.table.touched_by_update(|column| self.sets(column))
    }

    /// The columns that the server sets though this change does not.
    pub(super) fn made(&self) -> Vec<usize> {
        let is_made = |def: &ColumnDef| def.on_update.is_some() || def.generated.is_some() || def.trigger;
        if !self.table.columns.iter().any(is_made) {
            return Vec::new();
        }
        let touched = self.touched();
        let made = self.table.made_by_write(|column| self.sets(column) || touched.contains(&column));
        touched.iter().copied().chain(made).collect()
    }
}

/// A new object that has the key of one that is deleted: the row stays and becomes the new object's.
pub(super) struct Switch {
    pub(super) new: Row,
    pub(super) old: Row,
    pub(super) dump: Dump,
    pub(super) keys: KeyColumns,
    /// Columns that the server has made of the old object, which the new one was not given.
    pub(super) carried: Vec<(usize, Box<[u8]>)>,
}

pub(super) struct DeleteOp {
    pub(super) row: Row,
    pub(super) table: &'static TableDef,
    pub(super) stored: Dump,
    /// Whether the row is only marked as deleted.
    pub(super) is_mark: bool,
}

/// A row of a link table.
pub(super) struct LinkOp {
    pub(super) relation: &'static RelationDef,
    pub(super) link: EdgeLink,
    pub(super) insert: bool,
    pub(super) local: Vec<KeySource>,
    pub(super) remote: Vec<KeySource>,
    pub(super) ends: [(&'static TableDef, Vec<usize>); 2],
    /// The two objects, for the collection of the second to be brought in line with that of the first.
    pub(super) rows: (Row, Row),
}

impl Work {
    pub(super) fn is_empty(&self) -> bool {
        self.inserts.is_empty()
            && self.switches.is_empty()
            && self.updates.is_empty()
            && self.deletes.is_empty()
            && self.links.is_empty()
    }

    /// The objects whose rows are not theirs any more.
    pub(super) fn gone(&self) -> impl Iterator<Item = Row> {
        self.deletes.iter().map(|op| op.row).chain(self.switches.iter().map(|switch| switch.old))
    }
}

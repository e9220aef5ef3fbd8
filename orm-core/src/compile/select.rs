//! `SELECT` to text.

use super::ResultColumn;
use super::writer::{Named, Writer};
use crate::schema::SourceRef;
use crate::sql::{Distinct, FromItem, Join, JoinKind, Node, OrderBy, Projection, Select};

impl Writer {
    /// Writes a query; `outermost` if its columns are those of the result.
    pub(super) fn select(&mut self, select: &Select, outermost: bool) {
        let outer = self.enter();
        self.about(select.root.table());
        self.declare_item(&select.from);
        self.declare_joins(&select.joins);
        self.push(match select.distinct {
            Distinct::No => "SELECT ",
            Distinct::Rows => "SELECT DISTINCT ",
        });
        self.separated(", ", &select.projection, |w, item| w.projection(item, outermost));
        self.push(" FROM ").write_item(&select.from);
        for join in &select.joins {
            self.join(join);
        }
        self.where_clause(&select.predicates);
        self.order_by(&select.order_by);
        if let Some(limit) = select.limit {
            self.push(" LIMIT ").number(limit);
        }
        if let Some(offset) = select.offset {
            self.push(" OFFSET ").number(offset);
        }
        self.leave(outer);
    }

    pub(super) fn declare_joins(&mut self, joins: &[Join]) {
        for join in joins {
            self.declare_item(&join.item);
        }
    }

    fn declare_item(&mut self, item: &FromItem) {
        self.declare(match item {
            FromItem::Source(source) | FromItem::Subquery { source, .. } => Named::Source(*source),
            FromItem::Link(link) => Named::Link(*link),
        });
    }

    fn projection(&mut self, item: &Projection, outermost: bool) {
        match item {
            Projection::Model(source) => {
                let table = source.table();
                self.separated(", ", table.columns, |w, column| {
                    w.qualifier(Named::Source(*source)).push(".").ident(column.name);
                    if outermost {
                        w.expect(ResultColumn::column(table, column));
                    }
                });
            }
            Projection::Expr { node, ty } => {
                self.node(node);
                if outermost {
                    let of = match node {
                        Node::Column { source, column } => Some((source.table(), *column)),
                        _ => None,
                    };
                    self.expect(ResultColumn { ty, of });
                }
            }
            Projection::One => {
                self.push("1");
            }
        }
    }

    pub(super) fn write_item(&mut self, item: &FromItem) {
        match item {
            FromItem::Source(SourceRef::Table(table)) => {
                self.table(table).renamed(table);
            }
            FromItem::Source(source) => {
                self.table(source.table()).push(" AS ").qualifier(Named::Source(*source));
            }
            FromItem::Subquery { source, select } => {
                self.push("(").select(select, false);
                self.push(") AS ").qualifier(Named::Source(*source));
            }
            FromItem::Link(link) => {
                self.qualified(link.schema, link.table).push(" AS ").qualifier(Named::Link(*link));
            }
        }
    }

    fn join(&mut self, join: &Join) {
        self.push(match join.kind {
            JoinKind::Inner => " JOIN ",
            JoinKind::Left => " LEFT JOIN ",
        });
        self.write_item(&join.item);
        self.push(" ON ").node(&join.on);
    }

    pub(super) fn where_clause(&mut self, predicates: &[Node]) {
        if predicates.is_empty() {
            return;
        }
        self.push(" WHERE ");
        let single = predicates.len() == 1;
        self.separated(" AND ", predicates, |w, predicate| match predicate {
            // A conjunction among conjuncts needs no parentheses.
            Node::Any(any) if !single && any.len() > 1 => {
                w.push("(").node(predicate);
                w.push(")");
            }
            _ => w.node(predicate),
        });
    }

    fn order_by(&mut self, order: &[OrderBy]) {
        if order.is_empty() {
            return;
        }
        self.push(" ORDER BY ");
        self.separated(", ", order, |w, item| {
            w.node(&item.node);
            if item.descending {
                w.push(" DESC");
            }
            match item.nulls_first {
                Some(true) => w.push(" NULLS FIRST"),
                Some(false) => w.push(" NULLS LAST"),
                None => w,
            };
        });
    }
}

//! `SELECT` to text.

use super::ResultColumn;
use super::writer::{Named, Writer};
use crate::schema::{SourceRef, TableDef};
use crate::sql::{Distinct, FromItem, Join, JoinKind, Node, OrderBy, Per, Projection, Select};

impl Writer {
    /// Writes a query; `outermost` if its columns are those of the result.
    pub(super) fn select(&mut self, select: &Select, outermost: bool) {
        match &select.per {
            Some(per) => self.limited(select, per, outermost),
            None => self.plain(select, outermost, None),
        }
    }

    /// Writes a query of which a number of rows is wanted for each group: they are numbered inside, and chosen outside.
    fn limited(&mut self, select: &Select, per: &Per, outermost: bool) {
        let mut names = Vec::new();
        for table in select.tables_read() {
            for column in table.columns {
                names.push(free_name(&names, column.name));
            }
        }
        // What stands before the models are the keys of a link table, which are read by position.
        let keys = select.projection.iter().filter(|item| !matches!(item, Projection::Model(_))).count();
        for number in 0..keys {
            let name = free_name(&names, "key");
            names.insert(number, name);
        }
        let number = free_name(&names, "number");
        self.push("SELECT ").separated(", ", &names, |w, name| {
            w.ident("part").push(".").ident(name);
        });
        self.push(" FROM (").plain(select, outermost, Some(per));
        self.push(") AS ").ident("part").push(" (").separated(", ", &names, |w, name| {
            w.ident(name);
        });
        self.push(", ").ident(&number).push(") WHERE ").ident("part").push(".").ident(&number);
        self.push(" <= ").number(per.limit).push(" ORDER BY ").ident("part").push(".").ident(&number);
    }

    fn plain(&mut self, select: &Select, outermost: bool, per: Option<&Per>) {
        let outer = self.enter();
        let before = self.let_deleted_in(select.with_deleted);
        self.about(select.root.table());
        self.declare_item(&select.from);
        self.declare_joins(&select.joins);
        for (place, eager) in select.eager.iter().enumerate() {
            self.declare(Named::Eager(place, eager.name));
        }
        self.push(match select.distinct {
            Distinct::No => "SELECT ",
            Distinct::Rows => "SELECT DISTINCT ",
        });
        self.separated(", ", &select.projection, |w, item| {
            // What a query inside gives is met by what is around it.
            let named = w.part(|w| w.projection(item, outermost));
            if named && !outermost {
                w.part_goes_on();
            }
        });
        for (place, eager) in select.eager.iter().enumerate() {
            self.push(", ").model(Named::Eager(place, eager.name), eager.table, outermost);
        }
        if let Some(per) = per {
            self.push(", row_number() OVER (PARTITION BY ").separated(", ", &per.group, Self::node);
            self.order_by(&select.order_by);
            self.push(")");
        }
        self.push(" FROM ").write_item(&select.from);
        self.joins(&select.joins);
        for place in 0..select.eager.len() {
            self.eager_join(select, place);
        }
        let is_live = self.is_live(&select.from);
        self.where_clause(select.predicates.iter().chain(&is_live));
        if per.is_none() {
            self.order_by(&select.order_by);
        }
        if let Some(limit) = select.limit {
            self.push(" LIMIT ").number(limit);
        }
        if let Some(offset) = select.offset {
            self.push(" OFFSET ").number(offset);
        }
        self.restore(before);
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
            Projection::Model(source) => self.model(Named::Source(*source), source.table(), outermost),
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

    fn model(&mut self, of: Named, table: &'static TableDef, outermost: bool) {
        if outermost {
            self.expect_all(table.columns.iter().map(|column| ResultColumn::column(table, column)));
        }
        if self.is_by_its_own_name(of) {
            return self.own_columns(table);
        }
        self.separated(", ", table.columns, |w, column| {
            w.qualifier(of).push(".").ident(column.name);
        });
    }

    fn eager_join(&mut self, select: &Select, place: usize) {
        let eager = &select.eager[place];
        let of = Named::Eager(place, eager.name);
        let near = match eager.near {
            Some(place) => Named::Eager(place, select.eager[place].name),
            None => Named::Source(select.root),
        };
        self.push(if eager.required { " JOIN " } else { " LEFT JOIN " });
        self.table(eager.table).push(" AS ").qualifier(of).push(" ON ");
        self.separated(" AND ", eager.local.iter().zip(eager.remote), |w, (local, remote)| {
            w.qualifier(near).push(".").ident(local).push(" = ");
            w.qualifier(of).push(".").ident(remote);
        });
        if let Some(column) = eager.table.soft_delete_column().filter(|_| !self.has_deleted() && !eager.with_deleted) {
            self.push(" AND ").qualifier(of).push(".").ident(column.name).push(" IS NULL");
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

    fn joins(&mut self, joins: &[Join]) {
        let mut joins = joins.iter().peekable();
        while let Some(join) = joins.next() {
            match joins.next_if(|far| self.are_one(join, far)) {
                Some(far) => self.join_through(join, far),
                None => self.join(join),
            }
        }
    }

    fn join(&mut self, join: &Join) {
        self.push(match join.kind {
            JoinKind::Inner => " JOIN ",
            JoinKind::Left => " LEFT JOIN ",
        });
        self.write_item(&join.item);
        self.on(join);
    }

    /// Whether a link table and what is behind it are left-joined as one: a link to a row that is marked as deleted is
    /// no link, and not one to nothing.
    fn are_one(&self, link: &Join, far: &Join) -> bool {
        let are_left = link.kind == JoinKind::Left && far.kind == JoinKind::Left;
        are_left && matches!(link.item, FromItem::Link(_)) && self.joined_is_live(far).is_some()
    }

    fn join_through(&mut self, link: &Join, far: &Join) {
        self.push(" LEFT JOIN (").write_item(&link.item);
        self.push(" JOIN ").write_item(&far.item);
        self.on(far);
        self.push(")");
        self.on(link);
    }

    pub(super) fn joined_is_live(&self, join: &Join) -> Option<Node> {
        self.is_live(&join.item).filter(|_| !join.with_deleted)
    }

    /// The condition of a join, and that its rows are not marked as deleted.
    fn on(&mut self, join: &Join) {
        self.push(" ON ");
        match self.joined_is_live(join) {
            Some(is_live) => _ = self.part(|w| w.node(&join.on.clone().and(is_live))),
            None => _ = self.part(|w| w.node(&join.on)),
        }
    }

    pub(super) fn where_clause<'n>(&mut self, predicates: impl IntoIterator<Item = &'n Node>) {
        let predicates: Vec<&Node> = predicates.into_iter().collect();
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
            _ => _ = w.part(|w| w.node(predicate)),
        });
    }

    fn order_by(&mut self, order: &[OrderBy]) {
        if order.is_empty() {
            return;
        }
        self.push(" ORDER BY ");
        self.separated(", ", order, |w, item| {
            w.part(|w| w.node(&item.node));
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

/// The name, or one like it that is not taken.
fn free_name(taken: &[String], wanted: &str) -> String {
    let mut name = wanted.to_owned();
    while taken.contains(&name) {
        name.push('_');
    }
    name
}

//! `SELECT` to text.

use super::ResultColumn;
use super::from::{is_asked_before, keeps_the_right};
use super::writer::{Named, Writer};
use crate::error::Error;
use crate::schema::TableDef;
use crate::sql::{
    Distinct, FromItem, Grouping, Join, JoinKind, Lock, LockStrength, LockWait, Node, OrderBy, Per, Projection, Select,
    WindowDef, is_no_table,
};

/// The server counts rows in `bigint`: there are no more of them.
const MOST_ROWS: u64 = i64::MAX as u64;

impl Writer {
    /// Writes a query; `outermost` if its columns are those of the result.
    pub(super) fn select(&mut self, select: &Select, outermost: bool) {
        if outermost {
            self.begin();
        }
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
        self.limit(select);
    }

    fn plain(&mut self, select: &Select, outermost: bool, per: Option<&Per>) {
        let outer = self.enter();
        let before = self.let_in(select.with_deleted, &select.unfiltered);
        self.about(select.root.table());
        if let Some(misuse) = select.misuse {
            self.fail(Error::invalid(misuse).with_model(select.root.table().model));
        }
        // What a right or full join may leave out cannot be chosen by WHERE, which sees it too late.
        let chosen = if keeps_the_right(select) { self.implied(&select.from, false) } else { None };
        self.declare_item(&select.from);
        if chosen.is_some() {
            self.is_derived();
        }
        self.declare_joins(&select.joins);
        for (place, eager) in select.eager.iter().enumerate() {
            self.declare(Named::Eager(place, eager.name));
        }
        let windows = self.name_windows(select.windows.iter().map(|(name, _)| *name).collect());
        let shared = self.share_params(select);
        match &select.distinct {
            Distinct::No => _ = self.push("SELECT "),
            Distinct::Rows => _ = self.push("SELECT DISTINCT "),
            Distinct::On(nodes) => {
                self.push("SELECT DISTINCT ON (").separated(", ", nodes, Self::node).push(") ");
            }
        }
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
        for node in &select.behind {
            self.push(", ").node(node);
        }
        if let Some(per) = per {
            self.push(", row_number() OVER (PARTITION BY ").separated(", ", &per.group, Self::node);
            self.order_by(&select.order_by);
            self.push(")");
        }
        self.push(" FROM ");
        match &chosen {
            Some(implied) => self.write_chosen(&select.from, implied.clone()),
            None => self.write_item(&select.from),
        }
        self.joins(&select.joins);
        for place in 0..select.eager.len() {
            self.eager_join(select, place);
        }
        let implied = if chosen.is_some() { None } else { self.implied(&select.from, false) };
        self.where_clause(select.predicates.iter().chain(&implied));
        self.group_by(&select.group_by);
        self.conditions(" HAVING ", &select.having);
        self.windows(&select.windows);
        if per.is_none() {
            self.order_by(&select.order_by);
            self.limit(select);
        }
        for lock in &select.locks {
            self.lock(lock);
        }
        self.unshare(shared);
        self.name_windows(windows);
        self.restore(before);
        self.leave(outer);
    }

    fn limit(&mut self, select: &Select) {
        if let Some(limit) = select.limit {
            self.push(" LIMIT ").number(limit.min(MOST_ROWS));
        }
        if let Some(offset) = select.offset {
            self.push(" OFFSET ").number(offset.min(MOST_ROWS));
        }
    }

    /// Sees to it that an expression with values in it is the same one in the select list, by which it is grouped, told from
    /// others or ordered among distinct rows: its values are the same parameters.
    fn share_params(&mut self, select: &Select) -> usize {
        let on = match &select.distinct {
            Distinct::On(nodes) => nodes.as_slice(),
            Distinct::No | Distinct::Rows => &[],
        };
        let is_distinct = !matches!(select.distinct, Distinct::No);
        let order: &[OrderBy] = if is_distinct { &select.order_by } else { &[] };
        if select.group_by.is_empty() && on.is_empty() && order.is_empty() {
            return self.share(None);
        }
        let params = self.params_of(|w| {
            w.group_by(&select.group_by);
            w.separated(", ", on, Self::node);
            w.order_by(order);
        });
        self.share(params)
    }

    pub(super) fn declare_joins(&mut self, joins: &[Join]) {
        for join in joins {
            self.declare_item(&join.item);
            if is_asked_before(join) && self.joined_implied(join).is_some() {
                self.is_derived();
            }
        }
    }

    pub(super) fn projection(&mut self, item: &Projection, outermost: bool) {
        match item {
            Projection::Model(source) => self.model(Named::Source(*source), source.table(), outermost),
            Projection::Expr { node, ty } => {
                self.node(node);
                if outermost {
                    let of = match node {
                        Node::Column { source, column } if !is_no_table(source.table()) => {
                            Some((source.table(), *column))
                        }
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
        let filters = self.filters_of(eager.table);
        // An end that a filter leaves out is missing, and the row is not.
        self.push(if eager.required && filters.is_empty() { " JOIN " } else { " LEFT JOIN " });
        self.table(eager.table).push(" AS ").qualifier(of).push(" ON ");
        self.separated(" AND ", eager.local.iter().zip(eager.remote), |w, (local, remote)| {
            w.qualifier(near).push(".").ident(local).push(" = ");
            w.qualifier(of).push(".").ident(remote);
        });
        if let Some(column) = eager.table.soft_delete_column().filter(|_| !self.has_deleted() && !eager.with_deleted) {
            self.push(" AND ").qualifier(of).push(".").ident(column.name).push(" IS NULL");
        }
        for (number, filter) in &filters {
            self.push(" AND ").over(of, eager.table, filter, *number);
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
            JoinKind::Right => " RIGHT JOIN ",
            JoinKind::Full => " FULL JOIN ",
            JoinKind::Cross => " CROSS JOIN ",
        });
        match self.joined_implied(join).filter(|_| is_asked_before(join)) {
            Some(implied) => {
                self.write_chosen(&join.item, implied);
                if join.kind != JoinKind::Cross {
                    self.push(" ON ").node(&join.on);
                }
            }
            None => {
                self.write_item(&join.item);
                self.on(join);
            }
        }
    }

    /// Whether a link table and what is behind it are left-joined as one: a link to a row that is marked as deleted is
    /// no link, and not one to nothing.
    fn are_one(&self, link: &Join, far: &Join) -> bool {
        let are_left = link.kind == JoinKind::Left && far.kind == JoinKind::Left;
        are_left && matches!(link.item, FromItem::Link(_)) && self.joined_implied(far).is_some()
    }

    fn join_through(&mut self, link: &Join, far: &Join) {
        self.push(" LEFT JOIN (").write_item(&link.item);
        self.push(" JOIN ").write_item(&far.item);
        self.on(far);
        self.push(")");
        self.on(link);
    }

    pub(super) fn joined_implied(&self, join: &Join) -> Option<Node> {
        self.implied(&join.item, join.with_deleted)
    }

    /// The condition of a join, and what is asked of its rows without being said.
    fn on(&mut self, join: &Join) {
        if join.kind == JoinKind::Cross {
            return;
        }
        self.push(" ON ");
        match self.joined_implied(join) {
            Some(implied) => _ = self.part(|w| w.node(&join.on.clone().and(implied))),
            None => _ = self.part(|w| w.node(&join.on)),
        }
    }

    pub(super) fn where_clause<'n>(&mut self, predicates: impl IntoIterator<Item = &'n Node>) {
        self.conditions(" WHERE ", predicates);
    }

    /// A clause of conditions, all of which must hold.
    fn conditions<'n>(&mut self, clause: &str, predicates: impl IntoIterator<Item = &'n Node>) {
        let mut predicates = predicates.into_iter();
        let Some(first) = predicates.next() else { return };
        let second = predicates.next();
        let single = second.is_none();
        self.push(clause);
        let predicates = [first].into_iter().chain(second).chain(predicates);
        self.separated(" AND ", predicates, |w, predicate| match predicate.alone() {
            // A conjunction among conjuncts needs no parentheses.
            Node::Any(any) if !single && any.len() > 1 => {
                w.push("(").node(predicate);
                w.push(")");
            }
            _ => _ = w.part(|w| w.node(predicate)),
        });
    }

    fn group_by(&mut self, groups: &[Grouping]) {
        if groups.is_empty() {
            return;
        }
        self.push(" GROUP BY ").separated(", ", groups, |w, group| match group {
            Grouping::By(node) => w.node(node),
            Grouping::Rollup(nodes) => _ = w.push("ROLLUP (").separated(", ", nodes, Self::node).push(")"),
            Grouping::Cube(nodes) => _ = w.push("CUBE (").separated(", ", nodes, Self::node).push(")"),
            Grouping::Sets(sets) => {
                w.push("GROUPING SETS (").separated(", ", sets, |w, set| {
                    w.push("(").separated(", ", set, Self::node).push(")");
                });
                w.push(")");
            }
        });
    }

    fn windows(&mut self, windows: &[(&'static str, WindowDef)]) {
        if windows.is_empty() {
            return;
        }
        self.push(" WINDOW ").separated(", ", windows, |w, (name, window)| {
            w.ident(name).push(" AS ").window(window);
        });
    }

    fn lock(&mut self, lock: &Lock) {
        self.push(match lock.strength {
            LockStrength::Update => " FOR UPDATE",
            LockStrength::NoKeyUpdate => " FOR NO KEY UPDATE",
            LockStrength::Share => " FOR SHARE",
            LockStrength::KeyShare => " FOR KEY SHARE",
        });
        if !lock.of.is_empty() {
            self.push(" OF ").separated(", ", &lock.of, |w, &source| w.lock_target(source));
        }
        self.push(match lock.wait {
            LockWait::Wait => "",
            LockWait::Error => " NOWAIT",
            LockWait::Skip => " SKIP LOCKED",
        });
    }

    pub(super) fn order_by(&mut self, order: &[OrderBy]) {
        if !order.is_empty() {
            self.push(" ").order_items(order);
        }
    }

    /// `ORDER BY` and its items.
    pub(super) fn order_items(&mut self, order: &[OrderBy]) {
        self.push("ORDER BY ");
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

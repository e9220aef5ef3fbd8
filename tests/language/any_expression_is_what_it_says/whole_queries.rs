//! Random queries over random rows: joins, filters, subqueries, DISTINCT, orders, limits, combinations and groups.
//!
//! `ORM_QUERIES` says how many there are, `ORM_SEED` chooses others. One that fails is shrunk, and printed with its SQL.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use orm_core::Rows;
use orm_core::prelude::*;
use orm_tests::TestDb;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{TestCaseError, TestError};

use super::build::{condition, number, text};
use super::eval::Row;
use super::tree::{Choices, Cond, Num, Text};
use super::world::World;
use super::{from_environment, runner};
use crate::shop::{Customer, Line, Order};

type Shop = (Customer, Order, Line);

/// What a row has: the keys, a number and a text.
type Answer = (Option<i32>, Option<i32>, Option<i32>, Option<i64>, Option<String>);

/// A text, how many rows have it, the sum of their numbers, their greatest customer, how many lines they have.
type Group = (Option<String>, i64, Option<i64>, Option<i32>, i64);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Inner,
    Left,
    Right,
    Full,
}

#[derive(Debug, Clone)]
enum Pred {
    Plain(Cond),
    AnyOrder(i64),
    NoOrder(i64),
    AllOrders(i64),
    Lines(i64),
    /// Among the years of birth, some of which may be NULL.
    In(Num, bool),
    Exists(i32, bool),
    Most(i32),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
}

#[derive(Debug, Clone, Copy)]
enum Combining {
    Union,
    UnionAll,
    Intersect,
    IntersectAll,
    Except,
    ExceptAll,
}

/// One `SELECT`. Where it is cut, its order is total.
#[derive(Debug, Clone)]
struct Core {
    kinds: [Kind; 2],
    /// The first join is of orders of customers with a smaller key, and not of a customer's own.
    unequal: bool,
    /// A part of the second join's condition.
    on: Option<Cond>,
    filters: Vec<Pred>,
    number: Num,
    text: Text,
    /// The keys are left out, so that rows are equal.
    keyless: bool,
    distinct: bool,
    order: Option<[usize; 3]>,
    cut: (Option<u64>, Option<u64>),
}

#[derive(Debug, Clone)]
struct Case {
    world: World,
    core: Core,
    combined: Vec<(Combining, Core)>,
    /// The directions of all columns of the whole, and its cut.
    order: Option<([usize; 5], Option<u64>, Option<u64>)>,
    having: i64,
}

impl Pred {
    fn choose(choices: &mut Choices<'_>, depth: usize) -> Self {
        let totals = [0, 1, 3, 100, -2000];
        let smaller = |choices: &mut Choices<'_>| Box::new(Self::choose(choices, depth.saturating_sub(1)));
        match choices.below(if depth == 0 { 9 } else { 12 }) {
            0 | 1 => Self::Plain(Cond::choose(choices, 2)),
            2 => Self::AnyOrder(choices.one_of(&totals)),
            3 => Self::NoOrder(choices.one_of(&totals)),
            4 => Self::AllOrders(choices.one_of(&totals)),
            5 => Self::Lines(choices.one_of(&[0, 1, 2])),
            6 => Self::In(Num::choose(choices, 1), choices.maybe()),
            7 => Self::Exists(choices.one_of(&[0, 1, -1]), choices.maybe()),
            8 => Self::Most(choices.one_of(&[0, 1, -1])),
            9 | 10 => Self::Or(smaller(choices), smaller(choices)),
            _ => Self::Not(smaller(choices)),
        }
    }

    fn build(&self) -> Expr<Option<bool>, Shop> {
        let own_lines = || query::<Line>().outer(Order::TABLE).filter(Line::order_id.eq(Order::id));
        match self {
            Self::Plain(plain) => condition(plain),
            Self::AnyOrder(total) => Customer::orders.any(Order::total.gt(*total)).nullable().fit(),
            Self::NoOrder(total) => Customer::orders.none_of(Order::total.gt(*total)).nullable().fit(),
            Self::AllOrders(total) => Customer::orders.all(Order::total.gt(*total)).nullable().fit(),
            Self::Lines(least) => Order::lines.count().ge(*least).nullable().fit(),
            Self::In(number_of, negated) => {
                let born = query::<Customer>().select(Customer::born.cast::<i64>());
                match negated {
                    false => number(number_of).in_select(born).fit(),
                    true => number(number_of).not_in_select(born).fit(),
                }
            }
            Self::Exists(quantity, negated) => {
                let many = own_lines().filter(Line::quantity.gt(*quantity)).select(Line::id);
                match negated {
                    false => many.exists_in().nullable().fit(),
                    true => many.not_exists_in().nullable().fit(),
                }
            }
            Self::Most(quantity) => own_lines().select(Line::quantity.max()).scalar_in().gt(*quantity).fit(),
            Self::Or(a, b) => a.build().or(b.build()).fit(),
            Self::Not(a) => Expression::not(a.build()),
        }
    }

    fn of(&self, row: &Row<'_>, world: &World) -> Option<bool> {
        let totals = || {
            let of = |customer: i32| row.customer.is_some_and(|own| own.id == customer);
            world.orders.iter().filter(move |order| of(order.customer)).map(|order| order.total)
        };
        let quantities = || {
            let of = |order: i32| row.order.is_some_and(|own| own.id == order);
            world.lines.iter().filter(move |line| of(line.order)).map(|line| line.quantity)
        };
        match self {
            Self::Plain(plain) => row.condition(plain),
            Self::AnyOrder(least) => Some(totals().any(|total| total > *least)),
            Self::NoOrder(least) => Some(!totals().any(|total| total > *least)),
            Self::AllOrders(least) => Some(totals().all(|total| total > *least)),
            Self::Lines(least) => Some(quantities().count() as i64 >= *least),
            Self::In(number, negated) => {
                let number = row.number(number);
                let born: Vec<Option<i64>> = world.customers.iter().map(|of| of.born.map(i64::from)).collect();
                let found = match number {
                    Some(_) if born.contains(&number) => Some(true),
                    Some(_) if !born.contains(&None) => Some(false),
                    _ => None,
                };
                found.map(|found| found != *negated)
            }
            Self::Exists(least, negated) => Some(quantities().any(|quantity| quantity > *least) != *negated),
            Self::Most(least) => quantities().max().map(|most| most > *least),
            Self::Or(a, b) => match (a.of(row, world), b.of(row, world)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(a) => a.of(row, world).map(|truth| !truth),
        }
    }
}

/// An order with a direction of four.
macro_rules! directed {
    ($by:expr, $how:expr) => {{
        let by = $by;
        match $how {
            0 => by.asc().nulls_first(),
            1 => by.asc().nulls_last(),
            2 => by.desc().nulls_first(),
            _ => by.desc().nulls_last(),
        }
    }};
}

fn in_direction<T: Ord>(a: &Option<T>, b: &Option<T>, how: usize) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if how < 2 => a.cmp(b),
        (Some(a), Some(b)) => b.cmp(a),
        // `None` is less than all others.
        _ if matches!(how, 0 | 2) => a.is_some().cmp(&b.is_some()),
        _ => b.is_some().cmp(&a.is_some()),
    }
}

fn cut(choices: &mut Choices<'_>) -> (Option<u64>, Option<u64>) {
    let mut part = || choices.maybe().then(|| choices.below(4) as u64);
    (part(), part())
}

fn cut_off(rows: &mut Vec<Answer>, limit: Option<u64>, offset: Option<u64>) {
    rows.drain(..rows.len().min(offset.unwrap_or(0) as usize));
    rows.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
}

/// Nested loops: each pair for which the condition holds, and what has no partner where the kind keeps it.
fn join<'a, B>(
    left: &[Row<'a>],
    right: &'a [B],
    kind: Kind,
    with: impl Fn(Row<'a>, &'a B) -> Row<'a>,
    on: impl Fn(&Row<'a>) -> bool,
) -> Vec<Row<'a>> {
    let (keeps_left, keeps_right) = (matches!(kind, Kind::Left | Kind::Full), matches!(kind, Kind::Right | Kind::Full));
    let (mut rows, mut found) = (Vec::new(), vec![false; right.len()]);
    for &start in left {
        let before = rows.len();
        for (other, found) in right.iter().zip(&mut found) {
            let row = with(start, other);
            if on(&row) {
                rows.push(row);
                *found = true;
            }
        }
        if keeps_left && rows.len() == before {
            rows.push(start);
        }
    }
    let nothing = Row { customer: None, order: None, line: None };
    let alone = right.iter().zip(found).filter(|(_, found)| keeps_right && !found);
    rows.extend(alone.map(|(other, _)| with(nothing, other)));
    rows
}

impl Core {
    fn choose(choices: &mut Choices<'_>) -> Self {
        let mut kind = || choices.one_of(&[Kind::Inner, Kind::Left, Kind::Right, Kind::Full]);
        let kinds = [kind(), kind()];
        let distinct = choices.below(4) == 1;
        let order = (!distinct && choices.maybe()).then(|| [0; 3].map(|_| choices.below(4)));
        Self {
            kinds,
            // PostgreSQL makes a full join of equal keys alone.
            unequal: choices.maybe() && kinds[0] != Kind::Full,
            on: (choices.maybe() && kinds[1] != Kind::Full).then(|| Cond::choose(choices, 2)),
            filters: choices.some(4, |choices| Pred::choose(choices, 2)),
            number: Num::choose(choices, 1),
            text: Text::choose(choices, 1),
            keyless: choices.maybe(),
            distinct,
            order,
            cut: if order.is_some() { cut(choices) } else { (None, None) },
        }
    }

    fn build(&self) -> Rows<Unbound, Answer> {
        let mut query = query::<Customer>().dynamic();
        let less = Order::customer_id.lt(Customer::id);
        query = match (self.kinds[0], self.unequal) {
            (Kind::Inner, false) => query.join(Customer::orders),
            (Kind::Left, false) => query.left_join(Customer::orders),
            (Kind::Right, false) => query.right_join(Customer::orders),
            (Kind::Full, _) => query.full_join(Customer::orders),
            (Kind::Inner, true) => query.join_on(Order::TABLE, less),
            (Kind::Left, true) => query.left_join_on(Order::TABLE, less),
            (Kind::Right, true) => query.right_join_on(Order::TABLE, less),
        };
        let on = |on: &Cond| Line::order_id.eq(Order::id).and(condition(on));
        query = match (self.kinds[1], &self.on) {
            (Kind::Inner, None) => query.join(Order::lines),
            (Kind::Left, None) => query.left_join(Order::lines),
            (Kind::Right, None) => query.right_join(Order::lines),
            (Kind::Full, _) => query.full_join(Order::lines),
            (Kind::Inner, Some(cond)) => query.join_on(Line::TABLE, on(cond)),
            (Kind::Left, Some(cond)) => query.left_join_on(Line::TABLE, on(cond)),
            (Kind::Right, Some(cond)) => query.right_join_on(Line::TABLE, on(cond)),
        };
        for filter in &self.filters {
            query = query.filter(filter.build());
        }
        if let Some([first, second, third]) = self.order {
            query = query.order_by(directed!(number(&self.number), first));
            query = query.order_by(directed!(text(&self.text).collate("C"), second));
            query = query.order_by(directed!(Customer::id, third)).order_by(directed!(Order::id, first));
            query = query.order_by(directed!(Line::id, second));
        }
        let (number, text) = (number(&self.number), text(&self.text));
        let none = || value(None::<i32>);
        let mut rows: Rows<Unbound, Answer> = match self.keyless {
            false => query.select((Customer::id, Order::id, Line::id, number, text)),
            true => query.select((none(), none(), none(), number, text)),
        };
        if self.distinct {
            rows = rows.distinct();
        }
        if let Some(limit) = self.cut.0 {
            rows = rows.limit(limit);
        }
        if let Some(offset) = self.cut.1 {
            rows = rows.offset(offset);
        }
        rows
    }

    fn of(&self, world: &World) -> Vec<Answer> {
        let start: Vec<Row<'_>> =
            world.customers.iter().map(|of| Row { customer: Some(of), order: None, line: None }).collect();
        let of_customer = |row: &Row<'_>| match (row.customer, row.order) {
            (Some(customer), Some(order)) if self.unequal => order.customer < customer.id,
            (Some(customer), Some(order)) => order.customer == customer.id,
            _ => false,
        };
        let with_order = |row, order| Row { order: Some(order), ..row };
        let joined = join(&start, &world.orders, self.kinds[0], with_order, of_customer);
        let of_order = |row: &Row<'_>| match (row.order, row.line) {
            (Some(order), Some(line)) => {
                line.order == order.id && self.on.as_ref().is_none_or(|on| row.condition(on) == Some(true))
            }
            _ => false,
        };
        let with_line = |row, line| Row { line: Some(line), ..row };
        let rows = join(&joined, &world.lines, self.kinds[1], with_line, of_order);
        let kept = rows.iter().filter(|row| self.filters.iter().all(|filter| filter.of(row, world) == Some(true)));
        let mut answers: Vec<Answer> = kept
            .map(|row| {
                let keys = (row.customer.map(|of| of.id), row.order.map(|of| of.id), row.line.map(|of| of.id));
                (keys.0, keys.1, keys.2, row.number(&self.number), row.text(&self.text))
            })
            .collect();
        if let Some([first, second, third]) = self.order {
            answers.sort_by(|a, b| sorted(a, b, [third, first, second, first, second], [3, 4, 0, 1, 2]));
        }
        if self.keyless {
            answers.iter_mut().for_each(|row| (row.0, row.1, row.2) = (None, None, None));
        }
        if self.distinct {
            answers.sort();
            answers.dedup();
        }
        cut_off(&mut answers, self.cut.0, self.cut.1);
        answers
    }
}

/// By these columns, each in its direction.
fn sorted(a: &Answer, b: &Answer, how: [usize; 5], by: [usize; 5]) -> Ordering {
    by.into_iter().fold(Ordering::Equal, |so_far, column| {
        so_far.then_with(|| match column {
            0 => in_direction(&a.0, &b.0, how[0]),
            1 => in_direction(&a.1, &b.1, how[1]),
            2 => in_direction(&a.2, &b.2, how[2]),
            3 => in_direction(&a.3, &b.3, how[3]),
            _ => in_direction(&a.4, &b.4, how[4]),
        })
    })
}

fn combined(combining: Combining, left: &[Answer], right: &[Answer]) -> Vec<Answer> {
    let mut counts: BTreeMap<&Answer, (usize, usize)> = BTreeMap::new();
    left.iter().for_each(|row| counts.entry(row).or_default().0 += 1);
    right.iter().for_each(|row| counts.entry(row).or_default().1 += 1);
    let of = |(row, (left, right)): (&Answer, (usize, usize))| {
        let count = match combining {
            Combining::Union => 1,
            Combining::UnionAll => left + right,
            Combining::Intersect => left.min(right).min(1),
            Combining::IntersectAll => left.min(right),
            Combining::Except => usize::from(left > 0 && right == 0),
            Combining::ExceptAll => left.saturating_sub(right),
        };
        vec![row.clone(); count]
    };
    counts.into_iter().flat_map(of).collect()
}

fn case_of(choices: &[u16]) -> Case {
    use Combining::{Except, ExceptAll, Intersect, IntersectAll, Union, UnionAll};
    let mut choices = Choices::new(choices);
    let core = Core::choose(&mut choices);
    let kinds = [Union, UnionAll, Intersect, IntersectAll, Except, ExceptAll];
    let combined = choices.some(2, |choices| (choices.one_of(&kinds), Core::choose(choices)));
    let order = choices.maybe().then(|| {
        let ((limit, offset), how) = (cut(&mut choices), [0; 5].map(|_| choices.below(4)));
        (how, limit, offset)
    });
    let having = choices.one_of(&[0, 1, 2]);
    Case { core, combined, order, having, world: World::choose(&mut choices) }
}

fn build(case: &Case) -> Rows<Unbound, Answer> {
    let mut rows = case.core.build();
    for (combining, core) in &case.combined {
        rows = match combining {
            Combining::Union => rows.union(core.build()),
            Combining::UnionAll => rows.union_all(core.build()),
            Combining::Intersect => rows.intersect(core.build()),
            Combining::IntersectAll => rows.intersect_all(core.build()),
            Combining::Except => rows.except(core.build()),
            Combining::ExceptAll => rows.except_all(core.build()),
        };
    }
    if let Some((how, limit, offset)) = case.order {
        rows = rows.order_by_output(|c| directed!(c.0, how[0])).order_by_output(|c| directed!(c.1, how[1]));
        rows = rows.order_by_output(|c| directed!(c.2, how[2])).order_by_output(|c| directed!(c.3, how[3]));
        rows = rows.order_by_output(|c| directed!(c.4.collate("C"), how[4]));
        rows = limit.into_iter().fold(rows, Rows::limit);
        rows = offset.into_iter().fold(rows, Rows::offset);
    }
    rows
}

fn wanted(case: &Case) -> Vec<Answer> {
    let mut rows = case.core.of(&case.world);
    for (combining, core) in &case.combined {
        rows = combined(*combining, &rows, &core.of(&case.world));
    }
    if let Some((how, limit, offset)) = case.order {
        rows.sort_by(|a, b| sorted(a, b, how, [0, 1, 2, 3, 4]));
        cut_off(&mut rows, limit, offset);
    }
    rows
}

fn groups(rows: &[Answer], having: i64) -> Vec<Group> {
    let mut groups: BTreeMap<&Option<String>, Vec<&Answer>> = BTreeMap::new();
    rows.iter().for_each(|row| groups.entry(&row.4).or_default().push(row));
    let of = |(text, rows): (&Option<String>, Vec<&Answer>)| {
        let sum = rows.iter().filter_map(|row| row.3).reduce(|a, b| a + b);
        let mut lines: Vec<i32> = rows.iter().filter_map(|row| row.2).collect();
        lines.sort_unstable();
        lines.dedup();
        (text.clone(), rows.len() as i64, sum, rows.iter().filter_map(|row| row.0).max(), lines.len() as i64)
    };
    groups.into_iter().map(of).filter(|group| group.1 > having).collect()
}

async fn agrees(db: &TestDb, case: &Case) -> Result<(), String> {
    case.world.store(db).await;
    let (query, mut wanted) = (build(case), wanted(case));
    let about = format!("{}\nof {case:#?}, seed {}", query.to_sql(), from_environment("ORM_SEED", 1_u64));
    let failed = |error: orm_core::Error| format!("{error:?}\n{about}");
    let count = query.clone().on(&db.engine).count().await.map_err(failed)?;
    let mut got = db.engine.rows(query.clone()).await.map_err(failed)?;
    let stated = case.order.is_some() || (case.combined.is_empty() && case.core.order.is_some());
    if !stated {
        got.sort();
        wanted.sort();
    }
    if got != wanted || count != wanted.len() as u64 {
        return Err(format!("got {got:?}, counted {count}\nwanted {wanted:?}\n{about}"));
    }
    let part = query.subquery();
    let grouped = query_from(&part).group_by(part.c.4).having(count_rows().gt(case.having)).select((
        part.c.4,
        count_rows(),
        part.c.3.sum_as::<i64>(),
        part.c.0.max(),
        part.c.2.count_distinct(),
    ));
    let mut got: Vec<Group> = db.engine.rows(grouped).await.map_err(failed)?;
    got.sort();
    let wanted = groups(&wanted, case.having);
    if got == wanted { Ok(()) } else { Err(format!("got groups {got:?}\nwanted {wanted:?}\n{about}")) }
}

fn count_rows() -> impl Expression<Type = i64, Uses = ()> {
    orm_core::sql::count()
}

#[test]
fn q01_q10_q14_q16_q17_q19_any_query_is_what_a_plain_evaluation_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let db = runtime.block_on(TestDb::with::<(Customer, Order, Line)>());
    let choices = proptest::collection::vec(any::<u16>(), 0..400);
    let outcome = runner("ORM_QUERIES", 32).run(&choices.prop_map(|choices| case_of(&choices)), |case| {
        runtime.block_on(agrees(&db, &case)).map_err(TestCaseError::fail)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("the queries were given up: {reason}"),
    }
}

//! Random expressions over random rows: what PostgreSQL makes of what the builder writes is what a plain evaluation of the
//! same tree gives, as a filter and as a projection, with three values of truth.
//!
//! The expressions are the same in every run. `ORM_EXPRESSIONS` says how many there are, `ORM_SEED` chooses others. One
//! that fails is shrunk, and printed as a tree with the rows.

mod build;
mod eval;
mod tree;
mod whole_queries;
mod world;

use std::str::FromStr;

use orm_core::prelude::*;
use orm_tests::TestDb;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::build::{condition, number, text};
use self::eval::Row;
use self::tree::{Choices, Cond, Num, Text};
use self::world::World;
use crate::shop::{Customer, Line, Order};

/// The tables, and what is asked of them.
#[derive(Debug, Clone)]
struct Case {
    world: World,
    filters: Vec<Cond>,
    number: Num,
    text: Text,
    condition: Cond,
}

/// The case that a list of choices leads to: a shorter list, or smaller numbers, make a simpler one.
fn case_of(choices: &[u16]) -> Case {
    let mut choices = Choices::new(choices);
    let filters = (0..choices.below(3)).map(|_| Cond::choose(&mut choices, 4)).collect();
    let (number, text) = (Num::choose(&mut choices, 4), Text::choose(&mut choices, 4));
    let condition = Cond::choose(&mut choices, 4);
    Case { filters, number, text, condition, world: World::choose(&mut choices) }
}

/// What a row of the answer has: the keys, and the value of each expression.
type Answer = (Option<i32>, Option<i32>, Option<i32>, Option<i64>, Option<String>, Option<bool>);

fn wanted(case: &Case) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for row in case.world.rows() {
        if case.filters.iter().all(|filter| row.condition(filter) == Some(true)) {
            let Row { customer, order, line } = row;
            let keys = (customer.map(|customer| customer.id), order.map(|order| order.id), line.map(|line| line.id));
            let (number, text) = (row.number(&case.number), row.text(&case.text));
            answers.push((keys.0, keys.1, keys.2, number, text, row.condition(&case.condition)));
        }
    }
    answers.sort();
    answers
}

async fn got(db: &TestDb, case: &Case) -> orm_core::Result<Vec<Answer>> {
    let joined = query::<Customer>().left_join(Customer::orders).left_join(Order::lines);
    let filtered = joined.filter_all(case.filters.iter().map(condition));
    let selected = filtered.select((
        Customer::id.nullable(),
        Order::id,
        Line::id,
        number(&case.number),
        text(&case.text),
        condition(&case.condition),
    ));
    let mut answers = db.engine.rows(selected).await?;
    answers.sort();
    Ok(answers)
}

async fn agrees(db: &TestDb, case: &Case) -> Result<(), String> {
    case.world.store(db).await;
    let got = got(db, case).await.map_err(|error| format!("{error:?}\nof {case:#?}"))?;
    let wanted = wanted(case);
    if got == wanted { Ok(()) } else { Err(format!("got {got:?}\nwanted {wanted:?}\nof {case:#?}")) }
}

fn from_environment<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn runner(variable: &str, cases: u32) -> TestRunner {
    let config = Config {
        cases: from_environment(variable, cases),
        failure_persistence: None,
        max_shrink_iters: 1024,
        ..Config::default()
    };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&from_environment("ORM_SEED", 1_u64).to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

#[test]
fn q06_q07_q08_q09_q13_any_expression_is_what_a_plain_evaluation_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let db = runtime.block_on(TestDb::with::<(Customer, Order, Line)>());
    let choices = proptest::collection::vec(any::<u16>(), 0..400);
    let outcome = runner("ORM_EXPRESSIONS", 64).run(&choices.prop_map(|choices| case_of(&choices)), |case| {
        runtime.block_on(agrees(&db, &case)).map_err(TestCaseError::fail)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("the expressions were given up: {reason}"),
    }
}

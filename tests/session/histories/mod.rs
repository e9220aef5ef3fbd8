//! Random histories against a plain model: whatever is done in whatever order, and whatever fails and is corrected or
//! rolled back, the session, a new session and the tables say what the model says.
//!
//! The histories are the same in every run. `ORM_HISTORIES` says how many there are, `ORM_SEED` chooses others. One that
//! fails is shrunk, and printed as what was done.

mod check;
mod play;
mod relate;
mod step;
mod world;

use std::str::FromStr;

use orm_tests::TestDb;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::step::History;
use crate::models::School;

/// What is wrong, in words.
type Outcome<T = ()> = Result<T, String>;

fn from_environment<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn runner() -> TestRunner {
    let config = Config {
        cases: from_environment("ORM_HISTORIES", 256),
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..Config::default()
    };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&from_environment("ORM_SEED", 1_u64).to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

#[test]
fn u33_u34_any_history_agrees_with_a_plain_model() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let db = runtime.block_on(TestDb::with::<School>());
    let outcome = runner().run(&step::histories(), |history: History| {
        let mut log = Vec::new();
        let outcome = runtime.block_on(play::play(&db, &history, &mut log));
        outcome.map_err(|error| TestCaseError::fail(format!("{error}\nafter:\n  {}", log.join("\n  "))))
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("the histories were given up: {reason}"),
    }
}

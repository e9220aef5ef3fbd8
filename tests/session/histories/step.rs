//! What a history is made of. Numbers choose among what there is when the step is taken.

use proptest::prelude::*;

/// A history, and which collections are loaded before it.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) loaded: u8,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// What others are shrunk to.
    Nothing,
    AddCourse {
        homeworks: usize,
        submissions: usize,
        tag: Option<usize>,
    },
    AddPerson,
    AddTag {
        course: Option<usize>,
    },
    AddHomework {
        course: usize,
        reviewer: Option<usize>,
        way: usize,
    },
    AddSubmission {
        homework: usize,
        way: usize,
    },
    Change {
        which: usize,
    },
    Move {
        child: usize,
        to: usize,
        way: usize,
    },
    Review {
        homework: usize,
        by: Option<usize>,
        way: usize,
    },
    MoveSubmission {
        child: usize,
        to: usize,
        way: usize,
    },
    Boss {
        person: usize,
        by: Option<usize>,
        way: usize,
    },
    /// All children of a collection are replaced by those of these bits.
    Replace {
        person: usize,
        reports: bool,
        bits: u8,
    },
    TakeOut {
        which: usize,
    },
    Delete {
        which: usize,
    },
    Link {
        course: usize,
        tag: usize,
        from_tag: bool,
    },
    Load {
        which: usize,
    },
    Query {
        which: usize,
    },
    Flush,
    Savepoint,
    Release,
    RollBackSavepoint,
    DropSavepoint,
    Rollback,
    Commit,
    Fail {
        poison: Poison,
        by: By,
        then: Then,
    },
}

/// Why a flush fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum Poison {
    /// A new course has the name of another.
    Twice { course: usize },
    /// A course is renamed to the name of another.
    Rename { course: usize, to: usize },
    /// A homework has a key that leads nowhere.
    Nowhere { homework: usize },
    /// A child that must have a parent is taken out of its collection; refused before anything is sent.
    Orphan { homework: usize },
    /// A course or homework is deleted that still has children.
    Busy { which: usize },
}

/// What flushes.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Flush,
    Commit,
    Query,
    Savepoint,
    Release,
}

/// What follows the failure.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    Correct,
    CorrectAndFlush,
    CorrectAndCommit,
    FailAgain,
    TakeAway,
    Rollback,
}

pub(super) fn histories() -> impl Strategy<Value = History> {
    (any::<u8>(), prop::collection::vec(step(), 10..=30)).prop_map(|(loaded, steps)| History { loaded, steps })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Nothing),
        14 => adding(),
        6 => (0..16usize).prop_map(|which| Step::Change { which }),
        26 => relating(),
        2 => (0..8usize).prop_map(|which| Step::TakeOut { which }),
        5 => (0..16usize).prop_map(|which| Step::Delete { which }),
        10 => (0..8usize, 0..8usize, any::<bool>()).prop_map(|(course, tag, from_tag)| Step::Link { course, tag, from_tag }),
        5 => (0..6usize).prop_map(|which| Step::Load { which }),
        2 => (0..3usize).prop_map(|which| Step::Query { which }),
        12 => Just(Step::Flush),
        12 => ending(),
        14 => (poison(), by(), then()).prop_map(|(poison, by, then)| Step::Fail { poison, by, then }),
    ]
}

fn adding() -> impl Strategy<Value = Step> {
    let some = || prop::option::of(0..8usize);
    prop_oneof![
        2 => (0..3usize, 0..2usize, some())
            .prop_map(|(homeworks, submissions, tag)| Step::AddCourse { homeworks, submissions, tag }),
        1 => Just(Step::AddPerson),
        1 => some().prop_map(|course| Step::AddTag { course }),
        6 => (0..8usize, some(), 0..4usize)
            .prop_map(|(course, reviewer, way)| Step::AddHomework { course, reviewer, way }),
        3 => (0..8usize, 0..4usize).prop_map(|(homework, way)| Step::AddSubmission { homework, way }),
    ]
}

fn relating() -> impl Strategy<Value = Step> {
    let (child, to, way) = (0..8usize, 0..8usize, 0..5usize);
    prop_oneof![
        3 => (child.clone(), to.clone(), way.clone()).prop_map(|(child, to, way)| Step::Move { child, to, way }),
        3 => (child.clone(), prop::option::weighted(0.7, to.clone()), way.clone())
            .prop_map(|(homework, by, way)| Step::Review { homework, by, way }),
        1 => (child.clone(), to.clone(), way.clone())
            .prop_map(|(child, to, way)| Step::MoveSubmission { child, to, way }),
        2 => (child.clone(), prop::option::weighted(0.7, to), way)
            .prop_map(|(person, by, way)| Step::Boss { person, by, way }),
        1 => (child, any::<bool>(), any::<u8>())
            .prop_map(|(person, reports, bits)| Step::Replace { person, reports, bits }),
    ]
}

fn ending() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Savepoint),
        2 => Just(Step::Release),
        2 => Just(Step::RollBackSavepoint),
        1 => Just(Step::DropSavepoint),
        2 => Just(Step::Rollback),
        2 => Just(Step::Commit),
    ]
}

fn poison() -> impl Strategy<Value = Poison> {
    prop_oneof![
        4 => (0..8usize).prop_map(|course| Poison::Twice { course }),
        1 => (0..8usize, 0..8usize).prop_map(|(course, to)| Poison::Rename { course, to }),
        1 => (0..8usize).prop_map(|homework| Poison::Nowhere { homework }),
        1 => (0..8usize).prop_map(|homework| Poison::Orphan { homework }),
        1 => (0..8usize).prop_map(|which| Poison::Busy { which }),
    ]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        4 => Just(By::Flush),
        2 => Just(By::Commit),
        1 => Just(By::Query),
        1 => Just(By::Savepoint),
        1 => Just(By::Release),
    ]
}

fn then() -> impl Strategy<Value = Then> {
    prop_oneof![
        3 => Just(Then::Correct),
        1 => Just(Then::CorrectAndFlush),
        2 => Just(Then::CorrectAndCommit),
        1 => Just(Then::FailAgain),
        2 => Just(Then::TakeAway),
        1 => Just(Then::Rollback),
    ]
}

//! A job queue in a table: workers that never wait for each other, and a job that comes back if its worker fails.
//!
//! Run it with `cargo run -p orm-examples --bin job_queue`.

#![allow(clippy::print_stdout, reason = "printing is what the example is for")]

use orm_core::prelude::*;
use orm_examples::{Error, Stage};

/// What is to be done.
#[derive(Model, Debug, Clone)]
struct Job {
    #[model(primary_key)]
    id: Auto<i32>,
    task: String,
    #[model(default = "false")]
    done: bool,
}

/// Takes the next job that nobody has, and holds it until the session's transaction ends: this query is the whole queue.
async fn take(session: &mut Session) -> orm_core::Result<Option<Handle<Job>>> {
    let waiting = session.query::<Job>().filter(Job::done.eq(false)).order_by(Job::id.asc());
    waiting.for_update().skip_locked().first().await
}

/// Says that the job is done, and lets it go.
async fn finish(session: &mut Session, job: Handle<Job>) -> orm_core::Result<()> {
    session[job].done = true;
    session.commit().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut stage = Stage::open("job_queue").await?;
    println!("A job queue");
    let outcome = run(&mut stage).await;
    stage.close().await?;
    outcome
}

async fn run(stage: &mut Stage) -> Result<(), Error> {
    let engine = stage.engine().clone();
    engine.create_all::<Job>().await?;
    let mut session = engine.session();
    session.add_all(["brew tea", "toast bread", "wash up"].map(|task| Job::builder().task(task).done(false)));
    session.commit().await?;

    let (mut ann, mut bob) = (engine.session(), engine.session());
    stage.step("Ann takes a job: its row is locked until she commits");
    let tea = take(&mut ann).await?.ok_or("no job")?;
    stage.show(format!("Ann: {}", ann[tea].task));

    stage.step("Bob does not wait for it: he gets the next one");
    let toast = take(&mut bob).await?.ok_or("no job")?;
    stage.show(format!("Bob: {}", bob[toast].task));

    stage.step("Bob is done, and Ann fails: her job is free again, and nothing else has to be done about it");
    finish(&mut bob, toast).await?;
    ann.rollback().await?;
    stage.sql();

    stage.step("Bob does what is left");
    while let Some(job) = take(&mut bob).await? {
        println!("   Bob: {}", bob[job].task);
        finish(&mut bob, job).await?;
    }
    bob.rollback().await?;
    let done = session.query::<Job>().group_by(Job::done).select((Job::done, count())).all().await?;
    stage.step("Each was done, and once");
    println!("   {done:?}");
    Ok(())
}

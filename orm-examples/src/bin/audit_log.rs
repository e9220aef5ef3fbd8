//! An audit log: every row that a session writes leaves a line, in the same flush and the same transaction.
//!
//! Run it with `cargo run -p orm-examples --bin audit_log`.

#![allow(clippy::print_stdout, reason = "printing is what the example is for")]

use orm_core::prelude::*;
use orm_examples::{Error, Stage};

/// A line of the log.
#[derive(Model, Debug, Clone)]
struct Audit {
    #[model(primary_key)]
    id: Auto<i64>,
    what: String,
    model: String,
    key: Option<String>,
    columns: String,
}

/// Sessions that keep a log: this hook is all there is to it.
fn audited(engine: &Engine) -> SessionMaker {
    SessionMaker::new(engine).before_flush(|session| {
        for change in session.changes()? {
            let line = Audit::builder().what(change.kind().to_string()).model(change.model());
            session.add(line.key(change.key().map(str::to_owned)).columns(change.columns().join(", ")));
        }
        Ok(())
    })
}

/// What is logged.
#[derive(Model, Debug, Clone)]
struct Account {
    #[model(primary_key)]
    id: Auto<i32>,
    owner: String,
    #[model(check = "cents >= 0")]
    cents: i64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut stage = Stage::open("audit_log").await?;
    println!("An audit log");
    let outcome = run(&mut stage).await;
    stage.close().await?;
    outcome
}

async fn run(stage: &mut Stage) -> Result<(), Error> {
    let engine = stage.engine().clone();
    engine.create_all::<(Account, Audit)>().await?;
    let mut session = audited(&engine).session();

    stage.step("Two accounts are opened: the log is one statement of the same transaction");
    let accounts = session.add_all(["Ann", "Bob"].map(|owner| Account::builder().owner(owner).cents(1000)));
    session.commit().await?;
    stage.sql();

    stage.step("A transfer that the server refuses leaves no line");
    session[accounts[0]].cents -= 5000;
    session[accounts[1]].cents += 5000;
    if let Err(error) = session.commit().await {
        stage.show(format!("refused by {}", error.constraint().unwrap_or_default()));
    }

    stage.step("One that it takes does, and an account that is closed");
    session[accounts[0]].cents = 0;
    session[accounts[1]].cents = 2000;
    session.commit().await?;
    session.delete(accounts[0])?;
    session.commit().await?;
    stage.sql();

    stage.step("The log");
    for line in engine.query::<Audit>().order_by(Audit::id.asc()).all().await? {
        let key = line.key.unwrap_or_default();
        stage.show(format!("{} {} {key} ({})", line.what, line.model, line.columns));
    }
    Ok(())
}

//! The unit of work, phase by phase, with the SQL of each: what is pending, what a flush sends and in what order, what is
//! taken back and what is not lost.
//!
//! Run it with `cargo run -p orm-examples --bin unit_of_work`. The contract behind it is `docs/unit_of_work.md`.

#![allow(clippy::print_stdout, reason = "printing is what the example is for")]

use orm_core::prelude::*;
use orm_examples::{Error, Stage};

/// Buys things.
#[derive(Model, Debug, Clone)]
struct Customer {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(unique)]
    name: String,
    #[model(has_many = Invoice::customer, on_parent_delete = delete)]
    invoices: HasMany<Invoice>,
}

/// Is changed by one at a time: the version tells.
#[derive(Model, Debug, Clone)]
struct Invoice {
    #[model(primary_key)]
    id: Auto<i32>,
    title: String,
    #[model(default = "0")]
    reminders: Auto<i32>,
    #[model(version)]
    version: i32,
    #[model(references = Customer::id)]
    customer_id: i32,
    #[model(belongs_to = customer_id)]
    customer: BelongsTo<Customer>,
    #[model(has_many = Line::invoice, orphans = delete, on_parent_delete = delete, order_by = Line::id)]
    lines: HasMany<Line>,
}

/// A line of an invoice, and of no other.
#[derive(Model, Debug, Clone)]
struct Line {
    #[model(primary_key)]
    id: Auto<i32>,
    item: String,
    cents: i64,
    #[model(references = Invoice::id)]
    invoice_id: i32,
    #[model(belongs_to = invoice_id)]
    invoice: BelongsTo<Invoice>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut stage = Stage::open("unit_of_work").await?;
    println!("The unit of work");
    let outcome = phases(&mut stage).await;
    stage.close().await?;
    outcome
}

async fn phases(stage: &mut Stage) -> Result<(), Error> {
    let engine = stage.engine().clone();
    engine.create_all::<(Customer, Invoice, Line)>().await?;
    let mut session = engine.session();
    let (ann, invoice) = pending(stage, &mut session).await?;
    changed(stage, &mut session, invoice).await?;
    collections(stage, &mut session, invoice).await?;
    taken_back(stage, &mut session, invoice).await?;
    failed(stage, &mut session, ann).await?;
    stale(stage, &mut session, invoice).await?;
    from_outside(stage, &mut session).await?;
    walked(stage, &mut session).await?;
    deleted(stage, &mut session, ann).await?;
    session.close().await?;
    Ok(())
}

async fn pending(stage: &mut Stage, session: &mut Session) -> Result<(Handle<Customer>, Handle<Invoice>), Error> {
    stage.step("What is added is pending: nothing is sent");
    let ann = session.add(
        Customer::builder().name("Ann").invoices([
            Invoice::builder()
                .title("May")
                .lines([("pen", 120), ("ink", 450)].map(|(item, cents)| Line::builder().item(item).cents(cents))),
            Invoice::builder().title("June"),
        ]),
    );
    stage.show(format!("Ann is {:?}", session.state(ann)));

    stage.step("A commit is one flush: parents first, each table's rows in one statement, keys filled in");
    session.commit().await?;
    let invoice = session[ann].invoices.handles()[0];
    stage.show(format!(
        "Ann has the key {:?}, her first invoice {:?}",
        session[ann].id.get(),
        session[invoice].id.get()
    ));
    Ok((ann, invoice))
}

async fn changed(stage: &mut Stage, session: &mut Session, invoice: Handle<Invoice>) -> Result<(), Error> {
    stage.step("A value that is changed back is no change: nothing is sent, not even BEGIN");
    session[invoice].title.push_str(" 2026");
    session[invoice].title = "May".into();
    session.commit().await?;
    stage.show("nothing");

    stage.step("Rows with the same changed column are one statement");
    for line in session[invoice].lines.handles() {
        session[line].cents += 5;
    }
    session.commit().await?;
    stage.sql();

    stage.step("An SQL expression is assigned, and read back with the statement that writes it");
    session.set(invoice, Invoice::reminders.set(Invoice::reminders + 1))?;
    session.commit().await?;
    stage.show(format!("{} reminder, version {}", session[invoice].reminders, session[invoice].version));
    Ok(())
}

async fn collections(stage: &mut Stage, session: &mut Session, invoice: Handle<Invoice>) -> Result<(), Error> {
    stage.step(
        "A line that is taken out is an orphan and deleted; one that is new is inserted; the invoice is not touched",
    );
    let first = session[invoice].lines.handles()[0];
    session[invoice].lines.remove(first);
    session.push(invoice, Invoice::lines, Line::builder().item("paper").cents(900))?;
    session.commit().await?;
    stage.show(format!("{} lines", session[invoice].lines.len()));
    Ok(())
}

async fn taken_back(stage: &mut Stage, session: &mut Session, invoice: Handle<Invoice>) -> Result<(), Error> {
    stage.step("A savepoint is taken back alone, in the database and in memory");
    session[invoice].title = "May, corrected".into();
    let mut savepoint = session.savepoint().await?;
    savepoint[invoice].title = "a draft".into();
    savepoint.flush().await?;
    savepoint.rollback().await?;
    session.commit().await?;
    stage.show(&session[invoice].title);

    stage.step("A rollback gives the objects their former values");
    session[invoice].title = "something else".into();
    session.flush().await?;
    session.rollback().await?;
    stage.show(&session[invoice].title);
    Ok(())
}

async fn failed(stage: &mut Stage, session: &mut Session, ann: Handle<Customer>) -> Result<(), Error> {
    stage.step("A flush that fails loses nothing: correct the object, and commit again");
    session[ann].name = "Anna".into();
    let other = session.add(Customer::builder().name("Anna"));
    if let Err(error) = session.commit().await {
        stage.show(format!("refused by {}", error.constraint().unwrap_or_default()));
    }
    session[other].name = "Bob".into();
    session.commit().await?;
    stage.show(format!("{} and {}", session[ann].name, session[other].name));
    Ok(())
}

async fn stale(stage: &mut Stage, session: &mut Session, invoice: Handle<Invoice>) -> Result<(), Error> {
    stage.step("Two sessions change one row: the second is told, and reads it anew");
    let mut other = stage.engine().session();
    let key = session[invoice].id;
    let theirs = other.get::<Invoice>(key).await?.ok_or("it is there")?;
    other[theirs].title = "theirs".into();
    other.commit().await?;
    session[invoice].title = "ours".into();
    if let Err(error) = session.commit().await {
        stage.show(error);
    }
    session.refresh(&[invoice]).await?;
    stage.show(&session[invoice].title);
    Ok(())
}

async fn from_outside(stage: &mut Stage, session: &mut Session) -> Result<(), Error> {
    stage.step("A value from outside is merged onto the object with its key");
    let line = session.merge(Line::builder().id(2).item("blue ink").cents(500).invoice_id(1)).await?;
    session.commit().await?;
    stage.show(&session[line].item);

    stage.step("Rows are inserted, or updated where they are there, in one statement that tells which");
    let customers = ["Bob", "Cleo"].map(|name| Customer::builder().name(name));
    let done = session.upsert(customers, Customer::name).await?;
    session.commit().await?;
    stage.show(format!("{} inserted, {} updated", done.inserted().len(), done.updated().len()));

    stage.step("A bulk update brings loaded objects in line");
    session.query::<Line>().filter(Line::cents.gt(600)).update(Line::cents.set(Line::cents - 100)).await?;
    session.commit().await?;
    stage.sql();
    Ok(())
}

async fn walked(stage: &mut Stage, session: &mut Session) -> Result<(), Error> {
    stage.step("All rows are walked over in batches, of which one is in memory at a time");
    let mut batches = session.query::<Line>().in_batches(1);
    while let Some(lines) = batches.next(session).await? {
        for line in lines {
            stage.show(format!("{}: {}", session[line].item, session[line].cents));
        }
    }
    Ok(())
}

async fn deleted(stage: &mut Stage, session: &mut Session, ann: Handle<Customer>) -> Result<(), Error> {
    stage.step("A parent is deleted with its children, loaded or not: one statement a level, the leaves first");
    session.delete(ann)?;
    session.commit().await?;
    stage.show(format!("Ann is {:?}", session.state(ann)));
    Ok(())
}

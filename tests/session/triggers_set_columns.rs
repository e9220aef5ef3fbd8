//! Columns that a trigger sets: what it made of them comes back with the statement that fired it.

use chrono::{DateTime, Utc};
use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

/// Whose address is written in lower case, whose label is made unless it is given, and whose writes are counted.
#[derive(Model, Debug, Clone)]
#[model(table = "member", soft_delete = left_at)]
struct Member {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(unique)]
    name: String,
    #[model(trigger, unique)]
    email: String,
    #[model(trigger)]
    label: Auto<String>,
    #[model(trigger)]
    writes: Option<i32>,
    left_at: Option<DateTime<Utc>>,
    #[model(has_many = Badge::member, on_parent_delete = nullify)]
    badges: HasMany<Badge>,
}

/// Lies around when its member has left, and counts its writes.
#[derive(Model, Debug, Clone)]
#[model(table = "badge")]
struct Badge {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Member::id)]
    member_id: Option<i32>,
    #[model(belongs_to = member_id)]
    member: BelongsTo<Member>,
    #[model(trigger)]
    writes: Option<i32>,
}

/// Goes to an address, which is none before the trigger has seen it.
#[derive(Model, Debug, Clone)]
#[model(table = "letter")]
struct Letter {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Member::email)]
    address: String,
    #[model(belongs_to = address)]
    member: BelongsTo<Member>,
}

/// May point to one that points to it.
#[derive(Model, Debug, Clone)]
#[model(table = "dancer")]
struct Dancer {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Dancer::id)]
    partner_id: Option<i32>,
    #[model(belongs_to = partner_id)]
    partner: BelongsTo<Self>,
    #[model(trigger)]
    writes: Option<i32>,
}

/// Belongs to a member whom a trigger chooses, whatever is said.
#[derive(Model, Debug, Clone)]
#[model(table = "chore")]
struct Chore {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(trigger, references = Member::id)]
    member_id: Option<i32>,
    #[model(belongs_to = member_id)]
    member: BelongsTo<Member>,
}

const TRIGGERS: &str = "
    CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.writes := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE OLD.writes + 1 END; RETURN NEW; END $$;
    CREATE FUNCTION tidies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.email := lower(NEW.email); NEW.label := COALESCE(NEW.label, 'no. ' || NEW.id); RETURN NEW; END $$;
    CREATE TRIGGER counts BEFORE INSERT OR UPDATE ON member FOR EACH ROW EXECUTE FUNCTION counts();
    CREATE TRIGGER tidies BEFORE INSERT OR UPDATE ON member FOR EACH ROW EXECUTE FUNCTION tidies();
    CREATE TRIGGER counts BEFORE INSERT OR UPDATE ON badge FOR EACH ROW EXECUTE FUNCTION counts();
    CREATE TRIGGER counts BEFORE INSERT OR UPDATE ON dancer FOR EACH ROW EXECUTE FUNCTION counts();
    CREATE FUNCTION chooses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.member_id := (SELECT min(id) FROM member); RETURN NEW; END $$;
    CREATE TRIGGER chooses BEFORE INSERT OR UPDATE ON chore FOR EACH ROW EXECUTE FUNCTION chooses();";

/// The tables with their triggers, and members of these names.
async fn club(names: &[&str]) -> Result<TestDb> {
    let db = TestDb::with::<(Member, Badge, Letter, Dancer, Chore)>().await;
    db.run(TRIGGERS).await;
    let mut session = db.engine.session();
    session.add_all(names.iter().map(|name| member(name)));
    session.commit().await?;
    Ok(db)
}

fn member(name: &str) -> Member {
    Member::builder().name(name).email(format!("{name}@CLUB")).build()
}

async fn all(session: &mut Session) -> Result<Vec<Handle<Member>>> {
    session.query::<Member>().order_by(Member::id.asc()).all().await
}

/// What a member has of the trigger.
fn made(session: &Session, handle: Handle<Member>) -> (&str, Option<&str>, Option<i32>) {
    let member = &session[handle];
    (&member.email, member.label.as_ref().map(String::as_str), member.writes)
}

#[tokio::test]
async fn u15_what_a_trigger_sets_comes_back_with_the_insert() -> Result<()> {
    let db = club(&[]).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let ann = session.add(member("Ann"));
    session.commit().await?;
    assert_eq!(
        sent.sql(),
        [
            "BEGIN",
            concat!(
                r#"INSERT INTO "member" ("name", "email", "writes", "left_at") VALUES ($1, $2, $3, $4) "#,
                r#"RETURNING "id", "email", "label", "writes""#,
            ),
            "COMMIT",
        ],
    );
    assert_eq!(made(&session, ann), ("ann@club", Some("no. 1"), Some(1)));
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().is_empty(), "the object is as its row");
    Ok(())
}

#[tokio::test]
async fn u15_what_a_trigger_sets_comes_back_with_a_batch_whether_it_was_given_or_not() -> Result<()> {
    let db = club(&[]).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let given = session.add(Member::builder().name("Ann").email("ANN").label("chair").writes(70));
    let left = session.add_all(["Bob", "Cid"].map(member));
    session.commit().await?;
    assert_eq!(sent.sql().len(), 3);
    let insert = &sent.sql()[1];
    assert!(insert.contains(r#""v2""#) && !insert.contains(r#"COALESCE ("v2""#), "the trigger finds NULL: {insert}");
    let back = r#"RETURNING "id", "email", "label", "writes") SELECT "#;
    assert!(insert.contains(back), "{insert}");
    assert_eq!(made(&session, given), ("ann", Some("chair"), Some(1)));
    assert_eq!(made(&session, left[0]), ("bob@club", Some("no. 2"), Some(1)));
    assert_eq!(made(&session, left[1]), ("cid@club", Some("no. 3"), Some(1)));
    Ok(())
}

#[tokio::test]
async fn u15_what_a_trigger_sets_comes_back_with_an_update() -> Result<()> {
    let db = club(&["Ann", "Bob", "Cid"]).await?;
    let mut session = db.engine.session();
    let members = all(&mut session).await?;
    let sent = db.record();
    session[members[0]].email = "New@CLUB".into();
    session.commit().await?;
    assert_eq!(
        sent.sql()[1],
        r#"UPDATE "member" SET "email" = $1 WHERE "id" = $2 RETURNING "email", "label", "writes""#
    );
    assert_eq!(made(&session, members[0]), ("new@club", Some("no. 1"), Some(2)));
    for &member in &members {
        session[member].name.push('!');
    }
    let sent = db.record();
    session.commit().await?;
    assert_eq!(
        sent.sql()[1],
        concat!(
            r#"UPDATE "member" AS "target" SET "name" = "input"."v0" FROM UNNEST ($1::integer[], $2::text[]) "#,
            r#"WITH ORDINALITY AS "input" ("k0", "v0", "n") WHERE "target"."id" = "input"."k0" "#,
            r#"RETURNING "input"."n", "target"."email", "target"."label", "target"."writes""#,
        ),
    );
    assert_eq!(members.iter().map(|&member| session[member].writes).collect::<Vec<_>>(), [Some(3), Some(2), Some(2)]);
    session.set(members[0], Member::email.set(Member::name))?;
    session.commit().await?;
    assert_eq!(made(&session, members[0]), ("ann!", Some("no. 1"), Some(4)));
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn u15_a_value_that_the_trigger_makes_of_the_same_one_is_no_change() -> Result<()> {
    let db = club(&["Ann"]).await?;
    let mut session = db.engine.session();
    let ann = all(&mut session).await?[0];
    session[ann].email = "ANN@club".into();
    session.commit().await?;
    let sent = db.record();
    session[ann].email = "ann@club".into();
    session.commit().await?;
    assert!(sent.sql().is_empty());
    assert_eq!(db.stored("SELECT email, writes FROM member").await, ["ann@club|2"]);
    Ok(())
}

#[tokio::test]
async fn u15_what_a_trigger_sets_comes_back_with_an_upsert() -> Result<()> {
    let db = club(&["Ann"]).await?;
    let mut session = db.engine.session();
    let ann = all(&mut session).await?[0];
    let values = ["Ann", "Bob"].map(|name| Member::builder().name(name).email(format!("{name}@HOME")));
    let done = session.upsert(values, Member::name).await?;
    let handles = done.handles().to_vec();
    assert_eq!(handles[0], ann);
    assert_eq!(made(&session, ann), ("ann@home", Some("no. 1"), Some(2)));
    assert_eq!((session[handles[1]].email.as_str(), session[handles[1]].writes), ("bob@home", Some(1)));
    session.commit().await
}

#[tokio::test]
async fn u15_what_a_trigger_sets_comes_back_with_a_mark_and_of_children() -> Result<()> {
    let db = club(&["Ann", "Bob"]).await?;
    let mut session = db.engine.session();
    let members = all(&mut session).await?;
    let badge = session.add(Badge::builder().member(members[0]));
    session.commit().await?;
    assert_eq!(session[badge].writes, Some(1));
    let sent = db.record();
    session.delete(members[0])?;
    session.flush().await?;
    assert_eq!(
        sent.sql()[1..],
        [
            concat!(
                r#"UPDATE "badge" SET "member_id" = $1 WHERE "badge"."member_id" = ANY ($2) "#,
                r#"RETURNING "badge"."id", "badge"."writes""#,
            ),
            concat!(
                r#"UPDATE "member" AS "target" SET "left_at" = now() FROM UNNEST ($1::integer[]) WITH ORDINALITY "#,
                r#"AS "input" ("k0", "n") WHERE "target"."id" = "input"."k0" "#,
                r#"RETURNING "input"."n", "target"."left_at", "target"."email", "target"."label", "target"."writes""#,
            ),
        ],
    );
    assert_eq!((session[badge].member_id, session[badge].writes), (None, Some(2)));
    assert_eq!(session[members[0]].writes, Some(2));
    session.rollback().await?;
    assert_eq!((session[badge].member_id, session[badge].writes), (Some(1), Some(1)));
    assert_eq!(session[members[0]].writes, Some(1));
    Ok(())
}

#[tokio::test]
async fn u15_what_a_trigger_sets_comes_back_with_bulk_operations() -> Result<()> {
    let db = club(&["Ann", "Bob"]).await?;
    let mut session = db.engine.session();
    let members = all(&mut session).await?;
    let sent = db.record();
    session.query::<Member>().filter(Member::id.eq(1)).update(Member::name.set("Eve")).await?;
    assert_eq!(
        sent.sql()[1],
        concat!(
            r#"UPDATE "member" SET "name" = $1 WHERE "member"."id" = $2 AND "member"."left_at" IS NULL "#,
            r#"RETURNING "member"."id", "member"."name", "member"."email", "member"."label", "member"."writes""#,
        ),
    );
    assert_eq!(made(&session, members[0]), ("ann@club", Some("no. 1"), Some(2)));
    session.query::<Member>().filter(Member::id.eq(2)).delete().await?;
    assert_eq!(session[members[1]].writes, Some(2));
    session.rollback().await?;
    assert_eq!(members.iter().map(|&member| session[member].writes).collect::<Vec<_>>(), [Some(1), Some(1)]);
    Ok(())
}

#[tokio::test]
async fn u15_rolling_back_and_failing_take_what_a_trigger_set_back() -> Result<()> {
    let db = club(&["Ann"]).await?;
    let mut session = db.engine.session();
    let ann = all(&mut session).await?[0];
    session[ann].name = "Eve".into();
    session.flush().await?;
    assert_eq!(session[ann].writes, Some(2));
    session.rollback().await?;
    assert_eq!((session[ann].name.as_str(), session[ann].writes), ("Ann", Some(1)));
    session[ann].name = "Eve".into();
    let bob = session.add(member("Bob"));
    session.flush().await?;
    let twin = session.add(member("Bob"));
    assert!(session.flush().await.expect_err("names are unique").is_unique_violation());
    assert_eq!((session[ann].name.as_str(), session[ann].writes), ("Eve", Some(1)));
    assert_eq!(made(&session, bob), ("Bob@CLUB", None, None), "as it was added");
    session[twin].name = "Cid".into();
    session[twin].email = "cid@club".into();
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT name, email, label = 'no. ' || id, writes FROM member ORDER BY name").await,
        ["Bob|bob@club|t|1", "Cid|cid@club|t|1", "Eve|ann@club|t|2"],
    );
    Ok(())
}

#[tokio::test]
async fn u15_a_row_that_changes_hands_brings_what_its_trigger_sets() -> Result<()> {
    let db = club(&["Ann"]).await?;
    let mut session = db.engine.session();
    let ann = all(&mut session).await?[0];
    session.delete_permanently(ann)?;
    let new = session.add(Member::builder().id(1).name("Eve").email("EVE"));
    session.commit().await?;
    assert_eq!(made(&session, new), ("eve", Some("no. 1"), Some(2)));
    Ok(())
}

#[tokio::test]
async fn u15_a_key_that_points_to_what_a_trigger_makes_waits_for_it() -> Result<()> {
    let db = club(&[]).await?;
    let mut session = db.engine.session();
    let letter = session.add(Letter::builder().member(member("Ann")));
    session.commit().await?;
    assert_eq!(session[letter].address, "ann@club");
    Ok(())
}

#[tokio::test]
async fn u15_a_key_that_is_filled_in_later_fires_the_trigger_again() -> Result<()> {
    let db = club(&[]).await?;
    let mut session = db.engine.session();
    let (a, b) = (session.add(Dancer::builder()), session.add(Dancer::builder()));
    session[a].partner.set(b);
    session[b].partner.set(a);
    session.commit().await?;
    let mut objects = [(session[a].id.get(), session[a].writes), (session[b].id.get(), session[b].writes)];
    objects.sort();
    let stored = db.stored("SELECT writes FROM dancer ORDER BY id").await;
    assert_eq!(objects.map(|(_, writes)| writes.map_or(String::new(), |writes| writes.to_string()))[..], stored[..]);
    Ok(())
}

#[tokio::test]
async fn u15_a_foreign_key_that_a_trigger_sets_wins_over_the_relationship() -> Result<()> {
    let db = club(&["Ann", "Bob"]).await?;
    let mut session = db.engine.session();
    let members = all(&mut session).await?;
    let chore = session.add(Chore::builder().member(members[1]));
    session.commit().await?;
    assert_eq!((session[chore].member_id, session[chore].member.handle()), (Some(1), Some(members[0])));
    session[chore].member.set(members[1]);
    session.commit().await?;
    assert_eq!((session[chore].member_id, session[chore].member.handle()), (Some(1), Some(members[0])));
    Ok(())
}

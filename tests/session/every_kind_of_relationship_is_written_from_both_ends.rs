//! Each kind of relationship with models of its own: a graph is added, both ends are changed, and it is deleted again.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::{TestDb, written};

use crate::models::kinds::{
    Airport, Category, Desk, Driver, Flight, Label, Licence, Member, Office, Playlist, Position, Product, Purchase,
    Song,
};
use crate::models::{Account, Course, Profile, School};

/// The statements without those around the transaction.
fn inside(sent: &orm_core::Recording) -> Vec<String> {
    written(&sent.take()).into_iter().filter(|sql| !matches!(sql.as_str(), "BEGIN" | "COMMIT")).collect()
}

fn first_words(statements: &[String]) -> Vec<String> {
    let short = |sql: &String| sql.split(' ').take(3).collect::<Vec<_>>().join(" ");
    statements.iter().map(short).collect()
}

#[tokio::test]
async fn u26_one_to_one() -> Result<()> {
    let db = TestDb::with::<(Driver, Licence)>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let ann = session.add(Driver::builder().name("ann").licence(Licence::builder().number("A1")));
    let bob_licence = session.add(Licence::builder().number("B1").driver(Driver::builder().name("bob")));
    session.commit().await?;
    let licences = "SELECT d.name, l.number FROM driver d LEFT JOIN licence l ON l.driver_id = d.id ORDER BY 1";
    assert_eq!(db.stored(licences).await, ["ann|A1", "bob|B1"]);
    assert_eq!(inside(&sent).len(), 2, "one statement a table");
    let bob = session[bob_licence].driver.handle().expect("it came with the licence");
    let ann_licence = session[ann].licence.handle().expect("it was added with it");
    assert_eq!(session[bob].licence.handle(), Some(bob_licence));
    assert_eq!(session[ann_licence].driver.handle(), Some(ann));

    // From the side of the key: to a driver without one.
    let eve = session.add(Driver::builder().name("eve"));
    session.commit().await?;
    let _ = sent.take();
    session[ann_licence].driver.set(eve);
    session.commit().await?;
    assert_eq!(inside(&sent), [r#"UPDATE "licence" SET "driver_id" = $1 WHERE "id" = $2"#]);
    assert_eq!(db.stored(licences).await, ["ann|NULL", "bob|B1", "eve|A1"]);
    assert_eq!((session[ann].licence.get(), session[eve].licence.handle()), (Some(None), Some(ann_licence)));

    // From the other side, back again.
    session[ann].licence.set(ann_licence);
    session.commit().await?;
    assert_eq!(inside(&sent), [r#"UPDATE "licence" SET "driver_id" = $1 WHERE "id" = $2"#]);
    assert_eq!(db.stored(licences).await, ["ann|A1", "bob|B1", "eve|NULL"]);
    assert_eq!((session[eve].licence.get(), session[ann_licence].driver_id), (Some(None), 1));

    // The key must be set: a licence does not go without a driver, and a driver does not go before the licence.
    session[ann].licence.clear();
    let error = session.commit().await.expect_err("the key cannot be NULL");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Invalid, Some("driver_id")));
    session.rollback().await?;
    session.delete(ann)?;
    let error = session.commit().await.expect_err("a licence points to it");
    assert!(error.to_string().contains("Driver::licence"), "{error}");
    session.delete(ann_licence)?;
    let _ = sent.take();
    session.commit().await?;
    assert_eq!(first_words(&inside(&sent)), [r#"DELETE FROM "licence""#, r#"DELETE FROM "driver""#]);
    assert_eq!(db.stored(licences).await, ["bob|B1", "eve|NULL"]);

    // A licence is replaced by a new one in one flush: the old one goes first, as the key is unique.
    session.delete(bob_licence)?;
    let new = session.add(Licence::builder().number("B2").driver(bob));
    session.commit().await?;
    assert_eq!(db.stored(licences).await, ["bob|B2", "eve|NULL"]);
    assert_eq!(session[bob].licence.handle(), Some(new));
    Ok(())
}

const PROFILES: &str = "SELECT bio, login FROM profile LEFT JOIN account ON account.id = account_id ORDER BY 1";

/// Two accounts, each with a profile.
async fn accounts(db: &TestDb) -> Result<(Session, [Handle<Account>; 2], [Handle<Profile>; 2])> {
    let mut session = db.engine.session();
    let account = |login: &str| Account::builder().login(login).profile(Profile::builder().bio(format!("of {login}")));
    let accounts = [session.add(account("ann")), session.add(account("bob"))];
    session.commit().await?;
    let profiles = accounts.map(|account| session[account].profile.handle().expect("it was added with it"));
    Ok((session, accounts, profiles))
}

#[tokio::test]
async fn u26_the_one_is_replaced_by_a_new_one() -> Result<()> {
    let db = TestDb::with::<(Account, Profile)>().await;
    let (mut session, [ann, _], [old, _]) = accounts(&db).await?;
    let sent = db.record();
    let new = session.add(Profile::builder().bio("new"));
    session[ann].profile.set(new);
    session.commit().await?;
    // The key is unique: the old one leaves it first.
    assert_eq!(first_words(&inside(&sent)), [r#"UPDATE "profile" SET"#, r#"INSERT INTO "profile""#]);
    assert_eq!(db.stored(PROFILES).await, ["new|ann", "of ann|NULL", "of bob|bob"]);
    assert_eq!((session[ann].profile.handle(), session[old].account.get()), (Some(new), Some(None)));

    let newer = session.add(Profile::builder().bio("newer").account(ann));
    session[new].account.clear();
    session.commit().await?;
    assert_eq!(db.stored(PROFILES).await, ["new|NULL", "newer|ann", "of ann|NULL", "of bob|bob"]);
    assert_eq!(session[ann].profile.handle(), Some(newer));
    Ok(())
}

#[tokio::test]
async fn u26_the_one_is_replaced_by_one_that_is_there_whatever_its_key() -> Result<()> {
    for new_first in [true, false] {
        let db = TestDb::with::<(Account, Profile)>().await;
        let (mut session, [ann, bob], [of_ann, of_bob]) = accounts(&db).await?;
        let (account, old, new) = if new_first { (bob, of_bob, of_ann) } else { (ann, of_ann, of_bob) };
        session[account].profile.set(new);
        session.commit().await?;
        assert_eq!(session[account].profile.handle(), Some(new));
        assert_eq!((session[old].account_id, session[old].account.get()), (None, Some(None)));
        let left = if new_first { ann } else { bob };
        assert_eq!(session[left].profile.get(), Some(None), "it has left the other");
        let stored = "SELECT account_id, count(*) FROM profile GROUP BY 1 ORDER BY 1";
        assert_eq!(db.stored(stored).await, [format!("{}|1", session[account].id), "NULL|1".into()]);
    }
    Ok(())
}

#[tokio::test]
async fn u26_one_is_handed_on_from_each_to_the_next() -> Result<()> {
    let db = TestDb::with::<(Account, Profile)>().await;
    let (mut session, [ann, bob], [of_ann, of_bob]) = accounts(&db).await?;
    let eve = session.add(Account::builder().login("eve"));
    session.commit().await?;
    session[of_ann].account.set(bob);
    session[of_bob].account.set(eve);
    session.commit().await?;
    assert_eq!(db.stored(PROFILES).await, ["of ann|bob", "of bob|eve"]);
    assert_eq!((session[ann].profile.get(), session[eve].profile.handle()), (Some(None), Some(of_bob)));
    assert_eq!(session[bob].profile.handle(), Some(of_ann));
    Ok(())
}

#[tokio::test]
async fn u26_the_one_is_deleted_and_another_takes_its_place() -> Result<()> {
    let db = TestDb::with::<(Account, Profile)>().await;
    let (mut session, [ann, bob], [of_ann, of_bob]) = accounts(&db).await?;
    session.delete(of_ann)?;
    session[of_bob].account.set(ann);
    session.commit().await?;
    assert_eq!(db.stored(PROFILES).await, ["of bob|ann"]);
    assert_eq!((session[ann].profile.handle(), session[bob].profile.get()), (Some(of_bob), Some(None)));
    Ok(())
}

#[tokio::test]
async fn u06_a_unique_value_is_freed_before_it_is_taken() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let courses = session.add_all(["a", "b", "c"].map(|name| Course::builder().name(name)));
    session.commit().await?;
    // Each takes the name of the next, and a new one that of the first.
    session[courses[0]].name = "b".into();
    session[courses[1]].name = "c".into();
    session[courses[2]].name = "d".into();
    session.add(Course::builder().name("a"));
    session.commit().await?;
    assert_eq!(db.stored("SELECT id, name FROM course ORDER BY 1").await, ["1|b", "2|c", "3|d", "4|a"]);
    Ok(())
}

#[tokio::test]
async fn u26_a_tree_of_parents_and_children() -> Result<()> {
    let db = TestDb::with::<(Category,)>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let named = |name: &str| Category::builder().name(name);
    let root = session.add(
        named("root").children([named("a").children([named("a1"), named("a2")]), named("b").children([named("b1")])]),
    );
    session.commit().await?;
    let tree = "SELECT c.name, p.name FROM category c LEFT JOIN category p ON p.id = c.parent_id ORDER BY 1";
    assert_eq!(db.stored(tree).await, ["a|root", "a1|a", "a2|a", "b|root", "b1|b", "root|NULL"]);
    assert_eq!(inside(&sent).iter().filter(|sql| sql.contains("INSERT INTO")).count(), 3, "one a level");
    let [a, b] = <[_; 2]>::try_from(session[root].children.handles()).expect("it has two");
    let [a1, a2] = <[_; 2]>::try_from(session[a].children.handles()).expect("it has two");
    let b1 = session[b].children.handles()[0];

    // A child moves from its own side and one from its parent's; a whole branch moves below a leaf.
    session[a1].parent.set(b);
    session[root].children.push(a2);
    session[a].parent.set(b1);
    session.commit().await?;
    assert_eq!(inside(&sent).len(), 1, "updates of one shape");
    assert_eq!(db.stored(tree).await, ["a|b1", "a1|b", "a2|root", "b|root", "b1|b", "root|NULL"]);
    assert_eq!(session[a].children.handles(), []);
    assert_eq!(session[b].children.handles(), [b1, a1]);
    assert_eq!(session[root].children.handles(), [b, a2]);
    assert_eq!(session[b1].children.handles(), [a]);

    // Without a rule, children of a deleted parent that may be without one are without one.
    session.delete(b)?;
    session.commit().await?;
    assert_eq!(db.stored(tree).await, ["a|b1", "a1|NULL", "a2|root", "b1|NULL", "root|NULL"]);
    assert_eq!((session[a1].parent_id, session[a1].parent.get()), (None, Some(None)));
    assert_eq!(session[root].children.handles(), [a2]);

    let mut session = db.engine.session();
    let all = session.query::<Category>().with(Category::children).all().await?;
    for category in all {
        session.delete(category)?;
    }
    session.commit().await?;
    assert!(db.stored(tree).await.is_empty());
    Ok(())
}

#[tokio::test]
async fn u26_many_to_many_of_a_model_with_itself() -> Result<()> {
    let db = TestDb::with::<(Member,)>().await;
    let mut session = db.engine.session();
    let named = |name: &str| Member::builder().name(name);
    let bob = session.add(named("bob"));
    let ann = session.add(named("ann").following([bob]).followers([named("eve").following([bob])]));
    let sent = db.record();
    session.commit().await?;
    let links = "SELECT a.name, b.name FROM follow JOIN member a ON a.id = follower_id
        JOIN member b ON b.id = followed_id ORDER BY 1, 2";
    assert_eq!(db.stored(links).await, ["ann|bob", "eve|ann", "eve|bob"]);
    let statements = inside(&sent);
    assert_eq!(
        statements.iter().filter(|sql| sql.starts_with(r#"INSERT INTO "follow""#)).count(),
        1,
        "{statements:#?}"
    );
    let eve = session[ann].followers.handles()[0];
    let mut of_bob = session[bob].followers.handles();
    of_bob.sort();
    let mut expected = vec![ann, eve];
    expected.sort();
    assert_eq!(of_bob, expected, "the other end shows what was written");

    // Each end is changed: one follows back, one follows no more, and one follows oneself.
    session[bob].following.push(ann);
    session[bob].followers.remove(eve);
    session[eve].following.push(eve);
    session.commit().await?;
    assert!(inside(&sent).iter().all(|sql| sql.contains(r#""follow""#) && !sql.contains(r#""member""#)));
    assert_eq!(db.stored(links).await, ["ann|bob", "bob|ann", "eve|ann", "eve|eve"]);
    assert_eq!(session[eve].followers.handles(), [eve]);
    assert!(!session[eve].following.handles().contains(&bob));
    assert!(session[ann].followers.handles().contains(&bob));

    // Both directions of one pair are two links, and what both ends say of one link is written once.
    session[ann].following.push(eve);
    session[eve].followers.push(ann);
    session.commit().await?;
    let statements = inside(&sent);
    assert_eq!(statements.len(), 1, "{statements:#?}");
    assert_eq!(db.stored(links).await, ["ann|bob", "ann|eve", "bob|ann", "eve|ann", "eve|eve"]);

    // Loaded by another session, each end is what is stored.
    let mut other = db.engine.session();
    let loaded = other
        .query::<Member>()
        .with(Member::following)
        .with(Member::followers)
        .order_by(Member::name.asc())
        .all()
        .await?;
    let names = |handles: Vec<Handle<Member>>| -> Vec<&str> {
        let mut names: Vec<&str> = handles.into_iter().map(|handle| other[handle].name.as_str()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(other[loaded[0]].following.handles()), ["bob", "eve"]);
    assert_eq!(names(other[loaded[0]].followers.handles()), ["bob", "eve"]);
    assert_eq!(names(other[loaded[2]].followers.handles()), ["ann", "eve"]);

    // A member that is deleted takes its links along, of both directions.
    session.delete(eve)?;
    session.commit().await?;
    assert_eq!(db.stored(links).await, ["ann|bob", "bob|ann"]);
    assert_eq!(session[ann].following.handles(), [bob]);
    Ok(())
}

#[tokio::test]
async fn u26_two_foreign_keys_to_one_table() -> Result<()> {
    let db = TestDb::with::<(Airport, Flight)>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let [lis, rix] = ["LIS", "RIX"].map(|code| session.add(Airport::builder().code(code)));
    let out = session.push(lis, Airport::departures, Flight::builder().number("1").destination(rix))?;
    let back = session.add(Flight::builder().number("2").origin(rix).destination(lis));
    session.commit().await?;
    let flights = "SELECT number, origin_code, destination_code FROM flight ORDER BY 1";
    assert_eq!(db.stored(flights).await, ["1|LIS|RIX", "2|RIX|LIS"]);
    assert_eq!(inside(&sent).len(), 2, "one statement a table");
    assert_eq!((session[lis].departures.handles(), session[lis].arrivals.handles()), (vec![out], vec![back]));
    assert_eq!((session[rix].departures.handles(), session[rix].arrivals.handles()), (vec![back], vec![out]));

    // One key of one flight is changed from each side; the other stays.
    let osl = session.add(Airport::builder().code("OSL"));
    session[out].destination.set(osl);
    session[osl].departures.push(back);
    session.commit().await?;
    assert_eq!(db.stored(flights).await, ["1|LIS|OSL", "2|OSL|LIS"]);
    assert!(session[rix].departures.is_empty() && session[rix].arrivals.is_empty());
    assert_eq!((session[osl].departures.handles(), session[osl].arrivals.handles()), (vec![back], vec![out]));
    assert_eq!((session[back].origin_code.as_str(), session[back].destination_code.as_str()), ("OSL", "LIS"));

    // Both keys may lead to one row.
    session[out].origin.set(osl);
    session.commit().await?;
    assert_eq!(db.stored(flights).await, ["1|OSL|OSL", "2|OSL|LIS"]);

    session.delete(osl)?;
    let error = session.commit().await.expect_err("flights lead there");
    assert!(error.is_foreign_key_violation(), "{error}");
    session.delete(out)?;
    session[back].origin.set(rix);
    session.commit().await?;
    assert_eq!(db.stored(flights).await, ["2|RIX|LIS"]);
    assert_eq!(db.stored("SELECT code FROM airport ORDER BY 1").await, ["LIS", "RIX"]);
    Ok(())
}

#[tokio::test]
async fn u26_a_foreign_key_of_several_columns() -> Result<()> {
    let db = TestDb::with::<(Office, Desk)>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let office = |building: &str, room| Office::builder().building(building).room(room);
    let first = session.add(office("A", 1).desks([Desk::builder().label("x"), Desk::builder().label("y")]));
    let [second, third] = [session.add(office("A", 2)), session.add(office("B", 1))];
    session.commit().await?;
    let desks = "SELECT label, building, room FROM desk ORDER BY 1";
    assert_eq!(db.stored(desks).await, ["x|A|1", "y|A|1"]);
    assert_eq!(inside(&sent).len(), 2, "one statement a table");
    let [x, y] = <[_; 2]>::try_from(session[first].desks.handles()).expect("it has two");

    // One column of the key changes, then both, from each side.
    session[x].office.set(second);
    session.commit().await?;
    assert_eq!(db.stored(desks).await, ["x|A|2", "y|A|1"]);
    session[third].desks.push(x);
    session[third].desks.push(y);
    session.commit().await?;
    assert_eq!(db.stored(desks).await, ["x|B|1", "y|B|1"]);
    assert!(session[first].desks.is_empty() && session[second].desks.is_empty());
    assert_eq!((session[x].building.as_deref(), session[x].room), (Some("B"), Some(1)));

    // Without an office, all of the key is NULL.
    let _ = sent.take();
    session[third].desks.remove(x);
    session.commit().await?;
    assert_eq!(inside(&sent), [r#"UPDATE "desk" SET "building" = $1, "room" = $2 WHERE "id" = $3"#]);
    assert_eq!(db.stored(desks).await, ["x|NULL|NULL", "y|B|1"]);
    assert_eq!(session[x].office.get(), Some(None));
    session.delete(third)?;
    session.commit().await?;
    assert_eq!(db.stored(desks).await, ["x|NULL|NULL", "y|NULL|NULL"]);
    assert_eq!((session[y].building.as_deref(), session[y].office.get()), (None, Some(None)));

    // Loaded, each office has its own, and the key is found as a whole.
    session[x].office.set(first);
    session[y].office.set(second);
    session.commit().await?;
    let loaded = db.engine.query::<Office>().with(Office::desks).order_by(Office::room.asc()).all().await?;
    let labels = |desks: &[Desk]| -> Vec<String> { desks.iter().map(|desk| desk.label.clone()).collect() };
    assert_eq!(loaded.iter().map(|(_, desks)| labels(desks)).collect::<Vec<_>>(), [["x"], ["y"]]);
    let owners = db.engine.query::<Desk>().with(Desk::office).order_by(Desk::label.asc()).all().await?;
    let rooms: Vec<_> = owners.iter().map(|(_, office)| office.as_ref().map(|office| office.room)).collect();
    assert_eq!(rooms, [Some(1), Some(2)]);
    Ok(())
}

#[tokio::test]
async fn u26_an_association_with_columns_of_its_own() -> Result<()> {
    let db = TestDb::with::<(Purchase, Product, Position)>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let tea = session.add(Product::builder().name("tea"));
    let purchase = session.add(Purchase::builder().customer("ann").positions([
        Position::builder().product(tea).quantity(2),
        Position::builder().product(Product::builder().name("milk")).quantity(1),
    ]));
    session.commit().await?;
    let positions = "SELECT u.customer, o.name, p.quantity FROM position p JOIN purchase u ON u.id = p.purchase_id
        JOIN product o ON o.id = p.product_id ORDER BY 1, 2";
    assert_eq!(db.stored(positions).await, ["ann|milk|1", "ann|tea|2"]);
    assert_eq!(inside(&sent).len(), 3, "one statement a table");
    let [of_tea, of_milk] = <[_; 2]>::try_from(session[purchase].positions.handles()).expect("it has two");
    assert_eq!((session[of_tea].purchase_id, session[of_tea].product_id), (1, session[tea].id.get().unwrap_or(0)));
    assert_eq!(session[tea].positions.handles(), [of_tea]);
    let key = (session[of_tea].purchase_id, session[of_tea].product_id);
    assert_eq!(session.get::<Position>(key).await?, Some(of_tea));
    let _ = sent.take();

    // The association's own column; then one end of it, which is part of its key.
    session[of_tea].quantity = 5;
    session.commit().await?;
    let update = r#"UPDATE "position" SET "quantity" = $1 WHERE "purchase_id" = $2 AND "product_id" = $3"#;
    assert_eq!(inside(&sent), [update]);
    let bread = session.add(Product::builder().name("bread"));
    session[of_milk].product.set(bread);
    session.commit().await?;
    assert_eq!(db.stored(positions).await, ["ann|bread|1", "ann|tea|5"]);
    assert_eq!(session[bread].positions.handles(), [of_milk]);
    let key = (1, session[bread].id.get().unwrap_or(0));
    assert_eq!(session.get::<Position>(key).await?, Some(of_milk), "its identity moved");

    // From the other end, and out of it: what is taken out of the purchase is deleted.
    let bob = session.add(Purchase::builder().customer("bob"));
    session.commit().await?;
    let of_bob = session.push(tea, Product::positions, Position::builder().purchase(bob).quantity(7))?;
    session[purchase].positions.remove(of_milk);
    session.commit().await?;
    assert_eq!(db.stored(positions).await, ["ann|tea|5", "bob|tea|7"]);
    assert_eq!(session.state(of_milk), State::Detached);
    assert!(session[bread].positions.is_empty());
    assert_eq!(session[bob].positions.handles(), [of_bob]);
    assert_eq!(session[tea].positions.handles(), [of_tea, of_bob]);

    // A product that is bought stays; a purchase that goes takes its positions along, but not the products.
    session.delete(tea)?;
    assert!(session.commit().await.expect_err("it is bought").to_string().contains("Product::positions"));
    session.rollback().await?;
    session.delete(purchase)?;
    session.commit().await?;
    assert_eq!(db.stored(positions).await, ["bob|tea|7"]);
    assert_eq!(session[tea].positions.handles(), [of_bob]);
    assert_eq!(db.stored("SELECT count(*) FROM product").await, ["3"]);
    Ok(())
}

#[tokio::test]
async fn u26_ordered_collections() -> Result<()> {
    let db = TestDb::with::<(Playlist, Song, Label)>().await;
    let mut session = db.engine.session();
    let song = |rank, title: &str| Song::builder().rank(rank).title(title);
    let label = |text: &str| Label::builder().text(text);
    session.add(Playlist::builder().name("one").songs([song(2, "b"), song(1, "a"), song(2, "c")]).labels([
        label("x"),
        label("z"),
        label("y"),
    ]));
    let two = session.add(Playlist::builder().name("two").songs([song(9, "z"), song(8, "y")]));
    assert_eq!(session[two].songs.len(), 2);
    session.commit().await?;

    let mut session = db.engine.session();
    let sent = db.record();
    let query = query::<Playlist>().order_by(Playlist::id.asc()).with(Playlist::songs).with(Playlist::labels);
    let playlists = session.all(query.clone()).await?;
    let statements = sent.take();
    let songs_by = r#" ORDER BY "song"."rank", "song"."title" DESC, "song"."id""#;
    assert!(statements[1].ends_with(songs_by), "{statements:#?}");
    assert!(statements[2].ends_with(r#" ORDER BY "label"."text" DESC, "label"."id""#), "{statements:#?}");
    let titles = |session: &Session, playlist: Handle<Playlist>| -> String {
        session[playlist].songs.iter().map(|song| session[song].title.as_str()).collect()
    };
    assert_eq!(playlists.iter().map(|&p| titles(&session, p)).collect::<Vec<_>>(), ["acb", "yz"]);
    let labels: String = session[playlists[0]].labels.iter().map(|label| session[label].text.clone()).collect();
    assert_eq!(labels, "zyx");

    // A new one stands at the end, and a changed one where it was, until the collection is loaded anew.
    let first = session[playlists[0]].songs.handles()[0];
    session[first].rank = 5;
    session.push(playlists[0], Playlist::songs, song(0, "new"))?;
    let moved = session[playlists[1]].songs.handles()[0];
    session[moved].playlist.set(playlists[0]);
    session.commit().await?;
    assert_eq!(titles(&session, playlists[0]), "acbnewy");
    session.all(query.clone()).await?;
    assert_eq!((titles(&session, playlists[0]), titles(&session, playlists[1])), ("newcbay".into(), "z".into()));

    // Values of the engine come in the same order.
    let values = db.engine.all(query).await?;
    let titles: Vec<&str> = values[0].1.iter().map(|song| song.title.as_str()).collect();
    assert_eq!(titles, ["new", "c", "b", "a", "y"]);

    session[playlists[0]].songs.remove(moved);
    session.delete(playlists[1])?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT title FROM song WHERE playlist_id IS NULL ORDER BY 1").await, ["y", "z"]);
    session.delete(playlists[0])?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT (SELECT count(*) FROM song), (SELECT count(*) FROM playlist_label)").await, ["6|0"]);
    Ok(())
}

#[tokio::test]
async fn u26_one_that_is_related_to_itself() -> Result<()> {
    let db = TestDb::with::<(Category, Member)>().await;
    let mut session = db.engine.session();
    let root = session.add(Category::builder().name("root"));
    session[root].parent.set(root);
    let me = session.add(Member::builder().name("me"));
    session[me].following.push(me);
    session[me].followers.push(me);
    session.commit().await?;
    assert_eq!(session[root].children.handles(), [root]);
    assert_eq!((session[me].following.handles(), session[me].followers.handles()), (vec![me], vec![me]));
    assert_eq!(db.stored("SELECT follower_id, followed_id FROM follow").await, ["1|1"]);
    session[me].followers.remove(me);
    session.commit().await?;
    assert!(session[me].following.is_empty());
    assert!(db.stored("SELECT * FROM follow").await.is_empty());
    session[me].following.push(me);
    session.commit().await?;
    session.delete(me)?;
    session.delete(root)?;
    session.commit().await?;
    let left = "SELECT (SELECT count(*) FROM follow), (SELECT count(*) FROM member), (SELECT count(*) FROM category)";
    assert_eq!(db.stored(left).await, ["0|0|0"]);
    Ok(())
}

//! Q12, full text search and the likeness of texts.

use orm_core::prelude::*;
use orm_core::types::{TsVector, Weight};
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
struct Article {
    #[model(primary_key)]
    id: Auto<i32>,
    title: String,
    body: Option<String>,
    #[model(
        generated = "setweight(to_tsvector('english', title), 'A') || to_tsvector('english', coalesce(body, ''))",
        index(using = "gin")
    )]
    search: Auto<TsVector>,
}

async fn articles() -> TestDb {
    let db = TestDb::with::<Article>().await;
    let mut session = db.engine.session();
    session.add_all([
        Article::builder().title("The fat rat").body("Rats are eaten by cats and other cats.".to_owned()),
        Article::builder().title("Cats").body("A cat sleeps. No rodents here.".to_owned()),
        Article::builder().title("Nothing"),
    ]);
    session.commit().await.expect("the articles are there");
    db
}

#[test]
fn q12_searches_are_written_in_sql() {
    let query = query::<Article>().filter(Article::search.matches_query(to_tsquery("english", "cat & rat"))).select((
        Article::title
            .to_tsvector("english")
            .setweight(Weight::A)
            .then_tsvector(Article::search)
            .ts_rank_cd(phraseto_tsquery("simple", "fat rat").or_query(plainto_tsquery("simple", "cat"))),
    ));
    assert_eq!(
        query.to_sql(),
        concat!(
            r#"SELECT ts_rank_cd(setweight(to_tsvector(CAST($1 AS regconfig), "article"."title"), CAST($2 AS "char")) || "#,
            r#""article"."search", phraseto_tsquery(CAST($3 AS regconfig), $4) || plainto_tsquery(CAST($5 AS regconfig), $6)) "#,
            r#"FROM "article" WHERE "article"."search" @@ to_tsquery(CAST($7 AS regconfig), $8)"#,
        )
    );
}

#[tokio::test]
async fn q12_articles_are_found() -> orm_core::Result<()> {
    let db = articles().await;
    macro_rules! ids {
        ($condition:expr) => {
            db.engine
                .query::<Article>()
                .filter($condition)
                .order_by(Article::id.asc())
                .select(Article::id)
                .all()
                .await?
        };
    }
    assert_eq!(ids!(Article::search.matches_query(websearch_to_tsquery("english", "cat -sleep"))), [1]);
    assert_eq!(ids!(Article::search.matches_query(websearch_to_tsquery("english", "rat or sleeping"))), [1, 2]);
    assert_eq!(ids!(Article::search.matches_query(plainto_tsquery("english", "cats rats"))), [1]);
    assert_eq!(ids!(Article::search.matches_query(phraseto_tsquery("english", "fat rats"))), [1]);
    assert_eq!(ids!(Article::search.matches_query(to_tsquery("english", "rat | nothing"))), [1, 3]);
    let both = plainto_tsquery("english", "cat").and_query(plainto_tsquery("english", "sleep"));
    assert_eq!(ids!(Article::search.matches_query(both)), [2]);
    assert_eq!(ids!(Article::body.to_tsvector("simple").matches_query(plainto_tsquery("simple", "rats"))), [1]);
    let wrong = db
        .engine
        .query::<Article>()
        .filter(Article::search.matches_query(to_tsquery("english", "fat rat")))
        .all()
        .await
        .unwrap_err();
    assert!(wrong.to_string().contains("syntax error in tsquery"), "{wrong}");
    let unknown = db.engine.query::<Article>().select(Article::title.to_tsvector("klingon")).all().await.unwrap_err();
    assert!(unknown.to_string().contains("klingon"), "{unknown}");
    Ok(())
}

#[tokio::test]
async fn q12_articles_are_ranked_and_shown() -> orm_core::Result<()> {
    let db = articles().await;
    let search = websearch_to_tsquery("english", "cat");
    let ranked = db
        .engine
        .query::<Article>()
        .filter(Article::search.matches_query(search.clone()))
        .order_by(Article::search.ts_rank(search.clone()).desc())
        .select((
            Article::id,
            Article::body.ts_headline_with("english", search.clone(), "StartSel=<, StopSel=>"),
            Article::title.ts_headline("english", search),
        ))
        .all()
        .await?;
    assert_eq!(ranked[0], (2, Some("A <cat> sleeps. No rodents here.".to_owned()), "<b>Cats</b>".to_owned()));
    assert_eq!(ranked[1].1.as_deref(), Some("Rats are eaten by <cats> and other <cats>."));
    Ok(())
}

#[tokio::test]
async fn q12_a_tsvector_is_read_and_its_index_is_there() -> orm_core::Result<()> {
    let db = articles().await;
    let article = db.engine.query::<Article>().filter(Article::id.eq(1)).one().await?;
    let vector = article.search.into_option().expect("the server made it");
    let words: Vec<_> = vector.lexemes.iter().map(|lexeme| lexeme.word.as_str()).collect();
    assert_eq!(words, ["cat", "eaten", "fat", "rat"]);
    assert_eq!(vector.lexemes[2].positions, [(2, Weight::A)]);
    assert_eq!(vector.lexemes[3].positions, [(3, Weight::A), (4, Weight::D)]);
    let same = db.engine.query::<Article>().filter(Article::search.eq(vector)).count().await?;
    assert_eq!(same, 1);
    let query = db.engine.query::<Article>().select(plainto_tsquery("english", "cats")).first().await?.expect("a row");
    assert_eq!(db.engine.query::<Article>().filter(Article::search.matches_query(query)).count().await?, 2);
    let index =
        db.stored("SELECT indexdef FROM pg_indexes WHERE tablename = 'article' AND indexdef LIKE '%gin%'").await;
    assert_eq!(index.len(), 1);
    assert!(index[0].contains("USING gin (search)"), "{index:?}");
    Ok(())
}

#[tokio::test]
async fn q12_texts_are_alike() -> orm_core::Result<()> {
    let db = articles().await;
    let without = db.engine.query::<Article>().select(Article::title.similarity("cat")).all().await.unwrap_err();
    assert!(without.to_string().contains("similarity"), "{without}");
    if db.stored("SELECT name FROM pg_available_extensions WHERE name = 'pg_trgm'").await.is_empty() {
        eprintln!("SKIPPED: this PostgreSQL has no extension `pg_trgm`, and likeness by trigrams is not tested");
        return Ok(());
    }
    db.run("CREATE EXTENSION pg_trgm").await;
    let rows = db
        .engine
        .query::<Article>()
        .order_by(Article::title.trigram_distance("Catz").asc())
        .select((Article::title, Article::title.similarity("Cats"), Article::title.word_similarity("many Cats")))
        .all()
        .await?;
    assert_eq!(rows[0], ("Cats".to_owned(), 1.0, 1.0));
    let alike =
        db.engine.query::<Article>().filter(Article::title.is_similar("Catz")).select(Article::title).all().await?;
    assert_eq!(alike, ["Cats"]);
    Ok(())
}

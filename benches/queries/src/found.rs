//! What it costs to find what was there before: a text by its shape, a prepared statement by its text.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::sync::Arc;

use deadpool_postgres::{Manager, Pool};
use orm_sandbox::Sandbox;
use tokio_postgres::NoTls;
use tokio_postgres::types::Type;

use crate::Result;
use crate::measure::Cost;
use crate::work;

/// How many words the shape of the typical query has: its nodes, columns, tables and joins.
const WORDS: usize = 64;

/// What they cost.
pub(crate) async fn costs(batches: usize) -> Result<Vec<Cost>> {
    let database = Sandbox::shared()?.database()?;
    let manager = Manager::new(database.url().parse()?, NoTls);
    let client = Pool::builder(manager).max_size(1).build()?.get().await?;
    client.batch_execute(work::TABLES).await?;
    let (sql, types) = (work::sql(), [Type::TEXT, Type::INT8, Type::TEXT, Type::INT4]);
    let prepared = client.prepare_typed_cached(&sql, &types).await?;
    let mut costs = vec![Cost::of("prepared: found by text and types", batches, || {
        // What is found is there at once: nothing is waited for.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(client.prepare_typed_cached(black_box(&sql), &types)).poll(&mut context).is_ready()
    })];
    let shape: [u64; WORDS] = std::array::from_fn(|word| word as u64 * 0x9E37_79B9_7F4A_7C15);
    let (hasher, text) = (RandomState::new(), Arc::<str>::from(sql));
    let texts = HashMap::from([(hasher.hash_one(shape), (shape, Arc::clone(&text)))]);
    costs.push(Cost::of("shape: hashed, compared, its text found", batches, || {
        let found = texts.get(&hasher.hash_one(black_box(shape)));
        found.filter(|(known, _)| *known == black_box(shape)).map(|(_, text)| Arc::clone(text))
    }));
    costs.push(Cost::of("prepared: cloned, as it is used", batches, || prepared.clone()));
    let statement = client.prepare_cached(r#"SELECT * FROM "customer" WHERE "id" = $1"#).await?;
    let engine = orm_core::Engine::new(database.url())?;
    costs.push(
        Cost::waiting("by key: sent and answered, by hand", batches, async || {
            client.query(&statement, &[&1]).await.map(drop)
        })
        .await?,
    );
    costs.push(
        Cost::waiting("by key: built, sent and answered", batches, async || {
            work::by_key(1).on(&engine).all().await.map(drop)
        })
        .await?,
    );
    Ok(costs)
}

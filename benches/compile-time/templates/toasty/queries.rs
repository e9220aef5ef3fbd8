
pub async fn newest(db: &mut toasty::Db, least: i32) -> toasty::Result<Vec<$Model>> {
    $Model::filter($Model::fields().active().eq(true))
        .filter($Model::fields().quantity().gt(least))
        .order_by($Model::fields().created().desc())
        .limit(10)
        .exec(db)
        .await
}

pub async fn under(db: &mut toasty::Db, title: &str, least: i64) -> toasty::Result<Vec<$Model>> {
    $Model::filter($Model::fields().parent().title().eq(title)) //parent
    $Model::filter($Model::fields().children().any($Child::fields().title().eq(title))) //first
        .filter($Model::fields().total().ge(least))
        .exec(db)
        .await
}

pub async fn create(db: &mut toasty::Db, code: &str, parent_id: i64) -> toasty::Result<i64> {
    let created = toasty::create!($Model {
        code: code,
        title: "new",
        note: "a note",
        active: true,
        quantity: 1,
        total: 100,
        ratio: 0.5,
        created: Timestamp::now(),
        parent_id: parent_id,
    })
    .exec(db)
    .await?;
    Ok(created.id)
}

pub async fn restock(db: &mut toasty::Db, code: &str, more: i32) -> toasty::Result<()> {
    toasty::update!($Model::filter_by_code(code) { quantity.add(more), title: "restocked" }).exec(db).await
}

pub async fn summary(db: &mut toasty::Db) -> toasty::Result<u64> {
    $Model::filter($Model::fields().active().eq(true)).count().exec(db).await
}

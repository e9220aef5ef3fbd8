
pub async fn newest(engine: &Engine, least: i32) -> orm_core::Result<Vec<$Model>> {
    engine
        .query::<$Model>()
        .filter($Model::active.eq(true))
        .filter($Model::quantity.gt(least))
        .order_by($Model::created.desc())
        .limit(10)
        .all()
        .await
}

pub async fn under(engine: &Engine, title: &str, least: i64) -> orm_core::Result<Vec<(i64, String, String)>> {
    engine
        .query::<$Model>()
        .join($Model::parent) //parent
        .join($Model::children) //first
        .filter($Near::title.eq(title))
        .filter($Model::total.ge(least))
        .select(($Model::id, $Model::title, $Near::code))
        .all()
        .await
}

pub async fn create(session: &mut Session, code: &str, parent_id: i64) -> orm_core::Result<Auto<i64>> {
    let added = session.add(
        $Model::builder()
            .code(code)
            .title("new")
            .note("a note")
            .active(true)
            .quantity(1)
            .total(100)
            .ratio(0.5)
            .created(Utc::now())
            .parent_id(parent_id),
    );
    session.commit().await?;
    Ok(session[added].id)
}

pub async fn restock(engine: &Engine, code: &str, more: i32) -> orm_core::Result<u64> {
    engine
        .query::<$Model>()
        .filter($Model::code.eq(code))
        .update(($Model::quantity.set($Model::quantity + more), $Model::title.set("restocked")))
        .await
}

pub async fn summary(engine: &Engine) -> orm_core::Result<(i64, Option<i64>)> {
    engine
        .query::<$Model>()
        .filter($Model::active.eq(true))
        .select(($Model::id.count(), $Model::total.max()))
        .one()
        .await
}

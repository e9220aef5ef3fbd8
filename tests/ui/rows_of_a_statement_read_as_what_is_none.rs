use orm_core::prelude::*;

pub struct View {
    pub name: String,
}

async fn demo(engine: Engine) {
    let _ = sql!("select name from course").on(&engine).all::<View>().await;
}

fn main() {}

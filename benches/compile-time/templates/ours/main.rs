#![allow(dead_code)]

$modules
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = orm_core::Engine::new(&std::env::var("DATABASE_URL")?)?;
    println!("{:?}", $first::newest(&engine, 1).await?);
    Ok(())
}

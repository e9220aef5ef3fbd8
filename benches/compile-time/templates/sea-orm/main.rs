#![allow(dead_code)]

$modules
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let db = sea_orm::Database::connect(std::env::var("DATABASE_URL")?).await?;
    println!("{:?}", $first::newest(&db, 1).await?);
    Ok(())
}

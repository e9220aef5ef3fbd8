#![allow(dead_code)]

$modules
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let mut db = toasty::Db::builder().models(toasty::models!(crate::*)).connect(&url).await?;
    println!("{:?}", $first::newest(&mut db, 1).await?);
    Ok(())
}

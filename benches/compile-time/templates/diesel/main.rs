#![allow(dead_code)]

$modules
use diesel::Connection;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut connection = diesel::PgConnection::establish(&std::env::var("DATABASE_URL")?)?;
    println!("{:?}", $first::newest(&mut connection, 1)?);
    Ok(())
}

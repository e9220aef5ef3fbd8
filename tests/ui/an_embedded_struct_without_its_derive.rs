use orm_core::prelude::*;

#[derive(Debug, Clone)]
struct Address {
    city: String,
}

#[derive(Model, Debug, Clone)]
struct Customer {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(embed)]
    address: Address,
}

fn main() {
    let _ = query::<Customer>();
}

use orm_core::prelude::*;

#[derive(Embed, Debug, Clone)]
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

#[derive(Model, Debug, Clone)]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
}

fn main() {
    let _ = query::<Course>().select((Course::id, Customer::address));
}

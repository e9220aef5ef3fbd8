use orm_core::prelude::*;

#[derive(Composite, Debug, Clone)]
pub struct Address {
    pub city: String,
}

#[derive(Composite, Debug, Clone)]
pub struct Contact {
    pub phone: String,
}

#[derive(Model, Debug, Clone)]
pub struct Customer {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub address: Address,
}

fn main() {
    let _ = query::<Customer>().filter(Customer::address.member(Contact::phone).eq("1"));
}

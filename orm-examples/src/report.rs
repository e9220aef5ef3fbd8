//! What the report is about: a shop with a tree of categories, and 100,000 sales that are the same in every run.

use chrono::{Days, NaiveDate};
use orm_core::prelude::*;
use serde_json::json;

/// A category of products, perhaps within another one.
#[derive(Model, Debug, Clone)]
pub struct Category {
    /// The key.
    #[model(primary_key)]
    pub id: i32,
    /// What it is called.
    pub name: String,
    /// The category that it is a part of.
    #[model(references = Category::id)]
    pub parent_id: Option<i32>,
    /// The same as an object.
    #[model(belongs_to = parent_id)]
    pub parent: BelongsTo<Self>,
}

/// Something that is sold.
#[derive(Model, Debug, Clone)]
pub struct Product {
    /// The key.
    #[model(primary_key)]
    pub id: i32,
    /// What it is called.
    pub name: String,
    /// Its price.
    pub cents: i32,
    /// What is said of it.
    pub description: String,
    /// What is known of it: its colour, its weight in grams.
    pub attributes: serde_json::Value,
    /// The category that it is in.
    #[model(references = Category::id)]
    pub category_id: i32,
    /// The same as an object.
    #[model(belongs_to = category_id)]
    pub category: BelongsTo<Category>,
}

/// Someone who buys.
#[derive(Model, Debug, Clone)]
pub struct Customer {
    /// The key.
    #[model(primary_key)]
    pub id: i32,
    /// What they are called.
    pub name: String,
    /// Where they live.
    pub city: String,
    /// What they bought.
    #[model(has_many = Sale::customer)]
    pub sales: HasMany<Sale>,
}

/// A product that was sold.
#[derive(Model, Debug, Clone)]
pub struct Sale {
    /// The key.
    #[model(primary_key)]
    pub id: i32,
    /// When.
    pub sold_on: NaiveDate,
    /// How many.
    pub quantity: i32,
    /// For how much in all.
    pub cents: i32,
    /// Whether it came back.
    pub returned: bool,
    /// Who bought it.
    #[model(references = Customer::id)]
    pub customer_id: i32,
    /// What it was.
    #[model(references = Product::id)]
    pub product_id: i32,
    /// Who bought it, as an object.
    #[model(belongs_to = customer_id)]
    pub customer: BelongsTo<Customer>,
    /// What it was, as an object.
    #[model(belongs_to = product_id, backref = sales)]
    pub product: BelongsTo<Product>,
}

/// Every model of this module, in the order of their foreign keys.
pub type All = (Category, Product, Customer, Sale);

/// How many sales there are.
pub const SALES: i32 = 100_000;

/// The categories: name, and the one that each is a part of.
const CATEGORIES: [(&str, Option<i32>); 9] = [
    ("Everything", None),
    ("Garden", Some(1)),
    ("Kitchen", Some(1)),
    ("Tools", Some(2)),
    ("Plants", Some(2)),
    ("Knives", Some(3)),
    ("Pots", Some(3)),
    ("Hand tools", Some(4)),
    ("Power tools", Some(4)),
];

const COLOURS: [&str; 5] = ["red", "green", "blue", "black", "white"];
const SENTENCES: [&str; 8] = [
    "A light tool for the garden, made of steel.",
    "Heavy, and made to last.",
    "For small gardens and large kitchens.",
    "Cuts what grows, and what is cooked.",
    "A gift for those who have everything.",
    "Light in the hand, quiet at work.",
    "Steel of the kind that never rusts.",
    "Its makers have worked in gardens all their lives.",
];
const CITIES: [&str; 6] = ["Riga", "Tartu", "Vilnius", "Turku", "Gdansk", "Lund"];

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    /// A number below `limit`.
    fn below(&mut self, limit: i32) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i32::try_from((self.0 >> 33) % u64::from(limit.unsigned_abs())).unwrap_or(0)
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as i32) as usize]
    }
}

/// The categories.
#[must_use]
pub fn categories() -> Vec<Category> {
    let category = |(id, &(name, parent)): (i32, &(&str, Option<i32>))| {
        Category::builder().id(id).name(name).parent_id(parent).build()
    };
    (1..).zip(&CATEGORIES).map(category).collect()
}

/// 200 products, in the categories that have no categories in them.
#[must_use]
pub fn products() -> Vec<Product> {
    let mut numbers = Numbers(1);
    let product = |id: i32| {
        let sentence = numbers.below(8);
        let other = (sentence + 1 + numbers.below(7)) % 8;
        let attributes = json!({ "colour": numbers.one_of(&COLOURS), "grams": 50 + numbers.below(2000) });
        Product::builder()
            .id(id)
            .name(format!("Product {id}"))
            .cents(100 + numbers.below(20_000))
            .description(format!("{} {}", SENTENCES[sentence as usize], SENTENCES[other as usize]))
            .attributes(attributes)
            .category_id(5 + numbers.below(5))
            .build()
    };
    (1..=200).map(product).collect()
}

/// 2,000 customers.
#[must_use]
pub fn customers() -> Vec<Customer> {
    let mut numbers = Numbers(2);
    let customer = |id| Customer::builder().id(id).name(format!("Customer {id}")).city(numbers.one_of(&CITIES)).build();
    (1..=2000).map(customer).collect()
}

/// The sales, over two years. The last five products are never sold, and the last thirty customers never buy.
pub fn sales(products: &[Product]) -> impl Iterator<Item = Sale> {
    let mut numbers = Numbers(3);
    let first_day = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap_or_default();
    let sold = &products[..products.len() - 5];
    (1..=SALES).map(move |id| {
        let product = &sold[numbers.below(sold.len() as i32) as usize];
        let quantity = 1 + numbers.below(4);
        Sale::builder()
            .id(id)
            .sold_on(first_day + Days::new(u64::from(numbers.below(731).unsigned_abs())))
            .quantity(quantity)
            .cents(quantity * product.cents)
            .returned(numbers.below(20) == 0)
            .customer_id(1 + numbers.below(1970))
            .product_id(product.id)
            .build()
    })
}

//! A small family of models for each kind of relationship.

use orm_core::prelude::*;

/// Has one licence at most: one-to-one, with a key that must be set.
#[derive(Model, Debug, Clone)]
#[model(table = "driver")]
pub(crate) struct Driver {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(has_one = Licence::driver, back_populates = driver)]
    pub(crate) licence: HasOne<Licence>,
}

/// The other end of the one-to-one.
#[derive(Model, Debug, Clone)]
#[model(table = "licence")]
pub(crate) struct Licence {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) number: String,
    #[model(references = Driver::id, unique)]
    pub(crate) driver_id: i32,
    #[model(belongs_to = driver_id, back_populates = licence)]
    pub(crate) driver: BelongsTo<Driver>,
}

/// A tree: one foreign key to its own table, and both ends of it.
#[derive(Model, Debug, Clone)]
#[model(table = "category")]
pub(crate) struct Category {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(references = Category::id)]
    pub(crate) parent_id: Option<i32>,
    #[model(belongs_to = parent_id, back_populates = children)]
    pub(crate) parent: BelongsTo<Self>,
    #[model(has_many = Category::parent, back_populates = parent)]
    pub(crate) children: HasMany<Self>,
}

/// Many-to-many of a model with itself: whom one follows, and who follows.
#[derive(Model, Debug, Clone)]
#[model(table = "member")]
pub(crate) struct Member {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(through("follow", follower_id, followed_id))]
    pub(crate) following: HasMany<Self>,
    #[model(through("follow", followed_id, follower_id))]
    pub(crate) followers: HasMany<Self>,
}

/// Two foreign keys lead here from one table.
#[derive(Model, Debug, Clone)]
#[model(table = "airport")]
pub(crate) struct Airport {
    #[model(primary_key)]
    pub(crate) code: String,
    #[model(has_many = Flight::origin, back_populates = origin)]
    pub(crate) departures: HasMany<Flight>,
    #[model(has_many = Flight::destination, back_populates = destination)]
    pub(crate) arrivals: HasMany<Flight>,
}

/// Has both of them.
#[derive(Model, Debug, Clone)]
#[model(table = "flight")]
pub(crate) struct Flight {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) number: String,
    #[model(references = Airport::code)]
    pub(crate) origin_code: String,
    #[model(belongs_to = origin_code, back_populates = departures)]
    pub(crate) origin: BelongsTo<Airport>,
    #[model(references = Airport::code)]
    pub(crate) destination_code: String,
    #[model(belongs_to = destination_code, back_populates = arrivals)]
    pub(crate) destination: BelongsTo<Airport>,
}

/// A key of two columns.
#[derive(Model, Debug, Clone)]
#[model(table = "office", primary_key(building, room))]
pub(crate) struct Office {
    pub(crate) building: String,
    pub(crate) room: i32,
    #[model(has_many = Desk::office, back_populates = office)]
    pub(crate) desks: HasMany<Desk>,
}

/// Points to both of them, or to none.
#[derive(Model, Debug, Clone)]
#[model(table = "desk")]
pub(crate) struct Desk {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) label: String,
    #[model(references = Office::building)]
    pub(crate) building: Option<String>,
    #[model(references = Office::room)]
    pub(crate) room: Option<i32>,
    #[model(belongs_to = (building, room), back_populates = desks)]
    pub(crate) office: BelongsTo<Office>,
}

/// One end of an association whose links have columns of their own.
#[derive(Model, Debug, Clone)]
#[model(table = "purchase")]
pub(crate) struct Purchase {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) customer: String,
    #[model(has_many = Position::purchase, back_populates = purchase, orphans = delete, on_parent_delete = delete)]
    pub(crate) positions: HasMany<Position>,
}

/// The other end.
#[derive(Model, Debug, Clone)]
#[model(table = "product")]
pub(crate) struct Product {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(has_many = Position::product, back_populates = product)]
    pub(crate) positions: HasMany<Position>,
}

/// The association object; its key is that of the two ends.
#[derive(Model, Debug, Clone)]
#[model(table = "position", primary_key(purchase_id, product_id))]
pub(crate) struct Position {
    #[model(references = Purchase::id)]
    pub(crate) purchase_id: i32,
    #[model(references = Product::id)]
    pub(crate) product_id: i32,
    pub(crate) quantity: i32,
    #[model(belongs_to = purchase_id, back_populates = positions)]
    pub(crate) purchase: BelongsTo<Purchase>,
    #[model(belongs_to = product_id, back_populates = positions)]
    pub(crate) product: BelongsTo<Product>,
}

/// Two ordered collections of the same children.
#[derive(Model, Debug, Clone)]
#[model(table = "playlist")]
pub(crate) struct Playlist {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(has_many = Song::playlist, back_populates = playlist, order_by = (Song::rank, desc(Song::title)))]
    pub(crate) songs: HasMany<Song>,
    #[model(through("playlist_label", playlist_id, label_id), order_by = desc(Label::text))]
    pub(crate) labels: HasMany<Label>,
}

/// Stands in its playlist by its rank.
#[derive(Model, Debug, Clone)]
#[model(table = "song")]
pub(crate) struct Song {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) rank: i32,
    pub(crate) title: String,
    #[model(references = Playlist::id)]
    pub(crate) playlist_id: Option<i32>,
    #[model(belongs_to = playlist_id, back_populates = songs)]
    pub(crate) playlist: BelongsTo<Playlist>,
}

/// Many-to-many, in an order too.
#[derive(Model, Debug, Clone)]
#[model(table = "label")]
pub(crate) struct Label {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) text: String,
}

/// A circle of keys that must all be set, of which one is checked at the end of the transaction.
pub(crate) mod deferred {
    use orm_core::prelude::*;

    /// One half, whose key is checked late.
    #[derive(Model, Debug, Clone)]
    #[model(table = "hen")]
    pub(crate) struct Hen {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        #[model(references = Egg::id, deferrable = deferred)]
        pub(crate) egg_id: i32,
        #[model(belongs_to = egg_id)]
        pub(crate) egg: BelongsTo<Egg>,
    }

    /// The other half.
    #[derive(Model, Debug, Clone)]
    #[model(table = "egg")]
    pub(crate) struct Egg {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        #[model(references = Hen::id)]
        pub(crate) hen_id: i32,
        #[model(belongs_to = hen_id)]
        pub(crate) hen: BelongsTo<Hen>,
    }

    /// Points to its own kind, by a key that was given.
    #[derive(Model, Debug, Clone)]
    #[model(table = "link")]
    pub(crate) struct Link {
        #[model(primary_key)]
        pub(crate) id: i32,
        #[model(references = Link::id, deferrable = deferred)]
        pub(crate) next_id: i32,
    }
}

/// The same, where the key may be checked at the end if that is said.
pub(crate) mod deferrable {
    use orm_core::prelude::*;

    /// One half, whose key may be checked late.
    #[derive(Model, Debug, Clone)]
    #[model(table = "hen")]
    pub(crate) struct Hen {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        #[model(references = Egg::id, deferrable)]
        pub(crate) egg_id: i32,
        #[model(belongs_to = egg_id)]
        pub(crate) egg: BelongsTo<Egg>,
    }

    /// The other half.
    #[derive(Model, Debug, Clone)]
    #[model(table = "egg")]
    pub(crate) struct Egg {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        #[model(references = Hen::id)]
        pub(crate) hen_id: i32,
        #[model(belongs_to = hen_id)]
        pub(crate) hen: BelongsTo<Hen>,
    }

    /// Must point to one of its own kind, perhaps itself.
    #[derive(Model, Debug, Clone)]
    #[model(table = "ring")]
    pub(crate) struct Ring {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        #[model(references = Ring::id)]
        pub(crate) next_id: i32,
        #[model(belongs_to = next_id)]
        pub(crate) next: BelongsTo<Self>,
    }
}

/// A key that is in part its parent's, which the database moves.
pub(crate) mod cascading {
    use orm_core::prelude::*;

    /// The parent.
    #[derive(Model, Debug, Clone)]
    #[model(table = "shop")]
    pub(crate) struct Shop {
        #[model(primary_key)]
        pub(crate) code: String,
        #[model(has_many = Stall::shop, back_populates = shop)]
        pub(crate) stalls: HasMany<Stall>,
    }

    /// The child.
    #[derive(Model, Debug, Clone)]
    #[model(table = "stall", primary_key(shop_code, no))]
    pub(crate) struct Stall {
        #[model(references = Shop::code, on_update = cascade)]
        pub(crate) shop_code: String,
        pub(crate) no: i32,
        #[model(default = "false")]
        pub(crate) open: Auto<bool>,
        #[model(belongs_to = shop_code, back_populates = stalls)]
        pub(crate) shop: BelongsTo<Shop>,
    }
}

//! Q12, addresses and networks: which hold which.

use std::net::IpAddr;

use orm_core::ErrorKind;
use orm_core::prelude::*;
use orm_core::types::{Cidr, Inet};
use orm_tests::TestDb;

#[derive(Model, Debug, Clone, PartialEq)]
struct Host {
    #[model(primary_key)]
    id: Auto<i32>,
    address: IpAddr,
    interface: Option<Inet>,
    network: Cidr,
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn net(text: &str, prefix: u8) -> Cidr {
    Cidr::new(ip(text), prefix).expect("a network")
}

async fn hosts() -> TestDb {
    let db = TestDb::with::<Host>().await;
    let mut session = db.engine.session();
    session.add_all([
        Host::builder().address(ip("10.1.2.3")).interface(Inet::new(ip("10.1.2.3"), 16)).network(net("10.1.0.0", 16)),
        Host::builder().address(ip("192.168.0.1")).network(net("10.0.0.0", 8)),
        Host::builder().address(ip("fe80::1")).network(net("fe80::", 10)),
    ]);
    session.commit().await.expect("the hosts are there");
    db
}

#[test]
fn q12_networks_are_asked_in_sql() {
    let sql = |condition: Expr<bool, Host>| {
        let sql = query::<Host>().filter(condition).select(Host::id).to_sql();
        sql.split_once(" WHERE ").expect("a condition").1.to_owned()
    };
    assert_eq!(sql(Host::address.within(Host::network).fit()), r#""host"."address" << "host"."network""#);
    assert_eq!(sql(Host::address.within_or_same(ip("10.0.0.1")).fit()), r#""host"."address" <<= $1"#);
    assert_eq!(sql(Host::network.encloses(Host::address).fit()), r#""host"."network" >> "host"."address""#);
    assert_eq!(sql(Host::network.encloses_or_same(net("10.0.0.0", 8)).fit()), r#""host"."network" >>= $1"#);
    assert_eq!(sql(Host::network.overlaps(net("10.0.0.0", 8)).fit()), r#""host"."network" && $1"#);
}

#[tokio::test]
async fn q12_networks_are_asked() -> orm_core::Result<()> {
    let db = hosts().await;
    macro_rules! ids {
        ($condition:expr) => {
            db.engine.query::<Host>().filter($condition).order_by(Host::id.asc()).select(Host::id).all().await?
        };
    }
    assert_eq!(ids!(Host::address.within(Host::network)), [1, 3]);
    assert_eq!(ids!(Host::address.within_or_same(ip("192.168.0.1"))), [2]);
    assert_eq!(ids!(Host::network.encloses(net("10.1.0.0", 16))), [2]);
    assert_eq!(ids!(Host::network.encloses_or_same(net("10.1.0.0", 16))), [1, 2]);
    assert_eq!(ids!(Host::network.overlaps(net("10.1.2.0", 24))), [1, 2]);
    assert_eq!(ids!(Host::address.eq(ip("fe80::1"))), [3]);
    assert_eq!(ids!(Host::network.in_([net("10.0.0.0", 8), net("fe80::", 10)])), [2, 3]);
    let parts = db
        .engine
        .query::<Host>()
        .filter(Host::id.eq(1))
        .select((Host::address.host(), Host::interface.masklen(), Host::interface.network()))
        .one()
        .await?;
    assert_eq!(parts, ("10.1.2.3".to_owned(), Some(16), Some(net("10.1.0.0", 16))));
    Ok(())
}

#[tokio::test]
async fn q12_an_address_in_a_network_is_no_bare_one() -> orm_core::Result<()> {
    let db = hosts().await;
    db.run("UPDATE host SET address = '10.1.2.3/8' WHERE id = 1").await;
    let error = db.engine.query::<Host>().filter(Host::id.eq(1)).one().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!((error.table(), error.column()), (Some("host"), Some("address")));
    assert_eq!(db.stored("SELECT interface FROM host ORDER BY id").await, ["10.1.2.3/16", "NULL", "NULL"]);
    Ok(())
}

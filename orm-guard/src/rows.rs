//! Rows of the driver's own type, which only the driver makes: of what a server would have sent, in memory.

use orm_core::tokio_postgres::types::Type;
use orm_core::tokio_postgres::{Config, NoTls, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::Result;

/// The columns of an order, in the order of its table.
const COLUMNS: [(&str, Type); 5] = [
    ("id", Type::INT4),
    ("customer_id", Type::INT4),
    ("status", Type::TEXT),
    ("total", Type::INT8),
    ("discount", Type::FLOAT8),
];

/// What a pipe holds at least.
const ROOM: usize = 1 << 20;

/// So many orders.
pub(crate) fn orders(count: i32) -> Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let (near, far) = tokio::io::duplex(ROOM);
        let server = tokio::spawn(serve(far, count));
        let (client, connection) = Config::new().user("guard").connect_raw(near, NoTls).await?;
        let connection = tokio::spawn(connection);
        let rows = client.query_typed("", &[]).await?;
        drop(client);
        connection.await??;
        server.await??;
        Ok(rows)
    })
}

/// A server that lets everyone in, and answers whatever it is asked with the orders.
async fn serve(mut pipe: DuplexStream, count: i32) -> Result<()> {
    read_body(&mut pipe).await?;
    pipe.write_all(&message(b'R', &0i32.to_be_bytes())).await?;
    pipe.write_all(&message(b'Z', b"I")).await?;
    loop {
        let tag = pipe.read_u8().await?;
        read_body(&mut pipe).await?;
        match tag {
            // Sync: all was asked.
            b'S' => pipe.write_all(&answer(count)).await?,
            // Terminate.
            b'X' => return Ok(()),
            _ => {}
        }
    }
}

async fn read_body(pipe: &mut DuplexStream) -> Result<()> {
    let length = pipe.read_u32().await? as usize;
    pipe.read_exact(&mut vec![0; length.saturating_sub(4)]).await?;
    Ok(())
}

fn answer(count: i32) -> Vec<u8> {
    let mut out = message(b'1', &[]);
    out.extend(message(b'2', &[]));
    out.extend(message(b'T', &described()));
    for id in 1..=count {
        out.extend(message(b'D', &order(id)));
    }
    out.extend(message(b'C', b"SELECT\0"));
    out.extend(message(b'Z', b"I"));
    out
}

fn described() -> Vec<u8> {
    let mut body = (COLUMNS.len() as i16).to_be_bytes().to_vec();
    for (name, ty) in COLUMNS {
        body.extend_from_slice(name.as_bytes());
        // No table, no column of it; behind the type its size, its modifier, and that it is sent in binary form.
        body.extend_from_slice(&[0; 1 + 4 + 2]);
        body.extend_from_slice(&ty.oid().to_be_bytes());
        body.extend_from_slice(&(-1i16).to_be_bytes());
        body.extend_from_slice(&(-1i32).to_be_bytes());
        body.extend_from_slice(&1i16.to_be_bytes());
    }
    body
}

fn order(id: i32) -> Vec<u8> {
    let mut body = (COLUMNS.len() as i16).to_be_bytes().to_vec();
    let mut put = |value: &[u8]| {
        body.extend_from_slice(&(value.len() as i32).to_be_bytes());
        body.extend_from_slice(value);
    };
    put(&id.to_be_bytes());
    put(&(id % 10 + 1).to_be_bytes());
    put(b"paid");
    put(&i64::from(id * 100).to_be_bytes());
    put(&0.5f64.to_be_bytes());
    body
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    message.extend_from_slice(body);
    message
}

//! Serves an empty database until standard input ends, and prints its URL.
//!
//! Arguments: `tcp` to listen on a port, `shared` to share the server.

use std::{
    env,
    error::Error,
    io::{self, Read, Write},
};

use orm_sandbox::Sandbox;

fn main() -> Result<(), Box<dyn Error>> {
    let asked_for = |word: &str| env::args().skip(1).any(|argument| argument == word);
    let builder = Sandbox::builder().tcp(asked_for("tcp"));
    let sandbox = if asked_for("shared") { builder.shared()? } else { builder.start()? };
    let database = sandbox.database()?;
    writeln!(io::stdout(), "{}", database.url())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

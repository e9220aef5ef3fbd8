//! What the compiler takes for crates of models and queries, ours and of the peers.
mod cargo;
mod peer;
mod project;
use std::error::Error as StdError;
use std::path::Path;
pub(crate) type Result<T, E = Box<dyn StdError + Send + Sync>> = std::result::Result<T, E>;
fn main() -> Result<()> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let ws = benches.join("..").canonicalize()?;
    let root = benches.join("target/compile-time");
    let a: Vec<String> = std::env::args().collect();
    for p in peer::Peer::ALL {
        if !a[1].split(',').any(|x| x == p.slug()) { continue; }
        let cargo = cargo::Cargo { target: root.join(p.slug()), limit: 300 };
        for what in &a[2..] {
            let (kind, n) = what.split_once(':').unwrap();
            let n: usize = n.parse()?;
            let c = match kind { "m" => project::Content::models(n), "b" => project::Content::bare(n), "j" => project::Content::joined(n, true), "k" => project::Content::joined(n, false), _ => project::Content::program() };
            let pr = project::Project::write(&root, &ws, p, &format!("{kind}{n}"), c)?;
            if kind == "p" { continue; }
            cargo.run(&pr.dir, &["check"])?;
            for _ in 0..2 { println!("{} {what} {:?}", p.name(), cargo.check(&pr)?); }
            if kind == "m" { pr.edit()?; println!("   edit {:?}", cargo.check_again(&pr)?); }
        }
    }
    Ok(())
}

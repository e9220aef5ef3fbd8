//! The figures as tables, and where and how they were taken.

use std::fmt::Write as _;

use common::figures::quantile;
use common::place;

use crate::cargo::Cost;
use crate::measure::{Figures, Joins};
use crate::options::Options;
use crate::peer::Peer;

const METHOD: &str = "\
CPU is the user and system time of cargo and of all that it starts; wall time stands in parentheses. Both are medians, and \
the peers take turns within a round. Each peer has target folders of its own, so that no dependency is shared. Incremental \
compilation is on, as it is by default: what is written for the next run is part of each figure.\n\n\
A crate has so many models of ten columns: a key, a unique text, a text, a nullable text, a bool, two integers, a nullable \
float, a time with its zone, and a foreign key; in chains of ten, each model belonging to the one before and having the next \
one's. Each has five queries: filtered by two columns, ordered and limited; a join with a predicate on each side and three \
columns; an insert of all columns that gives the key; an update of two columns by a filter; a count and a maximum. They stand \
in `compile-time/templates` as the documentation of each recommends them: Diesel has `table!` with what its `print-schema` \
writes for neighbours, a struct to read and one to insert; SeaORM the dense format; Toasty, which has neither joins nor \
maxima, a condition on the related model and a count. Ours and Diesel and SeaORM take times from `chrono`, Toasty from \
`jiff`, each without its defaults; features: `chrono` of ours, `postgres` and `chrono` of Diesel, `sqlx-postgres` and \
`runtime-tokio` of SeaORM, `postgresql` and `jiff` of Toasty.\n\n\
Chains are no longer, for a ring of relationships does not compile with SeaORM 2.0 (E0733, a recursive async function), and one \
of fifty models not with Toasty 0.11 (E0320, an overflow). Ours takes rings of 200.\n";

const JOINS: &str = "\
What the query adds: the crate with it, less the crate of the same models without it and without other queries, of each the \
fastest run; it is known to 0.1 s. The models \
are one chain, each joined to the one before, with a predicate on the first and one on the last, and a column of each \
selected. Ours follows the relationship (`.join(Item022::parent)`), Diesel names the condition \
(`.inner_join(item021::table.on(item022::parent_id.eq(item021::id)))`), and all of its tables are in one \
`allow_tables_to_appear_in_same_query!`; beyond 32 joins it has its features for more columns and \
`#![recursion_limit = \"1024\"]`, without which it does not compile. A compiler is stopped after 60 s.\n\n\
In instructions of rustc (cachegrind, the metadata alone, the models in a crate of their own), the query adds 47 million of 22 \
joins and 113 million of 44, which is 2.4 times as many: the type of the query names each table, and rustc walks it at each \
call. A builder of such types without a single bound takes 9.3 and 22.8 million, 2.4 times as many too.\n";

pub(crate) fn write(options: &Options, figures: &[(Peer, Figures)]) -> String {
    let mut out =
        String::from("# Results: compile time\n\nWritten by `cargo run --release -p compile-time` in this folder.\n\n");
    let versions = figures.iter().filter(|(_, figures)| figures.skipped.is_none());
    let versions: Vec<String> =
        versions.map(|(peer, figures)| format!("{} {}", peer.name(), figures.version)).collect();
    let runs: Vec<String> = [0].iter().chain(&options.models).map(|models| runs(figures, *models)).collect();
    let runs = format!("{}; dependencies and programs are built once", runs.join(", "));
    let cargo = place::shell("cargo", &["--version"]);
    let place = place::list(&[("cargo", &cargo), ("versions", &versions.join(", ")), ("runs", &runs)]);
    let _ = writeln!(out, "{place}");
    for (peer, figures) in figures {
        if let Some(why) = &figures.skipped {
            let _ = writeln!(out, "{} is {why}\n", peer.name());
        }
    }
    let all: Vec<&(Peer, Figures)> = figures.iter().filter(|(_, figures)| figures.skipped.is_none()).collect();
    targets(&mut out, &all);
    checks(&mut out, options, &all);
    other(&mut out, &all);
    joins(&mut out, options, &all);
    out.push_str("\n## How it is measured\n\n");
    out.push_str(METHOD);
    out
}

fn runs(figures: &[(Peer, Figures)], models: usize) -> String {
    let runs = figures.iter().filter_map(|(_, figures)| Some(figures.checks.get(&models)?.len())).min();
    format!("{} of {models} models", runs.unwrap_or(0))
}

fn head(out: &mut String, first: &str, all: &[&(Peer, Figures)]) {
    let names: Vec<&str> = all.iter().map(|(peer, _)| peer.name()).collect();
    let _ = writeln!(out, "| {first} | {} |\n|---|{}", names.join(" | "), "--:|".repeat(all.len()));
}

fn row(out: &mut String, name: &str, all: &[&(Peer, Figures)], cell: impl Fn(&Figures) -> Option<String>) {
    let cells: Vec<String> = all.iter().map(|(_, figures)| cell(figures).unwrap_or_else(|| "–".to_owned())).collect();
    let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
}

/// The targets for which there are figures.
fn targets(out: &mut String, all: &[&(Peer, Figures)]) {
    let Some((_, ours)) = all.iter().find(|(peer, _)| *peer == Peer::Ours) else { return };
    let cpu_of =
        |figures: &Figures, models| figures.checks.get(&models).and_then(|costs| median(costs)).map(|cost| cost.cpu);
    let mut rows = Vec::new();
    if let Some(own) = cpu_of(ours, 50) {
        for (peer, figures) in all.iter().filter(|(peer, _)| *peer != Peer::Ours) {
            let Some(theirs) = cpu_of(figures, 50) else { continue };
            let (name, least) = match peer {
                Peer::Diesel => ("at most a fifth of Diesel's".to_owned(), 5.0),
                _ => (format!("less than {}'s", peer.name()), 1.0),
            };
            rows.push((
                format!("`cargo check` of 50 models and 250 queries: {name}"),
                format!("{own:.2} s to {theirs:.2} s: {:.1} × less", theirs / own),
                own * least <= theirs,
            ));
        }
    }
    if let (Some(floor), Some(at_50), Some(at_200)) = (cpu_of(ours, 0), cpu_of(ours, 50), cpu_of(ours, 200)) {
        let (few, many) = ((at_50 - floor) / 50.0, (at_200 - floor) / 200.0);
        rows.push((
            "linear to 200 models".to_owned(),
            format!("a model takes {:.0} ms of 50, {:.0} ms of 200", few * 1e3, many * 1e3),
            many <= few * 1.1,
        ));
    }
    for (joins, most) in [(22, 0.5), (100, 3.0)] {
        if let Some(cost) = ours.joins.get(&joins).and_then(added) {
            rows.push((
                format!("one query of {joins} joins: below {most} s"),
                format!("{} s", told(cost.cpu)),
                cost.cpu < most,
            ));
        }
    }
    let of = |joins| ours.joins.get(&joins).and_then(added).map(|cost| cost.cpu);
    if let (Some(few), Some(many)) = (of(22), of(44)) {
        // Where the seconds are too few to be told apart, the instructions of the section on joins tell.
        let times = if few < RESOLUTION { String::new() } else { format!(": {:.1} times as much", many / few) };
        rows.push((
            "linear to 44 joins".to_owned(),
            format!("{} s of 22, {} s of 44{times}", told(few), told(many)),
            few >= RESOLUTION && many <= few * 2.2,
        ));
    }
    if rows.is_empty() {
        return;
    }
    out.push_str("## Targets, in CPU time\n\n| target | measured | |\n|---|---|---|\n");
    for (target, measured, is_met) in rows {
        let _ = writeln!(out, "| {target} | {measured} | {} |", if is_met { "met" } else { "missed" });
    }
}

fn checks(out: &mut String, options: &Options, all: &[&(Peer, Figures)]) {
    out.push_str("\n## `cargo check`, dependencies built before: CPU seconds (wall)\n\n");
    head(out, "crate", all);
    row(out, "no models: cargo alone", all, |figures| figures.checks.get(&0).and_then(|costs| shown(costs)));
    for models in &options.models {
        let name = format!("{models} models, {} queries", models * 5);
        row(out, &name, all, |figures| figures.checks.get(models).and_then(|costs| shown(costs)));
    }
    for models in &options.models {
        row(out, &format!("a model of {models}, ms"), all, |figures| {
            let cpu = |models: &usize| figures.checks.get(models).and_then(|costs| median(costs)).map(|cost| cost.cpu);
            Some(format!("{:.0}", (cpu(models)? - cpu(&0)?) / *models as f64 * 1e3))
        });
    }
    for models in &options.models {
        row(out, &format!("{models} models after an edit"), all, |figures| {
            figures.edits.get(models).and_then(|costs| shown(costs))
        });
    }
    out.push_str("\nThe edit is of a number in one query of the file of the model in the middle.\n");
}

fn other(out: &mut String, all: &[&(Peer, Figures)]) {
    out.push_str("\n## Beside it\n\n");
    head(out, "", all);
    row(out, "lines of expanded code a model", all, |figures| {
        let lines = figures.lines?;
        Some(format!("{:.0}{}", lines.a_model, if lines.pretty { "" } else { " \\*" }))
    });
    row(out, "crates in the tree", all, |figures| Some(figures.crates.to_string()));
    row(out, "dependencies built from nothing, CPU seconds (wall)", all, |figures| {
        let cost = figures.builds.as_ref()?.dependencies;
        Some(format!("{:.1} ({:.1})", cost.cpu, cost.wall))
    });
    let size = |bytes: u64| format!("{:.2}", bytes as f64 / 1024.0 / 1024.0);
    row(out, "a program with one query, release, MiB", all, |figures| Some(size(figures.builds.as_ref()?.program)));
    row(out, "the same without symbols, MiB", all, |figures| figures.builds.as_ref()?.stripped.map(size));
    out.push_str(
        "\nLines are those of `rustc -Zunpretty=expanded` with its line breaks made by prettyplease, of a crate of twenty models \
         without queries less those of ten, which counts the `Clone` and `Debug` of each struct too. Crates are those of \
         `cargo tree -e normal`, the macros and what they need among them. Dependencies are built by `cargo build` in the \
         development profile. Diesel's program is linked with libpq, whose size is not in it.\n",
    );
    if all.iter().any(|(_, figures)| figures.lines.is_some_and(|lines| !lines.pretty)) {
        out.push_str("\n\\* with the line breaks of rustc: prettyplease does not read what rustc prints.\n");
    }
}

fn joins(out: &mut String, options: &Options, all: &[&(Peer, Figures)]) {
    let with: Vec<&(Peer, Figures)> = all.iter().copied().filter(|(_, figures)| !figures.joins.is_empty()).collect();
    if with.is_empty() {
        return;
    }
    out.push_str("\n## One query of many joins: CPU seconds\n\n");
    head(out, "joins", &with);
    for joins in &options.joins {
        row(out, &joins.to_string(), &with, |figures| match figures.joins.get(joins) {
            Some(Joins { refused: Some(why), .. }) => Some(why.clone()),
            Some(joined) => added(joined).map(|cost| told(cost.cpu)),
            None => Some("not tried".to_owned()),
        });
    }
    for joins in &options.joins {
        row(out, &format!("the crate without the query, {joins}"), &with, |figures| {
            median(&figures.joins.get(joins)?.without).map(|cost| format!("{:.2}", cost.cpu))
        });
    }
    let _ = write!(out, "\n{JOINS}");
}

/// What the query adds: the difference is small beside both, so of each the fastest run counts, which others disturbed least.
fn added(joins: &Joins) -> Option<Cost> {
    let (with, without) = (least(&joins.with)?, least(&joins.without)?);
    Some(Cost { cpu: with.cpu - without.cpu, wall: with.wall - without.wall })
}

/// The difference of two runs of seconds each is not known better, in seconds.
const RESOLUTION: f64 = 0.1;

fn told(seconds: f64) -> String {
    if seconds < RESOLUTION { format!("< {RESOLUTION}") } else { format!("{seconds:.2}") }
}

fn least(costs: &[Cost]) -> Option<Cost> {
    costs.iter().copied().reduce(|a, b| Cost { cpu: a.cpu.min(b.cpu), wall: a.wall.min(b.wall) })
}

fn shown(costs: &[Cost]) -> Option<String> {
    median(costs).map(|cost| format!("{:.2} ({:.2})", cost.cpu, cost.wall))
}

fn median(costs: &[Cost]) -> Option<Cost> {
    let middle = |of: fn(&Cost) -> f64| quantile(&costs.iter().map(of).collect::<Vec<f64>>(), 0.5);
    (!costs.is_empty()).then(|| Cost { cpu: middle(|cost| cost.cpu), wall: middle(|cost| cost.wall) })
}

//! However the owner of a private server ends, nothing is left behind.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{Owner, assert_gone, server_pid};
use orm_sandbox::Sandbox;

#[test]
fn child() {
    common::child();
}

#[test]
fn a_killed_owner_leaves_nothing() {
    assert_gone_after("KILL");
}

#[test]
fn an_interrupted_owner_leaves_nothing() {
    assert_gone_after("INT");
}

#[test]
fn a_terminated_owner_leaves_nothing() {
    assert_gone_after("TERM");
}

#[test]
fn an_owner_that_exits_without_destructors_leaves_nothing() {
    let mut owner = Owner::spawn("exit");
    owner.finish();
    assert_gone(&owner.dir, owner.server);
}

#[test]
fn an_owner_that_panics_leaves_nothing() {
    let mut owner = Owner::spawn("panic");
    owner.finish();
    assert_gone(&owner.dir, owner.server);
}

#[test]
fn a_panic_stops_the_server_while_the_process_goes_on() {
    let mut seen = None;
    let result = catch_unwind(AssertUnwindSafe(|| {
        let sandbox = Sandbox::start().unwrap();
        seen = Some((sandbox.dir().to_owned(), server_pid(sandbox.dir())));
        panic!("as wished");
    }));
    assert!(result.is_err());
    let (dir, server) = seen.unwrap();
    assert!(!dir.exists() && !common::is_alive(server));
}

#[test]
fn clients_that_stay_connected_do_not_keep_the_server() {
    let owner = Owner::spawn("start");
    let (dir, server) = (owner.dir.clone(), owner.server);
    let mut client = common::connect(&owner.url);
    owner.signal("KILL");
    assert_gone(&dir, server);
    assert!(client.batch_execute("SELECT 1").is_err());
}

#[test]
fn other_children_of_the_owner_do_not_keep_the_server() {
    let sandbox = Sandbox::start().unwrap();
    // Had it inherited our end of the pipe, the supervisor would wait for it.
    let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let (dir, server) = (sandbox.dir().to_owned(), server_pid(sandbox.dir()));
    sandbox.stop().unwrap();
    assert_gone(&dir, server);
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_server_that_was_killed_leaves_no_folder() {
    let sandbox = Sandbox::start().unwrap();
    let dir = sandbox.dir().to_owned();
    common::signal("KILL", server_pid(&dir));
    assert!(common::wait_until(|| dir.join("ended").exists()));
    assert!(sandbox.database().is_err());
    sandbox.stop().unwrap();
    assert!(!dir.exists());
}

#[test]
fn a_supervisor_that_is_terminated_stops_the_server() {
    let sandbox = Sandbox::start().unwrap();
    let (dir, server) = (sandbox.dir().to_owned(), server_pid(sandbox.dir()));
    common::signal("TERM", common::supervisor_pid(server));
    assert_gone(&dir, server);
    sandbox.stop().unwrap();
}

#[test]
fn what_a_killed_supervisor_left_is_cleaned_up_by_the_owner() {
    let sandbox = Sandbox::start().unwrap();
    let (dir, server) = (sandbox.dir().to_owned(), server_pid(sandbox.dir()));
    common::signal("KILL", common::supervisor_pid(server));
    sandbox.stop().unwrap();
    assert!(!dir.exists());
    // It would end by itself within a minute.
    common::signal("QUIT", server);
    assert_gone(&dir, server);
}

fn assert_gone_after(signal: &str) {
    let owner = Owner::spawn("start");
    let (dir, server) = (owner.dir.clone(), owner.server);
    assert!(common::is_alive(server));
    owner.signal(signal);
    assert_gone(&dir, server);
}

//! Servers that several processes share.

mod common;

use std::thread;

use common::{Owner, ask, assert_gone, is_alive, parent_pid, signal, supervisor_pid, unique_mark};
use orm_sandbox::Sandbox;

#[test]
fn child() {
    common::child();
}

#[test]
fn two_processes_get_the_same_server_which_goes_after_the_last() {
    let mark = unique_mark("two");
    let mut first = Owner::shared(&mark);
    let mut second = Owner::shared(&mark);
    assert_eq!((&first.dir, first.server), (&second.dir, second.server));
    assert_ne!(first.url, second.url);

    first.finish();
    thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(ask(&second.url, "SELECT 'up'"), "up");
    second.finish();
    assert_gone(&second.dir, second.server);
}

#[test]
fn processes_that_come_at_once_get_the_same_server() {
    let mark = unique_mark("at-once");
    let owners: Vec<Owner> = thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| Owner::shared(&mark))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(owners.iter().all(|owner| owner.server == owners[0].server));
    let (dir, server) = (owners[0].dir.clone(), owners[0].server);
    drop(owners);
    assert_gone(&dir, server);
}

#[test]
fn a_process_that_comes_soon_after_the_last_gets_the_same_server() {
    let mark = unique_mark("soon");
    let first = Owner::shared(&mark);
    let (dir, server) = (first.dir.clone(), first.server);
    drop(first);
    let second = Owner::shared(&mark);
    assert_eq!((&dir, server), (&second.dir, second.server));
    drop(second);
    assert_gone(&dir, server);
}

#[test]
fn the_process_that_launched_may_be_killed() {
    let mark = unique_mark("launcher");
    let launcher = Owner::shared(&mark);
    let mut other = Owner::shared(&mark);
    launcher.signal("KILL");
    thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(ask(&other.url, "SELECT 'up'"), "up");
    other.finish();
    assert_gone(&other.dir, other.server);
}

#[test]
fn other_settings_mean_another_server() {
    let one = Owner::shared(&unique_mark("one"));
    let other = Owner::shared(&unique_mark("other"));
    assert_ne!(one.dir, other.dir);
}

#[test]
fn one_process_asks_many_times_and_uses_one_server() {
    let mark = unique_mark("many");
    let ask_for_it = || Sandbox::builder().setting("sandbox.mark", &mark).shared().unwrap();
    let first = ask_for_it();
    let second = ask_for_it();
    assert_eq!(first.dir(), second.dir());
    let dir = first.dir().to_owned();
    // To stop one handle is no reason to stop the server for the others.
    first.stop().unwrap();
    thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(ask(second.database().unwrap().url(), "SELECT 'up'"), "up");
    drop(second);
    assert_eq!(ask_for_it().dir(), dir);
}

#[test]
fn what_a_killed_supervisor_left_is_cleaned_up_by_the_next_process() {
    let mark = unique_mark("stale");
    let owner = Owner::shared(&mark);
    let (dir, server) = (owner.dir.clone(), owner.server);
    // As after a crash of the machine: files, but no process.
    for pid in [supervisor_pid(server), parent_pid(server), server] {
        signal("KILL", pid);
    }
    assert!(common::wait_until(|| !is_alive(server)));
    drop(owner);
    assert!(dir.exists());

    let mut next = Owner::shared(&mark);
    assert!(!dir.exists());
    assert_eq!(ask(&next.url, "SELECT 'up'"), "up");
    next.finish();
    assert_gone(&next.dir, next.server);
}

#[test]
fn a_server_that_was_killed_is_replaced() {
    let mark = unique_mark("replaced");
    let owner = Owner::shared(&mark);
    let (dir, server) = (owner.dir.clone(), owner.server);
    signal("KILL", server);
    assert!(common::wait_until(|| dir.join("ended").exists()));

    let mut next = Owner::shared(&mark);
    assert_ne!(next.dir, dir);
    drop(owner);
    assert_gone(&dir, server);
    assert_eq!(ask(&next.url, "SELECT 'up'"), "up");
    next.finish();
    assert_gone(&next.dir, next.server);
}

#[test]
fn a_server_that_was_killed_is_replaced_within_one_process() {
    let mark = unique_mark("replaced-within");
    let ask_for_it = || Sandbox::builder().setting("sandbox.mark", &mark).shared().unwrap();
    let first = ask_for_it();
    signal("KILL", common::server_pid(first.dir()));
    assert!(common::wait_until(|| first.dir().join("ended").exists()));
    let second = ask_for_it();
    assert_ne!(first.dir(), second.dir());
    assert_eq!(ask(&second.url("postgres"), "SELECT 'up'"), "up");
}

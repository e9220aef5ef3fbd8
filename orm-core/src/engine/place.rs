//! Where in the application a statement was asked for.
//!
//! A function that is `async` cannot see its caller. So those that send statements are plain functions which note their
//! caller and give a future, and while that future is polled, the place stands where the one who notes a statement finds
//! it. Nothing is looked up and nothing is allocated for it.

use std::cell::Cell;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// A place in a source file.
pub(crate) type Place = &'static Location<'static>;

thread_local! {
    /// The place that asked for what is being polled.
    static CURRENT: Cell<Option<Place>> = const { Cell::new(None) };
}

/// The place that asked for what is being polled, if it is known.
pub(super) fn current() -> Option<Place> {
    CURRENT.get()
}

pin_project! {
    /// A future that knows who asked for it.
    struct Placed<F> {
        #[pin]
        future: F,
        place: Place,
    }
}

pin_project! {
    /// A future that is not this crate's.
    struct Unplaced<F> {
        #[pin]
        future: F,
    }
}

/// Notes who called the function that calls this one, which is to be `#[track_caller]`. The outermost place counts.
#[track_caller]
pub(crate) fn placed<F: Future>(future: F) -> impl Future<Output = F::Output> {
    placed_at(caller(), future)
}

/// Who called the function that calls this one, which is to be `#[track_caller]`: for one that awaits what others made, whose
/// places are their own.
#[track_caller]
pub(crate) fn caller() -> Place {
    Location::caller()
}

/// Like [`placed`], at a place that was noted before.
pub(crate) fn placed_at<F: Future>(place: Place, future: F) -> impl Future<Output = F::Output> {
    Placed { future, place }
}

/// Hides the place from what belongs to the application, like the rows of a copy: what that asks for has its own.
pub(crate) fn unplaced<F: Future>(future: F) -> impl Future<Output = F::Output> {
    Unplaced { future }
}

/// Puts back what was there, also when a poll panics.
struct Restore(Option<Place>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

impl<F: Future> Future for Placed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let outer = CURRENT.get();
        let _restore = Restore(outer);
        if outer.is_none() && !is_own(this.place) {
            CURRENT.set(Some(this.place));
        }
        this.future.poll(cx)
    }
}

impl<F: Future> Future for Unplaced<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _restore = Restore(CURRENT.replace(None));
        self.project().future.poll(cx)
    }
}

/// Whether it is a place of this crate itself, which says nothing to an application.
fn is_own(place: Place) -> bool {
    let own = file!().strip_suffix("src/engine/place.rs").unwrap_or_default();
    !own.is_empty() && place.file().starts_with(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_this_crate_is_none() {
        assert!(is_own(Location::caller()));
    }

    #[test]
    fn a_place_stands_while_its_future_is_polled_alone() {
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut placed = Box::pin(placed(async { current() }));
        assert!(matches!(placed.as_mut().poll(&mut context), Poll::Ready(None)));
        assert_eq!(current(), None);
    }
}

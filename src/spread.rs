//! Work on several items at once, its results in order.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The stack of a thread that renders.
const STACK: usize = 8 * 1024 * 1024;

/// How many results of each thread may wait for one before them.
#[cfg(any(feature = "cli", test))]
const AHEAD: usize = 16;

/// Does some work on each item, so many at a time, or as many as there are cores; the results in the items' order.
pub(crate) fn spread<T: Sync, R: Send>(at_once: Option<usize>, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let mut results = Vec::with_capacity(items.len());
    run(at_once, items.len(), items.iter(), work, |result| results.push(result));
    results
}

/// The same, and gives each result away as soon as those before it are: no more of them are held than a few for each thread.
/// No item is asked for before there is a thread for it.
#[cfg(any(feature = "cli", test))]
pub(crate) fn in_order<T: Send, R: Send>(
    at_once: Option<usize>,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> R + Sync,
    take: impl FnMut(R),
) {
    run(at_once, AHEAD, items, work, take);
}

/// What threads tell each other.
struct State<R> {
    /// How many items somebody works on, or did.
    begun: usize,
    /// How many results were given away.
    taken: usize,
    results: BTreeMap<usize, R>,
    /// How many threads there are; one that panics leaves.
    threads: usize,
}

/// A thread that works, for as long as it does.
struct Working<'a, R> {
    state: &'a Mutex<State<R>>,
    changed: &'a Condvar,
}

impl<R> Drop for Working<'_, R> {
    fn drop(&mut self) {
        lock(self.state).threads -= 1;
        self.changed.notify_all();
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run<T: Send, R: Send>(
    at_once: Option<usize>,
    ahead: usize,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(R),
) {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    // Of more items than are known there is always one more.
    let most = items.size_hint().1.unwrap_or(usize::MAX);
    let threads = at_once.unwrap_or_else(cores).min(most);
    if threads <= 1 {
        items.for_each(|item| take(work(item)));
        return;
    }
    let window = ahead.saturating_mul(threads);
    let items = Mutex::new(items);
    let state = Mutex::new(State { begun: 0, taken: 0, results: BTreeMap::new(), threads: 0 });
    let changed = Condvar::new();
    let go_on = || {
        let _working = Working { state: &state, changed: &changed };
        loop {
            // Whoever waits here for room, or for the next item, does so for all.
            let mut source = lock(&items);
            let mut held = lock(&state);
            while held.begun - held.taken >= window {
                held = changed.wait(held).unwrap_or_else(PoisonError::into_inner);
            }
            drop(held);
            let Some(item) = source.next() else { return };
            let mut held = lock(&state);
            let place = held.begun;
            held.begun += 1;
            drop(held);
            drop(source);
            let result = work(item);
            lock(&state).results.insert(place, result);
            changed.notify_all();
        }
    };
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..threads {
            lock(&state).threads += 1;
            match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, go_on) {
                Ok(_) => started += 1,
                Err(_) => lock(&state).threads -= 1,
            }
        }
        if started == 0 {
            while let Some(item) = { lock(&items).next() } {
                take(work(item));
            }
            return;
        }
        let mut held = lock(&state);
        loop {
            let place = held.taken;
            match held.results.remove(&place) {
                Some(result) => {
                    held.taken += 1;
                    drop(held);
                    changed.notify_all();
                    take(result);
                    held = lock(&state);
                }
                // All is done; or what is missing is that of a thread that panicked, which the scope tells.
                None if held.threads == 0 => return,
                None => held = changed.wait(held).unwrap_or_else(PoisonError::into_inner),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{AHEAD, in_order, spread};
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn in_the_items_order() {
        let items: Vec<usize> = (0..100).collect();
        let doubled: Vec<usize> = items.iter().map(|n| n * 2).collect();
        for at_once in [None, Some(1), Some(2), Some(7), Some(1000)] {
            assert_eq!(spread(at_once, &items, |n| n * 2), doubled);
            let mut taken = Vec::new();
            in_order(at_once, items.iter(), |n| n * 2, |n| taken.push(n));
            assert_eq!(taken, doubled);
        }
        assert!(spread(Some(4), &[] as &[usize], |n| *n).is_empty());
    }

    #[test]
    fn no_more_are_held_than_a_few() {
        let items: Vec<usize> = (0..1_000).collect();
        let (made, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut taken = 0;
        in_order(
            Some(2),
            items.iter(),
            |_: &usize| made.fetch_add(1, Ordering::SeqCst),
            |_| {
                taken += 1;
                std::thread::yield_now();
                most.fetch_max(made.load(Ordering::SeqCst) - taken, Ordering::SeqCst);
            },
        );
        assert!(most.load(Ordering::SeqCst) <= 2 * AHEAD + 2, "{most:?}");
    }

    #[test]
    fn a_panic_ends_it() {
        let items: Vec<usize> = (0..100).collect();
        let panicked =
            std::panic::catch_unwind(|| spread(Some(3), &items, |n| if *n == 50 { panic!("50") } else { *n }));
        assert!(panicked.is_err());
    }
}

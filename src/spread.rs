//! Work on several items at once, its results in order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The stack of a thread that renders.
const STACK: usize = 8 * 1024 * 1024;

/// Does some work on each item, so many at a time, or as many as there are cores; the results in the items' order.
pub(crate) fn spread<T: Sync, R: Send>(at_once: Option<usize>, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = at_once.unwrap_or_else(cores);
    let threads = threads.min(items.len());
    if threads <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let go_on = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(i) else { return };
            let done = work(item);
            match results.lock() {
                Ok(mut results) => results.push((i, done)),
                Err(poisoned) => poisoned.into_inner().push((i, done)),
            }
        }
    };
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..threads {
            started += usize::from(std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, go_on).is_ok());
        }
        if started == 0 {
            go_on();
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn in_order() {
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(spread(None, &items, |n| n * 2), items.iter().map(|n| n * 2).collect::<Vec<_>>());
    }
}

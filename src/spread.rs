//! Work on several items at once, its results in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The stack of a thread that renders.
const STACK: usize = 8 * 1024 * 1024;

/// How many items may be known whose results are not given away.
#[cfg(any(feature = "cli", test))]
const AHEAD: usize = 512;

/// Where results that wait for one before them take as many bytes, work on nothing but that one is begun.
const ENOUGH: usize = 16 << 20;

/// How long a thread goes on with items of one kind while others wait.
const STREAK: Duration = Duration::from_millis(20);

/// Items that come one by one.
pub(crate) trait Items {
    /// An item.
    type Item: Send;
    /// What some of them have in common: work on these goes faster one after the other.
    type Kind: PartialEq + Send;

    /// The next one; waits for it.
    fn next(&mut self) -> Option<Self::Item>;

    /// The next one, if it is there already. Most are.
    fn ready(&mut self) -> Option<Self::Item> {
        self.next()
    }

    /// How many there are at most.
    fn most(&self) -> usize {
        usize::MAX
    }

    /// Of what kind an item is.
    fn kind(&self, item: &Self::Item) -> Self::Kind;
}

/// Items that are all there, and what tells their kinds.
pub(crate) struct Each<'a, T, K>(pub(crate) std::slice::Iter<'a, T>, pub(crate) fn(&'a T) -> K);

impl<'a, T: Sync, K: PartialEq + Send> Items for Each<'a, T, K> {
    type Item = &'a T;
    type Kind = K;

    fn next(&mut self) -> Option<&'a T> {
        self.0.next()
    }

    fn most(&self) -> usize {
        self.0.len()
    }

    fn kind(&self, item: &&'a T) -> K {
        self.1(item)
    }
}

/// Does some work on each item, so many at a time, or as many as there are cores; the results in the items' order.
pub(crate) fn spread<T: Sync, R: Send>(at_once: Option<usize>, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let mut results = Vec::with_capacity(items.len());
    run(at_once, usize::MAX, Each(items.iter(), |_| ()), work, |_| 0, |result| results.push(result));
    results
}

/// The same for items that come one by one, and gives each result away as soon as those before it are. Of the items that are
/// there, those of a kind are worked on one after the other, for a while; what results hold meanwhile is bounded. `size` is what
/// a result takes, roughly, in bytes.
#[cfg(any(feature = "cli", test))]
pub(crate) fn in_order<I: Items + Send, R: Send>(
    at_once: Option<usize>,
    items: I,
    work: impl Fn(I::Item) -> R + Sync,
    size: impl Fn(&R) -> usize + Sync,
    take: impl FnMut(R),
) {
    run(at_once, AHEAD, items, work, size, take);
}

/// Items that are known, and those that nobody works on yet.
struct Source<I: Items> {
    items: I,
    /// With their places and kinds, in their order.
    waiting: VecDeque<(usize, I::Kind, I::Item)>,
    /// How many are known.
    known: usize,
}

/// What results are there.
struct Results<R> {
    /// How many were given away.
    taken: usize,
    /// Those that wait, by their places, and what each takes.
    waiting: BTreeMap<usize, (R, usize)>,
    /// What all of these take.
    size: usize,
    /// How many threads there are; one that panics leaves.
    threads: usize,
    /// Whether one panicked: what it was to give never comes.
    panicked: bool,
}

impl<R> Results<R> {
    fn add(&mut self, place: usize, result: R, size: usize) {
        self.size = self.size.saturating_add(size);
        self.waiting.insert(place, (result, size));
    }

    /// The next one that is to be given away.
    fn next(&mut self) -> Option<R> {
        let (result, size) = self.waiting.remove(&self.taken)?;
        self.taken += 1;
        self.size = self.size.saturating_sub(size);
        Some(result)
    }
}

/// What a thread did last.
struct Streak<K> {
    kind: Option<K>,
    since: Instant,
}

impl<I: Items> Source<I> {
    fn know(&mut self, item: I::Item) {
        let kind = self.items.kind(&item);
        self.waiting.push_back((self.known, kind, item));
        self.known += 1;
    }

    /// Asks for what is there, until so many are known.
    fn look(&mut self, room: usize) {
        while self.known < room {
            let Some(item) = self.items.ready() else { return };
            self.know(item);
        }
    }

    /// An item for a thread: of the kind of its last one, or the first.
    fn choose(&mut self, streak: &mut Streak<I::Kind>) -> Option<(usize, I::Item)> {
        let alike = |(_, kind, _): &(usize, I::Kind, I::Item)| streak.kind.as_ref() == Some(kind);
        let found = if streak.since.elapsed() < STREAK { self.waiting.iter().position(alike) } else { None };
        if found.is_none() {
            streak.since = Instant::now();
        }
        let (place, kind, item) = self.waiting.remove(found.unwrap_or(0))?;
        streak.kind = Some(kind);
        Some((place, item))
    }
}

/// A thread that works, for as long as it does.
struct Working<'a, R> {
    results: &'a Mutex<Results<R>>,
    changed: &'a Condvar,
}

impl<R> Drop for Working<'_, R> {
    fn drop(&mut self) {
        let mut results = lock(self.results);
        results.threads -= 1;
        results.panicked |= std::thread::panicking();
        drop(results);
        self.changed.notify_all();
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `ahead` is how many items may be known whose results are not given away.
fn run<I: Items + Send, R: Send>(
    at_once: Option<usize>,
    ahead: usize,
    items: I,
    work: impl Fn(I::Item) -> R + Sync,
    size: impl Fn(&R) -> usize + Sync,
    mut take: impl FnMut(R),
) {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = at_once.unwrap_or_else(cores).min(items.most());
    let source = Mutex::new(Source { items, waiting: VecDeque::new(), known: 0 });
    let results = Mutex::new(Results { taken: 0, waiting: BTreeMap::new(), size: 0, threads: 0, panicked: false });
    let changed = Condvar::new();
    // The next item for a thread; none if there are no more.
    let next = |streak: &mut Streak<I::Kind>| {
        // Whoever waits here for room, or for the next item, does so for all.
        let mut source = lock(&source);
        let mut done = lock(&results);
        loop {
            let room = done.taken.saturating_add(ahead);
            drop(done);
            source.look(room);
            if source.waiting.is_empty() && source.known < room {
                let item = source.items.next()?;
                source.know(item);
            }
            done = lock(&results);
            if done.panicked {
                return None;
            }
            if let Some((first, ..)) = source.waiting.front() {
                let (is_next, is_enough) = (*first == done.taken, done.size >= ENOUGH);
                if is_next && is_enough {
                    streak.kind = None;
                }
                if is_next || !is_enough {
                    return source.choose(streak);
                }
            } else if source.known < done.taken.saturating_add(ahead) {
                // There is room by now.
                continue;
            }
            done = changed.wait(done).unwrap_or_else(PoisonError::into_inner);
        }
    };
    let do_next = |streak: &mut Streak<I::Kind>| {
        let Some((place, item)) = next(streak) else { return false };
        let result = work(item);
        let size = size(&result);
        lock(&results).add(place, result, size);
        true
    };
    let alone = |take: &mut dyn FnMut(R)| {
        let mut streak = Streak { kind: None, since: Instant::now() };
        while do_next(&mut streak) {
            while let Some(result) = { lock(&results).next() } {
                take(result);
            }
        }
    };
    if threads <= 1 {
        return alone(&mut take);
    }
    let go_on = || {
        let _working = Working { results: &results, changed: &changed };
        let mut streak = Streak { kind: None, since: Instant::now() };
        while do_next(&mut streak) {
            changed.notify_all();
        }
    };
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..threads {
            lock(&results).threads += 1;
            match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, go_on) {
                Ok(_) => started += 1,
                Err(_) => lock(&results).threads -= 1,
            }
        }
        if started == 0 {
            return alone(&mut take);
        }
        let mut done = lock(&results);
        loop {
            match done.next() {
                Some(result) => {
                    drop(done);
                    changed.notify_all();
                    take(result);
                    done = lock(&results);
                }
                // All is done; or what is missing is that of a thread that panicked, which the scope tells.
                None if done.threads == 0 => return,
                None => done = changed.wait(done).unwrap_or_else(PoisonError::into_inner),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{AHEAD, ENOUGH, Items, in_order, spread};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Numbers, of the kind of their last digit.
    struct Numbers<I>(I);

    impl<I: Iterator<Item = usize>> Items for Numbers<I> {
        type Item = usize;
        type Kind = usize;
        fn next(&mut self) -> Option<usize> {
            self.0.next()
        }
        fn kind(&self, item: &usize) -> usize {
            item % 10
        }
    }

    #[test]
    fn in_the_items_order() {
        let items: Vec<usize> = (0..100).collect();
        let doubled: Vec<usize> = items.iter().map(|n| n * 2).collect();
        for at_once in [None, Some(1), Some(2), Some(7), Some(1000)] {
            assert_eq!(spread(at_once, &items, |n| n * 2), doubled);
            let mut taken = Vec::new();
            in_order(at_once, Numbers(0..100), |n| n * 2, |_| 1, |n| taken.push(n));
            assert_eq!(taken, doubled);
        }
        assert!(spread(Some(4), &[] as &[usize], |n| *n).is_empty());
    }

    #[test]
    fn kinds_go_together() {
        let last = Mutex::new((usize::MAX, 0));
        let work = |n: usize| {
            let mut last = last.lock().unwrap();
            last.1 += usize::from(last.0 != n % 10);
            last.0 = n % 10;
            n
        };
        let mut taken = Vec::new();
        in_order(Some(1), Numbers(0..200), work, |_| 0, |n| taken.push(n));
        assert!(taken.is_sorted() && taken.len() == 200);
        // A machine that is busy goes on to the next kind sooner.
        assert!(last.lock().unwrap().1 < 150, "{last:?}");
    }

    #[test]
    fn no_more_is_held_than_is_allowed() {
        for (size, most) in [(0, AHEAD), (ENOUGH / 4, 8)] {
            let (made, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let mut taken = 0;
            let work = |_| made.fetch_add(1, Ordering::SeqCst);
            in_order(
                Some(2),
                Numbers(0..3_000),
                work,
                |_| size,
                |_| {
                    taken += 1;
                    std::thread::yield_now();
                    held.fetch_max(made.load(Ordering::SeqCst) - taken, Ordering::SeqCst);
                },
            );
            assert_eq!(taken, 3_000);
            assert!(held.into_inner() <= most);
        }
    }

    #[test]
    fn room_that_comes_all_at_once_is_seen() {
        // All results that there is room for wait for the first one, again and again.
        let is_slow = |n: usize| n.is_multiple_of(AHEAD);
        let finished = AtomicUsize::new(0);
        let work = |n: usize| {
            while is_slow(n) && finished.load(Ordering::SeqCst) < AHEAD - 1 {
                std::thread::yield_now();
            }
            if is_slow(n) {
                finished.store(0, Ordering::SeqCst);
            } else {
                finished.fetch_add(1, Ordering::SeqCst);
            }
            n
        };
        let mut taken = 0;
        in_order(Some(2), Numbers(0..AHEAD * 200), work, |_| 0, |_| taken += 1);
        assert_eq!(taken, AHEAD * 200);
    }

    #[test]
    fn what_is_there_is_done_before_more_is_waited_for() {
        /// Each number comes when all before it are given away.
        struct Slow<'t>(usize, &'t AtomicUsize);
        impl Items for Slow<'_> {
            type Item = usize;
            type Kind = ();
            fn next(&mut self) -> Option<usize> {
                while self.1.load(Ordering::SeqCst) < self.0 {
                    std::thread::yield_now();
                }
                if self.0 == 50 {
                    return None;
                }
                self.0 += 1;
                Some(self.0)
            }
            fn ready(&mut self) -> Option<usize> {
                None
            }
            fn kind(&self, _: &usize) {}
        }
        for threads in [1, 3] {
            let taken = AtomicUsize::new(0);
            let take = |_| {
                taken.fetch_add(1, Ordering::SeqCst);
            };
            in_order(Some(threads), Slow(0, &taken), |n| n, |_| 0, take);
            assert_eq!(taken.into_inner(), 50);
        }
    }

    #[test]
    fn a_panic_ends_it() {
        let items: Vec<usize> = (0..100).collect();
        let panicked =
            std::panic::catch_unwind(|| spread(Some(3), &items, |n| if *n == 50 { panic!("50") } else { *n }));
        assert!(panicked.is_err());
        let panicked = std::panic::catch_unwind(|| {
            in_order(Some(3), Numbers(0..10_000), |n| if n == 50 { panic!("50") } else { n }, |_| 0, |_| ());
        });
        assert!(panicked.is_err());
    }
}

//! Recursion of any depth.

use std::cell::Cell;

/// How many levels go by between two looks at the stack. The first look reads /proc/self/maps, which takes a small render a
/// fiftieth of its time, and no chart that people write comes that deep.
const LEVELS: u32 = 16;

/// What the levels between two looks may use. The deepest frames, those of the executor, have some kilobytes each.
const RED_ZONE: usize = 512 * 1024;

/// How much is added at once.
const GROWTH: usize = 4 * 1024 * 1024;

thread_local! {
    /// How deep this thread is in [`deeper`].
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// One level less, be it by a panic.
struct Level(u32);

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(self.0);
    }
}

/// One level of a recursion that has no bound of its own: runs on a stack that is deep enough for it.
pub(crate) fn deeper<T>(work: impl FnOnce() -> T) -> T {
    let level = Level(DEPTH.get());
    DEPTH.set(level.0 + 1);
    if level.0 % LEVELS == LEVELS - 1 { stacker::maybe_grow(RED_ZONE, GROWTH, work) } else { work() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(n: u32) -> u32 {
        let frame = [n; 64];
        if n == 0 { 0 } else { deeper(|| 1 + down(std::hint::black_box(&frame)[0] - 1)) }
    }

    #[test]
    fn has_no_end() {
        let ran = std::thread::Builder::new().stack_size(2 << 20).spawn(|| down(200_000)).unwrap().join();
        assert_eq!(ran.unwrap(), 200_000);
        assert_eq!(DEPTH.get(), 0);
    }

    #[test]
    fn a_panic_comes_up_again() {
        let before = DEPTH.get();
        let _ = std::panic::catch_unwind(|| deeper(|| deeper(|| panic!("on purpose"))));
        assert_eq!(DEPTH.get(), before);
    }
}

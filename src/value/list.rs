//! The elements of a slice: shared and immutable.

use super::Value;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

/// The elements of a list; clones share them.
#[derive(Clone, Default)]
pub struct Items(Rc<[Value]>);

impl Deref for Items {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl From<Vec<Value>> for Items {
    fn from(items: Vec<Value>) -> Self {
        Items(items.into())
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        if let Some(items) = Rc::get_mut(&mut self.0) {
            for item in items {
                if matches!(item, Value::List(..) | Value::Map(..)) {
                    defer(std::mem::take(item));
                }
            }
        }
    }
}

thread_local! {
    static DOOMED: RefCell<Option<Vec<Value>>> = const { RefCell::new(None) };
}

/// Drops a value without recursion: a chart can nest lists and maps a million levels deep.
pub(super) fn defer(value: Value) {
    if !matches!(value, Value::List(..) | Value::Map(..)) {
        return;
    }
    // While the thread ends the queue may be gone; then the value drops in place.
    let _ = DOOMED.try_with(|doomed| {
        if let Some(queue) = doomed.borrow_mut().as_mut() {
            queue.push(value);
            return;
        }
        *doomed.borrow_mut() = Some(vec![value]);
        loop {
            let next = doomed.borrow_mut().as_mut().and_then(Vec::pop);
            match next {
                Some(value) => drop(value),
                None => break,
            }
        }
        *doomed.borrow_mut() = None;
    });
}

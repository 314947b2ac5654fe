//! Work on several layers at a time, told of in order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Layers in work at a time. Each has threads of its own for reading, hashing and compressing; more than
/// two would cost memory, not gain time.
const AT_ONCE: usize = 2;

/// Does `work` on every item and hands each result to `tell`, in the order of the items and as soon as
/// those before it are there. After a failure no new work is begun.
///
/// # Errors
/// The failure of the first item, in their order, that has one.
pub(crate) fn in_order<T, R, E>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
    mut tell: impl FnMut(&T, &R),
) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(AT_ONCE);
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..threads {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                while let Some((index, item)) = take(items, next) {
                    let result = work(item);
                    if result.is_err() {
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    // The receiver is there until all senders are gone.
                    let _ = sender.send((index, result));
                }
            });
        }
        drop(sender);
        let (mut waiting, mut done) = (BTreeMap::new(), Vec::with_capacity(items.len()));
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&done.len()) {
                let result = result?;
                if let Some(item) = items.get(done.len()) {
                    tell(item, &result);
                }
                done.push(result);
            }
        }
        // What still waits stands behind work that was not begun because of a failure.
        waiting.into_values().collect::<Result<Vec<_>, _>>()?;
        Ok(done)
    })
}

fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    items.get(index).map(|item| (index, item))
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn results_are_told_in_order() {
        let items: Vec<usize> = (0..100).collect();
        let mut told = Vec::new();
        let doubled = in_order(&items, |item| Ok::<_, ()>(item * 2), |item, _| told.push(*item));
        assert_eq!(doubled, Ok(items.iter().map(|item| item * 2).collect()));
        assert_eq!(told, items);
    }

    #[test]
    fn a_failure_ends_the_work() {
        let items: Vec<usize> = (0..1000).collect();
        let work = |item: &usize| if *item == 3 { Err("three") } else { Ok(()) };
        let mut told = 0;
        assert_eq!(in_order(&items, work, |_, ()| told += 1), Err("three"));
        assert!(told <= 3);
    }

    #[test]
    fn nothing_to_do_is_no_failure() {
        assert_eq!(in_order(&[], |(): &()| Err::<(), _>(()), |(), ()| {}), Ok(vec![]));
    }
}

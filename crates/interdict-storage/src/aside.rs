//! Threads that no decision waits for keep to the last half of the processors, so that those who decide always find one
//! free (ADR 0046).

use std::thread::JoinHandle;

use crate::error::StorageError;

/// Starts a thread that no decision waits for.
pub fn spawn_aside(
    name: impl Into<String>,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, StorageError> {
    let run = move || {
        keep_aside();
        work();
    };
    std::thread::Builder::new().name(name.into()).spawn(run).map_err(StorageError::Thread)
}

/// Keeps the calling thread, and those that it starts, to the last half of the processors that the process may use. With
/// one processor, and where the system does not let it, everything stays as it is.
pub fn keep_aside() {
    #[cfg(target_os = "linux")]
    if let Err(error) = linux::keep_aside() {
        tracing::debug!(error = &error as &dyn std::error::Error, "a thread runs on any processor");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::io::Result;
    use rustix::process::getpid;
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    pub(super) fn keep_aside() -> Result<()> {
        // Those of the first thread, which may use all: whoever starts this one may be kept aside already.
        let allowed = sched_getaffinity(Some(getpid()))?;
        let mut aside = CpuSet::new();
        for processor in last_half(&allowed) {
            aside.set(processor);
        }
        if aside.count() > 0 { sched_setaffinity(None, &aside) } else { Ok(()) }
    }

    fn last_half(allowed: &CpuSet) -> impl Iterator<Item = usize> {
        let half = usize::try_from(allowed.count() / 2).unwrap_or(0);
        (0..CpuSet::MAX_CPU).rev().filter(|processor| allowed.is_set(*processor)).take(half)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn set(processors: &[usize]) -> CpuSet {
            let mut set = CpuSet::new();
            for processor in processors {
                set.set(*processor);
            }
            set
        }

        #[test]
        fn it_is_the_last_half_of_what_may_be_used_and_one_processor_is_left_whole() {
            let halves = [(&[][..], &[][..]), (&[3], &[]), (&[0, 1], &[1]), (&[2, 5, 7], &[7])];
            for (allowed, aside) in halves {
                assert_eq!(last_half(&set(allowed)).collect::<Vec<_>>(), aside);
            }
            assert_eq!(last_half(&set(&[0, 1, 8, 9])).collect::<Vec<_>>(), [9, 8]);
        }

        #[test]
        fn a_thread_keeps_to_them_and_whoever_started_it_does_not() {
            let before = sched_getaffinity(None).unwrap();
            let aside = crate::aside::spawn_aside("aside", move || {
                let now = sched_getaffinity(None).unwrap();
                assert_eq!(now.count(), (before.count() / 2).max(1));
                let next = crate::aside::spawn_aside("next", move || {
                    assert_eq!(sched_getaffinity(None).unwrap(), now, "half of the half");
                });
                next.unwrap().join().unwrap();
            });
            aside.unwrap().join().unwrap();
            assert_eq!(sched_getaffinity(None).unwrap(), before);
        }
    }
}

//! What clients saw, and what of it must not be.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// A block as its writer knows it.
#[derive(Clone, Debug)]
pub struct Block {
    pub email: String,
    pub node: usize,
    /// The revision that its answer named.
    pub revision: i64,
    /// Every node that decides had it when it was answered.
    pub holds_everywhere: bool,
}

/// What a reader was told of an email.
#[derive(Clone, Debug)]
pub struct Decision {
    pub node: usize,
    pub blocks: bool,
    pub degraded: bool,
    pub revision: i64,
    /// It was asked with `Interdict-At-Least`.
    pub at_least: Option<i64>,
}

/// Everything that was seen, by all clients.
#[derive(Default)]
pub struct History {
    blocks: Mutex<Vec<Block>>,
    /// Sent, and never answered: it may be there or not.
    unknown: Mutex<Vec<String>>,
    violation: Mutex<Option<String>>,
    decisions: AtomicU64,
    degraded: AtomicU64,
    refused: AtomicU64,
}

impl History {
    pub fn acknowledged(&self, block: Block) {
        self.blocks.lock().push(block);
    }

    pub fn unanswered(&self, email: String) {
        self.unknown.lock().push(email);
    }

    pub fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// One of the newest blocks, or of all: `pick` chooses among so many.
    pub fn some_block(&self, newest: usize, pick: impl FnOnce(usize) -> usize) -> Option<Block> {
        let blocks = self.blocks.lock();
        let start = blocks.len().saturating_sub(newest);
        let some = &blocks[start..];
        (!some.is_empty()).then(|| some[pick(some.len())].clone())
    }

    pub fn blocks(&self) -> Vec<Block> {
        self.blocks.lock().clone()
    }

    pub fn unknown(&self) -> Vec<String> {
        self.unknown.lock().clone()
    }

    /// Judges a decision that was asked for after the block was answered.
    pub fn decided(&self, block: &Block, seen: &Decision) {
        self.decisions.fetch_add(1, Ordering::Relaxed);
        if seen.degraded {
            self.degraded.fetch_add(1, Ordering::Relaxed);
        }
        if seen.blocks {
            return;
        }
        let fault = if seen.revision >= block.revision {
            "a revision that contains the block does not know it"
        } else if seen.at_least.is_some_and(|wanted| seen.revision < wanted) {
            "an older answer than the one that was asked for"
        } else if seen.degraded {
            return;
        } else if seen.node == block.node {
            "a node does not know what it acknowledged itself"
        } else if block.holds_everywhere {
            "a block that holds everywhere is not known to a node that calls itself fresh"
        } else {
            return;
        };
        self.violates(format!("{fault}: {block:?}, {seen:?}"));
    }

    /// Notes what must not be; the first of it is kept.
    pub fn violates(&self, what: String) {
        self.violation.lock().get_or_insert(what);
    }

    pub fn violation(&self) -> Option<String> {
        self.violation.lock().clone()
    }

    pub fn summary(&self) -> String {
        format!(
            "{} blocks acknowledged, {} unanswered, {} refused; {} decisions, {} of them degraded",
            self.blocks.lock().len(),
            self.unknown.lock().len(),
            self.refused.load(Ordering::Relaxed),
            self.decisions.load(Ordering::Relaxed),
            self.degraded.load(Ordering::Relaxed),
        )
    }

    /// A run in which little happened proves little.
    pub fn assert_busy(&self) {
        let waited_for = self.blocks.lock().iter().filter(|block| block.holds_everywhere).count();
        assert!(waited_for > 50, "{waited_for} blocks were waited for everywhere");
        assert!(self.blocks.lock().len() > 300, "{}", self.summary());
        assert!(self.decisions.load(Ordering::Relaxed) > 1_000, "{}", self.summary());
        assert!(self.degraded.load(Ordering::Relaxed) > 0, "nobody was ever stale: {}", self.summary());
    }
}

//! How far a sweep over the renewals is: for the log while it runs, and for metrics ever after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use interdict_domain::mode::Mode;
use tokio::time::Instant;

/// What became of a subscription that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// The period was paid.
    Charged,
    /// The gateway took no money.
    Declined,
    /// The payer is blocked, since now.
    Held,
    /// The payer is blocked, as before.
    StillHeld,
    /// The block was lifted, and what was missed is skipped.
    Released,
    /// Its turn comes with a later sweep: arrears are collected a few at a time, and while the lists may be
    /// stale nobody is charged against the merchant's wish.
    Waiting,
    /// It is over.
    Ended,
    /// Somebody else has it.
    Taken,
    /// It is tried again at the next sweep.
    Failed,
}

impl Renewed {
    /// Each of them once.
    pub const ALL: [Self; 9] = [
        Self::Charged,
        Self::Declined,
        Self::Held,
        Self::StillHeld,
        Self::Released,
        Self::Waiting,
        Self::Ended,
        Self::Taken,
        Self::Failed,
    ];

    /// The word, as in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Charged => "charged",
            Self::Declined => "declined",
            Self::Held => "held",
            Self::StillHeld => "still_held",
            Self::Released => "released",
            Self::Waiting => "waiting",
            Self::Ended => "ended",
            Self::Taken => "taken",
            Self::Failed => "failed",
        }
    }

    const fn place(self) -> usize {
        self as usize
    }
}

/// What sweeps have done since the start, and how far the present one is.
#[derive(Debug, Default)]
pub struct RenewalCounts {
    outcomes: [AtomicU64; Renewed::ALL.len()],
    due: AtomicU64,
    looked_at: AtomicU64,
    sweeps: AtomicU64,
}

impl RenewalCounts {
    /// How often something became of a renewal.
    pub fn of(&self, renewed: Renewed) -> u64 {
        self.outcomes.get(renewed.place()).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// What was due when the present sweep began, or the last one.
    pub fn due(&self) -> u64 {
        self.due.load(Ordering::Relaxed)
    }

    /// How much of that was looked at.
    pub fn looked_at(&self) -> u64 {
        self.looked_at.load(Ordering::Relaxed)
    }

    /// Sweeps that ended.
    pub fn sweeps(&self) -> u64 {
        self.sweeps.load(Ordering::Relaxed)
    }
}

/// One sweep.
pub(crate) struct RenewalProgress {
    counts: Arc<RenewalCounts>,
    report_every: Duration,
    reported_at: Instant,
    began_at: Instant,
    counted: [u64; Renewed::ALL.len()],
}

impl RenewalProgress {
    pub(crate) fn begin(counts: Arc<RenewalCounts>, report_every: Duration) -> Self {
        counts.due.store(0, Ordering::Relaxed);
        counts.looked_at.store(0, Ordering::Relaxed);
        let now = Instant::now();
        Self { counts, report_every, reported_at: now, began_at: now, counted: [0; Renewed::ALL.len()] }
    }

    /// So much is due.
    pub(crate) fn expect(&mut self, due: i64) {
        self.counts.due.fetch_add(u64::try_from(due).unwrap_or(0), Ordering::Relaxed);
    }

    /// One more is done.
    pub(crate) fn note(&mut self, mode: Mode, renewed: Renewed) {
        for counts in [self.counts.outcomes.get(renewed.place())].into_iter().flatten() {
            counts.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(counted) = self.counted.get_mut(renewed.place()) {
            *counted += 1;
        }
        self.counts.looked_at.fetch_add(1, Ordering::Relaxed);
        if self.reported_at.elapsed() >= self.report_every {
            self.reported_at = Instant::now();
            let (due, looked_at) = (self.counts.due(), self.counts.looked_at());
            tracing::info!(mode = mode.as_str(), looked_at, due, "renewals are being charged");
        }
    }

    /// The sweep is over. One that found nothing to do is not worth a line.
    pub(crate) fn end(self, mode: Mode) {
        self.counts.sweeps.fetch_add(1, Ordering::Relaxed);
        let of = |renewed: Renewed| self.counted.get(renewed.place()).copied().unwrap_or(0);
        let looked_at: u64 = self.counted.iter().sum();
        if looked_at == of(Renewed::StillHeld) + of(Renewed::Taken) {
            return;
        }
        tracing::info!(
            mode = mode.as_str(),
            charged = of(Renewed::Charged),
            declined = of(Renewed::Declined),
            held = of(Renewed::Held),
            still_held = of(Renewed::StillHeld),
            released = of(Renewed::Released),
            waiting = of(Renewed::Waiting),
            ended = of(Renewed::Ended),
            failed = of(Renewed::Failed),
            milliseconds = u64::try_from(self.began_at.elapsed().as_millis()).unwrap_or(u64::MAX),
            "renewals were looked for"
        );
    }
}

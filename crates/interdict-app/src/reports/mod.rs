//! Reports on what is listed: what never matched, what ends and has ended; and each of them as a file. Who is a good
//! customer, and refused, stands in `good_customers`.

mod ends;
mod file;
mod never_matched;

pub use ends::{Ends, ended, ending};
pub use file::{ReportError, ReportFile};
pub use never_matched::never_matched;

//! What a merchant wants to have on the provider's own lists.

use interdict_domain::mode::Mode;
use interdict_domain::provider_list::Mirroring;
use interdict_storage::{Authorship, MerchantTransaction};

use super::report::MirrorReport;
use crate::error::UseCaseError;
use crate::service::Service;

/// Writes it; the rest is done in the background.
pub fn choose_mirroring(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    mirroring: Mirroring,
) -> Result<MirrorReport, UseCaseError> {
    if service.mode() != Mode::Live && mirroring != Mirroring::Off {
        return Err(UseCaseError::Invalid {
            path: "mirroring",
            issue: "is for live mode: in test mode the sandbox takes the payments, and it has no lists",
        });
    }
    let present = transaction.view().provider_mirror()?;
    let present = present.map_or(Mirroring::Off, |mirror| mirror.mirroring);
    if present != mirroring {
        transaction.choose_mirroring(by, mirroring)?;
    }
    Ok(MirrorReport::read(&transaction.view())?)
}

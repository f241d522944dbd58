//! `/pay/returned`: where a payer comes back to from a bank's page, in live mode. The provider is asked
//! what came of it; what the address says is not believed.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::response::Response;
use interdict_app::store::{Authorship, MerchantTransaction, MerchantView, StorageError};
use interdict_app::{Answer, Paid, authorize_payment};
use interdict_domain::actor::Actor;
use interdict_domain::mode::Mode;
use interdict_domain::payment::{Payment, PaymentStatus};

use super::document::see_other;
use super::step;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::InQuery;
use crate::interface::State;
use crate::mutation::{read_failed, refused};

/// Shows what came of it, or sends the payer on to the shop.
pub(crate) async fn show(Shared(state): Shared<State>, InQuery(mut query): InQuery) -> Response {
    let reference = query.get("payment_intent").map(str::to_owned).unwrap_or_default();
    match settled(&state, reference).await {
        Ok((_, Some(url))) => see_other(&url),
        Ok((payment, None)) => step::render(&payment, false),
        Err(error) => error.respond(Dialect::Native),
    }
}

/// The payment once the provider was asked, and where its payer goes if it is paid.
async fn settled(state: &State, reference: String) -> Result<(Payment, Option<String>), ApiError> {
    let service = state.app.service(Mode::Live);
    let find = || {
        let reference = reference.clone();
        service.store().read_all(move |view| {
            let payment = view.payment_by_reference_anywhere(&reference)?;
            let checkout = payment.as_ref().and_then(|payment| Some((payment.merchant, payment.checkout?)));
            let checkout = checkout.map(|(merchant, id)| view.merchant(merchant).checkout(id)).transpose()?;
            Ok::<_, StorageError>(payment.map(|payment| (payment, checkout.flatten())))
        })
    };
    let found = find().await.map_err(|error| read_failed(&error))?;
    let (payment, _) = found.ok_or_else(|| ApiError::not_found("payment"))?;
    if payment.status == PaymentStatus::RequiresAction && payment.pending.is_none() {
        let (inner, id) = (Arc::clone(service), payment.id);
        let begin = move |transaction: &mut MerchantTransaction<'_, '_>, by: &Authorship<'_>| {
            authorize_payment(&inner, transaction, by, id, None)
                .map_err(|error| refused(error.into(), Dialect::Native))
        };
        let show = Arc::new(|_: &MerchantView<'_>, _: Paid<'_>| Ok(Answer::default()));
        if let Err(error) = service.pay(payment.merchant, Actor::payer(&id), None, begin, show).await {
            // It is shown as it stands; it is asked about again when the page is.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a payer came back, and the gateway is silent"
            );
        }
    }
    let found = find().await.map_err(|error| read_failed(&error))?;
    let (payment, checkout) = found.ok_or_else(|| ApiError::not_found("payment"))?;
    let paid = payment.status == PaymentStatus::Succeeded;
    Ok((payment, checkout.and_then(|checkout| checkout.success_url).filter(|_| paid)))
}

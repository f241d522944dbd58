//! What a payment is charged to.

use interdict_domain::merchant::MerchantNumber;
use interdict_domain::payment::{Payment, PaymentMethod};
use interdict_storage::MerchantView;

use crate::payment_error::PaymentError;
use crate::service::Service;

impl Service {
    /// Refuses a token that the merchant's gateway cannot know.
    pub(crate) fn check_method(
        &self,
        merchant: MerchantNumber,
        method: Option<&PaymentMethod>,
    ) -> Result<(), PaymentError> {
        let Some(method) = method else { return Ok(()) };
        if self.gateways.of(merchant)?.knows(method) {
            return Ok(());
        }
        Err(PaymentError::Invalid {
            path: "paymentMethod",
            issue: "is no token of this gateway; in test mode send pm_test_success, pm_test_declined, \
                    pm_test_insufficient_funds or pm_test_requires_action",
        })
    }

    /// What a payment is charged to: the token that came along, else what the customer last paid with,
    /// else the gateway's own default.
    pub(crate) fn choose_method(
        &self,
        view: &MerchantView<'_>,
        payment: &mut Payment,
    ) -> Result<(), PaymentError> {
        if payment.payment_method.is_none() {
            let on_file =
                payment.customer.map(|customer| view.method_on_file(customer)).transpose()?.flatten();
            let gateway = self.gateways.of(payment.merchant)?;
            payment.payment_method = on_file.or_else(|| gateway.default_method());
        }
        if payment.payment_method.is_some() {
            return Ok(());
        }
        Err(PaymentError::Invalid { path: "paymentMethod", issue: "is required: nothing is on file" })
    }
}

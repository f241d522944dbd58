//! `POST /v1/lookup`: whatever is known of somebody, by whatever is known of them. A POST, because what identifies people
//! stands in no address and no log of addresses.
//!
//! Deliberately not here: what was decided about them ([`super::decision_log`]).

use axum::extract::{Request, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::{Caller, DecidePaymentError, LookedUp, LookedUpIdentifier, Presented, Standing};
use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::CustomerId;
use serde::Serialize;
use utoipa::ToSchema;

use super::decisions::undecided;
use super::standing::{SideView, StandingView, side};
use crate::answer;
use crate::body;
use crate::customer_id::{self, NamedCustomer};
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, Secret};
use crate::interface::State;
use crate::json::{self, Fields, Path};
use crate::mutation::read_failed;
use crate::schemas::{self, KindWord};
use crate::views::{EntryView, HistoryView};

/// What is known of somebody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Lookup)]
pub(crate) struct LookupView<'a> {
    /// Who it is, or may be: whoever was named first, then those who share an email or a phone. At most 100.
    customers: Vec<FoundView<'a>>,
    /// Whether there are more of them.
    has_more_customers: bool,
    /// What was asked for, one by one.
    identifiers: Vec<IdentifierView>,
    /// What follows from all of it together.
    standing: StandingView<'a>,
    /// The newest change that was seen.
    revision: i64,
}

/// Somebody who was found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FoundCustomer)]
pub(crate) struct FoundView<'a> {
    #[schema(value_type = String)]
    id: CustomerId,
    /// `id`, `merchantRef`, or the kind of the identifier that it shares.
    found_by: &'static str,
    /// The standing for customer-initiated payments.
    cit: SideView<'a>,
    /// The standing for merchant-initiated payments.
    mit: SideView<'a>,
}

/// An identifier, and what is known of it.
#[derive(Serialize, ToSchema)]
#[schema(as = FoundIdentifier)]
pub(crate) struct IdentifierView {
    #[schema(value_type = KindWord)]
    kind: Kind,
    /// Normalised.
    value: String,
    /// Entries of both lists that cover it, the closest first, whether they count now or not.
    matches: Vec<MatchView>,
    /// What was done to entries of exactly this identifier, deleted ones too, as far as the feed reaches: the newest 50.
    /// A part of an import (`entries.imported`), its undo and an erasure are changes of many: here each stands with
    /// what it made of this one.
    history: Vec<HistoryView>,
}

/// An entry that covers an identifier.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LookupMatch)]
pub(crate) struct MatchView {
    entry: EntryView,
    /// How it covers the identifier: `exact`, `domain`, `subdomain`, `plus_alias`, `provider`, `prefix` or `range`.
    rule: &'static str,
    /// Whether its window is open now.
    in_force: bool,
    /// Why it is not in force: `not_begun` or `ended`.
    out_of_force: Option<&'static str>,
}

impl<'a> LookupView<'a> {
    fn of(found: &'a LookedUp, label_of: &dyn Fn(&Actor) -> Option<String>) -> Self {
        let standing = |cit: &'a Standing, mit: &'a Standing| (side(cit), side(mit));
        let customers = found.customers.iter().map(|customer| {
            let (cit, mit) = standing(&customer.cit, &customer.mit);
            FoundView { id: customer.id, found_by: customer.found_by.as_str(), cit, mit }
        });
        let identifiers = found.identifiers.iter().map(|one| IdentifierView::of(one, found.now, label_of));
        let (cit, mit) = standing(&found.cit, &found.mit);
        Self {
            customers: customers.collect(),
            has_more_customers: found.has_more_customers,
            identifiers: identifiers.collect(),
            standing: StandingView { cit, mit, revision: found.revision },
            revision: found.revision,
        }
    }
}

impl IdentifierView {
    fn of(found: &LookedUpIdentifier, now: Timestamp, label_of: &dyn Fn(&Actor) -> Option<String>) -> Self {
        let matches = found.matches.iter().map(|one| {
            let out_of_force = one.out_of_force(now);
            let entry = EntryView::of(&one.row, label_of);
            MatchView { entry, rule: one.rule.as_str(), in_force: out_of_force.is_none(), out_of_force }
        });
        Self {
            kind: found.kind,
            value: found.value.clone(),
            matches: matches.collect(),
            history: found.history.iter().map(|item| HistoryView::of(item, label_of)).collect(),
        }
    }
}

/// Whom somebody asks for.
struct Asked {
    customer: Option<NamedCustomer>,
    identifiers: Vec<Presented<'static>>,
}

fn read(caller: &Caller, mut fields: Fields) -> Result<Asked, ApiError> {
    let customer = customer_id::read(&mut fields, "customer").value();
    let mut identifiers = Vec::new();
    for kind in Kind::ALL {
        let region = || caller.phone_region();
        let normalise = |text: &str| kind.normalise_in(text, region).map(std::borrow::Cow::into_owned);
        if let Some(value) = fields.parse(kind.as_str(), normalise).value() {
            identifiers.push(Presented { kind, value: value.into(), verified: true });
        }
    }
    Ok(fields.finish(Some(Asked { customer, identifiers }))?)
}

#[utoipa::path(
    post,
    path = "/v1/lookup",
    operation_id = "lookUp",
    tag = "Customers",
    summary = "Look somebody up",
    description = "By whatever is known of them, several things at once: the customers it is or may be, the entries that \
                   cover each identifier by any rule, what was done to those, and what follows for a payment. It counts \
                   no hit, and nothing of it is kept. A customer id that nobody has is 404.",
    request_body = schemas::LookupRequest,
    responses((status = 200, description = "What is known.", body = LookupView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn look_up(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    request: Request,
) -> Response {
    match find(&state, &key, request).await {
        Ok(found) => {
            let label = |actor: &Actor| state.app.label_of(actor);
            answer::json(StatusCode::OK, &LookupView::of(&found, &label), found.revision)
        }
        Err(error) => error.respond(Dialect::Native),
    }
}

async fn find(state: &State, key: &Secret<CustomersRead>, request: Request) -> Result<LookedUp, ApiError> {
    let (parts, sent) = request.into_parts();
    let bytes = body::read_json(&parts.headers, sent, state.body_limits(body::LIMIT_BYTES)).await?;
    let fields = if bytes.is_empty() { Fields::empty() } else { Fields::new(json::parse(&bytes)?) };
    let Asked { customer, identifiers } = read(&key.caller, fields)?;
    let customer = match customer {
        Some(NamedCustomer::Nobody) => return Err(ApiError::not_found("customer")),
        Some(NamedCustomer::Id(id)) => Some(id),
        None => None,
    };
    let found = key.caller.service.look_up(key.caller.merchant, customer, &identifiers).await;
    let found = found.map_err(|error| read_failed(&error))?;
    found.map_err(|error: DecidePaymentError| undecided(error, &Path::root()))
}

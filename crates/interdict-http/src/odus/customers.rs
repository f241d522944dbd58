//! `/customers` and `/customers/{id}/restrictions` (Odus, Customers and Restrictions).

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{CustomerFilter, PageRequest, StorageError};
use interdict_app::{Answer, create_customer, restrict_customer, update_customer};
use interdict_domain::customer::Customer;
use interdict_domain::identifier::Email;
use interdict_domain::ids::CustomerId;

use crate::answer;
use crate::dialect::Dialect;
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Reader, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, read_failed};
use crate::page::{NumberedPage, SortDirection};
use crate::profile;
use crate::v1::{customers, restrictions};
use crate::views::{OdusCustomerView, PublicCustomerView};

fn shown(status: StatusCode, customer: &Customer) -> Answer {
    answer::about(answer::answer(status, &OdusCustomerView::of(customer)), &customer.id)
}

pub(crate) async fn create(key: Secret<CustomersWrite>, mutation: Mutation) -> Response {
    let read = |mut fields: Fields| {
        let profile = profile::odus(&mut fields);
        Ok(fields.finish(Some(profile))?)
    };
    mutation.run(&key.caller, read, create_customer, |customer, _| shown(StatusCode::CREATED, customer)).await
}

pub(crate) async fn update(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    let read = |mut fields: Fields| {
        let update = profile::odus_update(&mut fields);
        Ok(fields.finish(Some(update))?)
    };
    mutation
        .run(
            &key.caller,
            read,
            move |transaction, by, update| update_customer(transaction, by, id, update),
            |customer, _| shown(StatusCode::OK, customer),
        )
        .await
}

pub(crate) async fn restrict(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| restrictions::read(fields, id),
            move |transaction, by, update| restrict_customer(transaction, by, id, update),
            |customer, _| shown(StatusCode::OK, customer),
        )
        .await
}

pub(crate) async fn get(reader: Reader, InPath(id): InPath<CustomerId>) -> Response {
    customers::find(
        &reader.caller,
        Dialect::Odus,
        move |view| view.customer(id),
        |customer, caller| {
            if caller.publishable {
                answer::encode(&PublicCustomerView::of(customer))
            } else {
                answer::encode(&OdusCustomerView::of(customer))
            }
        },
    )
    .await
}

/// A page by number, as the store takes it.
pub(crate) fn request(page: &NumberedPage) -> PageRequest {
    PageRequest::Numbered {
        offset: i64::try_from(page.offset()).unwrap_or(i64::MAX),
        limit: i64::try_from(page.page_size).unwrap_or(i64::MAX),
        ascending: page.sort_direction == SortDirection::Ascending,
    }
}

pub(crate) async fn list(key: Secret<CustomersRead>, InQuery(mut query): InQuery) -> Response {
    let caller = &key.caller;
    let page = NumberedPage::read(&mut query);
    // A filter on something that is no email lets nobody through, which is not to be ignored silently.
    let email = query.filter_eq("email").map(Email::parse);
    if matches!(email, Some(Err(_))) {
        let nobody = page.answer(Vec::<OdusCustomerView>::new(), 0);
        return answer::json(StatusCode::OK, &nobody, caller.service.readiness().revision);
    }
    let filter = CustomerFilter {
        query: None,
        list_status: None,
        restricted: None,
        email: email.and_then(Result::ok),
        now: caller.service.now(),
    };
    let rows = request(&page);
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            let count = view.count_customers(&filter)?;
            Ok::<_, StorageError>((view.customers(&filter, rows)?, count, view.revision()?))
        })
        .await;
    match found {
        Ok((customers, count, revision)) => {
            let data = customers.iter().map(OdusCustomerView::of).collect();
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            answer::json(StatusCode::OK, &page.answer(data, count), revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Odus),
    }
}

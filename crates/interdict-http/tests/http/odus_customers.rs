//! `/customers`: Odus's shape, its updates, its pages.

use serde_json::{Value, json};

use crate::shop::Shop;

fn full() -> Value {
    json!({"email": "Ada@example.com", "name": "Ada Obi", "phoneNumber": "+2348012345678",
        "dateOfBirth": "1990-12-31", "billingAddress": {"city": "Lagos", "country": "NG"},
        "shippingAddress": {"line1": "1 Road"}, "metadata": {"a": "1", "b": "2"}})
}

#[tokio::test]
async fn a_customer_is_made_and_read() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.post("/customers", full()).await.expect(201);
    let (id, now) = (customer["id"].as_str().unwrap(), shop.clock.in_seconds(0));
    assert_eq!(
        customer,
        json!({"id": id, "email": "ada@example.com", "name": "Ada Obi", "phoneNumber": "+2348012345678",
            "dateOfBirth": "1990-12-31", "billingAddress": {"city": "Lagos", "country": "NG"},
            "shippingAddress": {"line1": "1 Road"}, "metadata": {"a": "1", "b": "2"}, "createdAt": now,
            "updatedAt": now, "restrictCit": false, "restrictMit": false, "restrictReason": null,
            "isRestricted": false})
    );
    assert_eq!(api.get(&format!("/customers/{id}")).await.expect(200), customer);
    assert_eq!(api.post("/customers", json!({"name": "A"})).await.paths(), ["email"]);
    assert_eq!(api.post_empty("/customers").await.paths(), ["email"]);
}

#[tokio::test]
async fn an_update_changes_only_what_is_sent() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let created = api.post("/customers", full()).await.expect(201);
    let path = format!("/customers/{}", created["id"].as_str().unwrap());
    shop.clock.advance(1);
    let updated =
        api.post(&path, json!({"metadata": {"a": "", "c": "3"}, "billingAddress": null})).await.expect(200);
    assert_eq!(
        (&updated["metadata"], &updated["billingAddress"]),
        (&json!({"b": "2", "c": "3"}), &Value::Null)
    );
    for field in ["email", "name", "phoneNumber", "dateOfBirth", "shippingAddress", "createdAt"] {
        assert_eq!(updated[field], created[field], "{field}");
    }
    assert_eq!(updated["updatedAt"], shop.clock.in_seconds(0).as_str());
    assert_eq!(api.post(&path, json!({"metadata": null})).await.expect(200)["metadata"], json!({}));
    assert_eq!(api.post(&path, json!({})).await.expect(200)["name"], "Ada Obi");
    assert_eq!(api.post(&path, json!({"email": null})).await.paths(), ["email"]);
    assert_eq!(api.post(&path, json!({"phone": "+2348012345678"})).await.paths(), ["phone"]);
    let nobody = api.post("/customers/cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", json!({})).await;
    assert_eq!(nobody.refused(404), "not_found");
}

#[tokio::test]
async fn pages_have_numbers_oldest_first() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for number in 0..12 {
        api.post("/customers", json!({"email": format!("a{number}@example.com")})).await.expect(201);
        shop.clock.advance(1);
    }
    let page = async |query: &str| api.get(&format!("/customers?{query}")).await.expect(200);
    let emails = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect()
    };
    let first = page("").await;
    assert_eq!((emails(&first).len(), emails(&first)[0].as_str()), (10, "a0@example.com"));
    assert_eq!(
        first["pagination"],
        json!({"hasNextPage": true, "hasPreviousPage": false, "itemCount": 12, "page": 1, "pageCount": 2,
            "pageSize": 10})
    );
    let second = page("page=2&pageSize=5&sortDirection=desc&sortBy=createdAt").await;
    assert_eq!(emails(&second)[0], "a6@example.com");
    assert_eq!(
        (&second["pagination"]["pageCount"], &second["pagination"]["hasPreviousPage"]),
        (&json!(3), &json!(true))
    );
    // Bad values fall back silently.
    for bad in ["page=0&pageSize=x", "page=-1", "sortBy=colour", "sortDirection=up", "colour=red"] {
        assert_eq!(page(bad).await, first, "{bad}");
    }
    assert_eq!(page("pageSize=1000").await["pagination"]["pageSize"], 100);
    assert_eq!(page("page=99").await["data"], json!([]));
    assert_eq!(emails(&page("email[eq]=A3@example.com").await), ["a3@example.com"]);
    assert_eq!(emails(&page("email%5Beq%5D=nobody").await), Vec::<String>::new());
}

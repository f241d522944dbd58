//! Queries, cursors and pages by number.

use super::*;

#[test]
fn a_cursor_survives_the_round_trip_and_nothing_else_is_one() {
    let cursor =
        Cursor { created_at: Timestamp::from_micros(1_700_000_000_123_456), id: "cus_2R0u".to_owned() };
    assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor.clone()));
    let padded = cursor.encode() + "=";
    let plus = URL_SAFE_NO_PAD.encode("+5.cus_1");
    let quote = URL_SAFE_NO_PAD.encode("5.cus_1' OR 1");
    for bad in ["", "x", "cus_2R0u", "MTIz", &padded, &plus, &quote, "é"] {
        assert_eq!(Cursor::decode(bad), Err(CursorError), "{bad}");
    }
}

#[test]
fn a_bad_limit_or_cursor_is_a_problem() {
    for bad in ["limit=0", "limit=101", "limit=x", "limit=", "cursor=x", "limit=-1", "odd=1"] {
        let mut query = Query::new(Some(bad));
        CursorPage::<i64>::read(&mut query);
        let details = query.finish().unwrap_err();
        assert_eq!(details.len(), 1, "{bad}");
        assert!(bad.starts_with(&details[0].path), "{bad}");
    }
    let mut query = Query::new(Some("limit=100"));
    assert_eq!(CursorPage::<i64>::read(&mut query), CursorPage { limit: 100, position: None });
    assert_eq!(query.finish(), Ok(()));
    assert_eq!(CursorPage::<i64>::read(&mut Query::new(None)).limit, LIMIT_DEFAULT);
}

#[test]
fn one_row_more_tells_that_there_is_more() {
    let cursor = |n: &i64| Cursor { created_at: Timestamp::from_micros(*n), id: format!("cus_{n}") };
    let page = Items::from_one_more(vec![3, 2, 1], 2, cursor);
    assert_eq!((page.items.as_slice(), page.has_more), (&[3, 2][..], true));
    assert_eq!(Cursor::decode(&page.next_cursor.unwrap()).unwrap().id, "cus_2");
    let last = Items::from_one_more(vec![3, 2], 2, cursor);
    assert_eq!(
        serde_json::to_value(last).unwrap(),
        serde_json::json!({"items": [3, 2], "nextCursor": null, "hasMore": false})
    );
}

#[test]
fn bad_page_numbers_fall_back_silently() {
    let read = |text| NumberedPage::read(&mut Query::new(Some(text)));
    let default = NumberedPage { page: 1, page_size: 10, sort_direction: SortDirection::Ascending };
    for bad in ["", "page=0&pageSize=0", "page=x&pageSize=-1", "sortDirection=up"] {
        assert_eq!(read(bad), default, "{bad}");
    }
    let page = read("page=3&pageSize=1000&sortDirection=desc");
    assert_eq!((page.page, page.page_size, page.offset()), (3, 100, 200));
    assert_eq!(page.sort_direction, SortDirection::Descending);
    assert_eq!(read("page=18446744073709551615&pageSize=100").offset(), usize::MAX);
}

#[test]
fn odus_pages_count_themselves() {
    let page = NumberedPage { page: 2, page_size: 10, sort_direction: SortDirection::Ascending };
    let answer = serde_json::to_value(page.answer(vec![1], 11)).unwrap();
    assert_eq!(
        answer,
        serde_json::json!({"data": [1], "pagination": {"hasNextPage": false, "hasPreviousPage": true,
            "itemCount": 11, "page": 2, "pageCount": 2, "pageSize": 10}})
    );
}

#[test]
fn a_query_is_percent_decoded() {
    let mut query =
        Query::new(Some("status%5Beq%5D=open&customer[eq]=cus_1&query=a%20b+c&active=maybe&kind=x"));
    assert_eq!(query.filter_eq("status"), Some("open"));
    assert_eq!(query.filter_eq("customer"), Some("cus_1"));
    assert_eq!(query.get("query"), Some("a b c"));
    assert_eq!(query.flag("active"), None);
    assert_eq!(query.word("kind", &[("email", 1)]), None);
    assert_eq!(
        query.finish_lenient(),
        Err(vec![
            Detail::new("active", "must be true or false"),
            Detail::new("kind", "must be one of: email")
        ])
    );
}

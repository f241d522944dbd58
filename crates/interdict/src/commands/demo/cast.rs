//! Who is in the sample shop, as tables: those of whom the story tells, and the others around them.

use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, ReasonCode, Strength};
use interdict_domain::scopes::Scopes;

/// The customer of Odus's document on restrictions.
pub const ODUS_CUSTOMER: &str = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV";

/// What stands with a customer. Days count from today; a negative number is in the past.
#[derive(Clone, Copy)]
pub struct Member {
    /// The merchantRef, if it has one.
    pub merchant_ref: Option<&'static str>,
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub email: Option<&'static str>,
    pub phone: Option<&'static str>,
    pub standing: With,
}

/// What stands for or against a customer.
#[derive(Clone, Copy)]
pub enum With {
    /// Nothing.
    Nothing,
    /// The two flags and their reason.
    Flags { cit: bool, mit: bool, reason: &'static str },
    /// A list status: for whom it counts, and in how many days it ends.
    Status { status: ListStatus, reason: &'static str, scopes: Scopes, ends_in_days: Option<i64> },
    /// Both.
    FlagsAndStatus { status: ListStatus, reason: &'static str },
    /// A blacklisted customer that was erased: the block stays.
    Erased,
}

/// An entry. Days count from today.
#[derive(Clone, Copy)]
pub struct Listing {
    pub list: List,
    pub email: &'static str,
    pub reason: &'static str,
    pub reason_code: Option<ReasonCode>,
    pub public_message: Option<&'static str>,
    pub scopes: Scopes,
    pub strength: Strength,
    /// When it was made.
    pub made_days_ago: i64,
    pub starts_in_days: Option<i64>,
    pub ends_in_days: Option<i64>,
}

const fn member(
    merchant_ref: &'static str,
    names: (&'static str, &'static str),
    email: &'static str,
    standing: With,
) -> Member {
    let (first_name, last_name) = names;
    Member {
        merchant_ref: Some(merchant_ref),
        first_name,
        last_name,
        email: Some(email),
        phone: None,
        standing,
    }
}

const fn status(status: ListStatus, reason: &'static str, scopes: Scopes, ends_in_days: Option<i64>) -> With {
    With::Status { status, reason, scopes, ends_in_days }
}

/// Restricted for what the customer starts: tier 1.
pub const RESTRICTED: Member = Member {
    phone: Some("+2348012345678"),
    ..member(
        "shop-1001",
        ("Chidi", "Okafor"),
        "chidi.okafor@example.com",
        With::Flags { cit: true, mit: false, reason: "Account suspended pending fraud review" },
    )
};
/// Blacklisted: tier 2.
pub const BLACKLISTED: Member = member(
    "shop-1002",
    ("Mallory", "Marsh"),
    "mallory@example.com",
    status(ListStatus::Blacklisted, "Three chargebacks in May", Scopes::BOTH, None),
);
/// Whitelisted, and yet blocked by a hard entry: tier 3.
pub const TRUSTED_BUT_LISTED: Member = member(
    "shop-1003",
    ("Ngozi", "Adeyemi"),
    "ngozi@example.org",
    status(ListStatus::Whitelisted, "Our oldest customer", Scopes::BOTH, None),
);
/// Whitelisted, which beats a soft entry: tier 4.
pub const TRUSTED: Member = member(
    "shop-1004",
    ("Grace", "Hoffmann"),
    "grace@example.net",
    status(ListStatus::Whitelisted, "Known in person", Scopes::BOTH, None),
);

/// The others who are made by hand.
pub const OTHERS: [Member; 9] = [
    member(
        "shop-1005",
        ("Femi", "Bello"),
        "femi.bello@example.com",
        With::Flags { cit: false, mit: true, reason: "Asked us to stop renewals" },
    ),
    member(
        "shop-1006",
        ("Ines", "Duarte"),
        "ines@example.com",
        With::Flags { cit: true, mit: true, reason: "Identity not confirmed" },
    ),
    member(
        "shop-1007",
        ("Oscar", "Lind"),
        "oscar.lind@example.com",
        status(ListStatus::Blacklisted, "Card reported stolen", Scopes::CIT, Some(14)),
    ),
    member(
        "shop-1008",
        ("Zainab", "Musa"),
        "zainab@example.com",
        status(ListStatus::Whitelisted, "Pilot of the new checkout", Scopes::CIT, Some(60)),
    ),
    member(
        "shop-1009",
        ("Ruth", "Amara"),
        "ruth@example.com",
        With::FlagsAndStatus { status: ListStatus::Blacklisted, reason: "Resells what she buys" },
    ),
    // A household: one email, three customers, one of them blacklisted. It blocks the email for all.
    member("shop-1010", ("Amaka", "Eze"), "family.eze@example.com", With::Nothing),
    member("shop-1011", ("Tobi", "Eze"), "family.eze@example.com", With::Nothing),
    member(
        "shop-1012",
        ("Kola", "Eze"),
        "family.eze@example.com",
        status(ListStatus::Blacklisted, "Disputes each order", Scopes::BOTH, None),
    ),
    member("shop-1013", ("Erased", "Person"), "gone@example.com", With::Erased),
];

const fn listing(list: List, email: &'static str, reason: &'static str) -> Listing {
    Listing {
        list,
        email,
        reason,
        reason_code: None,
        public_message: None,
        scopes: Scopes::BOTH,
        strength: Strength::Hard,
        made_days_ago: 20,
        starts_in_days: None,
        ends_in_days: None,
    }
}

/// An email on the allow list and, softly, on the block list: tier 5.
pub const EXEMPT: &str = "press@example.org";
/// An email that is softly blocked: tier 6.
pub const SUSPECT: &str = "bargain.hunter@example.org";
/// An email of which nothing is known: tier 7.
pub const STRANGER: &str = "somebody.new@example.org";

/// The entries of both lists.
pub const ENTRIES: [Listing; 12] = [
    Listing {
        reason_code: Some(ReasonCode::PaymentFraud),
        public_message: Some("We cannot take this payment. Please write to help@example.org."),
        ..listing(List::Block, "ngozi@example.org", "Mailbox taken over, says its owner")
    },
    Listing {
        strength: Strength::Soft,
        ..listing(List::Block, "grace@example.net", "Address seen in a leak")
    },
    listing(List::Allow, EXEMPT, "Buys for reviews"),
    Listing { strength: Strength::Soft, ..listing(List::Block, EXEMPT, "Many accounts on one card") },
    Listing {
        strength: Strength::Soft,
        reason_code: Some(ReasonCode::Abuse),
        public_message: Some("This offer has been used up."),
        ..listing(List::Block, SUSPECT, "Uses the welcome offer again and again")
    },
    Listing {
        reason_code: Some(ReasonCode::Chargeback),
        ends_in_days: Some(7),
        ..listing(List::Block, "cooling.off@example.com", "Open dispute")
    },
    Listing {
        made_days_ago: 60,
        ends_in_days: Some(-30),
        ..listing(List::Block, "forgiven@example.com", "Dispute, settled since")
    },
    Listing {
        made_days_ago: 1,
        starts_in_days: Some(7),
        reason_code: Some(ReasonCode::TosViolation),
        ..listing(List::Block, "last.warning@example.com", "Ends with the notice period")
    },
    Listing {
        scopes: Scopes::CIT,
        reason_code: Some(ReasonCode::Spam),
        ..listing(List::Block, "only.checkout@example.com", "Renewals go on")
    },
    Listing {
        scopes: Scopes::MIT,
        reason_code: Some(ReasonCode::FalseInfo),
        ..listing(List::Block, "only.renewals@example.com", "May buy, may not renew")
    },
    Listing {
        starts_in_days: Some(-2),
        ends_in_days: Some(5),
        made_days_ago: 3,
        scopes: Scopes::CIT,
        ..listing(List::Allow, "pop.up@example.com", "Market stand of this week")
    },
    Listing {
        made_days_ago: 90,
        ends_in_days: Some(-45),
        reason_code: Some(ReasonCode::Other),
        ..listing(List::Allow, "summer.guest@example.com", "Summer school")
    },
];

/// First names of the crowd.
pub const FIRST_NAMES: [&str; 16] = [
    "Ada", "Bola", "Carla", "David", "Emeka", "Fatima", "Jonas", "Halima", "Ibrahim", "Jana", "Kwame",
    "Lena", "Musa", "Nadia", "Obi", "Paula",
];
/// Last names of the crowd.
pub const LAST_NAMES: [&str; 12] = [
    "Abiola", "Becker", "Costa", "Danjuma", "Ekwueme", "Fischer", "Garba", "Hassan", "Iwu", "Jansen", "Kalu",
    "Lawal",
];
/// How many the crowd is.
pub const CROWD: usize = 48;

/// What stands with the crowd: most have nothing, and each word has somebody.
pub const CROWD_STANDINGS: [With; 12] = [
    With::Nothing,
    With::Nothing,
    With::Nothing,
    status(ListStatus::Whitelisted, "Two years without a dispute", Scopes::BOTH, None),
    With::Nothing,
    With::Nothing,
    status(ListStatus::Blacklisted, "Chargeback", Scopes::BOTH, None),
    With::Nothing,
    With::Flags { cit: true, mit: false, reason: "Under review" },
    With::Nothing,
    With::Flags { cit: false, mit: true, reason: "Card expired" },
    status(ListStatus::Blacklisted, "Renewals disputed", Scopes::MIT, Some(30)),
];

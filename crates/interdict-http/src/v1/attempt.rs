//! Reading an attempt: a fast way for what nearly every caller sends, and a slow way that finds every
//! problem of the rest. Both end in the same [`Raw`], which is resolved in one place.

use std::borrow::Cow;
use std::marker::PhantomData;

use interdict_app::{PaymentAttempt, Presented};
use interdict_domain::identifier::{Kind, PhoneRegion};
use interdict_domain::ids::CustomerId;
use interdict_domain::money::{AMOUNT_MAX, Currency, Money};
use interdict_domain::scopes::Initiator;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use smallvec::SmallVec;

use crate::customer_id::{self, NamedCustomer};
use crate::error::Detail;
use crate::json::{Fields, Path};

/// Identifiers without the heap.
const INLINE: usize = 6;

/// An attempt as sent, every field of the right type, nothing resolved.
#[derive(Default)]
pub(crate) struct Raw<'a> {
    initiator: Option<Initiator>,
    customer: Option<Cow<'a, str>>,
    identifiers: SmallVec<[(Kind, Cow<'a, str>); INLINE]>,
    unverified: SmallVec<[Kind; 2]>,
    amount: Option<i64>,
    currency: Option<Currency>,
    explain: bool,
    dry_run: bool,
}

/// An attempt that can be decided.
pub(crate) struct Resolved<'a> {
    pub(crate) initiator: Initiator,
    customer: Option<CustomerId>,
    identifiers: SmallVec<[Presented<'a>; INLINE]>,
    money: Option<Money>,
    explain: bool,
    dry_run: bool,
}

impl Resolved<'_> {
    /// As the use case takes it.
    pub(crate) fn attempt(&self) -> PaymentAttempt<'_> {
        PaymentAttempt {
            initiator: self.initiator,
            customer: self.customer,
            identifiers: &self.identifiers,
            money: self.money,
            explain: self.explain,
            dry_run: self.dry_run,
        }
    }
}

/// Why an attempt cannot be resolved.
pub(crate) enum Unresolved {
    /// Fields that are wrong: 422.
    Invalid(Vec<Detail>),
    /// An id that no customer can have: 404.
    UnknownCustomer,
}

impl<'a> Raw<'a> {
    /// Checks and normalises. `path` is where the attempt stands in its body, asked for when there is a
    /// problem to name, and `region` for a phone that is no international number.
    pub(crate) fn resolve(
        self,
        path: impl Fn() -> Path,
        region: impl Fn() -> Option<PhoneRegion>,
    ) -> Result<Resolved<'a>, Unresolved> {
        let mut problems = Vec::new();
        let mut customer = None;
        let mut unknown = false;
        if let Some(text) = self.customer.as_deref() {
            match customer_id::parse(text) {
                Ok(named) => (customer, unknown) = (named.id(), named == NamedCustomer::Nobody),
                Err(error) => {
                    problems.push(Detail::new(path().name("customer").to_string(), error.to_string()));
                }
            }
        }
        let mut identifiers = SmallVec::new();
        for (kind, text) in self.identifiers {
            match normalise(kind, text, &region) {
                Ok(value) => {
                    let verified = !self.unverified.contains(&kind);
                    identifiers.push(Presented { kind, value, verified });
                }
                Err(issue) => problems.push(Detail::new(path().name(kind.as_str()).to_string(), issue)),
            }
        }
        if self.initiator.is_none() {
            problems.push(Detail::new(path().name("initiator").to_string(), crate::json::MISSING));
        }
        match self.initiator {
            Some(initiator) if problems.is_empty() => {
                if unknown {
                    return Err(Unresolved::UnknownCustomer);
                }
                let (explain, dry_run) = (self.explain, self.dry_run);
                let currency = self.currency.unwrap_or(Currency::NGN);
                let money = self.amount.and_then(|amount| Money::new(amount, currency).ok());
                Ok(Resolved { initiator, customer, identifiers, money, explain, dry_run })
            }
            _ => Err(Unresolved::Invalid(problems)),
        }
    }
}

fn normalise(
    kind: Kind,
    text: Cow<'_, str>,
    region: impl FnOnce() -> Option<PhoneRegion>,
) -> Result<Cow<'_, str>, &'static str> {
    match text {
        Cow::Borrowed(text) => kind.normalise_in(text, region),
        Cow::Owned(text) => kind.normalise_in(&text, region).map(|value| Cow::Owned(value.into_owned())),
    }
    .map_err(|error| error.0)
}

/// The slow way: every problem, by name.
pub(crate) fn read<'a>(mut fields: Fields) -> Result<Raw<'a>, Vec<Detail>> {
    let initiators = Initiator::ALL.map(|initiator| (initiator.as_str(), initiator));
    let initiator = fields.word("initiator", &initiators);
    let initiator = fields.required("initiator", initiator);
    let customer = fields.text("customer").value().map(Cow::Owned);
    let mut identifiers = SmallVec::new();
    for kind in Kind::ALL {
        if let Some(text) = fields.text(kind.as_str()).value() {
            identifiers.push((kind, Cow::Owned(text)));
        }
    }
    let kinds = Kind::ALL.map(|kind| (kind.as_str(), kind));
    let unverified = fields.words("unverified", 0, &kinds).value().unwrap_or_default().into();
    let amount = fields.integer("amount", 1..=AMOUNT_MAX).value();
    let currency = fields.parse("currency", Currency::parse).value();
    let explain = fields.flag("explain").value().unwrap_or(false);
    let dry_run = fields.flag("dryRun").value().unwrap_or(false);
    fields.finish(Some(Raw {
        initiator,
        customer,
        identifiers,
        unverified,
        amount,
        currency,
        explain,
        dry_run,
    }))
}

/// The fast way: borrows from the body, and gives up on anything unusual. Whoever gets an error reads
/// the body again, the slow way.
impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor(PhantomData))
    }
}

struct RawVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for RawVisitor<'a> {
    type Value = Raw<'a>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an attempt")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'a>, A::Error> {
        let mut raw = Raw::default();
        let mut seen = 0_u32;
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            read_member(&mut raw, &mut seen, &name, &mut map)?;
        }
        Ok(raw)
    }
}

fn read_member<'de: 'a, 'a, A: MapAccess<'de>>(
    raw: &mut Raw<'a>,
    seen: &mut u32,
    name: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    let unusual = || A::Error::custom("unusual");
    // A bit for each field: a field that comes twice is for the slow way to report.
    let mut once = |bit: u32| {
        let fresh = *seen & (1 << bit) == 0;
        *seen |= 1 << bit;
        if fresh { Ok(()) } else { Err(unusual()) }
    };
    if let Some(kind) = Kind::parse(name) {
        once(u32::from(kind.code()))?;
        let Text(text) = map.next_value::<Text<'de>>()?;
        raw.identifiers.push((kind, text));
        return Ok(());
    }
    match name {
        "initiator" => {
            once(16)?;
            let Text(text) = map.next_value::<Text<'de>>()?;
            raw.initiator = Some(Initiator::parse(&text).ok_or_else(unusual)?);
        }
        "customer" => {
            once(17)?;
            let Text(text) = map.next_value::<Text<'de>>()?;
            raw.customer = Some(text);
        }
        "amount" => {
            once(18)?;
            let amount: i64 = map.next_value()?;
            if !(1..=AMOUNT_MAX).contains(&amount) {
                return Err(unusual());
            }
            raw.amount = Some(amount);
        }
        "currency" => {
            once(19)?;
            let Text(text) = map.next_value::<Text<'de>>()?;
            raw.currency = Some(Currency::parse(&text).map_err(|_| unusual())?);
        }
        "dryRun" => {
            once(20)?;
            raw.dry_run = map.next_value()?;
        }
        "explain" => {
            once(21)?;
            raw.explain = map.next_value()?;
        }
        _ => {
            map.next_value::<IgnoredAny>()?;
            return Err(unusual());
        }
    }
    Ok(())
}

/// A text that is borrowed wherever the body has no escapes in it.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

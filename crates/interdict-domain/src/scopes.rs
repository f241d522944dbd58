//! Who starts a payment, and for which starters a block or an exemption counts.

/// Who starts a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Initiator {
    /// The customer: CIT (checkout, one-time purchases).
    Customer,
    /// The merchant: MIT (renewals).
    Merchant,
}

impl Initiator {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Customer, Self::Merchant];

    /// `customer` or `merchant`, as in requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Merchant => "merchant",
        }
    }

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|initiator| initiator.as_str() == text)
    }
}

/// The initiators for which an entry or a list status counts. Never empty.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scopes(u8);

const CIT: u8 = 1;
const MIT: u8 = 2;

impl Scopes {
    /// Both initiators: what is meant when nothing else is said.
    pub const BOTH: Self = Self(CIT | MIT);
    /// Customer-initiated payments only.
    pub const CIT: Self = Self(CIT);
    /// Merchant-initiated payments only.
    pub const MIT: Self = Self(MIT);

    /// From two flags; nothing when both are false.
    pub const fn from_flags(cit: bool, mit: bool) -> Option<Self> {
        match (cit, mit) {
            (true, true) => Some(Self::BOTH),
            (true, false) => Some(Self::CIT),
            (false, true) => Some(Self::MIT),
            (false, false) => None,
        }
    }

    /// Whether payments of one initiator are meant by both.
    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether payments of this initiator are meant.
    pub const fn contains(self, initiator: Initiator) -> bool {
        match initiator {
            Initiator::Customer => self.0 & CIT != 0,
            Initiator::Merchant => self.0 & MIT != 0,
        }
    }

    /// The names, as in answers: `["cit","mit"]`.
    pub const fn names(self) -> &'static [&'static str] {
        match self.0 {
            CIT => &["cit"],
            MIT => &["mit"],
            _ => &["cit", "mit"],
        }
    }

    /// From names, in any order; nothing when one is unknown or there is none.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let (mut cit, mut mit) = (false, false);
        for name in names {
            match name {
                "cit" => cit = true,
                "mit" => mit = true,
                _ => return None,
            }
        }
        Self::from_flags(cit, mit)
    }

    /// 1 to 3, as stored.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The reverse of [`Self::bits`].
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Self::from_flags(bits & CIT != 0, bits & MIT != 0)
    }
}

impl std::fmt::Debug for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.names().join("+"))
    }
}

impl serde::Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_names(names.iter().map(AsRef::as_ref))
            .ok_or_else(|| serde::de::Error::custom("scopes must name cit, mit or both"))
    }
}

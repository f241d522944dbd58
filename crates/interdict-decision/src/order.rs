//! The decision order: seven tiers, first hit wins, written once, as data. `docs/decisions.md` shows
//! the same table, and a test compares the two.
//!
//! Not here: when a source matches ([`crate::decide`]).

use interdict_domain::entry::{List, Strength};

/// What an attempt may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It may go on.
    Allow,
    /// It may not.
    Block,
}

impl Outcome {
    /// `allow` or `block`, as in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
        }
    }
}

/// Why, as a stable word for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A restriction flag stands against this initiator.
    CustomerRestricted,
    /// The customer's list status is blacklisted.
    CustomerBlacklisted,
    /// An identifier is on the block list.
    IdentifierBlacklisted,
    /// The customer's list status is whitelisted.
    CustomerWhitelisted,
    /// An identifier is on the allow list.
    IdentifierWhitelisted,
    /// Nothing speaks for or against.
    Default,
    /// The lists may be stale, and the merchant wants nobody let through on them. No row of the order.
    DegradedBlocked,
}

impl Code {
    /// Each code once.
    pub const ALL: [Self; 7] = [
        Self::CustomerRestricted,
        Self::CustomerBlacklisted,
        Self::IdentifierBlacklisted,
        Self::CustomerWhitelisted,
        Self::IdentifierWhitelisted,
        Self::Default,
        Self::DegradedBlocked,
    ];

    /// The word, as in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomerRestricted => "customer_restricted",
            Self::CustomerBlacklisted => "customer_blacklisted",
            Self::IdentifierBlacklisted => "identifier_blacklisted",
            Self::CustomerWhitelisted => "customer_whitelisted",
            Self::IdentifierWhitelisted => "identifier_whitelisted",
            Self::Default => "default",
            Self::DegradedBlocked => "degraded_blocked",
        }
    }

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

/// A step of the order. Compares by precedence: what is smaller wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// A restriction flag for this initiator.
    Restriction,
    /// A list status `blacklisted`.
    Blacklisted,
    /// A hard block entry.
    HardBlock,
    /// A list status `whitelisted`.
    Whitelisted,
    /// An allow entry.
    AllowEntry,
    /// A soft block entry.
    SoftBlock,
    /// Nothing.
    Default,
}

/// One row of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which step.
    pub tier: Tier,
    /// What has to match, in words.
    pub matches: &'static str,
    /// What follows.
    pub outcome: Outcome,
    /// The word for it.
    pub code: Code,
}

/// The decision order. The first row of which something matches decides.
pub const ORDER: [Rule; 7] = [
    rule(Tier::Restriction, "restriction flag for this initiator", Outcome::Block, Code::CustomerRestricted),
    rule(Tier::Blacklisted, "list status blacklisted", Outcome::Block, Code::CustomerBlacklisted),
    rule(Tier::HardBlock, "hard block entry that matches", Outcome::Block, Code::IdentifierBlacklisted),
    rule(Tier::Whitelisted, "list status whitelisted", Outcome::Allow, Code::CustomerWhitelisted),
    rule(Tier::AllowEntry, "allow entry that matches", Outcome::Allow, Code::IdentifierWhitelisted),
    rule(Tier::SoftBlock, "soft block entry that matches", Outcome::Block, Code::IdentifierBlacklisted),
    rule(Tier::Default, "nothing", Outcome::Allow, Code::Default),
];

const fn rule(tier: Tier, matches: &'static str, outcome: Outcome, code: Code) -> Rule {
    Rule { tier, matches, outcome, code }
}

impl Tier {
    /// Where an entry stands when it matches.
    pub const fn of_entry(list: List, strength: Strength) -> Self {
        match (list, strength) {
            (List::Block, Strength::Hard) => Self::HardBlock,
            (List::Block, Strength::Soft) => Self::SoftBlock,
            (List::Allow, Strength::Hard | Strength::Soft) => Self::AllowEntry,
        }
    }

    /// Its row of [`ORDER`].
    pub const fn rule(self) -> &'static Rule {
        let [restriction, blacklisted, hard_block, whitelisted, allow_entry, soft_block, default] = &ORDER;
        match self {
            Self::Restriction => restriction,
            Self::Blacklisted => blacklisted,
            Self::HardBlock => hard_block,
            Self::Whitelisted => whitelisted,
            Self::AllowEntry => allow_entry,
            Self::SoftBlock => soft_block,
            Self::Default => default,
        }
    }

    /// 1 to 7, as in answers.
    pub const fn number(self) -> u8 {
        match self {
            Self::Restriction => 1,
            Self::Blacklisted => 2,
            Self::HardBlock => 3,
            Self::Whitelisted => 4,
            Self::AllowEntry => 5,
            Self::SoftBlock => 6,
            Self::Default => 7,
        }
    }

    /// What it says when it decides.
    pub const fn outcome(self) -> Outcome {
        self.rule().outcome
    }

    /// The word for it.
    pub const fn code(self) -> Code {
        self.rule().code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tier_stands_in_its_row() {
        for (row, number) in ORDER.iter().zip(1_u8..) {
            assert_eq!(row.tier.number(), number);
            assert_eq!(row.tier.rule(), row);
        }
        assert!(ORDER.is_sorted_by(|a, b| a.tier < b.tier), "precedence is the order of the rows");
    }

    #[test]
    fn every_code_is_used_and_parses_back() {
        for code in Code::ALL {
            let settled_elsewhere = code == Code::DegradedBlocked;
            assert_ne!(ORDER.iter().any(|row| row.code == code), settled_elsewhere);
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
    }

    /// The table in the documentation is this one, cell by cell.
    #[test]
    fn the_documentation_shows_this_order() {
        let text = include_str!("../../../docs/decisions.md");
        let shown: Vec<Vec<&str>> = text
            .lines()
            .skip_while(|line| !line.starts_with("| # | tier |"))
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let ours: Vec<Vec<String>> = ORDER
            .iter()
            .map(|row| {
                let outcome = format!("{} `{}`", row.outcome.as_str(), row.code.as_str());
                vec![row.tier.number().to_string(), row.matches.to_owned(), outcome]
            })
            .collect();
        assert_eq!(shown, ours);
    }
}

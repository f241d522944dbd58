//! Which vendor's shapes a path answers in.
//!
//! Deliberately not here: the shapes.

/// Whose shapes a path answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Duro's style, grown further.
    Native,
    /// Odus's paths: their own bodies and pages, Duro's errors.
    Odus,
    /// Idenza's paths: everything their own.
    Idenza,
}

impl Dialect {
    /// The dialect of a path. The three vendors' paths do not collide.
    pub fn of_path(path: &str) -> Self {
        let first = path.strip_prefix('/').and_then(|rest| rest.split('/').next());
        match first {
            Some("customers" | "blacklist" | "payments") => Self::Odus,
            Some("customer" | "risk") => Self::Idenza,
            _ => Self::Native,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_dialect() {
        for (path, dialect) in [
            ("/v1/customers", Dialect::Native),
            ("/v1/customers/cus_1/blacklist", Dialect::Native),
            ("/customers", Dialect::Odus),
            ("/customers/cus_1/restrictions", Dialect::Odus),
            ("/blacklist", Dialect::Odus),
            ("/blacklists", Dialect::Native),
            ("/payments/pay_1", Dialect::Odus),
            ("/customer/add", Dialect::Idenza),
            ("/risk/bin/score", Dialect::Idenza),
            ("/", Dialect::Native),
            ("*", Dialect::Native),
        ] {
            assert_eq!(Dialect::of_path(path), dialect, "{path}");
        }
    }
}

//! Countries: ISO 3166-1 alpha-2, in upper case.
//!
//! Deliberately not here: codes that the standard reserves or leaves to users (UK, EU, XK).

use std::borrow::Cow;

use super::IdentifierError;

/// The 249 codes that are officially assigned, sorted.
#[rustfmt::skip]
const CODES: &[&str; 249] = &[
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ", "BA",
    "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS", "BT", "BV",
    "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN", "CO", "CR", "CU",
    "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES",
    "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF", "GG", "GH", "GI", "GL", "GM",
    "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM", "HN", "HR", "HT", "HU", "ID", "IE",
    "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM", "JO", "JP", "KE", "KG", "KH", "KI", "KM",
    "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC", "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY",
    "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK", "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT",
    "MU", "MV", "MW", "MX", "MY", "MZ", "NA", "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU",
    "NZ", "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA",
    "RE", "RO", "RS", "RU", "RW", "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM",
    "SN", "SO", "SR", "SS", "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL",
    "TM", "TN", "TO", "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE",
    "VG", "VI", "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
];

/// The canonical form: two letters in upper case. White space around them is ignored.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    code(text)
        .map(Cow::Borrowed)
        .ok_or(IdentifierError("must be a country's two letters of ISO 3166-1, such as NG"))
}

/// The two letters, if a text is those of a country.
pub(super) fn code(text: &str) -> Option<&'static str> {
    let code = <[u8; 2]>::try_from(text.trim().as_bytes()).ok()?.map(|byte| byte.to_ascii_uppercase());
    let index = CODES.binary_search_by(|known| known.as_bytes().cmp(&code)).ok()?;
    CODES.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters_that_iso_gave_out() {
        assert_eq!(normalise(" ng ").unwrap(), "NG");
        for code in CODES {
            assert_eq!(normalise(code).unwrap(), *code);
        }
        for text in ["", "N", "NGA", "UK", "EU", "XK", "ZZ", "N1", "ñ"] {
            assert!(normalise(text).is_err(), "{text}");
        }
        assert!(CODES.is_sorted());
    }
}

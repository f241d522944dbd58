//! The peers' incidents, each of which is a test of ours by its number: `incident_7_an_exemption_cannot_be_typed`.

/// The incidents that are known, numbered from 1.
const KNOWN: usize = 15;

/// Which incidents have no test that bears their number.
#[derive(Default)]
pub struct Incidents {
    tested: [bool; KNOWN],
}

impl Incidents {
    /// Notes the tests of a file.
    pub fn look(&mut self, text: &str) {
        for (start, mark) in text.match_indices("fn incident_") {
            let number = text.get(start + mark.len()..).unwrap_or_default();
            let number = number.split_once('_').and_then(|(number, _)| number.parse::<usize>().ok());
            let tested = number.and_then(|number| self.tested.get_mut(number.checked_sub(1)?));
            if let Some(tested) = tested {
                *tested = true;
            }
        }
    }

    /// A problem for each incident without a test.
    pub fn untested(&self) -> Vec<String> {
        let untested = (1..).zip(self.tested).filter(|(_, tested)| !tested);
        untested
            .map(|(number, _)| {
                format!("incident {number} of the peers: no test is named incident_{number}_…")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_without_a_test_is_named() {
        let mut incidents = Incidents::default();
        for number in (1..=15).filter(|number| *number != 7) {
            incidents.look(&format!("//! Why.\n#[test]\nfn {}_{number}_is_told() {{}}\n", "incident"));
        }
        incidents.look("fn incident_70_is_none_of_them() {}\n// incident_7_");
        assert_eq!(incidents.untested(), ["incident 7 of the peers: no test is named incident_7_…"]);
    }
}

//! Quantities of Kubernetes: `500m`, `1Gi`.

use serde_json::Value as Json;

/// The suffixes of quantities: powers of ten, and powers of two.
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// Billionths in one.
const ONE: i128 = 1_000_000_000;

/// A quantity, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity(i128);

impl Quantity {
    /// Reads a quantity; `None` for what is none, or has more digits than anybody writes.
    pub(super) fn of(json: &Json) -> Option<Quantity> {
        let text = match json {
            Json::String(text) => text.clone(),
            Json::Number(n) => n.to_string(),
            _ => return None,
        };
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (digits, suffix) = text.split_at(end);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() > 15 || fraction.len() > 9 || fraction.contains('.') || whole.len() + fraction.len() == 0 {
            return None;
        }
        let n: i128 = format!("{whole}{fraction:0<9}").parse().ok()?;
        if let Some((_, shift)) = BINARY.iter().find(|(name, _)| *name == suffix) {
            return Some(Quantity(n.checked_mul(1_i128 << shift)?));
        }
        let (_, power) = DECIMAL.iter().find(|(name, _)| *name == suffix)?;
        let ten = 10_i128.checked_pow(power.unsigned_abs())?;
        if *power >= 0 {
            return Some(Quantity(n.checked_mul(ten)?));
        }
        (n % ten == 0).then(|| Quantity(n / ten))
    }

    /// The form that all equal ones share.
    pub(super) fn form(self) -> String {
        let n = self.0;
        let binary = BINARY.iter().rev().find(|(_, shift)| n != 0 && n % (ONE << shift) == 0);
        if let Some((name, shift)) = binary {
            return format!("{}{name}", n / (ONE << shift));
        }
        let found = DECIMAL.iter().rev().find_map(|(name, power)| {
            let unit = 10_i128.pow(power.unsigned_abs());
            let unit = if *power < 0 { ONE / unit } else { ONE.checked_mul(unit)? };
            (n % unit == 0 && n != 0).then(|| format!("{}{name}", n / unit))
        });
        found.unwrap_or_else(|| "0".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Option<String> {
        Quantity::of(&Json::from(text)).map(Quantity::form)
    }

    #[test]
    fn forms() {
        for group in [
            &["1", "1000m", "1.0", "1.000"][..],
            &["1Gi", "1024Mi", "1073741824"],
            &["0.5", "500m"],
            &["0", "0m", "0Gi"],
            &["1Ei", "1024Pi"],
            &["2E", "2000P"],
        ] {
            let forms: Vec<_> = group.iter().map(|text| form(text)).collect();
            assert!(forms.iter().all(|form| form.is_some() && form == forms.first().unwrap()), "{forms:?}");
        }
        assert_eq!(Quantity::of(&Json::from(1)), Quantity::of(&Json::from("1")));
        assert_eq!(form("1e3"), None);
        assert_eq!(form("abc"), None);
    }

    #[test]
    fn sizes() {
        let of = |text: &str| Quantity::of(&Json::from(text)).unwrap();
        assert!(of("1Gi") > of("1G") && of("1Ei") > of("1Pi") && of("500m") < of("1"));
    }
}

//! Medians of many figures, and how figures are written.

/// What stands at this place of sorted figures; between two of them, what lies between.
fn at(sorted: &[f64], place: f64) -> f64 {
    let place = place.clamp(0.0, sorted.len().saturating_sub(1) as f64);
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => low + (high - low) * place.fract(),
        _ => f64::NAN,
    }
}

/// A quantile of some figures; NaN of none.
#[must_use]
pub fn quantile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    at(&sorted, share * sorted.len().saturating_sub(1) as f64)
}

/// A median, and between which figures it lies with a probability of 95 %.
#[derive(Debug, Clone, Copy)]
pub struct Median {
    pub low: f64,
    pub middle: f64,
    pub high: f64,
}

impl Median {
    /// By order statistics: how many of `n` figures are below the median is binomial.
    #[must_use]
    pub fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let count = figures.len() as f64;
        let spread = 1.96 * count.sqrt() / 2.0;
        let (low, high) = ((count / 2.0 - spread).floor(), (count / 2.0 + spread).ceil() - 1.0);
        Self { low: at(&figures, low), middle: at(&figures, (count - 1.0) / 2.0), high: at(&figures, high) }
    }
}

/// A number with commas between its thousands.
#[must_use]
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

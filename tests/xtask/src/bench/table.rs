//! The table: ratios of pairs.

/// Everything that was measured.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    /// How many pairs there were.
    pub pairs: usize,
    /// How many of them something else ran beside.
    pub disturbed: usize,
}

/// One figure of one workload.
pub struct Row {
    /// What was done.
    pub workload: String,
    /// What was measured; less is better.
    pub figure: &'static str,
    /// Kafka's and Corvid's.
    pub pairs: Vec<(f64, f64)>,
    /// Kafka's beside its own.
    pub noise: Vec<f64>,
    /// The most that the ratio may be.
    pub limit: Option<f64>,
}

impl Table {
    /// Adds a row.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Shows it, and what it says of the limits. Gives the number of ratios beyond theirs.
    pub fn print(&self) -> usize {
        println!("\n==> Corvid beside Apache Kafka 4.3.1: medians, and the ratios of the pairs\n");
        println!(
            "{:28} {:22} {:>8} {:>8}   {:>6} {:>6} {:>6}   {:>5}",
            "workload", "figure", "Kafka", "Corvid", "ratio", "min", "max", "limit"
        );
        for row in &self.rows {
            println!("{}", row.line());
        }
        let limited: Vec<_> = self.rows.iter().filter(|row| row.limit.is_some()).collect();
        let missed = limited.iter().filter(|row| row.missed()).count();
        println!(
            "\n{} of {} ratios are within their limits",
            limited.len() - missed,
            limited.len()
        );
        if self.disturbed > 0 {
            println!(
                "{} of {} pairs were disturbed: other processes took more than 5 % of the machine",
                self.disturbed, self.pairs
            );
        }
        missed
    }
}

impl Row {
    fn ratios(&self) -> Vec<f64> {
        self.pairs.iter().map(|(kafka, corvid)| corvid / kafka).collect()
    }

    fn missed(&self) -> bool {
        self.limit.is_some_and(|limit| middle(self.ratios()) > limit)
    }

    fn line(&self) -> String {
        let (kafka, corvid): (Vec<_>, Vec<_>) = self.pairs.iter().copied().unzip();
        let (least, most) = ends(&self.ratios());
        let limit = self.limit.map_or(String::new(), |limit| {
            let verdict = if self.missed() { "MISSED" } else { "within" };
            format!("{limit:>5.2} {verdict}")
        });
        let noise = if self.noise.is_empty() {
            String::new()
        } else {
            let (least, most) = ends(&self.noise);
            format!("   Kafka beside itself {least:.2} to {most:.2}")
        };
        format!(
            "{:28} {:22} {:>8.3} {:>8.3}   {:>6.3} {least:>6.3} {most:>6.3}   {limit}{noise}",
            self.workload,
            self.figure,
            middle(kafka),
            middle(corvid),
            middle(self.ratios()),
        )
    }
}

fn ends(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (least, values.iter().copied().fold(0.0, f64::max))
}

/// The median.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = ((values.len().max(1) - 1) / 2, values.len() / 2);
    match values[..] {
        [] => f64::NAN,
        _ => f64::midpoint(values[low], values[high]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_ratios_is_not_the_ratio_of_middles() {
        let row = Row {
            workload: String::new(),
            figure: "",
            pairs: vec![(1.0, 0.5), (4.0, 1.0), (2.0, 0.2)],
            noise: Vec::new(),
            limit: Some(0.25),
        };
        assert!((middle(row.ratios()) - 0.25).abs() < 1e-9 && !row.missed());
        assert!((middle(vec![3.0, 1.0]) - 2.0).abs() < 1e-9);
        let (least, most) = ends(&row.ratios());
        assert!((least - 0.1).abs() < 1e-9 && (most - 0.5).abs() < 1e-9);
    }
}

//! The figures as aligned text.

use std::time::Duration;

use crate::measure::Usage;
use crate::results::{self, Measured, Outcome, Size, Verdict};

const HEADINGS: [&str; 9] =
    ["case", "side", "wall best", "median", "CPU", "peak", "read", "written", "against it; targets"];

const TRAFFIC_HEADINGS: [&str; 6] =
    ["case", "side", "HTTP requests", "bytes sent", "bytes received", "of both, layers"];

/// The table of cases: a line for each side.
pub(crate) fn cases(outcomes: &[Outcome]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned).to_vec()];
    for outcome in outcomes {
        for (index, side) in outcome.sides.iter().enumerate() {
            let (name, remarks) = if index == 0 {
                (outcome.case.name, remarks(outcome.times_faster(), &outcome.verdicts()))
            } else {
                ("", String::new())
            };
            rows.push(row(name, side, remarks));
        }
    }
    align(&rows, 2)
}

fn row(name: &str, side: &Measured, remarks: String) -> Vec<String> {
    let median = |figure: fn(&Usage) -> Duration| time(side.median(figure));
    vec![
        name.to_owned(),
        side.side.to_owned(),
        time(side.best()),
        median(|run| run.wall),
        median(|run| run.cpu),
        mebibytes(side.peak()),
        side.median(|run| run.read).map_or_else(|| "-".to_owned(), mebibytes),
        mebibytes(side.median(|run| run.written)),
        remarks,
    ]
}

/// The table of what passed between phases and registries, if any was measured.
pub(crate) fn traffic(outcomes: &[Outcome]) -> String {
    let mut rows = vec![TRAFFIC_HEADINGS.map(str::to_owned).to_vec()];
    for outcome in outcomes {
        for (index, side) in outcome.sides.iter().enumerate() {
            let Some(traffic) = side.traffic else { continue };
            let name = if index == 0 { outcome.case.name } else { "" };
            let mut row = vec![name.to_owned(), side.side.to_owned(), traffic.requests.to_string()];
            row.extend([traffic.sent, traffic.received, traffic.layers].map(|bytes| bytes.to_string()));
            rows.push(row);
        }
    }
    if rows.len() == 1 { String::new() } else { format!("\n{}", align(&rows, 2)) }
}

/// The table of the executables' sizes.
pub(crate) fn sizes(labels: &[&str], sizes: &[Size]) -> String {
    let mut rows = vec![vec!["executable".to_owned()]];
    rows.extend(sizes.iter().map(|size| vec![size.name.clone()]));
    for (row, size) in rows.iter_mut().zip(std::iter::once(None).chain(sizes.iter().map(Some))) {
        match size {
            None => row.extend(labels.iter().map(|label| (*label).to_owned())),
            Some(size) => row.extend(size.sides.iter().map(|bytes| bytes.map_or("-".to_owned(), megabytes))),
        }
        let verdict: Vec<_> = size.and_then(Size::verdict).into_iter().collect();
        row.push(remarks(None, &verdict));
    }
    align(&rows, 1)
}

/// A line on the launcher alone, if it was measured.
pub(crate) fn launcher(outcomes: &[Outcome]) -> String {
    let shares = results::launchers_share(outcomes);
    let shares: Vec<_> = shares.iter().map(|(side, share)| format!("{side} {}", time(*share))).collect();
    if shares.is_empty() {
        return String::new();
    }
    format!("launcher alone, without the process it starts: {}\n", shares.join(", "))
}

fn remarks(times_faster: Option<f64>, verdicts: &[Verdict]) -> String {
    let ratio = times_faster.map(|times| format!("{times:.1}× as fast"));
    let verdicts =
        verdicts.iter().map(|it| format!("{}: {}", it.target, if it.met { "met" } else { "MISSED" }));
    ratio.into_iter().chain(verdicts).collect::<Vec<_>>().join("; ")
}

/// Puts each column on one line: the first ones to the left, figures to the right, remarks to the left.
fn align(rows: &[Vec<String>], names: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| cell(row, column).chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells = widths.iter().enumerate().map(|(column, &width)| {
            let cell = cell(row, column);
            if column < names || column + 1 == columns {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 1.0 { format!("{seconds:.2} s") } else { format!("{:.2} ms", seconds * 1000.0) }
}

/// Bytes in units of 2^20.
pub(crate) fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// Bytes in units of 10^6, as files are sold.
fn megabytes(bytes: u64) -> String {
    let hundredths = bytes / 10_000;
    format!("{}.{:02} MB", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;
    use crate::traffic::Traffic;

    #[test]
    fn figures_have_units() {
        assert_eq!(time(Duration::from_millis(12_345)), "12.35 s");
        assert_eq!(time(Duration::from_micros(5_234)), "5.23 ms");
        assert_eq!(time(Duration::from_millis(999)), "999.00 ms");
        assert_eq!(mebibytes(64 << 20), "64.0 MiB");
        assert_eq!(mebibytes((1 << 20) - 1), "0.9 MiB");
        assert_eq!(megabytes(2_924_706), "2.92 MB");
    }

    #[test]
    fn columns_are_aligned_and_sides_compared() {
        let run = |seconds, read| Usage { wall: Duration::from_secs(seconds), read, ..Usage::default() };
        let sides = vec![
            Measured { side: "ours", runs: vec![run(3, Some(5 << 20))], traffic: None },
            Measured { side: "other", runs: vec![run(30, None)], traffic: None },
        ];
        let table = cases(&[Outcome { case: CASES[0], sides }]);
        assert_eq!(
            table,
            "case         side   wall best   median      CPU     peak     read  written  against it; targets\n\
             cold export  ours      3.00 s   3.00 s  0.00 ms  0.0 MiB  5.0 MiB  0.0 MiB  10.0× as fast; wall ≤ 1/5: met; peak ≤ 64 MiB: met\n             \
             other    30.00 s  30.00 s  0.00 ms  0.0 MiB        -  0.0 MiB\n"
        );
    }

    #[test]
    fn traffic_is_shown_where_it_was_counted() {
        let side = |side, traffic| Measured { side, runs: Vec::new(), traffic };
        let counted = Traffic { requests: 9, sent: 8_319, received: 10_276, layers: 0 };
        let outcome = |traffic| Outcome { case: CASES[14], sides: vec![side("ours", traffic)] };
        assert_eq!(traffic(&[outcome(None)]), "");
        assert_eq!(
            traffic(&[outcome(None), outcome(Some(counted))]),
            "\ncase              side  HTTP requests  bytes sent  bytes received  of both, layers\n\
             registry: rebase  ours              9        8319           10276  0\n"
        );
    }

    #[test]
    fn sizes_stand_side_by_side() {
        let rows = [
            Size { name: "launcher".to_owned(), sides: vec![Some(1_600_000), Some(2_924_706)] },
            Size { name: "exporter".to_owned(), sides: vec![None, Some(22_421_666)] },
        ];
        assert_eq!(
            sizes(&["ours", "other"], &rows),
            "executable     ours     other\n\
             launcher    1.60 MB   2.92 MB  ≤ 1.5 MB: MISSED\n\
             exporter          -  22.42 MB\n"
        );
    }
}

//! The matrix for a README.

use std::fmt::Write as _;

use super::matrix;
use crate::results::Results;

/// A table for each document: sections and versions, and how many clauses are kept.
pub(super) fn document(results: &Results) -> String {
    let mut text = String::new();
    for matrix in matrix::matrices(results) {
        let versions: Vec<_> = matrix.versions.iter().map(|version| version.1).collect();
        let _ = writeln!(text, "| {} | {} |", matrix.document.title(), versions.join(" | "));
        let _ = writeln!(text, "|---|{}", "---|".repeat(versions.len()));
        for (section, cells) in &matrix.rows {
            let cells: Vec<_> =
                cells.iter().map(|cell| cell.map_or(String::new(), |cell| cell.to_string())).collect();
            let _ = writeln!(text, "| {section} | {} |", cells.join(" | "));
        }
        text.push('\n');
    }
    text
}

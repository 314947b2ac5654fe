//! An image's summary for people: aligned, plain text.

use super::summary::{Buildpack, Summary};

/// Values of labels are cut behind so many characters; JSON has all of them.
const LABEL_LENGTH: usize = 100;

/// Prints a summary.
pub(super) fn print(summary: &Summary) -> String {
    let mut text = aligned("", &facts(summary));
    section(&mut text, "Buildpacks", &buildpacks(&summary.buildpacks));
    section(&mut text, "Extensions", &buildpacks(&summary.extensions));
    section(&mut text, "Processes", &processes(summary));
    section(&mut text, "Labels", &labels(summary));
    section(&mut text, "Layers, the bottom one first", &layers(summary));
    text
}

type Row = Vec<String>;

fn row<const N: usize>(cells: [&str; N]) -> Row {
    cells.map(str::to_owned).to_vec()
}

fn facts(summary: &Summary) -> Vec<Row> {
    let variant = if summary.variant.is_empty() { String::new() } else { format!("/{}", summary.variant) };
    let platform = format!("{}/{}{variant}", summary.os, summary.architecture);
    let distribution =
        summary.distribution.as_ref().map(|distro| format!("{} {}", distro.name, distro.version));
    let mut facts = vec![
        row(["Image", &summary.reference]),
        row(["Digest", &summary.digest.to_string()]),
        row(["Created", summary.created.as_deref().unwrap_or_default()]),
        row(["Platform", &platform]),
        row(["Distribution", distribution.as_deref().unwrap_or_default()]),
        row(["User", &summary.user]),
        row(["Working directory", &summary.working_dir]),
        row(["Entry point", &command_line(&summary.entrypoint)]),
        row(["Default arguments", &command_line(&summary.command)]),
    ];
    if let Some(run_image) = &summary.run_image {
        facts.push(row(["Run image", &run_image.image]));
        facts.extend(run_image.mirrors.iter().map(|mirror| row(["  mirror", mirror])));
        facts.push(row(["  built on", &run_image.reference]));
        facts.push(row(["  top layer", &run_image.top_layer]));
    }
    facts.retain(|fact| fact.last().is_some_and(|value| !value.is_empty()));
    facts
}

fn buildpacks(buildpacks: &[Buildpack]) -> Vec<Row> {
    buildpacks.iter().map(|entry| row([&entry.id, &entry.version, &entry.homepage])).collect()
}

fn processes(summary: &Summary) -> Vec<Row> {
    let process = |process: &super::summary::Process| {
        let marker = if process.default { "(default)" } else { "" };
        let words: Vec<_> = process.command.iter().chain(&process.args).cloned().collect();
        let mut command = vec![command_line(&words)];
        if !process.direct {
            command.push("(in a shell)".to_owned());
        }
        if !process.working_dir.is_empty() {
            command.push(format!("(in {})", process.working_dir));
        }
        if !process.exec_env.is_empty() {
            command.push(format!("(for {})", process.exec_env.join(", ")));
        }
        row([&process.name, marker, &process.buildpack, &command.join("  ")])
    };
    summary.processes.iter().map(process).collect()
}

fn labels(summary: &Summary) -> Vec<Row> {
    summary.labels.iter().map(|(name, value)| row([name, &shortened(value)])).collect()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LABEL_LENGTH) {
        Some((end, _)) => format!("{}… ({} bytes)", text.get(..end).unwrap_or(text), text.len()),
        None => text.to_owned(),
    }
}

fn layers(summary: &Summary) -> Vec<Row> {
    let layer = |layer: &super::summary::Layer| {
        row([&size(layer.size), &layer.diff_id.to_string(), layer.created_by.trim()])
    };
    summary.layers.iter().map(layer).collect()
}

/// A number of bytes, to be read at a glance.
fn size(bytes: u64) -> String {
    let mut unit = "B";
    // One decimal place, in integers.
    let mut tenths = u128::from(bytes) * 10;
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if tenths < 10_240 {
            break;
        }
        tenths = (tenths + 512) / 1024;
        unit = larger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{}.{} {unit}", tenths / 10, tenths % 10) }
}

/// Words as a shell would take them.
fn command_line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Adds rows under a title, unless there are none.
fn section(text: &mut String, title: &str, rows: &[Row]) {
    if !rows.is_empty() {
        text.extend(["\n", title, ":\n", &aligned("  ", rows)]);
    }
}

/// Rows in columns, which are as wide as their widest cell. What would break a line or steer a terminal is
/// shown as an escape.
fn aligned(indent: &str, rows: &[Row]) -> String {
    let rows: Vec<Row> = rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(format!("{indent}{line}").trim_end());
        text.push('\n');
    }
    text
}

fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::{aligned, command_line, row, shortened, size};

    #[test]
    fn sizes_are_read_at_a_glance() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (10 * 1024 * 1024, "10.0 MiB"),
            (5_368_709_120, "5.0 GiB"),
            (u64::MAX, "16777216.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn words_can_be_pasted_into_a_shell() {
        let words = ["node", "a b", "", "it's", "$X", "--flag=1"].map(str::to_owned);
        assert_eq!(command_line(&words), r"node 'a b' '' 'it'\''s' '$X' --flag=1");
    }

    #[test]
    fn columns_are_aligned_and_control_characters_harmless() {
        let rows = [row(["a", "long", "x"]), row(["bcd", "e\u{1b}[1m", "y\nz"]), row(["f", "", ""])];
        assert_eq!(aligned("  ", &rows), "  a    long        x\n  bcd  e\\u{1b}[1m  y\\nz\n  f\n");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(shortened("short"), "short");
        let long = "ü".repeat(150);
        assert_eq!(shortened(&long), format!("{}… (300 bytes)", "ü".repeat(100)));
    }
}

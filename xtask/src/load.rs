//! `cargo xtask load`: how many transfers operators bear and what memory they hold, as tables and pictures of docs/performance.md.

use crate::plot::{chart, Line};
use crate::shell::{self, cargo, counted, heading, root, target_dir};
use crate::tally::Tally;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What can be measured, or drawn again.
pub const PARTS: [&str; 3] = ["rates", "memory", "plots"];

/// Measures a part and draws it; `plots` draws again what there are figures of. A picture of a part that was not measured now would
/// come from whatever trial left its figures last.
pub fn run(part: &str) -> shell::Result<Tally> {
    let mut tally = Tally::default();
    if part != "plots" {
        heading(&format!("operators under load: {part}"));
        let arguments = format!(
            "test --release -p spanlight-cli --test operator load::{part} -- --ignored --nocapture --test-threads 1"
        );
        tally = counted(cargo(&arguments).env("SPANLIGHT_LOAD_FOLDER", folder()?))?;
        if tally.is_empty() {
            return Err("ran no test".into());
        }
    }
    let rates = if part == "memory" { None } else { draw_rates()? };
    let memory = if part == "rates" { None } else { draw_memory()? };
    if rates.is_none() && memory.is_none() {
        return Err("no figures are there yet".into());
    }
    Ok(if part == "plots" { Tally::PASSED } else { tally })
}

fn folder() -> shell::Result<PathBuf> {
    Ok(target_dir()?.join("load"))
}

/// A table of figures: each column by its name.
struct Table(Vec<BTreeMap<String, String>>);

impl Table {
    /// None where that was not measured.
    fn read(name: &str) -> shell::Result<Option<Self>> {
        let Ok(text) = std::fs::read_to_string(folder()?.join(name)) else { return Ok(None) };
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let row = |line: &str| {
            names.iter().zip(line.split(',')).map(|(name, value)| ((*name).into(), value.into())).collect()
        };
        Ok(Some(Self(lines.map(row).collect())))
    }

    fn rows(&self, ways: &str) -> Self {
        Self(self.0.iter().filter(|row| row.get("ways").is_some_and(|have| have == ways)).cloned().collect())
    }

    /// A line of the points that are there.
    fn line(&self, name: &str, across: &str, up: &str) -> Line {
        let number = |row: &BTreeMap<String, String>, column: &str| {
            row.get(column)?.parse().ok().filter(|n: &f64| n.is_finite())
        };
        let points = self.0.iter().filter_map(|row| Some((number(row, across)?, number(row, up)?))).collect();
        Line { name: name.into(), points }
    }
}

fn draw_rates() -> shell::Result<Option<()>> {
    let Some(table) = Table::read("rates.csv")? else { return Ok(None) };
    let (one, both) = (table.rows("one"), table.rows("both"));
    let of = |table: &Table, name: &str, column: &str| table.line(name, "offered_per_s", column);
    let rate = "requests a second, each way";
    let latency = [
        of(&one, "one way, middle", "p50_s"),
        of(&one, "one way, 99 %", "p99_s"),
        of(&both, "both, middle", "p50_s"),
        of(&both, "both, 99 %", "p99_s"),
    ];
    write("latency", &chart("From the request's block to the execution's, seconds", rate, &latency))?;
    let handled = [of(&one, "one way", "handled_per_s"), of(&both, "both ways together", "handled_per_s")];
    write("throughput", &chart("Executions a second while requests come", rate, &handled))?;
    let cpu = [of(&one, "one way", "cpu_mean_percent"), of(&both, "both ways", "cpu_mean_percent")];
    write("cpu", &chart("Processor time of one operator, % of a core (the mean of four)", rate, &cpu))?;
    print_rates(&table);
    Ok(Some(()))
}

fn draw_memory() -> shell::Result<Option<()>> {
    let Some(table) = Table::read("memory.csv")? else { return Ok(None) };
    let line = |index: u32| table.line(&format!("operator {index}"), "seconds", &format!("rss_mb_{index}"));
    let lines: Vec<Line> = (0..4).map(line).collect();
    write("memory", &chart("Resident memory of each operator, MB", "seconds", &lines))?;
    Ok(Some(()))
}

fn write(name: &str, svg: &str) -> shell::Result {
    let path = root().join("docs/performance").join(format!("{name}.svg"));
    std::fs::write(&path, svg).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("docs/performance/{name}.svg");
    Ok(())
}

/// The rows of the document's table.
fn print_rates(table: &Table) {
    const COLUMNS: [&str; 12] = [
        "ways",
        "offered_per_s",
        "requests",
        "handled",
        "handled_per_s",
        "p50_s",
        "p99_s",
        "max_s",
        "drained_s",
        "cpu_mean_percent",
        "rss_max_mb",
        "chains_cpu_percent",
    ];
    println!("\n| {} |\n|{}", COLUMNS.join(" | "), " --- |".repeat(COLUMNS.len()));
    for row in &table.0 {
        let cells: Vec<&str> = COLUMNS.iter().map(|name| row.get(*name).map_or("", String::as_str)).collect();
        println!("| {} |", cells.join(" | "));
    }
}

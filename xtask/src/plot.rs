//! Line charts as SVG, readable on light and dark ground: just what docs/performance.md shows.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 48.0;
/// Told apart also by those who see few colours, and on both grounds.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56a0d0"];
const STYLE: &str = "text{font:13px sans-serif;fill:#222}.ground{fill:#fff}.grid{stroke:#ddd}\
    @media(prefers-color-scheme:dark){text{fill:#ddd}.ground{fill:#0d1117}.grid{stroke:#333}}";

/// One line: its name, and its points from left to right.
pub struct Line {
    /// Shown beside its end.
    pub name: String,
    /// Across and up.
    pub points: Vec<(f64, f64)>,
}

/// A chart; both axes begin at zero. The title says what is counted upwards.
pub fn chart(title: &str, across: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let (step_x, end_x) = scale(points().map(|point| point.0).fold(0.0, f64::max));
    let (step_y, end_y) = scale(points().map(|point| point.1).fold(0.0, f64::max));
    let x = |value: f64| LEFT + value / end_x * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / end_y * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>{title}</title>\n\
         <style>{STYLE}</style>\n<rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n"
    );
    let text = |x: f64, y: f64, anchor: &str, words: &str| {
        format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>\n")
    };
    let mut words = text(LEFT, 22.0, "start", title);
    words += &text(WIDTH - RIGHT, HEIGHT - 8.0, "end", across);
    for tick in ticks(step_y, end_y) {
        let (at, right) = (y(tick), WIDTH - RIGHT);
        let _ = writeln!(svg, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right}\"/>");
        words += &text(LEFT - 6.0, at + 4.0, "end", &format!("{}", round(tick)));
    }
    for tick in ticks(step_x, end_x) {
        words += &text(x(tick), HEIGHT - BOTTOM + 18.0, "middle", &format!("{}", round(tick)));
    }
    for ((place, line), colour) in lines.iter().enumerate().zip(COLOURS.iter().cycle()) {
        let path: Vec<String> =
            line.points.iter().map(|point| format!("{:.1} {:.1}", x(point.0), y(point.1))).collect();
        let _ = writeln!(svg, "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" d=\"M{}\"/>", path.join("L"));
        let (left, at) = (WIDTH - RIGHT + 12.0, TOP + 8.0 + 20.0 * place as f64);
        let _ = writeln!(svg, "<path stroke=\"{colour}\" stroke-width=\"3\" d=\"M{left} {at}h16\"/>");
        words += &text(left + 22.0, at + 4.0, "start", &line.name);
    }
    svg + &words + "</svg>\n"
}

/// A step of 1, 2 or 5 times a power of ten, at most six to the end, and the end: a whole number of steps.
fn scale(most: f64) -> (f64, f64) {
    let rough = (most / 6.0).max(1e-3);
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough).unwrap_or(10.0);
    let step = factor * power;
    (step, (most / step).ceil().max(1.0) * step)
}

fn ticks(step: f64, end: f64) -> impl Iterator<Item = f64> {
    (0..).map(move |index| f64::from(index) * step).take_while(move |tick| *tick <= end + step / 2.0)
}

/// Without the dust of binary fractions.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_round_and_reaches_the_most() {
        assert_eq!(scale(40.0), (10.0, 40.0));
        assert_eq!(scale(41.0), (10.0, 50.0));
        assert_eq!(scale(3600.0), (1000.0, 4000.0));
        assert_eq!(scale(0.0).0, scale(0.0).1);
    }

    #[test]
    fn points_stand_where_the_axes_say() {
        let line = Line { name: "a".into(), points: vec![(0.0, 0.0), (10.0, 5.0)] };
        let svg = chart("t", "x", &[line]);
        assert!(
            svg.contains(&format!("d=\"M{LEFT:.1} {:.1}L{:.1} {TOP:.1}\"", HEIGHT - BOTTOM, WIDTH - RIGHT)),
            "{svg}"
        );
    }
}

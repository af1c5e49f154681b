//! Line charts as SVG, without scripts or files beside.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 36.0;
const TICKS: u32 = 5;

/// A line with its name and colour.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) colour: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// A chart: both axes begin at 0.
pub(super) struct Chart {
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    /// The top of the y axis; lines above it make it higher.
    pub(super) y_max: f64,
    pub(super) lines: Vec<Line>,
}

impl Chart {
    /// The chart as an `svg` element.
    pub(super) fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let x_max = points().map(|(x, _)| *x).fold(1.0, f64::max);
        let y_max = points().map(|(_, y)| *y).fold(self.y_max, f64::max);
        let at = |x: f64, y: f64| {
            let across = LEFT + x / x_max * (WIDTH - LEFT - RIGHT);
            let down = HEIGHT - BOTTOM - y / y_max * (HEIGHT - TOP - BOTTOM);
            (across, down)
        };
        let mut svg =
            format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n", self.y);
        for tick in 0..=TICKS {
            let part = f64::from(tick) / f64::from(TICKS);
            let (left, down) = at(0.0, part * y_max);
            let (right, _) = at(x_max, 0.0);
            let (across, bottom) = at(part * x_max, 0.0);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{left:.1}\" y1=\"{down:.1}\" x2=\"{right:.1}\" y2=\"{down:.1}\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n\
                 <text x=\"{across:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
                left - 6.0,
                down + 4.0,
                label(part * y_max),
                bottom + 15.0,
                label(part * x_max),
            );
        }
        let _ =
            writeln!(svg, "<text x=\"{WIDTH}\" y=\"{}\" text-anchor=\"end\">{}</text>", HEIGHT - 4.0, self.x);
        for line in &self.lines {
            let path: Vec<String> = line
                .points
                .iter()
                .map(|(x, y)| at(*x, *y))
                .map(|(across, down)| format!("{across:.1},{down:.1}"))
                .collect();
            let _ = writeln!(svg, "<polyline points=\"{}\" stroke=\"{}\"/>", path.join(" "), line.colour);
        }
        svg.push_str("</svg>\n");
        svg + &self.legend()
    }

    fn legend(&self) -> String {
        let entries = self
            .lines
            .iter()
            .map(|line| format!("<span style=\"color:{}\">━</span> {}", line.colour, line.name));
        format!("<p class=\"legend\">{}: {}</p>\n", self.y, entries.collect::<Vec<_>>().join(" &nbsp; "))
    }
}

fn label(value: f64) -> String {
    if value >= 10.0 || (value - value.round()).abs() < 1e-9 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_run_from_the_lower_left_to_the_upper_right() {
        let line = Line { name: "rise", colour: "#123456", points: vec![(0.0, 0.0), (10.0, 1.0)] };
        let svg = Chart { x: "day", y: "share", y_max: 1.0, lines: vec![line] }.svg();
        assert!(svg.contains("points=\"56.0,224.0 708.0,12.0\""), "{svg}");
        assert!(svg.contains("share: <span"));
    }
}

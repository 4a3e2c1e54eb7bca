//! Bars over time, as SVG.

use askama::Template;

/// The height of the drawing, and the width of a bar with the gap after it.
const HEIGHT: u64 = 28;
const STEP: usize = 4;
/// The least that is drawn of what is not nothing.
const LEAST: u64 = 1;

/// Bars over time, the oldest first. What they say stands in the label, for those who do not see them.
#[derive(Template)]
#[template(
    source = "<svg class=\"chart\" viewBox=\"0 0 {{ width }} 28\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{{ label }}\">{% for bar in bars %}<rect{% if bar.is_bad %} class=\"bad\"{% endif %} x=\"{{ bar.x }}\" y=\"{{ bar.y }}\" width=\"3\" height=\"{{ bar.height }}\"/>{% endfor %}</svg>",
    ext = "html"
)]
pub(crate) struct Chart {
    label: String,
    width: usize,
    bars: Vec<Bar>,
}

struct Bar {
    x: usize,
    y: u64,
    height: u64,
    is_bad: bool,
}

impl Chart {
    /// One bar for each value.
    pub(crate) fn new(label: String, values: impl IntoIterator<Item = u64>) -> Self {
        Self::stacked(label, values.into_iter().map(|value| (value, 0)))
    }

    /// Bars whose upper part is bad.
    pub(crate) fn stacked(label: String, values: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let values: Vec<(u64, u64)> = values.into_iter().collect();
        let highest = values.iter().map(|(good, bad)| good.saturating_add(*bad)).max();
        let highest = highest.unwrap_or_default().max(1);
        let height = |value: u64| match value {
            0 => 0,
            some => (some.saturating_mul(HEIGHT) / highest).clamp(LEAST, HEIGHT),
        };
        let mut bars = Vec::new();
        for (place, (good, bad)) in values.iter().enumerate() {
            let x = place * STEP;
            let (below, above) = (height(*good), height(*bad));
            // Both have their least part, and together no more than there is room.
            let below = below.min(HEIGHT - above);
            for (from, part, is_bad) in [(0, below, false), (below, above, true)] {
                if part > 0 {
                    bars.push(Bar {
                        x,
                        y: HEIGHT - from - part,
                        height: part,
                        is_bad,
                    });
                }
            }
        }
        Self {
            label,
            width: (values.len() * STEP).max(1),
            bars,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Chart;
    use askama::Template as _;

    #[test]
    fn the_highest_bar_fills_the_drawing_and_the_smallest_is_seen() {
        let drawn = Chart::stacked("Two hours".to_owned(), [(1, 0), (900, 100), (0, 0)]);
        let parts: Vec<_> = drawn
            .bars
            .iter()
            .map(|bar| (bar.x, bar.y, bar.height, bar.is_bad))
            .collect();
        assert_eq!(parts, [(0, 27, 1, false), (4, 3, 25, false), (4, 1, 2, true)]);
        let html = drawn.render().unwrap();
        assert!(
            html.contains("aria-label=\"Two hours\"") && html.contains("class=\"bad\""),
            "{html}"
        );
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(Chart::new(String::new(), [0, 0]).bars.is_empty());
        assert!(Chart::new(String::new(), []).bars.is_empty());
    }
}

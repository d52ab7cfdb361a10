//! The plot: a bar for each pipeline, and lines for the growing message.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::measure::{LENGTHS, Measured};
use crate::pipeline::NONE;
use crate::records::Shape;
use crate::report::bytes;

const WIDTH: u32 = 960;
const MARGIN: u32 = 20;
/// Heights, in pixels, of one bar and of what stands above and below a chart's bars.
const BAR: u32 = 13;
const AROUND: u32 = 70;
const GROWTH: u32 = 380;
/// Where bars begin: names stand to the left.
const NAMES: u32 = 270;

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const OURS: RGBColor = RGBColor(0x1b, 0x7a, 0x4b);
const OTHERS: RGBColor = RGBColor(0x8a, 0x94, 0x9e);
/// For lines: far apart in lightness too.
const LINES: [RGBColor; 5] = [
    RGBColor(0x8a, 0x94, 0x9e),
    RGBColor(0xd9, 0x8c, 0x00),
    RGBColor(0x2f, 0x6f, 0xb7),
    RGBColor(0x1b, 0x7a, 0x4b),
    RGBColor(0xa3, 0x2a, 0x6b),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Failure = Box<dyn std::error::Error>;

/// Draws what was measured.
pub(crate) fn draw(path: &Path, all: &[Measured]) -> Result<(), String> {
    let failed = |error: Failure| format!("cannot draw {}: {error}", path.display());
    let heights: Vec<u32> = Shape::ALL
        .into_iter()
        .map(|shape| height(all, shape))
        .collect();
    let total = heights.iter().sum::<u32>() + GROWTH + 2 * MARGIN;
    let root = SVGBackend::new(path, (WIDTH, total)).into_drawing_area();
    root.fill(&WHITE).map_err(|error| failed(error.into()))?;
    let mut rest = root.margin(MARGIN, MARGIN, MARGIN, MARGIN);
    for (shape, height) in Shape::ALL.into_iter().zip(heights) {
        let (top, below) = rest.split_vertically(height);
        bars(&top, all, shape).map_err(failed)?;
        rest = below;
    }
    if let Some(last) = all.last() {
        lines(&rest, last).map_err(failed)?;
    }
    root.present().map_err(|error| failed(error.into()))
}

/// The names of pipelines that a chart shows, in the order of the report.
fn names(all: &[Measured], shape: Shape) -> Vec<&'static str> {
    let mut names = Vec::new();
    for row in all.iter().flat_map(|measured| &measured.rows) {
        let pipeline = row.pipeline;
        if pipeline.shape == shape && pipeline.name != NONE && !names.contains(&pipeline.name) {
            names.push(pipeline.name);
        }
    }
    names
}

/// A group of bars, and the gap behind it.
fn group(all: &[Measured]) -> u32 {
    all.len() as u32 * BAR + 8
}

fn height(all: &[Measured], shape: Shape) -> u32 {
    names(all, shape).len() as u32 * group(all) + AROUND
}

/// Text of this size.
fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

fn title(area: &Area<'_>, text: &str) -> Result<(), Failure> {
    Ok(area.draw(&Text::new(text.to_string(), (0, 0), font(17)))?)
}

/// A bar for each pipeline, one below the other for each Fluent Bit.
fn bars(area: &Area<'_>, all: &[Measured], shape: Shape) -> Result<(), Failure> {
    title(
        area,
        match shape {
            Shape::Lines => "CRI lines: µs of CPU a record, above a pipeline without a filter",
            Shape::Bodies => "CRI lines with a JSON object for a message: the same",
            Shape::Kubernetes => "Records with a kubernetes map, of one pod: the same",
            Shape::Pods => "Records with a kubernetes map, of twenty pods in turn: the same",
        },
    )?;
    let names = names(all, shape);
    let cost = |measured: &Measured, name: &str| measured.cost(measured.row(shape, name)?);
    let most = all
        .iter()
        .flat_map(|measured| names.iter().filter_map(|name| cost(measured, name)))
        .fold(f64::MIN_POSITIVE, f64::max);
    // Room for the number and the version behind the longest bar.
    let scale = f64::from(WIDTH - 2 * MARGIN - NAMES - 110) / most;
    let mut top = 30;
    for name in names {
        let middle = top + (all.len() as u32 * BAR) as i32 / 2;
        let style = font(13).pos(plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Right,
            plotters::style::text_anchor::VPos::Center,
        ));
        area.draw(&Text::new(name, (NAMES as i32 - 8, middle), style))?;
        for (n, measured) in all.iter().enumerate() {
            let Some(cost) = cost(measured, name) else {
                continue;
            };
            let ours = measured
                .row(shape, name)
                .is_some_and(|row| row.pipeline.is_ours());
            let y = top + (n as u32 * BAR) as i32;
            let end = NAMES as i32 + (cost.max(0.0) * scale) as i32;
            let color = if ours { OURS } else { OTHERS };
            // Older versions are paler.
            let shade =
                color.mix(1.0 - 0.35 * (all.len() - 1 - n) as f64 / all.len().max(2) as f64 * 2.0);
            area.draw(&Rectangle::new(
                [(NAMES as i32, y + 1), (end, y + BAR as i32 - 1)],
                shade.filled(),
            ))?;
            let version = measured.host.trim_start_matches("Fluent Bit ");
            let label = format!("{cost:.2}  {version}");
            area.draw(&Text::new(label, (end + 5, y + 1), font(11)))?;
        }
        top += group(all) as i32;
    }
    Ok(())
}

/// The cost of a record by the length of its message, both logarithmic.
fn lines(area: &Area<'_>, measured: &Measured) -> Result<(), Failure> {
    title(
        area,
        &format!(
            "µs of CPU a record as the message grows ({}, both axes logarithmic)",
            measured.host
        ),
    )?;
    // What is lost in noise cannot be drawn on such an axis.
    const LEAST: f64 = 0.1;
    let costs = measured
        .growth
        .iter()
        .flat_map(|growth| &growth.points)
        .map(|point| point.1);
    let most = costs.fold(1.0, f64::max) * 1.5;
    let (first, last) = (LENGTHS[0] as f64, LENGTHS[LENGTHS.len() - 1] as f64);
    let area = area.margin(28, 0, 0, 0);
    let mut chart = ChartBuilder::on(&area)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .margin_right(20)
        .build_cartesian_2d(
            (first..last)
                .log_scale()
                .with_key_points(LENGTHS.map(|n| n as f64).to_vec()),
            (LEAST..most).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("length of the message")
        .y_desc("µs")
        .x_label_formatter(&|length| bytes(length.round() as usize))
        .y_label_formatter(&|cost| format!("{cost}"))
        .label_style(font(12))
        .axis_desc_style(font(13))
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(0xdd, 0xdd, 0xdd))
        .draw()?;
    for (growth, color) in measured.growth.iter().zip(LINES.iter().cycle()) {
        let points = || {
            growth
                .points
                .iter()
                .map(|(length, cost)| (*length as f64, cost.max(LEAST)))
        };
        chart
            .draw_series(LineSeries::new(points(), color.stroke_width(2)).point_size(3))?
            .label(growth.name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(RGBColor(0xdd, 0xdd, 0xdd))
        .label_font(font(12))
        .draw()?;
    Ok(())
}

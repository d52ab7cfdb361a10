//! Which chart a HelmRelease of Flux installs.

use krm_rs::{Items, Object};

/// A chart, as far as the build tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chart {
    /// Its name: the last part of a path or URL.
    pub(crate) name: String,
    /// Its version as it is written, which may be a range.
    pub(crate) version: Option<String>,
}

/// Reads `spec.chart.spec`, or `spec.chartRef` with the object that it names (helm.toolkit.fluxcd.io/v2 and
/// source.toolkit.fluxcd.io/v1).
///
/// # Errors
/// Why the chart cannot be told.
pub(crate) fn of(release: &Object, items: &Items) -> Result<Chart, String> {
    if let Some(name) = release.get_str("spec.chart.spec.chart") {
        return Ok(Chart {
            name: last_part(name),
            version: text(release, "spec.chart.spec.version"),
        });
    }
    let (Some(kind), Some(name)) = (
        release.get_str("spec.chartRef.kind"),
        release.get_str("spec.chartRef.name"),
    ) else {
        return Err("it names no chart".into());
    };
    let namespace = release.get_str("spec.chartRef.namespace");
    let namespace = namespace.unwrap_or(release.namespace());
    let source = items.deployable().find(|object| {
        object.group() == "source.toolkit.fluxcd.io"
            && object.kind() == kind
            && object.name() == name
            && object.namespace() == namespace
    });
    let Some(source) = source else {
        return Err(format!(
            "its chart is that of {kind}/{name}, which is not in the build"
        ));
    };
    let (named, version) = match kind {
        "OCIRepository" => (
            source.get_str("spec.url"),
            text(source, "spec.ref.tag").or_else(|| text(source, "spec.ref.semver")),
        ),
        "HelmChart" => (source.get_str("spec.chart"), text(source, "spec.version")),
        _ => (None, None),
    };
    match named {
        Some(named) => Ok(Chart {
            name: last_part(named),
            version,
        }),
        None => Err(format!("{kind}/{name} names no chart")),
    }
}

/// YAML makes a number of `version: 1.1`; that is no version either way.
fn text(object: &Object, path: &str) -> Option<String> {
    object.get_str(path).map(str::to_owned)
}

fn last_part(path: &str) -> String {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Major and minor number of the newest version that a range allows, which is the one that Flux takes: `0.13.x`, `^0.13`,
/// `>=0.12.1 <0.14.0` (github.com/Masterminds/semver).
///
/// `None` where that cannot be told.
pub(crate) fn newest(range: &str) -> Option<(u64, u64)> {
    if range.contains("||") || range.contains(" - ") {
        return None;
    }
    // An operator may stand apart from its version.
    let mut joined = range.replace(',', " ");
    for operator in [">", "<", "=", "~", "^"] {
        joined = joined.replace(&format!("{operator} "), operator);
    }
    let mut parts = joined.split_whitespace().map(newest_of);
    parts.try_fold((u64::MAX, u64::MAX), |least, part| Some(least.min(part?)))
}

/// The same for one comparison.
fn newest_of(part: &str) -> Option<(u64, u64)> {
    const ANY: u64 = u64::MAX;
    let at = part.find(|c| !"<>=~^!".contains(c))?;
    let (operator, version) = part.split_at(at);
    let version = version.strip_prefix('v').unwrap_or(version);
    let core = version.split(['-', '+']).next()?;
    let mut numbers = Vec::new();
    for text in core.split('.') {
        match text {
            "x" | "X" | "*" => break,
            text => numbers.push(text.parse::<u64>().ok()?),
        }
    }
    let (major, minor, patch) = (numbers.first(), numbers.get(1), numbers.get(2));
    let Some(&major) = major else {
        return Some((ANY, ANY));
    };
    let within = (major, minor.copied().unwrap_or(ANY));
    match operator {
        "" | "=" | "~" | "<=" => Some(within),
        "^" if major == 0 => Some(within),
        "^" => Some((major, ANY)),
        ">" | ">=" => Some((ANY, ANY)),
        "<" if patch.is_some_and(|patch| *patch > 0) => Some(within),
        "<" => match (major, minor.copied().unwrap_or(0)) {
            (0, 0) => None,
            (major, 0) => Some((major - 1, ANY)),
            (major, minor) => Some((major, minor - 1)),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_a_newest() {
        const ANY: u64 = u64::MAX;
        for (range, expected) in [
            ("0.13.0", Some((0, 13))),
            ("v0.12.2", Some((0, 12))),
            ("=0.12.2", Some((0, 12))),
            ("0.13.x", Some((0, 13))),
            ("0.13", Some((0, 13))),
            ("^0.12.1", Some((0, 12))),
            ("^1.2.3", Some((1, ANY))),
            ("~0.12", Some((0, 12))),
            (">=0.12.0", Some((ANY, ANY))),
            (">=0.12.0 <0.13.0", Some((0, 12))),
            (">= 0.12.0, < 1", Some((0, ANY))),
            ("<0.13.0", Some((0, 12))),
            ("<0.13.1", Some((0, 13))),
            ("<=0.12.2", Some((0, 12))),
            ("<1.0.0", Some((0, ANY))),
            ("0.13.0-rc.1", Some((0, 13))),
            ("0.x", Some((0, ANY))),
            ("0", Some((0, ANY))),
            ("*", Some((ANY, ANY))),
            ("", Some((ANY, ANY))),
            ("0.12.0 || 0.14.0", None),
            ("0.11.0 - 0.12.0", None),
            ("!=0.12.0", None),
            ("<0.0", None),
            ("<", None),
            ("latest", None),
            ("${VERSION}", None),
        ] {
            assert_eq!(newest(range), expected, "{range}");
        }
    }

    #[test]
    fn a_chart_is_the_end_of_its_path() {
        for (path, name) in [
            ("alloy", "alloy"),
            ("./charts/alloy/", "alloy"),
            ("oci://ghcr.io/x/charts/alloy", "alloy"),
        ] {
            assert_eq!(last_part(path), name);
        }
    }
}

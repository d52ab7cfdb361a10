//! The version that an image's tag names.

use leafpack_fn_common::modules::INSTANCES_LAST;

/// A release of Fluent Bit, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Version(Option<[u32; 2]>);

/// The first whose wasm filter takes `Event_Format`.
const FIRST: [u32; 2] = [3, 0];

/// The first whose `forward` input calls filters on a stack of its own, which the engine takes for an overflow
/// (`in_forward/fw_conn.c` and WAMR's `wasm_runtime.c`, 5.1.0 and 5.1.1).
const COROUTINES: [u32; 2] = [5, 1];

impl Version {
    /// The release that an image names: `fluent/fluent-bit:4.1.1-debug`. Images of another name, such as
    /// `aws-for-fluent-bit`, count releases of their own.
    pub(crate) fn of_image(image: &str) -> Self {
        let image = image.split('@').next().unwrap_or_default();
        let name = image.rsplit('/').next().unwrap_or_default();
        match name.split_once(':') {
            Some(("fluent-bit", tag)) => Version::of_tag(tag),
            _ => Version::default(),
        }
    }

    /// The release that a tag names.
    pub(crate) fn of_tag(tag: &str) -> Self {
        let plain = tag.strip_prefix('v').unwrap_or(tag);
        let plain = plain.split('-').next().unwrap_or_default();
        let mut numbers = plain.split('.').map(|part| part.parse().ok());
        let mut number = || numbers.next().flatten();
        Version(number().zip(number()).map(|(major, minor)| [major, minor]))
    }

    /// Whether it is known to be too old for the filters.
    pub(crate) fn is_too_old(self) -> bool {
        self.0.is_some_and(|version| version < FIRST)
    }

    /// Whether a filter may hold a line's first half back. Where the release is not known it may not.
    pub(crate) fn keeps_filters(self) -> bool {
        self.0.is_some_and(|version| version >= INSTANCES_LAST)
    }

    /// Whether it is known to load a filter's module for each call.
    pub(crate) fn loads_anew(self) -> bool {
        self.0.is_some_and(|version| version < INSTANCES_LAST)
    }

    /// Whether the `forward` input loses records, as far as that is known.
    pub(crate) fn loses_forwarded(self) -> bool {
        self.0.is_none_or(|version| version >= COROUTINES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tags() {
        for (image, version) in [
            ("fluent/fluent-bit:4.1.1", Some([4, 1])),
            ("cr.fluentbit.io/fluent/fluent-bit:3.2-debug", Some([3, 2])),
            ("localhost:5000/fluent-bit:v5.1.1@sha256:00", Some([5, 1])),
            ("localhost:5000/fluent-bit", None),
            ("fluent/fluent-bit:latest", None),
            ("fluent/fluent-bit@sha256:00", None),
            ("fluent/fluent-bit:4", None),
            ("amazon/aws-for-fluent-bit:2.32.0", None),
            ("fluent/fluent-bit:${TAG}", None),
        ] {
            assert_eq!(Version::of_image(image).0, version, "{image}");
        }
    }
}

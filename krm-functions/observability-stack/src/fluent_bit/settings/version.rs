//! What depends on the version of Fluent Bit.

use krm_rs::json;
use leafpack_fn_common::check::Check;
use leafpack_fn_common::modules::INSTANCES_LAST;

/// What is read of a file at a time, in bytes: the `tail` input's own default. A line cannot be limited below it.
pub(super) const READ: u64 = 32_768;

/// The same where the filter's module is loaded for whatever is read at a time, which costs more than the records. Each
/// file that is behind takes so much memory: with 100 of them 3.2.2 took 45 MB, and 23 MB with [`READ`], for half of the
/// processor's time; 512 KiB took a third, but 160 MB, more than the limit.
pub(super) const READ_AND_LOAD: u64 = 131_072;

/// Whether a filter's module is loaded anew for each call. A tag that names no version is taken for a late one.
pub(super) fn loads_anew(tag: &str) -> bool {
    release(tag).is_some_and(|release| release < INSTANCES_LAST)
}

/// Major and minor version, if a tag names them: `4.1`, `5.1.1-debug`.
pub(super) fn release(tag: &str) -> Option<[u32; 2]> {
    let plain = tag.split('-').next().unwrap_or_default();
    let mut numbers = plain.split('.').map(|part| part.parse().ok());
    Some([numbers.next()??, numbers.next()??])
}

/// The version that a tag names, if it does: `5.1.1`, `5.1.1-debug`.
pub(crate) fn version(tag: &str) -> Option<[u32; 3]> {
    let plain = tag.split('-').next().unwrap_or_default();
    let numbers: Vec<u32> = plain
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    numbers.try_into().ok()
}

/// Says what is known of a version; a tag that is none is taken on trust.
pub(super) fn check(tag: &str, check: &mut Check<'_>) {
    let Some([major, minor, patch]) = version(tag) else {
        return;
    };
    let path = "spec.logs.image.tag";
    match (major, minor, patch) {
        (..=2, ..) => check.error(
            path,
            &format!("found {tag:?}, expected 3.0.0 or later: the wasm filter takes no Event_Format before"),
            json!("5.1.1"),
        ),
        (4, 0, 4..) | (4, 1.., _) | (5, 0, _) | (5, 1, 0) => check.warning(
            path,
            &format!(
                "found {tag:?}: the images from 4.0.4 to 5.1.0 may add stray bytes to text that is not ASCII; 5.1.1 does not"
            ),
        ),
        _ => {}
    }
}

//! What leafpack's KRM functions share: [checks](check) whose errors name a fix, [Flux's expressions](flux), sizes and
//! durations, the hub's [endpoints](endpoint), [files] in ConfigMaps, and the filter [modules].
#![forbid(unsafe_code)]

pub mod check;
pub mod duration;
pub mod endpoint;
pub mod files;
pub mod flux;
pub mod modules;
pub mod quantity;

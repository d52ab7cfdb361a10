//! An SDK for KRM functions: programs that kustomize, kpt and their like hand a `ResourceList` on standard input, and
//! that answer with one on standard output.
//!
//! The protocol is the [KRM functions specification][spec], v1 and v1beta1.
//! A function is a type that is read from the `functionConfig`; see [`Function`] and the README for a whole one.
//!
//! ```
//! use krm_rs::{Dispatcher, Function, Items, Object, Results};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, Default)]
//! #[serde(rename_all = "camelCase", default, deny_unknown_fields)]
//! struct SetTeam {
//!     team: String,
//! }
//!
//! impl Function for SetTeam {
//!     const API_VERSION: &'static str = "example.com/v1";
//!     const KIND: &'static str = "SetTeam";
//!
//!     fn run(self, _config: &Object, items: &mut Items, _results: &mut Results) {
//!         for object in items.deployable_mut() {
//!             object.set_label("team", &self.team);
//!         }
//!     }
//! }
//!
//! let input = br#"
//! apiVersion: config.kubernetes.io/v1
//! kind: ResourceList
//! functionConfig: {apiVersion: example.com/v1, kind: SetTeam, metadata: {name: x}, spec: {teem: payments}}
//! items: []
//! "#;
//! let outcome = Dispatcher::new().with::<SetTeam>().process(input);
//! assert!(!outcome.success);
//! assert_eq!(
//!     outcome.stderr,
//!     "error: SetTeam/x: spec.teem: unknown field; did you mean team?\n  fix: team: payments\n"
//! );
//! ```
//!
//! [spec]: https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md
#![forbid(unsafe_code)]

mod dispatch;
mod items;
mod list;
mod object;
mod path;
mod report;
mod result;
pub mod typed;
pub mod yaml;

pub use dispatch::{Dispatcher, Function, Outcome};
pub use items::{Items, Upserted};
pub use list::{ReadError, ResourceList};
pub use object::{NotAnObject, Object, ObjectId};
pub use path::{Path, PathError, Segment, leaves};
pub use result::{Field, File, Fix, ResourceRef, ResultItem, Results, Severity};
/// The tree that every object is: a `serde_json` value whose mappings keep their order.
pub use serde_json::{Map, Number, Value, json};

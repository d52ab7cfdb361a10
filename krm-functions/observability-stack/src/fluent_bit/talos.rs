//! What Talos sends of its services and of the kernel: JSON lines, to an address that the machine configuration names.

use super::config::{Config, Kind};
use super::output::{Matching, Target};
use super::{Port, native};
use crate::spec::Logs;
use crate::tenants::{Tenant, Tenants};
use krm_rs::json;
use leafpack_fn_common::check::Check;

/// The tag of these records.
pub(super) const TAG: &str = "talos";

/// The port's name.
const PORT_NAME: &str = "talos";

/// What the records say of their kind.
const LOG_TYPE: &str = "talos";

/// Fields by which VictoriaLogs groups the records into streams.
const STREAM_FIELDS: [&str; 4] = ["cluster", "log_type", super::NODE_FIELD, "talos_service"];

/// A line may have so many KiB. Talos reads what its services say in lines of at most 64 KiB (`bufio.Scanner`), of which
/// each byte may take six in JSON.
const LINE_KIB: u32 = 512;

/// What may wait on the disk. Talos itself keeps 1 MiB for each service (`CircularBufferLoggingManager`).
const DISK: &str = "64M";

/// Talos' logs, checked.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The port of the node.
    pub(crate) port: u16,
    /// Whose records these are.
    pub(crate) tenant: Tenant,
}

impl Plan {
    /// Checks `spec.logs.talos`; `Some(None)` where they are not asked for, `None` after an error.
    pub(super) fn read(
        logs: &Logs,
        tenants: &Tenants,
        check: &mut Check<'_>,
    ) -> Option<Option<Self>> {
        let talos = &logs.talos;
        let path = "spec.logs.talos.port";
        if talos.port == 0 || talos.port == super::HTTP.number {
            check.error(
                path,
                &format!(
                    "found {}, expected a port that is free on every node and is not {}, at which Fluent Bit answers",
                    talos.port,
                    super::HTTP.number
                ),
                json!(5170),
            );
            return None;
        }
        let tenant = match talos.tenant.as_str() {
            // That it is missing has been told where it was named.
            "" if !tenants.has(&logs.tenant) => None,
            "" => tenants.get("spec.logs.tenant", &logs.tenant, check),
            name => tenants.get("spec.logs.talos.tenant", name, check),
        };
        let plan = Plan {
            port: talos.port,
            tenant: tenant?,
        };
        Some(talos.services.then_some(plan))
    }

    /// The container's port, which is the node's too.
    pub(super) fn port(&self) -> Port {
        Port {
            name: PORT_NAME,
            number: self.port,
        }
    }
}

/// The `tcp` input. It has no `storage.pause_on_chunks_overlimit`: who is paused drops what has come in, and Talos takes
/// it for delivered. What waits for the hub is limited at the output instead.
pub(super) fn input(talos: &Plan, config: &mut Config) {
    let comment = "What Talos says of its services and of the kernel. It is not stopped by a full buffer, for what Talos has\n\
        sent it does not send again; beyond the output's own limit the oldest is dropped.";
    config
        .section(Kind::Input, comment)
        .set("Name", "tcp")
        .set("Alias", "talos")
        .set("Tag", TAG)
        .set("Listen", "0.0.0.0")
        .set("Port", talos.port)
        .set("Format", "json")
        .set("Buffer_Size", LINE_KIB)
        .set("storage.type", "filesystem");
}

/// Talos' names become those of every other record. Kernel messages have no service.
pub(super) fn filter(plan: &crate::plan::Plan, talos: &Plan, config: &mut Config) {
    let comment = "Talos' own fields, under names that need no quotes in a query.";
    let section = config.section(Kind::Filter, comment);
    section
        .set("Name", "modify")
        .set("Match", TAG)
        .set("Hard_rename", "msg _msg")
        .set("Hard_rename", "talos-time _time")
        .set("Hard_rename", "talos-level talos_level")
        .set("Hard_rename", "talos-service talos_service")
        .set("Add", "talos_service kernel")
        .set("Set", format_args!("log_type {LOG_TYPE}"));
    native::origin(plan, section);
    section.set("Set", format_args!("tenant {}", talos.tenant.name));
}

/// Where the records go.
pub(super) fn target(talos: &Plan) -> Target<'_> {
    Target {
        alias: "hub-talos-log".to_owned(),
        comment: "Talos' services and the kernel.",
        matching: Matching::Tags(TAG.to_owned()),
        tenant: &talos.tenant,
        stream_fields: &STREAM_FIELDS,
        limit: Some(DISK),
        filter: None,
    }
}

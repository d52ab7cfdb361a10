//! `settings.schema.json` is held to the code.

use leafpack_filter_tenant::tenant;
use leafpack_peer::table::all_records;
use leafpack_settings_schema::{Subject, agree};

fn subject() -> Subject {
    let schema = include_str!("../settings.schema.json");
    let records = all_records(include_str!("../fixtures/cases.json"));
    Subject::new("tenant", tenant, schema, records)
}

agree!(subject);

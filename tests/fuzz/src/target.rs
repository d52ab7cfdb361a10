//! The exports, and how each is called outside of Fluent Bit.

use std::borrow::Cow;
use std::cell::RefCell;

use leafpack_fluent_bit::run::{self, Filter};
use leafpack_fluent_bit::{Call, Notes, Settings, Source, Time, native};

use crate::read;

/// What a record is handed over as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `Event_Format json`.
    Json,
    /// `Event_Format msgpack`.
    Msgpack,
}

/// What a filter may take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loses {
    /// No record; of a record only fields that the settings name.
    Nothing,
    /// Records too, by a rule of the settings.
    Records,
    /// It is made to select fields, with default settings too.
    Fields,
}

/// The host's time in every call; records say it as `2026-01-31T12:00:00.000000001Z`.
pub const NOW: Time = Time {
    seconds: 1_769_860_800,
    nanoseconds: 1,
};

/// One exported function.
pub struct Target {
    /// `Function_Name`, and the folder of the corpus.
    pub export: &'static str,
    /// The module's name: of its file, and of that of its settings.
    pub module: &'static str,
    /// What it takes and gives.
    pub format: Format,
    /// What it may take away.
    pub loses: Loses,
    pub(crate) start: fn(Option<&[u8]>) -> Box<dyn Instance>,
}

/// An instance of a module, with its settings.
pub trait Instance {
    /// The record that becomes of one; `None`: it is dropped.
    fn call(&self, tag: &[u8], record: &[u8]) -> Option<Vec<u8>>;
}

/// An instance as `export!` makes it: a quick answer comes before the filter's.
struct Native<S> {
    filter: Filter<S>,
    format: run::Format,
    state: S,
    room: RefCell<Vec<u8>>,
}

impl<S: Settings> Instance for Native<S> {
    fn call(&self, tag: &[u8], record: &[u8]) -> Option<Vec<u8>> {
        let mut room = self.room.borrow_mut();
        let len = self.state.quick(self.format, || tag, record, &mut room);
        if len > 0 {
            return room.get(..len).map(<[u8]>::to_vec);
        }
        let call = Call {
            tag,
            time: NOW,
            record: Some(record),
        };
        native::call(self.filter, &self.state, &call)
    }
}

fn start<S: Settings>(
    filter: Filter<S>,
    format: Format,
    module: &str,
    settings: Option<&[u8]>,
) -> Box<dyn Instance> {
    // Before the state, and so dropped behind it.
    let mut loans = Vec::new();
    let source = settings.map_or(Source::Missing, |bytes| {
        Source::Text(loan::lend(bytes.to_vec(), &mut loans))
    });
    let mut state = S::load(source, &mut Notes::new(module, &mut [0; 4096]));
    state.keep(loan::lend(vec![0; state.memory()], &mut loans));
    Box::new(Lent {
        instance: Native {
            filter,
            format: match format {
                Format::Json => run::Format::Json,
                Format::Msgpack => run::Format::Msgpack,
            },
            state,
            room: RefCell::new(vec![0; S::QUICK]),
        },
        _loans: loans,
    })
}

/// An instance with what was lent to it; fields are dropped in their order.
struct Lent<S> {
    instance: Native<S>,
    _loans: Vec<loan::Loan>,
}

impl<S: Settings> Instance for Lent<S> {
    fn call(&self, tag: &[u8], record: &[u8]) -> Option<Vec<u8>> {
        self.instance.call(tag, record)
    }
}

impl Target {
    /// A new instance, with the bytes of a settings file; `None`: there is none.
    pub fn start(&self, settings: Option<&[u8]>) -> Box<dyn Instance> {
        (self.start)(settings)
    }

    /// The record as this export takes it: one that is written as JSON is a seed for msgpack too.
    pub fn record<'r>(&self, record: &'r [u8]) -> Cow<'r, [u8]> {
        if self.format == Format::Msgpack
            && record.starts_with(b"{")
            && let Ok(fields) = read::json(record)
        {
            return read::to_msgpack(&fields).into();
        }
        record.into()
    }

    /// The export that takes the same in JSON, of one that takes msgpack.
    pub fn in_json(&self) -> Option<&'static Self> {
        target(self.export.strip_suffix("_msgpack")?).ok()
    }
}

/// Memory that a state may hold for as long as the process lives, and that is back before: a search makes millions of
/// states.
#[allow(unsafe_code)]
mod loan {
    /// Memory that was lent.
    pub(super) struct Loan(*mut [u8]);

    /// Lends bytes. Whoever gets them must be gone before `loans`.
    pub(super) fn lend(bytes: Vec<u8>, loans: &mut Vec<Loan>) -> &'static mut [u8] {
        let bytes = Box::into_raw(bytes.into_boxed_slice());
        loans.push(Loan(bytes));
        // SAFETY: just made, and given out once. `start` alone calls this, and drops the state before the loans.
        unsafe { &mut *bytes }
    }

    impl Drop for Loan {
        fn drop(&mut self) {
            // SAFETY: of `into_raw` above; what was made of it is gone, as `lend` asks for.
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}

macro_rules! targets {
    ($($export:literal of $module:literal, $format:ident, loses $loses:ident: $state:ty, $filter:path;)+) => {
        &[$(Target {
            export: $export,
            module: $module,
            format: Format::$format,
            loses: Loses::$loses,
            start: |settings| start::<$state>($filter, Format::$format, $module, settings),
        }),+]
    };
}

/// Every export of every filter.
pub const TARGETS: &[Target] = targets! {
    "cri" of "cri", Json, loses Nothing: leafpack_filter_cri::State, leafpack_filter_cri::cri;
    "cri_msgpack" of "cri", Msgpack, loses Nothing:
        leafpack_filter_cri::State, leafpack_filter_cri::cri_msgpack;
    "tenant" of "tenant", Json, loses Nothing: leafpack_filter_tenant::State, leafpack_filter_tenant::tenant;
    "tenant_msgpack" of "tenant", Msgpack, loses Nothing:
        leafpack_filter_tenant::State, leafpack_filter_tenant::tenant_msgpack;
    "audit" of "audit", Json, loses Fields:
        leafpack_filter_audit::Settings, leafpack_filter_audit::audit;
    "container_logs" of "container-logs", Json, loses Records:
        leafpack_filter_container_logs::State, leafpack_filter_container_logs::container_logs;
    "container_logs_msgpack" of "container-logs", Msgpack, loses Nothing:
        leafpack_filter_container_logs::State, leafpack_filter_container_logs::container_logs_msgpack;
};

/// The target of an export.
///
/// # Errors
/// The names that there are.
pub fn target(export: &str) -> Result<&'static Target, String> {
    let found = TARGETS.iter().find(|target| target.export == export);
    found.ok_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.export).collect();
        format!(
            "found the target {export:?}, expected one of: {}",
            names.join(", ")
        )
    })
}

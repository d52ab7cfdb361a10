#![cfg_attr(target_arch = "wasm32", no_std)]
#![doc = include_str!("../README.md")]

mod body;
mod escaped;
mod join;
mod quick_body;
mod settings;
mod shapes;

pub use join::{HOLD_FROM, PENDING, PLACE};
pub use settings::{JoinMode, JsonBody, Settings};

use core::cell::Cell;

use join::{Fragment, Join, Joined};
use leafpack_filter_cri::{Fast, Found, Head, parse_line};
use leafpack_filter_tenant::{Body, Existing};
use leafpack_fluent_bit::run::{Answer, Format, run};
use leafpack_fluent_bit::{Call, Notes, Output, Source, Verdict};
use quick_body::QuickBody;

/// Bytes of memory for what is remembered.
const QUICK_MEMORY: usize = Fast::MEMORY + QuickBody::MEMORY;

/// What an instance of the filter holds.
#[derive(Debug)]
pub struct State {
    settings: Settings,
    fast: Fast,
    body: QuickBody,
    join: Join,
}

impl From<Settings> for State {
    fn from(settings: Settings) -> Self {
        let tenant = &settings.tenant;
        let mut fast = Fast::new(&settings.cri, settings.json_body.merge);
        // A lifted field may be kept out by one of the line's of the same name, and whether the record says so depends
        // on both values.
        let prefix = tenant.kubernetes.lift.unwrap_or(b"-");
        let collides = [&b"_time"[..], b"stream", b"_msg"]
            .iter()
            .any(|name| name.starts_with(prefix));
        if tenant.existing == Existing::Keep && collides {
            fast.disable();
        }
        Self {
            body: QuickBody::new(&settings, fast.is_enabled()),
            fast,
            join: Join::default(),
            settings,
        }
    }
}

impl leafpack_fluent_bit::Settings for State {
    fn load(source: Source, notes: &mut Notes<'_>) -> Self {
        Settings::load(source, notes).into()
    }

    fn memory(&self) -> usize {
        match self.settings.join {
            JoinMode::Filter => QUICK_MEMORY + Join::MEMORY,
            _ => QUICK_MEMORY,
        }
    }

    fn keep(&mut self, memory: &'static mut [u8]) {
        if let Some((quick, join)) = memory.split_at_mut_checked(QUICK_MEMORY)
            && let Some((fast, body)) = quick.split_at_mut_checked(Fast::MEMORY)
        {
            self.fast.keep(fast);
            self.body.keep(body);
            self.join = Join::new(join);
        }
    }

    const QUICK: usize = Fast::QUICK;

    #[inline(always)]
    fn quick<'t>(
        &self,
        format: Format,
        tag: impl Fn() -> &'t [u8],
        record: &[u8],
        room: &mut [u8],
    ) -> usize {
        if !self.join.is_empty() && format == Format::Json {
            return 0;
        }
        let is_body = self.settings.json_body.merge && record.get(Head::LEN) == Some(&b'{');
        if format == Format::Json && is_body {
            return match self.fast.head(record) {
                Some(head) => self
                    .body
                    .answer(self.fast.memo(), tag(), record, head, room),
                None => 0,
            };
        }
        self.fast.quick(format, tag, record, room)
    }

    #[inline]
    fn answered(&self, stands: bool) {
        self.join.answered(stands);
    }
}

/// The filter `container_logs`: what the filters `cri` and `tenant` do one after the other, and what they cannot do
/// apart: the fields of a JSON message become the record's, and cut lines are joined.
#[inline(never)]
pub fn container_logs(call: &Call<'_>, state: &State, out: &mut Output<'_>) -> Verdict {
    let found = state.fast.find(call.record.unwrap_or_default());
    if let Some(found) = &found
        && state.settings.join == JoinMode::Filter
        && found.is_raw()
    {
        let fragment = Fragment {
            tag: call.tag,
            time: found.line.time,
            stream: found.line.stream,
            tags: found.line.tags,
            message: found.line.message,
            rest: found.rest,
        };
        match state.join.take(&fragment, out) {
            Joined::Held => return Verdict::Drop,
            Joined::Record { record, tag } => {
                let call = Call {
                    record: Some(record),
                    tag,
                    ..*call
                };
                return whole(&call, state, out);
            }
            Joined::Alone => {}
        }
    }
    if let Some(found) = &found
        && state.body.wants(state.fast.memo(), call, found)
    {
        learn_body(call, found, state, out);
    }
    state.fast.answer(found, call, state, out, whole)
}

/// Finds out where the fields of a message go in records like this one.
#[inline(never)]
fn learn_body(call: &Call<'_>, found: &Found<'_>, state: &State, out: &mut Output<'_>) {
    let probe = QuickBody::probe(found);
    let len = probe.iter().map(|part| part.len()).sum();
    let (Some(record), Some(answer)) = (out.scratch(len), out.scratch(out.room() / 2)) else {
        return;
    };
    let mut text = Output::new(&mut *record);
    for part in probe {
        text.push(part);
    }
    let call = Call {
        record: Some(record),
        ..*call
    };
    if let Answer::Record { len } = run(whole, &call, state, answer) {
        let answer = answer.get(..len).unwrap_or_default();
        let memo = state.fast.memo();
        let learnt = state
            .body
            .learn(memo, &call, found, answer, &state.settings);
        if learnt.is_none() {
            state.body.give_up(memo, &call, found);
        }
    }
}

/// [`container_logs`] for `Event_Format msgpack`, where nothing is joined: the host takes an empty answer for a record
/// there, and loses what is delivered with it (tried on 3.2.2, 4.1.1 and 5.1.1).
pub fn container_logs_msgpack(call: &Call<'_>, state: &State, out: &mut Output<'_>) -> Verdict {
    state.fast.answer_packed(call, state, out, whole)
}

/// The whole filter, save that nothing is joined.
#[inline(never)]
fn whole(call: &Call<'_>, state: &State, out: &mut Output<'_>) -> Verdict {
    let Some(memory) = out.scratch(out.room() / 2) else {
        return Verdict::Emit;
    };
    let settings = &state.settings;
    let is_line = Cell::new(false);
    let parse =
        |call: &Call<'_>, settings: &leafpack_filter_cri::Settings, out: &mut Output<'_>| {
            parse_line(call, settings, out, &is_line)
        };
    let len = match run(parse, call, &settings.cri, memory) {
        Answer::Record { len } => len,
        Answer::TooSmall => {
            out.refuse();
            return Verdict::Emit;
        }
        // `cri` neither keeps nor drops a record.
        Answer::Same | Answer::Dropped => return Verdict::Keep,
    };
    let mut end = len;
    if settings.json_body.merge
        && is_line.get()
        && let Some((record, free)) = memory.split_at_mut_checked(len)
        && let Some(message) = body::message(record, settings)
    {
        match body::unescaped(message, free) {
            Some(body_len) => end += body_len,
            None => {
                out.refuse();
                return Verdict::Emit;
            }
        }
    }
    let body = Body {
        start: len,
        prefix: settings.json_body.prefix,
        message: settings.cri.names.message(),
    };
    let text = memory.get(..end).unwrap_or_default();
    leafpack_filter_tenant::process(text, body, &settings.tenant, out)
}

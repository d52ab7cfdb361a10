use crate::json::Fields;
use crate::time::Time;

/// What Fluent Bit hands over with one record.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The record's tag, without its terminating NUL; empty where the host gave none.
    pub tag: &'a [u8],
    /// The event's time as the host has it (when the line was read, unless a parser set it).
    pub time: Time,
    /// The record's body as JSON text, without its terminating NUL. `None`: the host had no memory for it
    /// and called with a null pointer; `Some` of an empty slice: it really was empty.
    pub record: Option<&'a [u8]>,
}

impl<'a> Call<'a> {
    /// The fields of the record, in order. A record that is missing or is no JSON object yields one
    /// [`crate::json::Malformed`].
    #[inline]
    pub fn fields(&self) -> Fields<'a> {
        Fields::new(self.record.unwrap_or_default())
    }
}

/// What becomes of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What the filter wrote is the record now. It must be exactly one JSON object: after anything else
    /// Fluent Bit aborts (double free in `filter_wasm`, versions 3.2.2 to 5.1.1).
    Emit,
    /// The record goes on as it came. Safe only after [`Call::fields`] ended without an error: the host passes
    /// text that it does not take back (`nan`, msgpack extensions).
    Keep,
    /// The record is dropped: only by a rule that a user configured, and never with `Event_Format msgpack`, where the host
    /// has no answer for it ([`crate::msgpack`]).
    Drop,
    /// The record is no JSON object (or is missing), and what was written so far is void: the record becomes
    /// the event's time, the reason, and the text as one string ([`RECORD_FIELD`](crate::RECORD_FIELD)).
    Unreadable {
        /// Field of the time.
        time_field: &'static [u8],
        /// Why, for [`ERROR_FIELD`](crate::ERROR_FIELD): a code, a colon and a reason.
        reason: &'static [u8],
    },
}

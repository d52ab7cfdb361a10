//! What the codes of `leafpack_error` mean, and what to do about them.

/// A code, in words.
#[derive(Debug)]
pub(super) struct Code {
    /// `<filter>.<what>`, or `.<what>` for that of any filter.
    code: &'static str,
    pub(super) meaning: &'static str,
    pub(super) remedy: &'static str,
}

/// Codes of one filter come before those of all.
const CODES: &[Code] = &[
    Code {
        code: "cri.time",
        meaning: "a line that a container runtime wrote starts with an RFC 3339 time; this one does not, so it was left as it is",
        remedy: "see which program writes to this file; a file that is no container log needs a pipeline without cri",
    },
    Code {
        code: "cri.stream",
        meaning: "stdout or stderr must follow the time; what is there is neither, so the line was left as it is",
        remedy: "see which program writes to this file, or whether the line was cut on a full disk",
    },
    Code {
        code: "cri.tag",
        meaning: "F (a full line) or P (a partial one) must follow the stream; neither is there, so the line was left as it is",
        remedy: "see whether the line was cut while it was written, as on a full disk",
    },
    Code {
        code: "cri.input",
        meaning: "the record has no field that holds the line, or it is no string, so the record was left as it is",
        remedy: "set input in cri.json to the field that holds the line (the tail input's Key, log by default), or narrow the filter's Match",
    },
    Code {
        code: "cri.replaced",
        meaning: "the record had fields of the names that the filter writes; the filter's values took their place",
        remedy: "have no parser and no other filter write these fields before cri",
    },
    Code {
        code: "audit.line",
        meaning: "an audit log holds one JSON object a line; this line is none, so it was left as it is",
        remedy: "narrow the input's Path to the audit log; a line that is cut was longer than the input's Buffer_Max_Size",
    },
    Code {
        code: "audit.kind",
        meaning: "the object is no event of audit.k8s.io/v1, so no fields were made of it",
        remedy: "have the API server write audit.k8s.io/v1 (--audit-log-version), one event a line (--audit-log-format=json)",
    },
    Code {
        code: "audit.input",
        meaning: "the record is no event, and its field for the line holds none, so the record was left as it is",
        remedy: "set input in audit.json to the field that holds the line, or narrow the filter's Match",
    },
    Code {
        code: "audit.truncated",
        meaning: "the API server cut the event, for it was too large; what is left of it is all there",
        remedy: "raise --audit-log-truncate-max-event-size, or have the audit policy log less of such requests",
    },
    Code {
        code: "audit.time",
        meaning: "neither of the event's timestamps can be used; _time is when Fluent Bit read it",
        remedy: "see what writes the event: the API server always gives both",
    },
    Code {
        code: "tenant.replaced",
        meaning: "the record had fields of these names with other values, which gave way to the filter's",
        remedy: "rename the fields where the application writes them, or set existing to keep in tenant.json",
    },
    Code {
        code: "tenant.kept",
        meaning: "the Kubernetes metadata hold values for fields that the record already has; the record's stayed (existing: keep)",
        remedy: "set existing to replace in tenant.json, or rename the fields where the application writes them",
    },
    Code {
        code: ".record",
        meaning: "the record is no JSON object that a filter can read (Fluent Bit writes NaN, infinities and binary values so); its text is in leafpack_record",
        remedy: "find what makes such values: a parser, a Lua script or another filter before this one",
    },
    Code {
        code: ".settings",
        meaning: "the filter's settings file cannot be used, and every record is handled with default settings",
        remedy: "correct the file: leafpack logs --settings FILE says what is wrong, leafpack schema what would be right",
    },
    Code {
        code: ".replaced",
        meaning: "fields that were there gave way to other values of the filter's",
        remedy: "rename the fields where they are written, or see the filter's settings",
    },
    Code {
        code: ".kept",
        meaning: "fields that were there stayed, and the filter's values for them were not written",
        remedy: "rename the fields where they are written, or see the filter's settings",
    },
];

/// The entry for a code: its own, else the one for its kind. `None` for a code that is not known here.
pub(super) fn find(code: &str) -> Option<&'static Code> {
    let own = CODES.iter().find(|known| known.code == code);
    own.or_else(|| {
        let (_, what) = code.split_once('.')?;
        CODES
            .iter()
            .find(|known| known.code.strip_prefix('.') == Some(what))
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_filters_own_code_comes_first() {
        for (code, known) in [
            ("cri.time", Some("cri.time")),
            ("cri.replaced", Some("cri.replaced")),
            ("audit.replaced", Some(".replaced")),
            ("container-logs.settings", Some(".settings")),
            ("demo.odd", None),
            ("", None),
        ] {
            assert_eq!(find(code).map(|found| found.code), known, "{code}");
        }
    }
}

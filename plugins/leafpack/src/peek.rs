//! Finds out which function a ResourceList is for, without reading all of it.
//!
//! kustomize sorts the keys, so the functionConfig comes before the items, and reading no further saves a second parse:
//! 25 µs instead of 500 µs for 50 resources, where starting the module takes 600 µs.

use saphyr_parser::{Event, Parser};

/// What a functionConfig says about itself. Empty where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// The functionConfig of the ResourceList in `input`. `None` if there is none, or nothing that can be read as one; a
/// full read then says why.
pub(crate) fn config(input: &[u8]) -> Option<Config> {
    let text = std::str::from_utf8(input).ok()?;
    let mut events = Events(Parser::new_from_str(text));
    while !matches!(events.next()?, Event::MappingStart(..)) {}
    loop {
        match events.next()? {
            Event::Scalar(key, ..) if key == "functionConfig" => return read_config(&mut events),
            Event::MappingEnd => return None,
            key => {
                events.skip(&key)?;
                events.skip_next()?;
            }
        }
    }
}

fn read_config(events: &mut Events<'_>) -> Option<Config> {
    let mut config = Config::default();
    events.mapping(|events, key| match key {
        "apiVersion" => events.scalar_into(&mut config.api_version),
        "kind" => events.scalar_into(&mut config.kind),
        "metadata" => events.mapping(|events, key| match key {
            "name" => events.scalar_into(&mut config.name),
            _ => events.skip_next(),
        }),
        _ => events.skip_next(),
    })?;
    Some(config)
}

/// Events, until the first mistake in the text.
struct Events<'a>(Parser<'a, saphyr_parser::StrInput<'a>>);

impl<'a> Events<'a> {
    fn next(&mut self) -> Option<Event<'a>> {
        match self.0.next()? {
            Ok((Event::StreamEnd, _)) | Err(_) => None,
            Ok((event, _)) => Some(event),
        }
    }

    /// Skips the rest of what began with `event`.
    fn skip(&mut self, event: &Event<'_>) -> Option<()> {
        let mut depth = 0_usize;
        let mut step = |event: &Event<'_>| {
            match event {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth
        };
        let mut open = step(event);
        while open > 0 {
            open = step(&self.next()?);
        }
        Some(())
    }

    fn skip_next(&mut self) -> Option<()> {
        let event = self.next()?;
        self.skip(&event)
    }

    fn scalar_into(&mut self, to: &mut String) -> Option<()> {
        match self.next()? {
            Event::Scalar(text, ..) => {
                *to = text.into_owned();
                Some(())
            }
            event => self.skip(&event),
        }
    }

    /// Calls `each` with every key of the mapping that comes next; it must take or skip the value.
    fn mapping(&mut self, mut each: impl FnMut(&mut Self, &str) -> Option<()>) -> Option<()> {
        match self.next()? {
            Event::MappingStart(..) => {}
            event => return self.skip(&event),
        }
        loop {
            match self.next()? {
                Event::MappingEnd => return Some(()),
                Event::Scalar(key, ..) => each(self, &key)?,
                event => {
                    self.skip(&event)?;
                    self.skip_next()?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_config_wherever_it_stands() {
        let expected = Some(Config {
            api_version: "example.com/v1".into(),
            kind: "Demo".into(),
            name: "x".into(),
        });
        for input in [
            // as kustomize writes it
            "apiVersion: config.kubernetes.io/v1\nfunctionConfig:\n  apiVersion: example.com/v1\n  kind: Demo\n  metadata:\n    annotations:\n      a: b\n    name: x\n  spec:\n    kind: no\nitems:\n- kind: no\nkind: ResourceList\n",
            // as kpt does
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {kind: no, metadata: {name: no}}\nfunctionConfig:\n  metadata: {name: x}\n  kind: \"Demo\"\n  apiVersion: example.com/v1\n",
            // JSON
            r#"{"kind":"ResourceList","items":[[{"kind":"no"}]],"functionConfig":{"spec":{"kind":"no"},"kind":"Demo","apiVersion":"example.com/v1","metadata":{"name":"x"}}}"#,
            // a broken rest is the module's to report
            "functionConfig: {apiVersion: example.com/v1, kind: Demo, metadata: {name: x}}\nitems: [",
        ] {
            assert_eq!(config(input.as_bytes()), expected, "{input}");
        }
    }

    #[test]
    fn what_is_missing_is_empty() {
        let input = b"functionConfig: {kind: [Demo], metadata: x}\nitems: []\n";
        assert_eq!(config(input), Some(Config::default()));
    }

    #[test]
    fn finds_nothing_where_nothing_is() {
        for input in [
            &b""[..],
            b"- a\n",
            b"kind: ResourceList\nitems: []\n",
            b"{",
            b"\xff",
            b"functionConfig: {kind",
        ] {
            assert_eq!(config(input), None, "{}", String::from_utf8_lossy(input));
        }
    }
}

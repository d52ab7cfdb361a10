package main

import "testing"

// What kustomize (kyaml) and Flux and kubectl (sigs.k8s.io/yaml) make of a
// document. Most rows are where they differ from each other or from YAML 1.2:
// what an emitter has to put in quotes.
func TestReaders(t *testing.T) {
	const kustomize, flux = "sigs.k8s.io/kustomize/kyaml", "sigs.k8s.io/yaml"
	for _, row := range []struct {
		document              string
		kustomize, flux, yaml string // JSON, or "error"; yaml is gopkg.in/yaml.v3
	}{
		{`a: "on"`, `{"a":"on"}`, `{"a":"on"}`, `{"a":"on"}`},
		{`a: on`, `{"a":"on"}`, `{"a":true}`, `{"a":"on"}`},
		{`a: y`, `{"a":"y"}`, `{"a":true}`, `{"a":"y"}`},
		{`a: No`, `{"a":"No"}`, `{"a":false}`, `{"a":"No"}`},
		{`on: 1`, `{"on":1}`, `{"true":1}`, `{"on":1}`},
		{`a: 012`, `{"a":10}`, `{"a":10}`, `{"a":10}`},
		{`a: 0o17`, `{"a":15}`, `{"a":15}`, `{"a":15}`},
		{`a: 1_000`, `{"a":1000}`, `{"a":1000}`, `{"a":1000}`},
		{`a: 0x1_F`, `{"a":31}`, `{"a":31}`, `{"a":31}`},
		{`a: 12:30:45`, `{"a":"12:30:45"}`, `{"a":"12:30:45"}`, `{"a":"12:30:45"}`},
		{`a: 2024-01-02`, `{"a":"2024-01-02T00:00:00Z"}`, `{"a":"2024-01-02"}`, `{"a":"2024-01-02T00:00:00Z"}`},
		{`a: .inf`, `error`, `error`, `error`},
		{`a: "\ud83d\ude00"`, `error`, `error`, `error`},
		{`a: "\/"`, `error`, `error`, `error`},
		{"a: \"\u0085\"", `{"a":" "}`, `{"a":" "}`, `{"a":" "}`},
		// The last one wins, in silence: what Flux does after its substitution.
		{"a: 1\na: 2", `error`, `{"a":2}`, `error`},
		{"a: &x {b: 1}\nc:\n  <<: *x", `{"a":{"b":1},"c":{"b":1}}`, `{"a":{"b":1},"c":{"b":1}}`, `{"a":{"b":1},"c":{"b":1}}`},
	} {
		answers := readAll([]byte(row.document))
		for reader, want := range map[string]string{
			kustomize: row.kustomize, flux: row.flux, "gopkg.in/yaml.v3": row.yaml,
			"go.yaml.in/yaml/v2": row.flux, // sigs.k8s.io/yaml reads with it
		} {
			got := string(answers[reader].Value)
			if answers[reader].Error != "" {
				got = "error"
			}
			if got != want {
				t.Errorf("%q read by %s: got %s %s, want %s", row.document, reader, got, answers[reader].Error, want)
			}
		}
	}
}

func TestOneDocument(t *testing.T) {
	for _, stream := range []string{"", "a: 1", "---\na: 1\n", "a: [", "# only a comment"} {
		if err := oneDocument([]byte(stream)); err != nil {
			t.Errorf("%q: %v", stream, err)
		}
	}
	for _, stream := range []string{"a: 1\n---\nb: 2", "a: 1\n---\nb: ["} {
		if oneDocument([]byte(stream)) == nil {
			t.Errorf("%q: no error", stream)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// What the expressions mean. Every input stands in a block scalar between
// angle brackets, where YAML does not interfere: only the substitution counts.
// `v` is "hello", `wide` is "é€" (2 + 3 bytes), `empty` is set but empty, `u` is
// not set.
var expressions = []struct {
	input string
	// want is the result without strict; wantStrict with it. A value that
	// starts with "error: " is a part of the error instead.
	want, wantStrict string
}{
	// Unset variables.
	{"${v}", "hello", same},
	{"${u}", "", `error: variable not set (strict mode): "u"`},
	{"${empty}", "", same},
	{"${u^^}", "", `error: variable not set (strict mode): "u"`},

	// Defaults, for a variable that is unset or empty.
	{"${u:-d} ${u:=d} ${u=d}", "d d d", same},
	{"${empty:-d} ${empty:=d} ${empty=d}", "d d d", same},
	{"${v:-d} ${v:=d} ${v=d}", "hello hello hello", same},
	{"${u:=}", "", same},
	{"${u:=${v}}", "hello", same},
	{"${u:=${x:=deep}}", "deep", same},
	{"${u:=a ${v} b}", "a hello b", same},
	{"${v:=${u}}", "hello", `error: variable not set (strict mode): "u"`}, // the default is always evaluated
	// The first brace ends a default.
	{"${u:={}} ${v:={}}", "{} hello}", same},
	// Not what a shell does: both are plain defaults.
	{"${u:+d} ${empty:+d} ${v:+d}", "d d hello", same},
	{"${u:?d} ${empty:?d} ${v:?d}", "d d hello", same},
	// Named in envsubst's README, refused by its parser.
	{"${v-d}", "error: missing closing brace", same},
	{"${v+d}", "error: missing closing brace", same},
	{"${v?d}", "error: missing closing brace", same},

	// Dollars.
	{"$${v}", "${v}", same},
	{"$$${v}", "$hello", same},
	{"$$$${v}", "$${v}", same},
	{"$$", "$", same},
	{"$$$", "$$", same},
	{"$$$$", "$$", same},
	{"a$$b", "a$b", same},
	{"price $", "price $", same},
	{"${u:=a$$b}", "a$$b", same}, // kept in a default
	{"${v/hello/a$$b}", "a$b", same},
	{"$v $1 $(v) $_ {v}", "$v $1 $(v) $_ {v}", same},

	// Names.
	{"${1}", "", `error: variable not set (strict mode): "1"`}, // a relabelling's ${1}
	{"$${1}", "${1}", same},
	{"${é}", "", `error: variable not set (strict mode): "é"`}, // can be read, but never set
	{"${}", "error: unable to parse variable name", same},
	{"${.v}", "error: unable to parse variable name", same},
	{"${ v }", "error: unable to parse variable name", same},
	{"${-v}", "error: unable to parse variable name", same},
	{"${a.b}", "error: missing closing brace", same},
	{"${a-b}", "error: missing closing brace", same},
	{"${arr[@]}", "error: missing closing brace", same},
	{"${v@Q}", "error: missing closing brace", same},
	{"${v", "error: missing closing brace", same},
	{"${!v}", "error: unable to parse variable name", same},

	// Substrings and lengths count bytes.
	{"${#v} ${#wide}", "5 5", same},
	{"${#u}", "0", `error: variable not set (strict mode): "u"`},
	{"${v:1}", "ello", same},
	{"${v:1:2}", "el", same},
	{"${v:9}", "", same},
	{"${v:-2}", "hello", same}, // not an offset: the default operator
	{"${v:x}", "hello", same},
	{"${v:0:-1}", "hell", same}, // panics before envsubst v1.7.1
	{"${v:4:-4}", "", same},
	{"${wide:0:1}", "error: invalid", same}, // half a character is not YAML
	{"${v:1:9223372036854775807}", "error: panic: runtime error: slice bounds out of range", same},

	// Case.
	{"${v^} ${v^^} ${v,} ${v,,}", "Hello HELLO hello hello", same},

	// Replacing is literal and needs its second slash.
	{"${v/l/L} ${v//l/L}", "heLlo heLLo", same},
	{"${v/l/} ${v//l/}", "helo heo", same},
	{"${v/l}", "error: bad substitution", same},
	{"${v/?/L}", "hello", same},
	{"${v/#he/HE} ${v/%lo/LO}", "HEllo helLO", same},
	{"${v/%lo/}", "hello", same}, // an empty replacement at an end does nothing
	{`${v/l/\/}`, "he/lo", same},

	// Trimming takes globs.
	{"${v#*l} ${v##*l}", "lo o", same},
	{"${v%l*} ${v%%l*}", "hel he", same},
}

// same says that strict mode changes nothing.
const same = "(same)"

func TestExpressions(t *testing.T) {
	vars := map[string]any{"v": "hello", "wide": "é€", "empty": ""}
	for _, row := range expressions {
		for _, strict := range []bool{false, true} {
			want := row.want
			if strict && row.wantStrict != same {
				want = row.wantStrict
			}
			t.Run(fmt.Sprintf("%s strict=%t", row.input, strict), func(t *testing.T) {
				build := configMap("x: |\n    <" + row.input + ">")
				value, err := substituteValue(build, vars, strict, false)
				if message, isError := strings.CutPrefix(want, "error: "); isError {
					if err == nil || !strings.Contains(err.Error(), message) {
						t.Fatalf("got value %q, error %v; want an error with %q", value, err, message)
					}
					if !strings.Contains(err.Error(), "'ConfigMap.v1.[noGrp]/example'") {
						t.Errorf("the error does not name the object: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if want := "<" + want + ">\n"; value != want {
					t.Errorf("got %q, want %q", value, want)
				}
			})
		}
	}
}

// Flux emits an object as YAML, in which a string that holds an expression
// needs no quotes, substitutes in that text and reads it again: so the value of
// the variable decides the type.
func TestTypes(t *testing.T) {
	for _, row := range []struct {
		field, value string
		want         any
		wantError    string
	}{
		{field: `"${n}"`, value: "8080", want: 8080.0},
		{field: `"${n}"`, value: "012", want: 10.0},
		{field: `"${n}"`, value: "on", want: true},
		{field: `"${n}"`, value: "", want: nil},
		{field: `"${n}"`, value: "~", want: nil},
		{field: `"${n}"`, value: "a #b", want: "a"},
		{field: `"${n}"`, value: "a: b", wantError: "mapping values are not allowed in this context"},
		{field: `"${n}"`, value: "[a]", want: []any{"a"}},
		{field: `"${n}"`, value: "{a: b}", want: map[string]any{"a": "b"}},
		{field: `"${n}"`, value: "*", wantError: "did not find expected alphabetic or numeric character"},
		{field: `"port ${n}"`, value: "8080", want: "port 8080"},
		{field: `"$${n}"`, value: "8080", want: "${n}"},

		// Flux's own remedy: a variable that holds a quote.
		{field: `"${quote}${n}${quote}"`, value: "8080", want: "8080"},
		{field: `"${quote}${n}${quote}"`, value: "a: b", want: "a: b"},
		// The same without a variable: an operation that changes nothing but
		// contains ": ", for which every emitter keeps the quotes.
		{field: `"${n/%: /}"`, value: "8080", want: "8080"},
		{field: `"${n/%: /}"`, value: "on", want: "on"},
		{field: `"${n/%: /}"`, value: "", want: ""},
		{field: `"${n/%: /}"`, value: "a: b", want: "a: b"},
		{field: `"${n/%: /}"`, value: "a #b", want: "a #b"},
		{field: `"${n/%: /}"`, value: `a\b"c`, want: `a\b"c`},
		{field: `"${n/%: /}"`, value: "it's", wantError: "did not find expected key"},
		{field: `"${n/%: /}"`, value: "it''s", want: "it's"},
		// A default that is a string.
		{field: `"${u:='8080'}"`, want: "8080"},
		{field: `"${u:=8080}"`, want: 8080.0},
	} {
		t.Run(row.field+" "+row.value, func(t *testing.T) {
			vars := map[string]any{"n": row.value, "quote": `"`}
			value, err := substituteValue(configMap("x: "+row.field), vars, true, false)
			switch {
			case row.wantError != "":
				if err == nil || !strings.Contains(err.Error(), row.wantError) {
					t.Errorf("got %#v, error %v; want an error with %q", value, err, row.wantError)
				}
			case err != nil:
				t.Error(err)
			case !reflect.DeepEqual(value, row.want):
				t.Errorf("got %#v, want %#v", value, row.want)
			}
		})
	}
}

// When there is a pass at all.
func TestPass(t *testing.T) {
	one := map[string]any{"v": "hello"}
	disabled := func(kind string) string {
		return strings.Replace(configMap(`x: "${v} $${v}"`), "metadata:",
			"metadata:\n  "+kind+": {kustomize.toolkit.fluxcd.io/substitute: disabled}", 1)
	}
	for _, row := range []struct {
		name, build string
		vars        map[string]any
		always      bool
		want        string
	}{
		{"a variable", configMap(`x: "$${a} ${b:=c}"`), one, false, "${a} c"},
		{"no variable", configMap(`x: "$${a} ${b:=c} ${d"`), nil, false, "$${a} ${b:=c} ${d"},
		{"no variable, always", configMap(`x: "$${a} ${b:=c}"`), nil, true, "${a} c"},
		{"annotation", disabled("annotations"), one, false, "${v} $${v}"},
		{"label", disabled("labels"), one, true, "${v} $${v}"},
		{"another value of the annotation", strings.Replace(disabled("annotations"), "disabled", "enabled", 1), one, false, "hello ${v}"},
		{"newlines in a value", configMap(`x: "${v}"`), map[string]any{"v": "a\nb\n"}, false, "ab"},
		{"no expression", configMap(`x: "on"`), one, false, "on"},
	} {
		t.Run(row.name, func(t *testing.T) {
			value, err := substituteValue(row.build, row.vars, true, row.always)
			if err != nil {
				t.Fatal(err)
			}
			if value != row.want {
				t.Errorf("got %q, want %q", value, row.want)
			}
		})
	}
}

// One variable whose name Flux refuses fails every object, also those that do
// not use it.
func TestVariableNames(t *testing.T) {
	for _, name := range []string{"a-b", "a.b", "1a", "", "é"} {
		_, err := substituteValue(configMap("x: plain"), map[string]any{name: "value"}, false, false)
		if err == nil || !strings.Contains(err.Error(), "'"+name+"' var name is invalid") {
			t.Errorf("%q: got error %v", name, err)
		}
	}
	for _, name := range []string{"a", "_", "_1", "A_b2"} {
		if _, err := substituteValue(configMap("x: plain"), map[string]any{name: "value"}, false, false); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// substituteFrom: later references win over earlier ones, and inline variables
// over all; optional forgives an absent object and nothing else.
func TestSubstituteFrom(t *testing.T) {
	kube := fakeClient{objects: map[string]client.Object{
		"ConfigMap/first":  &corev1.ConfigMap{Data: map[string]string{"a": "first", "b": "first", "c": "first\n"}},
		"Secret/second":    &corev1.Secret{Data: map[string][]byte{"b": []byte("second"), "c": []byte("sec\nond\n")}},
		"ConfigMap/dashed": &corev1.ConfigMap{Data: map[string]string{"my-key": "value"}},
	}}
	reference := func(kind, name string, optional bool) any {
		return map[string]any{"kind": kind, "name": name, "optional": optional}
	}
	first, second := reference("ConfigMap", "first", false), reference("Secret", "second", false)
	inline := map[string]any{"a": "inline"}
	for _, row := range []struct {
		name       string
		references []any
		want       string // as in expressions
	}{
		{"order", []any{first, second}, "inline second second"},
		{"reversed", []any{second, first}, "inline first first"},
		{"absent", []any{first, reference("Secret", "absent", false)}, "error: substitute from 'Secret/absent' error"},
		{"absent, optional", []any{first, second, reference("Secret", "absent", true)}, "inline second second"},
		{"forbidden, optional", []any{first, second, reference("Secret", "forbidden", true)}, "error: substitute from 'Secret/forbidden' error"},
		{"dashed key", []any{first, second, reference("ConfigMap", "dashed", false)}, "error: 'my-key' var name is invalid"},
	} {
		t.Run(row.name, func(t *testing.T) {
			ks := kustomization(inline, row.references)
			out, err := substituteAll(context.Background(), kube, ks, []byte(configMap("x: ${a} ${b} ${c}")), true, false)
			if message, isError := strings.CutPrefix(row.want, "error: "); isError {
				if err == nil || !strings.Contains(err.Error(), message) {
					t.Fatalf("got error %v, want one with %q", err, message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(out), "x: "+row.want+"\n") {
				t.Errorf("got\n%s\nwant x: %s", out, row.want)
			}
		})
	}
}

// The program as a whole: several objects, the order kept, names substituted.
func TestRun(t *testing.T) {
	build := configMap("x: ${v}") + "---\n" + strings.Replace(configMap("x: plain"), "example", "${v}", 1)
	var out bytes.Buffer
	if err := run(strings.NewReader(build), &out, map[string]any{"v": "hello"}, true, false); err != nil {
		t.Fatal(err)
	}
	want := configMap("x: hello") + "---\n" + strings.Replace(configMap("x: plain"), "example", "hello", 1)
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}

	// Two objects that the substitution gives the same name.
	err := run(strings.NewReader(build), &out, map[string]any{"v": "example"}, true, false)
	if err == nil || !strings.Contains(err.Error(), "'ConfigMap.v1.[noGrp]/${v}'") {
		t.Errorf("two objects of one name: got error %v", err)
	}

	out.Reset()
	if err := run(strings.NewReader(""), &out, nil, true, true); err != nil || out.Len() != 0 {
		t.Errorf("an empty build: got %q, error %v", out.String(), err)
	}
}

// configMap is a ConfigMap named example with one entry, written as Flux writes it.
func configMap(entry string) string {
	return "apiVersion: v1\ndata:\n  " + entry + "\nkind: ConfigMap\nmetadata:\n  name: example\n"
}

// substituteValue runs the build of one ConfigMap and returns its data.x.
func substituteValue(build string, vars map[string]any, strict, always bool) (any, error) {
	var out bytes.Buffer
	if err := run(strings.NewReader(build), &out, vars, strict, always); err != nil {
		return nil, err
	}
	var object struct{ Data map[string]any }
	err := yaml.Unmarshal(out.Bytes(), &object)
	return object.Data["x"], err
}

// fakeClient holds objects by "Kind/name", and refuses what is called forbidden.
type fakeClient struct {
	client.Client // nil: any call but Get would show as a panic
	objects       map[string]client.Object
}

func (c fakeClient) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	kind := reflect.TypeOf(into).Elem().Name()
	resource := schema.GroupResource{Resource: strings.ToLower(kind) + "s"}
	if key.Name == "forbidden" {
		return apierrors.NewForbidden(resource, key.Name, nil)
	}
	found, ok := c.objects[kind+"/"+key.Name]
	if !ok {
		return apierrors.NewNotFound(resource, key.Name)
	}
	reflect.ValueOf(into).Elem().Set(reflect.ValueOf(found).Elem())
	return nil
}

// Command yaml-readers shows how YAML readers disagree. It reads one YAML
// document on stdin and prints one JSON object: for each reader either
// {"value": …}, the document as that reader understands it, or
// {"error": "…"}.
//
//	printf 'a: on\nb: 012\n' | yaml-readers
//
// Mapping keys that are not strings appear as their text (a key that was read
// as a boolean as "true"), for JSON has no other.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	yamlv2 "go.yaml.in/yaml/v2"
	yamlv3 "gopkg.in/yaml.v3"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	sigs "sigs.k8s.io/yaml"
)

// readers maps a Go module to the document as JSON, read with that module.
var readers = map[string]func(document []byte) ([]byte, error){
	// kubectl, the API server's clients and Flux.
	"sigs.k8s.io/yaml": sigs.YAMLToJSON,
	// YAML 1.1: on, yes, y and the like are booleans.
	"go.yaml.in/yaml/v2": func(document []byte) ([]byte, error) {
		var value any
		if err := yamlv2.Unmarshal(document, &value); err != nil {
			return nil, err
		}
		return toJSON(value)
	},
	// Most Go programs: mostly YAML 1.2, with 1.1's octal numbers.
	"gopkg.in/yaml.v3": func(document []byte) ([]byte, error) {
		var value any
		if err := yamlv3.Unmarshal(document, &value); err != nil {
			return nil, err
		}
		return toJSON(value)
	},
	// kustomize.
	"sigs.k8s.io/kustomize/kyaml": func(document []byte) ([]byte, error) {
		node, err := kyaml.Parse(string(document))
		if err != nil {
			return nil, err
		}
		return node.MarshalJSON()
	},
}

func main() {
	document, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = oneDocument(document)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(readAll(document))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// answer is what one reader says: exactly one of the two fields is set.
type answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

func readAll(document []byte) map[string]answer {
	answers := make(map[string]answer, len(readers))
	for name, read := range readers {
		value, err := read(document)
		if err != nil {
			answers[name] = answer{Error: err.Error()}
		} else {
			answers[name] = answer{Value: value}
		}
	}
	return answers
}

// oneDocument refuses a stream of several documents: every reader here would
// pass over all but the first without a word.
func oneDocument(stream []byte) error {
	decoder := yamlv3.NewDecoder(bytes.NewReader(stream))
	var node yamlv3.Node
	if decoder.Decode(&node) != nil {
		return nil // broken or empty: the readers say so themselves
	}
	if decoder.Decode(&node) != io.EOF {
		return fmt.Errorf("the input holds more than one YAML document")
	}
	return nil
}

// toJSON renders a decoded value; infinities and NaN are an error.
func toJSON(value any) ([]byte, error) {
	return json.Marshal(stringKeys(value))
}

// stringKeys copies a decoded value with every mapping key as its text.
func stringKeys(value any) any {
	switch value := value.(type) {
	case map[any]any:
		object := make(map[string]any, len(value))
		for key, entry := range value {
			object[fmt.Sprint(key)] = stringKeys(entry)
		}
		return object
	case map[string]any:
		object := make(map[string]any, len(value))
		for key, entry := range value {
			object[key] = stringKeys(entry)
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, entry := range value {
			list[i] = stringKeys(entry)
		}
		return list
	default:
		return value
	}
}

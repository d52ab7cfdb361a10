// Command flux-substitute shows what Flux's post-build substitution makes of a
// kustomize build. It reads the build's YAML on stdin and prints it as
// kustomize-controller would go on to apply it. The work is done by Flux's own
// package; this program only stands in for the controller around it.
//
//	kustomize build DIR | flux-substitute --strict --var cluster=apps
//
// Exit codes: 0 printed, 1 the substitution or the input is wrong, 2 wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
)

func main() {
	vars := map[string]any{}
	flags := flag.NewFlagSet("flux-substitute", flag.ExitOnError)
	strict := flags.Bool("strict", false, "fail on a variable that has neither a value nor a default (the controller's default since Flux 2.9)")
	always := flags.Bool("always", false, "substitute even without any variable (postBuild.substituteStrategy: Always)")
	flags.Func("var", "`NAME=VALUE`, as in postBuild.substitute; may be repeated", func(s string) error {
		name, value, found := strings.Cut(s, "=")
		if !found {
			return errors.New("expected NAME=VALUE")
		}
		vars[name] = value
		return nil
	})
	_ = flags.Parse(os.Args[1:]) // ExitOnError: does not return an error
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "flux-substitute: unexpected argument %q; the build is read from stdin\n", flags.Arg(0))
		os.Exit(2)
	}

	if err := run(os.Stdin, os.Stdout, vars, *strict, *always); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, vars map[string]any, strict, always bool) error {
	build, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	// The client is only asked for what postBuild.substituteFrom names, and nothing is named here.
	result, err := substituteAll(context.Background(), nil, kustomization(vars, nil), build, strict, always)
	if err != nil {
		return err
	}
	_, err = out.Write(result)
	return err
}

// kustomization is the part of a Flux Kustomization that the substitution reads.
func kustomization(substitute map[string]any, substituteFrom []any) unstructured.Unstructured {
	postBuild := map[string]any{"substitute": substitute}
	if substituteFrom != nil {
		postBuild["substituteFrom"] = substituteFrom
	}
	return unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1",
		"kind":       "Kustomization",
		"metadata":   map[string]any{"name": "leafpack", "namespace": "flux-system"},
		"spec":       map[string]any{"postBuild": postBuild},
	}}
}

// substituteAll treats every object of a build in turn, as the build step of
// kustomize-controller does between `kustomize build` and apply. The first
// object that fails ends it, named as the controller names it.
func substituteAll(ctx context.Context, kube client.Client, ks unstructured.Unstructured, build []byte, strict, always bool) ([]byte, error) {
	factory := resmap.NewFactory(provider.NewDefaultDepProvider().GetResourceFactory())
	objects, err := factory.NewResMapFromBytes(build)
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	for _, object := range objects.Resources() {
		if object.GetName() == "" || object.GetKind() == "" || object.GetApiVersion() == "" {
			return nil, fmt.Errorf("failed to decode Kubernetes apiVersion, kind and name from: %v", object.String())
		}
		// The id before the substitution, which may rename the object.
		id := fmt.Sprintf("%s/%s", object.GetGvk(), object.GetName())
		replaced, err := substituteOne(ctx, kube, ks, object, strict, always)
		if err != nil {
			return nil, fmt.Errorf("post build failed for '%s': %w", id, err)
		}
		if replaced == nil { // disabled by label or annotation
			continue
		}
		// Fails when a new name or namespace is that of another object.
		if _, err := objects.Replace(replaced); err != nil {
			return nil, fmt.Errorf("post build failed for '%s': %w", id, err)
		}
	}
	return objects.AsYaml()
}

// substituteOne calls Flux. Some expressions (`${v:1:9223372036854775807}`)
// make its parser panic; the controller's runtime turns that into a failed
// reconciliation, and this into an error.
func substituteOne(ctx context.Context, kube client.Client, ks unstructured.Unstructured, object *resource.Resource, strict, always bool) (replaced *resource.Resource, err error) {
	defer func() {
		if p := recover(); p != nil {
			replaced, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	return kustomize.SubstituteVariables(ctx, kube, ks, object,
		kustomize.SubstituteWithStrict(strict), kustomize.SubstituteWithAlways(always))
}

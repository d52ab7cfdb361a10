// Command kubectl is the real kubectl, built from its own library. The tests
// use `kubectl kustomize`; building it here needs no download but modules, and
// go.mod says which version it is.
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // prints the error in kubectl's own form and exits 1
	}
}

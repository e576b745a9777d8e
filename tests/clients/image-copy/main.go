// Copies an image as skopeo does, by the library that skopeo, podman and buildah share:
//
//	image-copy FROM TO [USER:PASSWORD]
//
// FROM and TO are names with a transport, such as docker://registry.example.org/image:1 or dir:copy; the
// password is for TO.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"go.podman.io/image/v5/copy"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/transports/alltransports"
	"go.podman.io/image/v5/types"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: image-copy FROM TO [USER:PASSWORD]")
	}
	from, err := alltransports.ParseImageName(args[0])
	if err != nil {
		return err
	}
	to, err := alltransports.ParseImageName(args[1])
	if err != nil {
		return err
	}
	policy := &signature.Policy{Default: []signature.PolicyRequirement{signature.NewPRInsecureAcceptAnything()}}
	trust, err := signature.NewPolicyContext(policy)
	if err != nil {
		return err
	}
	defer trust.Destroy()
	options := &copy.Options{
		ReportWriter:   os.Stdout,
		SourceCtx:      &types.SystemContext{ArchitectureChoice: "amd64", OSChoice: "linux"},
		DestinationCtx: &types.SystemContext{},
	}
	if len(args) > 2 {
		user, password, _ := strings.Cut(args[2], ":")
		options.DestinationCtx.DockerAuthConfig = &types.DockerAuthConfig{Username: user, Password: password}
	}
	_, err = copy.Image(context.Background(), trust, to, from, options)
	return err
}

// SPDX-License-Identifier: Apache-2.0

// etcd, for tests: the server of go.etcd.io/etcd/server/v3 with its own command line, and the command
// `snapshot restore` of its etcdutl. Distributions package older versions only.
package main

import (
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdutl/v3/etcdutl"
	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "snapshot" {
		etcdmain.Main(os.Args)
		return
	}
	root := &cobra.Command{Use: "etcd", SilenceUsage: true}
	root.AddCommand(etcdutl.NewSnapshotCommand())
	if root.Execute() != nil {
		os.Exit(1)
	}
}

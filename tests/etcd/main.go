// SPDX-License-Identifier: Apache-2.0

// etcd, for tests: the server of go.etcd.io/etcd/server/v3 with its own command line. Distributions
// package older versions only.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }

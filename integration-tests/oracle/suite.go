//go:build suite

// Package oracle only holds the module's requirements together: the import below keeps etcd's
// acceptance suite, which is built by its path and imported by nobody, in go.mod.
package oracle

import _ "go.etcd.io/etcd/tests/v3/common"

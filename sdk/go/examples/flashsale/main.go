// SPDX-License-Identifier: Apache-2.0

// The flash sale of the cookbook.
package main

import (
	"time"

	sluice "sluice/sdk/go"
)

type flashSale struct {
	start         time.Time
	blockRatio    float64
	maxPermission int64
}

func newFlashSale(sluice.Params) (sluice.Program, error) {
	return &flashSale{
		start:         sluice.Parameter.Time("startTime"),
		blockRatio:    sluice.Parameter.NumberOr("blockRatio", 0),
		maxPermission: sluice.Parameter.Integer("maxPermission"),
	}, nil
}

func (sale *flashSale) Run() (sluice.Result, error) {
	if sluice.Now().Before(sale.start) {
		sluice.Response.SetBody([]byte("not start yet.\n"))
		return 1, nil
	}
	user := sluice.Request.Header("Authorization")
	if user == "" {
		return 3, nil // without a name, all visitors would be one user
	}
	key := "id/" + user
	if sluice.Cluster.GetString(key) == "true" {
		return sluice.Next, nil
	}
	// Counting and putting are one transaction: never one too many.
	if int64(sluice.Cluster.CountKey("id/")) < sale.maxPermission && sluice.Rand() > sale.blockRatio {
		sluice.Cluster.PutString(key, "true")
		return sluice.Next, nil
	}
	sluice.Response.SetBody([]byte("sold out.\n"))
	return 2, nil
}

func init() { sluice.Register(newFlashSale) }

func main() {}

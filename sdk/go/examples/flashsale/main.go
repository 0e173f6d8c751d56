// SPDX-License-Identifier: Apache-2.0

// The flash sale of the cookbook.
package main

import (
	"errors"
	"strconv"
	"time"

	sluice "sluice/sdk/go"
)

type flashSale struct {
	start         time.Time
	blockRatio    float64
	maxPermission int
}

func newFlashSale(params sluice.Params) (sluice.Program, error) {
	start, err1 := time.Parse(time.RFC3339, params["startTime"])
	ratio, err2 := strconv.ParseFloat(params["blockRatio"], 64)
	limit, err3 := strconv.Atoi(params["maxPermission"])
	return &flashSale{start, ratio, limit}, errors.Join(err1, err2, err3)
}

func (sale *flashSale) Run() (sluice.Result, error) {
	if sluice.Now().Before(sale.start) {
		sluice.Response.SetBody([]byte("not start yet.\n"))
		return 1, nil
	}
	key := "id/" + sluice.Request.Header("Authorization")
	if sluice.Cluster.GetString(key) == "true" {
		return sluice.Next, nil
	}
	// Counting and putting are one transaction: never one too many.
	if sluice.Cluster.CountKey("id/") < sale.maxPermission && sluice.Rand() > sale.blockRatio {
		sluice.Cluster.PutString(key, "true")
		return sluice.Next, nil
	}
	sluice.Response.SetBody([]byte("sold out.\n"))
	return 2, nil
}

func init() { sluice.Register(newFlashSale) }

func main() {}

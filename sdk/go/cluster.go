// SPDX-License-Identifier: Apache-2.0

package sluice

// Cluster is data that all instances share, on all members. Each filter has keys of its own.
//
// A run is one serializable transaction: it sees one state and its own writes, and what it writes
// counts when it returns, as a whole or not at all.
var Cluster cluster

type cluster struct{}

// GetBinary returns the bytes, none if there is no such key.
func (cluster) GetBinary(key string) []byte {
	return takeData(hostClusterGetBinary(stringBlock(key)))
}

// PutBinary stores bytes.
func (cluster) PutBinary(key string, value []byte) {
	hostClusterPutBinary(stringBlock(key), dataBlock(value))
}

// GetString returns the value, empty if there is none.
func (cluster) GetString(key string) string {
	return takeString(hostClusterGetString(stringBlock(key)))
}

// PutString stores a text.
func (cluster) PutString(key, value string) {
	hostClusterPutString(stringBlock(key), stringBlock(value))
}

// GetInteger returns the value, 0 if there is none or it is no integer.
func (cluster) GetInteger(key string) int64 { return hostClusterGetInteger(stringBlock(key)) }

// PutInteger stores an integer.
func (cluster) PutInteger(key string, value int64) { hostClusterPutInteger(stringBlock(key), value) }

// AddInteger adds, and returns the sum.
func (cluster) AddInteger(key string, value int64) int64 {
	return hostClusterAddInteger(stringBlock(key), value)
}

// GetFloat returns the value, 0 if there is none or it is no number.
func (cluster) GetFloat(key string) float64 { return hostClusterGetFloat(stringBlock(key)) }

// PutFloat stores a number.
func (cluster) PutFloat(key string, value float64) { hostClusterPutFloat(stringBlock(key), value) }

// AddFloat adds, and returns the sum.
func (cluster) AddFloat(key string, value float64) float64 {
	return hostClusterAddFloat(stringBlock(key), value)
}

// Delete removes the key, if it is there.
func (cluster) Delete(key string) { hostClusterDelete(stringBlock(key)) }

// CountKey returns the number of keys that begin with the prefix.
func (cluster) CountKey(prefix string) int { return int(hostClusterCountKey(stringBlock(prefix))) }

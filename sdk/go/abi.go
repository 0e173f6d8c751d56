// SPDX-License-Identifier: Apache-2.0

package sluice

import (
	"encoding/binary"
	"unsafe"
)

// How values cross the border. A block is a length (uint32, little-endian) and bytes. A string
// counts a final zero in its length, data has none. An array is a count and strings.

const lengthBytes = 4

// What the gateway has asked for, by address: without it, the collector would take the memory.
var given = map[uint32][]byte{}

//go:wasmexport wasm_alloc
func wasmAlloc(size uint32) uint32 {
	block := make([]byte, max(size, 1))
	address := uint32(uintptr(unsafe.Pointer(&block[0])))
	given[address] = block
	return address
}

//go:wasmexport wasm_free
func wasmFree(address uint32) { delete(given, address) }

// The import keeps its argument alive during the call.
func stringBlock(text string) unsafe.Pointer {
	block := make([]byte, lengthBytes+len(text)+1)
	binary.LittleEndian.PutUint32(block, uint32(len(text)+1))
	copy(block[lengthBytes:], text)
	return unsafe.Pointer(&block[0])
}

func dataBlock(bytes []byte) unsafe.Pointer {
	block := make([]byte, lengthBytes+len(bytes))
	binary.LittleEndian.PutUint32(block, uint32(len(bytes)))
	copy(block[lengthBytes:], bytes)
	return unsafe.Pointer(&block[0])
}

// The functions below take over a block that the gateway has written.

func take(address uint32) []byte {
	block := given[address]
	delete(given, address)
	return block
}

func takeData(address uint32) []byte { return take(address)[lengthBytes:] }

func takeString(address uint32) string {
	block := take(address)
	return string(block[lengthBytes : len(block)-1])
}

func takeArray(address uint32) []string {
	block := take(address)
	texts := make([]string, binary.LittleEndian.Uint32(block))
	rest := block[lengthBytes:]
	for i := range texts {
		end := lengthBytes + binary.LittleEndian.Uint32(rest)
		texts[i] = string(rest[lengthBytes : end-1])
		rest = rest[end:]
	}
	return texts
}

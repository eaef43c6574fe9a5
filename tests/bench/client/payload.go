package main

import (
	"fmt"
	"math/rand/v2"
)

// distinct is how many values there are: enough that a batch does not repeat itself.
const distinct = 4096

var words = []string{
	"amount", "currency", "customer", "delivery", "EUR", "invoice", "north", "order", "pending", "region", "shipped",
	"south", "street", "total", "USD", "warehouse",
}

// payloads are JSON objects of exactly `size` bytes, the same in every run, that compress about as real ones do.
func payloads(size int) [][]byte {
	random := rand.New(rand.NewPCG(7, uint64(size)))
	all := make([][]byte, distinct)
	for at := range all {
		value := fmt.Appendf(nil, `{"id":"%016x","amount":%d,"note":"`, random.Uint64(), random.IntN(100_000))
		for len(value) < size-2 {
			value = fmt.Appendf(value, "%s %x ", words[random.IntN(len(words))], random.Uint32())
		}
		all[at] = append(value[:size-2], '"', '}')
	}
	return all
}

package main

import (
	"fmt"
	"os"
	"syscall"
)

// ballast is a file in the page cache whose pages are given up while a broker takes as many.
//
// On a virtual machine, memory that nobody has used for a moment belongs to the host again, and whoever touches it next
// pays for getting it back: up to two CPU seconds for a GB, which would be counted as the broker's, in one measurement
// and not in the next. Pages that leave the page cache and are taken again at once cost nothing.
//
// What is given up must be what is taken: the kernel serves a write from free blocks of the size that it would like,
// and splits larger ones when there are none. So the ballast is written as brokers write batches, large and small; and
// every second write stays in memory, or the pages between would become one large block.
type ballast struct {
	path string
	// copies is how often the broker writes what is sent to it.
	copies int64
	file   *os.File
	given  int64
}

const (
	// unit is given up for as many bytes sent; franz-go's largest batch is about as large.
	unit = 1_000_000
	// A unit is followed by the same in small writes: what the broker has no use for does no harm.
	smallWrites = 8
	writes      = 1 + smallWrites
	page        = 4096
	// lead is how many units are given up before they are needed.
	lead = 16
)

// load has as much in memory as a broker will take for so many bytes.
func (b *ballast) load(bytes int64) error {
	if b.path == "" {
		return nil
	}
	file, err := os.OpenFile(b.path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	has, err := file.Seek(0, 2)
	if err != nil {
		return err
	}
	b.file = file
	zeros := make([]byte, unit)
	for at := range 2 * writes * b.units(bytes) {
		from, to := extent(at)
		if at%2 == 0 || has < to {
			if _, err := file.WriteAt(zeros[:to-from], from); err != nil {
				return err
			}
		}
	}
	// Only clean pages can be given up.
	return file.Sync()
}

// units is how many are to be given up for so many bytes of values: a little more, for keys, lengths and indexes.
func (b *ballast) units(sent int64) int64 {
	return sent*b.copies*9/8/unit + lead
}

// extent is where a write is, in whole pages. Two of a size follow each other, of which the first is given up.
func extent(at int64) (from, to int64) {
	pair, second := at/2, at%2
	size, begin := int64(unit), pair/writes*4*unit
	if small := pair % writes; small > 0 {
		size = unit / smallWrites
		begin += 2*unit + (small-1)*2*size
	}
	begin += second * size
	return (begin + page - 1) / page * page, (begin + size) / page * page
}

// keepUp gives up as much as is taken for what is sent next, once `sent` bytes are on their way.
func (b *ballast) keepUp(sent int64) error {
	for ; b.file != nil && b.given < writes*b.units(sent); b.given++ {
		from, to := extent(2 * b.given)
		const dontNeed = 4
		_, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, b.file.Fd(), uintptr(from), uintptr(to-from), dontNeed, 0, 0)
		if errno != 0 {
			return fmt.Errorf("the ballast can't be given up: %w", errno)
		}
	}
	return nil
}

package main

import (
	"fmt"
	"syscall"
	"unsafe"
)

// cpuSeconds is the CPU time that a process has spent, in user and kernel mode, with its ended threads: the sum of
// utime and stime in /proc/PID/stat, but to the nanosecond (clock_getcpuclockid(3)).
func cpuSeconds(pid int) (float64, error) {
	const schedulersClock = 2
	clock := (^int32(pid))<<3 | schedulersClock
	var spent syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&spent)), 0)
	if errno != 0 {
		return 0, fmt.Errorf("the CPU clock of process %d: %w", pid, errno)
	}
	return float64(spent.Nano()) / 1e9, nil
}

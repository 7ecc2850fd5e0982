// SPDX-License-Identifier: MIT OR Apache-2.0

// The workloads of airt-bench for Go, one goroutine and one channel an actor: actors NAME COUNT ACTORS, on GOMAXPROCS
// threads. Prints a JSON object for each figure, with what was counted in `check`; who calls it compares that with what
// it should be.
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"
)

// box is the room of a channel whose sender is to wait when it is full.
const box = 1024

type message struct{ a, b int64 }

var workloads = map[string]func(count, actors int64){
	"pingpong":       func(count, _ int64) { pingpong("pingpong", count, func() {}) },
	"pingpong_apart": func(count, _ int64) { pingpong("pingpong_apart", count, ownThread) },
	"counting":       func(count, _ int64) { intoOne("counting", count, 1) },
	"fanin":          func(count, actors int64) { intoOne("fanin", count, actors) },
	"ring100":        func(count, actors int64) { ring("ring100", count, actors) },
	"ring10k":        func(count, actors int64) { ring("ring10k", count, actors) },
	"spawn":          func(count, _ int64) { spawn(count) },
	"big":            big,
	"chameneos":      chameneos,
	"ask":            func(count, _ int64) { ask(count) },
	"timers":         timers,
}

func report(name string, value float64, unit string, check int64) {
	fmt.Printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"check\":%d}\n", name, value, unit, check)
}

func each(span time.Duration, operations int64) float64 {
	return float64(span.Nanoseconds()) / float64(operations)
}

// percentile sorts the samples.
func percentile(samples []time.Duration, part float64) float64 {
	sort.Slice(samples, func(i, j int) bool { return samples[i] < samples[j] })
	return float64(samples[int(float64(len(samples)-1)*part)].Nanoseconds())
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	workloads[os.Args[1]](number(os.Args[2]), number(os.Args[3]))
}

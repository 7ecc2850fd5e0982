// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

func askMany(count int64, gap time.Duration, question, answer chan message) []time.Duration {
	samples := make([]time.Duration, count)
	for i := range samples {
		if gap > 0 {
			time.Sleep(gap)
		}
		start := time.Now()
		question <- message{}
		<-answer
		samples[i] = time.Since(start)
	}
	return samples
}

// ask asks from a goroutine with a thread of its own: count times without a pause, and a hundredth of that 1 ms apart.
func ask(count int64) {
	question, answer := make(chan message, 64), make(chan message, 64)
	go func() {
		for one := range question {
			answer <- one
		}
	}()
	runtime.LockOSThread()
	idle := count / 100
	if idle == 0 {
		idle = 1
	}
	reportAsks("ask_busy", askMany(count, 0, question, answer), count+idle)
	reportAsks("ask_idle", askMany(idle, time.Millisecond, question, answer), count+idle)
}

func reportAsks(name string, samples []time.Duration, check int64) {
	report(name+"_p50", percentile(samples, 0.5)/1e3, "us", check)
	report(name+"_p99", percentile(samples, 0.99)/1e3, "us", check)
	report(name+"_p999", percentile(samples, 0.999)/1e3, "us", check)
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func timerOwner(owner uint32, late []time.Duration) {
	fired := make(chan time.Time, len(late))
	random := owner * 7919
	for range late {
		delay := time.Duration(10+(random&0xffffff)%91) * time.Millisecond
		due := time.Now().Add(delay)
		time.AfterFunc(delay, func() { fired <- due })
		random = (random*1103515245 + 12345) & 0x7fffffff
	}
	for i := range late {
		late[i] = time.Since(<-fired)
	}
}

// timers has count timers of 10 to 100 ms armed by the actors, each its part.
func timers(count, actors int64) {
	share := count / actors
	late := make([]time.Duration, share*actors)
	var all sync.WaitGroup
	all.Add(int(actors))
	cpu := cpuTime()
	for i := int64(0); i < actors; i++ {
		go func(owner int64) {
			timerOwner(uint32(owner), late[owner*share:(owner+1)*share])
			all.Done()
		}(i)
	}
	all.Wait()
	cpu = cpuTime() - cpu
	fired := int64(len(late))
	report("timers_cpu", each(cpu, fired), "ns CPU/timer", fired)
	report("timers_late_p50", percentile(late, 0.5)/1e6, "ms", fired)
	report("timers_late_p99", percentile(late, 0.99)/1e6, "ms", fired)
}

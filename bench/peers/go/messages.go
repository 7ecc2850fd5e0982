// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func ownThread() { runtime.LockOSThread() }

// pingpong makes count round trips.
func pingpong(name string, count int64, prepare func()) {
	ping, pong, pings, pongs := make(chan message, 64), make(chan message, 64), make(chan int64), make(chan int64)
	go func() {
		prepare()
		var got int64
		for ball := range pong {
			got++
			ping <- ball
		}
		pongs <- got
	}()
	start := time.Now()
	go func() {
		prepare()
		var got int64
		for i := int64(0); i < count; i++ {
			pong <- message{}
			<-ping
			got++
		}
		pings <- got
	}()
	got := <-pings
	span := time.Since(start)
	close(pong)
	report(name, each(span, 2*count), "ns/message", got+<-pongs)
}

// intoOne is counting (one producer) and fan-in; a message with b set is a producer's last.
func intoOne(name string, count, producers int64) {
	share := count / producers
	into, total := make(chan message, box), make(chan int64)
	start := time.Now()
	go func() {
		var sum int64
		for left := producers; left > 0; {
			one := <-into
			sum += one.a
			left -= one.b
		}
		total <- sum
	}()
	for p := int64(0); p < producers; p++ {
		go func() {
			for i := int64(0); i < share; i++ {
				into <- message{a: 1}
			}
			into <- message{b: 1}
		}()
	}
	sum := <-total
	report(name, each(time.Since(start), share*producers), "ns/message", sum)
}

// ring lets a token make count hops.
func ring(name string, count, actors int64) {
	at := make([]chan message, actors)
	got := make([]int64, actors) // each written by its goroutine, read when all have ended
	for i := range at {
		at[i] = make(chan message, 1)
	}
	over := make(chan bool)
	var all sync.WaitGroup
	all.Add(int(actors))
	for i := range at {
		go func(me int64) {
			next := at[(me+1)%actors]
			for token := range at[me] {
				got[me]++
				if token.a == 0 {
					over <- true
				} else {
					next <- message{a: token.a - 1}
				}
			}
			all.Done()
		}(int64(i))
	}
	start := time.Now()
	at[0] <- message{a: count - 1}
	<-over
	span := time.Since(start)
	for i := range at {
		close(at[i])
	}
	all.Wait()
	report(name, each(span, count), "ns/hop", sum(got))
}

func sum(numbers []int64) int64 {
	var total int64
	for _, one := range numbers {
		total += one
	}
	return total
}

// spawn starts count goroutines, tells each one thing, and waits for the last to have handled it.
func spawn(count int64) {
	var ended int64
	over := make(chan bool)
	start := time.Now()
	go func() {
		for i := int64(0); i < count; i++ {
			into := make(chan message, 1)
			go func() {
				<-into
				if atomic.AddInt64(&ended, 1) == count {
					close(over)
				}
			}()
			into <- message{}
		}
	}()
	<-over
	report("spawn", each(time.Since(start), count), "ns/actor", atomic.LoadInt64(&ended))
}

type bigActor struct {
	me, left, got int64
	random        uint64
	at            []chan message
	done          *sync.WaitGroup
}

func (self *bigActor) ping() {
	self.random ^= self.random << 13
	self.random ^= self.random >> 7
	self.random ^= self.random << 17
	other := int64(self.random % uint64(len(self.at)-1))
	if other >= self.me {
		other++
	}
	self.at[other] <- message{a: self.me}
}

// A message with b set is a pong.
func (self *bigActor) live(ended *sync.WaitGroup) {
	self.ping()
	for one := range self.at[self.me] {
		self.got++
		if one.b == 0 {
			self.at[one.a] <- message{b: 1}
		} else if self.left--; self.left > 0 {
			self.ping()
		} else {
			self.done.Done()
		}
	}
	ended.Done()
}

// big lets each of the actors ping another one at random count times, the next when the pong has come.
func big(count, actors int64) {
	var done, ended sync.WaitGroup
	all, at := make([]bigActor, actors), make([]chan message, actors)
	for i := range at {
		at[i] = make(chan message, box)
		all[i] = bigActor{me: int64(i), left: count, random: uint64(i+1)*0x9E3779B97F4A7C15 | 1, at: at, done: &done}
	}
	done.Add(int(actors))
	ended.Add(int(actors))
	start := time.Now()
	for i := range all {
		go all[i].live(&ended)
	}
	done.Wait()
	span := time.Since(start)
	var got int64
	for i := range at {
		close(at[i])
	}
	ended.Wait()
	for i := range all {
		got += all[i].got
	}
	report("big", each(span, 2*count*actors), "ns/message", got)
}

func creature(me int64, mall, into chan message, met chan int64) {
	colour, times := me%3, int64(0)
	for {
		mall <- message{me, colour}
		other := <-into
		if other.b == 1 {
			met <- times
			return
		}
		times++
		if other.a != colour {
			colour = 3 - colour - other.a
		}
	}
}

func mallKeeper(count int64, mall chan message, at []chan message) {
	for ; count > 0; count-- {
		one, other := <-mall, <-mall
		at[one.a] <- message{a: other.b}
		at[other.a] <- message{a: one.b}
	}
	for range at {
		one := <-mall
		at[one.a] <- message{b: 1} // fade
	}
}

// chameneos lets count meetings of two happen.
func chameneos(count, actors int64) {
	mall, met, at := make(chan message, box), make(chan int64, actors), make([]chan message, actors)
	for i := range at {
		at[i] = make(chan message, 4)
	}
	start := time.Now()
	go mallKeeper(count, mall, at)
	for i := range at {
		go creature(int64(i), mall, at[i], met)
	}
	var times int64
	for range at {
		times += <-met
	}
	report("chameneos", each(time.Since(start), count), "ns/meeting", times)
}

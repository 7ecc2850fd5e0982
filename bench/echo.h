/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread that sleeps until it is asked, and answers: what an ask of a sleeping worker costs if nothing but the necessary is
 * done, two futex wakes. */
#ifndef AIRT_BENCH_ECHO_H
#define AIRT_BENCH_ECHO_H

#include "harness.h"

typedef struct bench_echo bench_echo;

/* NULL: the run has failed, and says why. */
bench_echo *bench_echo_start(bench_run *run);
/* The number after this one. One asker at a time. */
uint32_t bench_echo_ask(bench_echo *echo, uint32_t number);
/* NULL: nothing. */
void bench_echo_stop(bench_echo *echo);

#endif

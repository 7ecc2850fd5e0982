/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The random program of scenario_random.c. */
#ifndef AIRT_TEST_RANDOM_PROGRAM_H
#define AIRT_TEST_RANDOM_PROGRAM_H

#include "sim.h"

/* Runs the program of a seed from a fresh world to a stopped system, checking all the while (a failed check aborts).
 * The hash of all that happened. fault: NULL, or what is refused. */
uint64_t random_program(uint64_t seed, uint32_t layout, const airt_fault_options *fault);

#endif

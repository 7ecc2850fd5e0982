/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bugs that were put in on purpose, to see that the random programs of the tests find them: test/mutants.sh lists them
 * and builds the library once with each. From 90 on they break no rule, and must not be reported as found. In every other build AIRI_MUTANT_IS is false, a constant. */
#ifndef AIRI_BASE_MUTANT_H
#define AIRI_BASE_MUTANT_H

#ifdef AIRI_MUTANT
#define AIRI_MUTANT_IS(number) (AIRI_MUTANT == (number))
#else
#define AIRI_MUTANT_IS(number) 0
#endif

#endif

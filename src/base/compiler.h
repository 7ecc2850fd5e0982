/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is asked of the compiler beyond the language. */
#ifndef AIRI_BASE_COMPILER_H
#define AIRI_BASE_COMPILER_H

/* For what is compiled once for each value of an argument, and for what must not have a frame of its own. */
#define AIRI_ALWAYS_INLINE inline __attribute__((always_inline))

#endif

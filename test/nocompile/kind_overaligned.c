/* expect: job: payloads are aligned to 16 bytes at most */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { _Alignas(32) uint8_t block[32]; };
AIRT_KIND(job, block)

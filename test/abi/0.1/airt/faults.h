/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Contained faults: what is known of one, and which code may be ended by one. Asked for with AIRT_FAULTS_CONTAIN;
 * docs/faults.md says what is promised, and what is not: this is for availability, and no security boundary. */
#ifndef AIRT_FAULTS_H
#define AIRT_FAULTS_H

#include <airt/base.h>
#include <airt/message.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AIRT_FAULT_FRAMES_MAX 32 /* return addresses kept of a fault */
#define AIRT_FAULT_TEXT_MAX 128  /* bytes kept of a failed check's text, the end included */
#define AIRT_FAULTS_KEPT 64      /* newest faults that a system remembers */
#define AIRT_FAULTS_LIMIT 1048576u
#define AIRT_FAULT_MODULES_MAX 64

/* A contained fault. Laid out by the library, written by the size the caller gives. */
typedef struct airt_fault {
    airt_ref    who;
    uint64_t    number; /* 1 for the first of the system */
    int64_t     at_ns;  /* the world's clock */
    uint32_t    incarnation;
    int32_t     signal;  /* SIGSEGV...; SIGXCPU for a runaway handler; 0 for a failed check */
    int32_t     code;    /* si_code */
    bool        stack;   /* its stack was used up */
    uint64_t    address; /* that was touched (si_addr); 0 where that means nothing */
    uint64_t    pc;
    const char *behavior;    /* name; valid while its code is loaded */
    const char *message;     /* name of the kind that was in work, a start or a hook too; NULL: none */
    uint32_t    frames;      /* return addresses that are kept, the newest first, pc not among them */
    uint32_t    frames_seen; /* up to the runtime */
    uint64_t    frame[AIRT_FAULT_FRAMES_MAX];
    char        text[AIRT_FAULT_TEXT_MAX]; /* of a failed check: file, line and condition */
} airt_fault;

/* The newest fault of an actor that the system remembers; AIRT_NONE: the newest of all. Fails: ENOENT.
 * Thread: any.  Blocks: no. */
AIRT_API AIRT_MUST_CHECK airt_status airt_fault_last_sized(airt_from from, airt_ref who, airt_fault *out_fault,
                                                           size_t fault_size);

AIRT_MUST_CHECK static inline airt_status airt_fault_last(airt_from from, airt_ref who, airt_fault *out_fault)
{
    return airt_fault_last_sized(from, who, out_fault, sizeof(airt_fault));
}
/* A fault as text of several lines, names looked up for its addresses; cut to size, ended by a zero unless size is 0.
 * Returns the length of the whole text. Not in a signal handler. Thread: any.  Blocks: no. */
AIRT_API size_t airt_fault_print(const airt_fault *fault, char *out, size_t size);

/* Whether faults are contained: asked for, and possible in this build and program. Thread: any.  Blocks: no. */
AIRT_API bool airt_faults_contained(airt_system *system);
/* From now on code of the module (program or shared object) that holds this address may be ended by a fault, in every
 * system of the process; counted. The program itself is registered from the start. Its code must hold no lock and have
 * nothing half done that outlives an actor, wherever it can fault.
 * Fails: ENOENT (no module there), EINVAL (libc, the loader, the runtime or an allocator lies in it), ELIMIT
 * (AIRT_FAULT_MODULES_MAX). Thread: any.  Blocks: no. */
AIRT_API AIRT_MUST_CHECK airt_status airt_faults_register(const void *address);
/* Takes one registration back; before the module is unloaded. Thread: any.  Blocks: no. */
AIRT_API void airt_faults_unregister(const void *address);

/* Marks a region of the handler that must not be cut off: it takes a lock, or calls code that does. A fault there ends
 * the process. Regions nest, up to 100 deep. No await inside. The handler's return ends them, too.
 * Thread: inside the handler of that ctx.  Blocks: no. */
AIRT_API void airt_foreign_begin(airt_ctx *ctx);
/* Ends the innermost one; without one it is a programmer error.
 * Thread: inside the handler of that ctx.  Blocks: no. */
AIRT_API void airt_foreign_end(airt_ctx *ctx);

/* For lock checkers: the calling thread has taken a lock, `what` of static text at a place in the code, or gives it back
 * (airt_lock_given). One that a handler took outside of a marked region and still holds when it returns or awaits is reported
 * (AIRT_REPORT_LOCK), and while it holds it a fault ends the process. libairt-lockcheck tells of the locks of pthreads
 * and C11; tell of those of your own make. Outside of handlers nothing happens. Thread: any.  Blocks: no. */
AIRT_API void airt_lock_taken(const void *lock, const char *what, const void *place);
AIRT_API void airt_lock_given(const void *lock);

#if UINTPTR_MAX == UINT64_MAX
AIRI_STATIC_ASSERT(sizeof(airt_fault) == 464 && offsetof(airt_fault, address) == 40 &&
                       offsetof(airt_fault, frame) == 80 && offsetof(airt_fault, text) == 336,
                   "layout frozen: only append");
#endif

#ifdef AIRI_FROM_WRAPPED
#define airt_fault_last(from, ...) airt_fault_last(AIRI_FROM(from), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

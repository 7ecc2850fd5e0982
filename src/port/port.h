/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The one door to the outside world: everything floors 2 and up need from an operating system. Implemented by the
 * Linux world, the simulated world, and the fault world that wraps either. The hot path (push, pop, dispatch) never
 * calls it. All functions are callable from any thread unless they say otherwise. */
#ifndef AIRI_PORT_PORT_H
#define AIRI_PORT_PORT_H

#include "base/atomic.h"
#include "base/list.h"

#include <airt/base.h>
#include <airt/world.h>

#define AIRI_NEVER INT64_MAX /* a deadline that does not come */

typedef struct airi_thread airi_thread;
typedef struct airi_poll   airi_poll;

/* A file that is memory: what is written to it is in the file, whatever becomes of the process. */
typedef struct airi_file {
    void    *memory; /* the magic and zeros at first */
    size_t   bytes;
    uint32_t pid;
    int64_t  wall_ns; /* since 1970, when it was made */
} airi_file;

/* A worker that has no thread of its own: the simulated world, or a foreign loop, calls step. Ready means that there is
 * something to do now, a timer that is due included; asking changes nothing. */
typedef struct airi_driven airi_driven;
struct airi_driven {
    airi_list link; /* the world's, while attached */
    bool (*ready)(airi_driven *self, int64_t now_ns);
    void (*step)(airi_driven *self);           /* does one turn's worth */
    int64_t (*next_due_ns)(airi_driven *self); /* its next timer, or AIRI_NEVER */
};

/* A place in the code that asks for a logical allocation; each use of airi_permits makes one. They lie side by side in
 * a section of the binary, so that the sweep of the tests can tell the places that it never refused. */
typedef struct airi_site {
    const char *file;
    uint64_t    line;
} airi_site;

_Static_assert(sizeof(airi_site) == 16, "no more than the alignment below, or a section of them would have gaps");

extern const airi_site __start_airi_sites[] __attribute__((weak, visibility("hidden")));
extern const airi_site __stop_airi_sites[] __attribute__((weak, visibility("hidden")));

#define AIRI_SITE_DEFINE(name)                                                                                         \
    const airi_site name __attribute__((section("airi_sites"), used, aligned(16))) = { __FILE__, __LINE__ };

#define AIRI_SITE() __extension__({ static AIRI_SITE_DEFINE(airi_here) & airi_here; })

struct airt_world {
    const char *name;
    bool        driven; /* worker loops must attach as driven instead of starting threads */
    airt_world *inner;  /* what a fault world wraps, or NULL */

    int64_t (*now_ns)(airt_world *world); /* monotonic, never 0 */
    uint64_t (*random)(airt_world *world);
    uint32_t (*cores)(airt_world *world);

    /* Fails: ENOMEM, ESYSTEM. Join waits for run to return and frees the handle. In a driven world: ESYSTEM. */
    airt_status (*thread_start)(airt_world *world, const char *name, void (*run)(void *argument), void *argument,
                                airi_thread **out_thread);
    void (*thread_join)(airt_world *world, airi_thread **thread);

    /* Returns when *word is not `expected`, a wake was sent, the deadline has passed, or for no reason. In the
     * simulated world, called by the driving thread, it runs the world; called from inside a step it is a programmer
     * error. */
    void (*wait)(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline_ns);
    void (*wake)(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t count);

    /* Returns when every running thread of the process has passed a full memory fence. False: this world cannot do that;
     * it answers the same every time. */
    bool (*fence_all)(airt_world *world);

    /* Zeroed, page-aligned, untouched pages; NULL: no memory. */
    void *(*map)(airt_world *world, size_t bytes);
    void (*unmap)(airt_world *world, void *memory, size_t bytes);

    /* Makes a file of so many bytes, and the first `reserved` of them have their place on the disk. One that is there is
     * overwritten if it is empty, or begins with the 8 bytes of magic and no living process has it mapped by this call.
     * Fails: EEXIST (it is something else, or in use), ENOMEM, ESYSTEM (the path, the rights, no room on the disk). */
    airt_status (*file_map)(airt_world *world, const char *path, const char *magic, size_t bytes, size_t reserved,
                            airi_file **out_file);
    /* Bytes that are not reserved must not be touched: a full disk would end the process. False: there is no room. */
    bool (*file_reserve)(airt_world *world, airi_file *file, size_t at, size_t bytes);
    void (*file_unmap)(airt_world *world, airi_file **file);

    /* One descriptor for a foreign loop: readable after a ring, or when the armed deadline has passed. */
    airt_status (*poll_create)(airt_world *world, airi_poll **out_poll);
    void (*poll_destroy)(airt_world *world, airi_poll **poll);
    int (*poll_fd)(airi_poll *poll);
    void (*poll_ring)(airi_poll *poll);
    void (*poll_clear)(airi_poll *poll);
    void (*poll_wait)(airi_poll *poll); /* until it is readable, or for no reason; not in driven worlds */
    void (*poll_arm)(airi_poll *poll, int64_t deadline_ns);

    /* Driven workers; ignored by the Linux world (a foreign loop steps them itself). */
    void (*attach)(airt_world *world, airi_driven *driven);
    void (*detach)(airt_world *world, airi_driven *driven);
    /* Mixes an event into the history's hash; NULL outside the simulated world. */
    void (*event)(airt_world *world, uint64_t what, uint64_t who, uint64_t detail);

    /* True: this logical allocation must fail. NULL: none does. */
    bool (*refuse)(airt_world *world, airt_allocation what, const airi_site *site);
    void (*destroy)(airt_world *world);
};

/* Whether a logical allocation goes ahead: the test that stands before every one. */
#define airi_permits(world, what) airi_permits_at((world), (what), AIRI_SITE())
static inline bool airi_permits_at(airt_world *world, airt_allocation what, const airi_site *site)
{
    return world->refuse == NULL || !world->refuse(world, what, site);
}

/* Of a fault world: how often it was asked at a site, and how often it refused there. Thread: any.  Blocks: no. */
void airi_fault_at(const airt_world *world, const airi_site *site, uint64_t *out_asked, uint64_t *out_refused);

#endif

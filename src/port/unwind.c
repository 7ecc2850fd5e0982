/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whose code is on a stack. Called by the fault signals' handler and by failed checks, on the thread that faulted; the
 * tables are written before, under the lock of signals.c. Invariant: what is not known to be the program's own is in doubt,
 * and doubt is an answer of its own. */
#define _GNU_SOURCE
#include "port/unwind.h"

#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

enum {
    MODULES_MAX = 64,
    RANGES_MAX = 4,       /* executable segments of a module */
    ABORT_FRAMES_MAX = 6, /* of libc, from abort to the system call */
    ENTRY_BYTES_MAX = 16  /* of airi_switch_outermost before airi_switch_entry */
};

/* The runtime's own code: cmake/text.ld. */
extern const char __start_airi_text[] __attribute__((weak, visibility("hidden")));
extern const char __stop_airi_text[] __attribute__((weak, visibility("hidden")));
/* Within it that of turn.c, where handlers are called from, and nothing else of the program's. */
extern const char                                 airi_turn_begin[] __attribute__((weak, visibility("hidden")));
extern const char                                 airi_turn_end[] __attribute__((weak, visibility("hidden")));
__attribute__((visibility("hidden"))) extern void airi_switch_entry(void);

typedef struct range {
    uintptr_t low, high;
} range;

/* Written under the table's lock; a walk on another thread reads it meanwhile, hence the atomics. */
struct module {
    AIRI_ATOMIC(uintptr_t) low[RANGES_MAX], high[RANGES_MAX];
    uint32_t               uses;
};

/* Lock-free leaf functions of libc, which call nothing and hold nothing: a fault in one is its caller's. */
static const char *const leaf_name[] = { "memcpy",  "memmove",      "memset",        "memcmp",       "memchr",
                                         "memrchr", "rawmemchr",    "strlen",        "strnlen",      "strcmp",
                                         "strncmp", "strchr",       "strrchr",       "strchrnul",    "strcpy",
                                         "stpcpy",  "strncpy",      "stpncpy",       "strcat",       "strncat",
                                         "mempcpy", "bcmp",         "bzero",         "__memcpy_chk", "__memmove_chk",
                                         "strspn",  "strcspn",      "__memset_chk",  "wcslen",       "wmemset",
                                         "strpbrk", "__strcpy_chk", "__mempcpy_chk", "strcasecmp",   "strncasecmp" };
static const char *const raise_name[] = { "abort", "raise", "pthread_kill", "tgkill" };
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Fixed once airi_unwind_prepare has said true; modules as they say. */
static struct {
    bool          prepared, possible;
    uintptr_t     leaf[COUNT(leaf_name)];
    uintptr_t     raise[COUNT(raise_name)];
    range         libc[RANGES_MAX];
    struct module module[MODULES_MAX];
} known;

static bool within(const range *r, uintptr_t address)
{
    return address >= r->low && address < r->high;
}

static bool in_runtime(uintptr_t address)
{
    return address >= (uintptr_t)__start_airi_text && address < (uintptr_t)__stop_airi_text;
}

static bool calls_handlers(uintptr_t address)
{
    return address >= (uintptr_t)airi_turn_begin && address < (uintptr_t)airi_turn_end;
}

static bool in_libc(uintptr_t address)
{
    for (unsigned i = 0; i < RANGES_MAX; i++)
        if (within(&known.libc[i], address))
            return true;
    return false;
}

bool airi_module_has(uintptr_t address)
{
    if (in_runtime(address))
        return false;
    for (unsigned i = 0; i < MODULES_MAX; i++)
        for (unsigned k = 0; k < RANGES_MAX; k++)
            /* Acquire: high is written last; pairs with the release in module_fill. */
            if (address < airi_load(&known.module[i].high[k], AIRI_ACQUIRE) &&
                address >= airi_load(&known.module[i].low[k], AIRI_RELAXED))
                return true;
    return false;
}

static bool one_of(const uintptr_t *starts, size_t count, uintptr_t start)
{
    for (size_t i = 0; i < count && start != 0; i++)
        if (starts[i] == start)
            return true;
    return false;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

enum phase {
    PHASE_BEFORE,  /* frames of this file and of the signal's handler */
    PHASE_LIBC,    /* on the way out of abort, or in a leaf */
    PHASE_HANDLER, /* the program's own */
    PHASE_RUNTIME
};

struct walk {
    airi_trap  *trap;
    const char *doubt;
    enum phase  phase;
    uint32_t    libc_frames;
    uintptr_t   libc_start;   /* of the function that the newest of them is in */
    uintptr_t   newest_start; /* of any frame */
};

/* A frame of libc, above which there were none but such. */
static const char *step_libc(struct walk *walk, uintptr_t start)
{
    walk->libc_start = start;
    walk->libc_frames++;
    if (walk->trap->signal == SIGABRT)
        return walk->libc_frames <= ABORT_FRAMES_MAX ? NULL : "inside libc";
    return walk->libc_frames == 1 && one_of(known.leaf, COUNT(known.leaf), start) ? NULL : "inside libc";
}

/* The first frame of the program's own. */
static const char *step_out_of_libc(const struct walk *walk)
{
    if (walk->libc_frames != 0 && walk->trap->signal == SIGABRT &&
        !one_of(known.raise, COUNT(known.raise), walk->libc_start))
        return "libc aborted";
    return NULL;
}

static const char *step(struct walk *walk, uintptr_t ip, uintptr_t start)
{
    if (airi_module_has(ip)) {
        if (walk->phase == PHASE_RUNTIME)
            return "called back by the runtime";
        if (walk->phase != PHASE_HANDLER && step_out_of_libc(walk) != NULL)
            return "libc aborted";
        walk->phase = PHASE_HANDLER;
        return NULL;
    }
    if (in_runtime(ip)) {
        if (walk->phase == PHASE_LIBC)
            return "inside the runtime";
        if (walk->phase == PHASE_HANDLER && !calls_handlers(ip))
            return "called back by the runtime";
        walk->phase = PHASE_RUNTIME;
        return NULL;
    }
    if (walk->phase == PHASE_LIBC && in_libc(ip))
        return step_libc(walk, start);
    return walk->phase == PHASE_RUNTIME ? "an unknown frame below the runtime"
                                        : "inside a module that is not registered";
}

static void keep_frame(airi_trap *trap, enum phase phase, uintptr_t ip)
{
    if (phase == PHASE_RUNTIME)
        return;
    trap->frames_seen++;
    if (trap->frames < AIRI_TRAP_FRAMES)
        trap->frame[trap->frames++] = ip;
}

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    int          exact = 0;
    uintptr_t    ip = _Unwind_GetIPInfo(context, &exact);
    bool         first = walk->phase == PHASE_BEFORE;

    if (ip == 0 || (first && ip != walk->trap->pc)) /* 0: behind the outermost frame */
        return _URC_NO_REASON;
    if (first)
        walk->phase = PHASE_LIBC;
    walk->newest_start = _Unwind_GetRegionStart(context);
    walk->trap->end = _Unwind_GetCFA(context);
    if (walk->doubt == NULL)
        walk->doubt = step(walk, exact ? ip : ip - 1, walk->newest_start);
    if (!first)
        keep_frame(walk->trap, walk->phase, ip);
    return _URC_NO_REASON;
}

/* The first frame of every stack of ours is airi_switch_entry, which stands one byte behind the start of its region. */
static bool at_the_end(uintptr_t start)
{
    uintptr_t entry = (uintptr_t)airi_switch_entry;

    return start != 0 && entry - start < ENTRY_BYTES_MAX;
}

const char *airi_unwind(airi_trap *trap)
{
    struct walk walk = { .trap = trap };

    trap->frames = trap->frames_seen = 0;
    trap->end = 0;
    (void)_Unwind_Backtrace(on_frame, &walk);
    if (walk.doubt != NULL)
        return walk.doubt;
    if (walk.phase != PHASE_RUNTIME)
        return "its stack cannot be walked to the handler's begin";
    return at_the_end(walk.newest_start) ? NULL : "its stack cannot be walked to its end";
}

/* --- modules ------------------------------------------------------------------------------------------------------ */

struct search {
    uintptr_t address;
    range     found[RANGES_MAX];
    uint32_t  count;
    bool      whole; /* all executable segments had room */
};

static int look_at(struct dl_phdr_info *info, size_t size, void *argument)
{
    struct search *search = argument;
    bool           here = false;

    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        range r = { info->dlpi_addr + segment->p_vaddr, info->dlpi_addr + segment->p_vaddr + segment->p_memsz };

        here = here || (segment->p_type == PT_LOAD && within(&r, search->address));
    }
    for (unsigned i = 0; here && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0)
            continue;
        search->whole = search->count < RANGES_MAX;
        if (!search->whole)
            break;
        search->found[search->count++] =
            (range){ info->dlpi_addr + segment->p_vaddr, info->dlpi_addr + segment->p_vaddr + segment->p_memsz };
    }
    return here;
}

static bool find_module(uintptr_t address, struct search *search)
{
    memset(search, 0, sizeof *search);
    search->address = address;
    return dl_iterate_phdr(look_at, search) != 0 && search->whole;
}

static bool same_module(const struct search *a, uintptr_t address)
{
    struct search other;

    return find_module(address, &other) && other.found[0].low == a->found[0].low;
}

/* What holds libc, the loader or the allocator is never cut off, be it linked into the program. */
static bool never(const struct search *search)
{
    static const char *const name[] = { "malloc", "free", "abort", "pthread_mutex_lock", "printf", "_dl_find_object" };

    for (size_t i = 0; i < COUNT(name); i++) {
        void *at = dlsym(RTLD_DEFAULT, name[i]);

        if (at == NULL ? i < 4 : same_module(search, (uintptr_t)at))
            return true;
    }
    return false;
}

static struct module *module_at(uintptr_t low)
{
    for (unsigned i = 0; i < MODULES_MAX; i++)
        if (known.module[i].uses != 0 && airi_load(&known.module[i].low[0], AIRI_RELAXED) == low) /* under the lock */
            return &known.module[i];
    return NULL;
}

static struct module *module_free(void)
{
    for (unsigned i = 0; i < MODULES_MAX; i++)
        if (known.module[i].uses == 0)
            return &known.module[i];
    return NULL;
}

static void module_fill(struct module *module, const struct search *search)
{
    for (unsigned k = 0; k < RANGES_MAX; k++) {
        /* Relaxed, then release: pairs with the acquire in airi_module_has. */
        airi_store(&module->low[k], search->found[k].low, AIRI_RELAXED);
        airi_store(&module->high[k], search->found[k].high, AIRI_RELEASE);
    }
}

airt_status airi_module_add(uintptr_t address)
{
    struct search  search;
    struct module *module;

    if (!find_module(address, &search))
        return AIRT_ENOENT;
    if (never(&search))
        return AIRT_EINVAL;
    module = module_at(search.found[0].low);
    if (module == NULL) {
        module = module_free();
        if (module == NULL)
            return AIRT_ELIMIT;
        module_fill(module, &search);
    }
    module->uses++;
    return AIRT_OK;
}

void airi_module_drop(uintptr_t address)
{
    static const struct search none;
    struct search              search;
    struct module             *module = find_module(address, &search) ? module_at(search.found[0].low) : NULL;

    if (module != NULL && --module->uses == 0)
        module_fill(module, &none);
}

/* --- learning ----------------------------------------------------------------------------------------------------- */

/* Where the unwinder says that a function of libc begins: of those that are chosen at start, the chosen one. */
static uintptr_t begin_of(const char *name)
{
    char *at = dlsym(RTLD_NEXT, name);

    return at != NULL ? (uintptr_t)_Unwind_FindEnclosingFunction(at + 1) : 0;
}

static void learn_libc(void)
{
    struct search search;
    void         *at = dlsym(RTLD_NEXT, "abort");

    if (at == NULL || !find_module((uintptr_t)at, &search))
        return;
    memcpy(known.libc, search.found, sizeof known.libc);
    for (size_t i = 0; i < COUNT(leaf_name); i++)
        known.leaf[i] = begin_of(leaf_name[i]);
    for (size_t i = 0; i < COUNT(raise_name); i++)
        known.raise[i] = begin_of(raise_name[i]);
}

/* The first object that the loader names is the program. */
static int first_object(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0)
            *(uintptr_t *)argument = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    return 1;
}

bool airi_unwind_prepare(void)
{
    airi_trap trap = { .signal = SIGSEGV };
    uintptr_t program = 0;

    if (known.prepared)
        return known.possible;
    known.prepared = true;
    if (__start_airi_text == NULL || &airi_turn_begin[0] == &airi_turn_end[0])
        return false;
    learn_libc();
    (void)airi_unwind(&trap);
    (void)dl_iterate_phdr(first_object, &program);
    known.possible = program != 0 && known.libc[0].high != 0 && airi_module_add(program) == AIRT_OK;
    return known.possible;
}

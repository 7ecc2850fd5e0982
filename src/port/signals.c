/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The process's fault table: signal handlers, and the threads that are watched. A handler runs on the alternate stack of
 * the thread that faulted; it takes no lock, allocates nothing, and either makes the thread go on elsewhere or passes the
 * signal on to who was there before. Invariant: an interrupted stack is never continued once its fault was contained. */
#define _GNU_SOURCE
#include "port/signals.h"

#include "base/mutex.h"
#include "port/postmortem.h"
#include "port/thread.h"
#include "port/unwind.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "port/context.h"

#define SIGNAL_STACK_BYTES (64u * 1024) /* beyond the kernel's own frame: room for the handler and the unwinder */

_Static_assert(AIRI_RUNAWAY_SIGNAL == SIGXCPU, "as signals.h says");

static const int watched[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU };
#define WATCHED (sizeof watched / sizeof watched[0])

static struct {
    airi_mutex       lock; /* installing, restoring, modules */
    uint32_t         uses;
    struct sigaction before[WATCHED]; /* kept after the last release: who came after us may still call us */
    struct {
        AIRI_ATOMIC(airi_trap_thread *) thread; /* who has the slot; NULL: nobody */
        AIRI_ATOMIC(uintptr_t)          token;  /* of the thread that has entered */
    } slot[AIRI_TRAP_THREADS];
    AIRI_ATOMIC(uint32_t) slots; /* none was used from here on */
} table;

#if defined(AIRI_NO_FAULTS) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POSSIBLE 0
#else
#define POSSIBLE 1
#endif

/* The calling thread, if it is watched. Not by a thread-local: the first use of one may allocate. */
static airi_trap_thread *thread_here(void)
{
    uintptr_t token = airi_thread_token();
    uint32_t  count = airi_load(&table.slots, AIRI_ACQUIRE); /* pairs with the release in slot_take */

    for (uint32_t i = 0; i < count; i++)
        /* Relaxed: a slot with this thread's token was written by this thread. */
        if (airi_load(&table.slot[i].token, AIRI_RELAXED) == token)
            return airi_load(&table.slot[i].thread, AIRI_RELAXED);
    return NULL;
}

/* --- passing on --------------------------------------------------------------------------------------------------- */

static struct sigaction *before_of(int signal)
{
    for (unsigned i = 0; i < WATCHED; i++)
        if (watched[i] == signal)
            return &table.before[i];
    return NULL;
}

/* Sent, by a program or (RLIMIT_CPU) by the kernel, and so not repeated by itself. */
static bool was_sent(const siginfo_t *info)
{
    return info->si_code <= 0 || info->si_signo == SIGXCPU;
}

/* As if we had never been there: a fault happens again when the handler returns, a sent signal is sent again. */
static void die_of(int signal, const siginfo_t *info)
{
    struct sigaction otherwise = { .sa_handler = SIG_DFL };

    (void)sigaction(signal, &otherwise, NULL);
    if (was_sent(info))
        (void)syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signal);
}

static void call(struct sigaction *action, int signal, siginfo_t *info, void *context)
{
    void (*const with_info)(int, siginfo_t *, void *) = action->sa_sigaction;
    void (*const plain)(int) = action->sa_handler;
    sigset_t mask = action->sa_mask;
    sigset_t was;
    int      flags = action->sa_flags;

    if ((flags & SA_NODEFER) == 0)
        (void)sigaddset(&mask, signal);
    if ((flags & (int)SA_RESETHAND) != 0)
        action->sa_handler = SIG_DFL;
    (void)pthread_sigmask(SIG_BLOCK, &mask, &was);
    if ((flags & SA_SIGINFO) != 0)
        with_info(signal, info, context);
    else
        plain(signal);
    (void)pthread_sigmask(SIG_SETMASK, &was, NULL);
}

/* Who was before us may pass on to us in turn: it was put over our handler, which was installed over it later. The word
 * is nobody's in a signal's context, and goes with it, however the handlers between are left. */
static bool passed_on(const ucontext_t *context)
{
    return context->uc_link == (void *)&table;
}

static void pass_on(int signal, siginfo_t *info, ucontext_t *context)
{
    struct sigaction *action = before_of(signal);

    context->uc_link = (void *)&table;
    if ((action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_IGN) {
        if (!was_sent(info)) /* the kernel does not ignore a fault either */
            die_of(signal, info);
    } else if ((action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL) {
        die_of(signal, info);
    } else {
        call(action, signal, info, context);
    }
}

/* --- containing --------------------------------------------------------------------------------------------------- */

/* A call to nowhere has not left its caller: the walk begins there. */
static void back_to_caller(ucontext_t *context, airi_trap *trap)
{
    bool to_nowhere = (trap->signal == SIGSEGV || trap->signal == SIGBUS) && trap->address == trap->pc;

    if (!to_nowhere || airi_module_has(trap->pc))
        return;
    context_set(context, context_before_call(context));
    trap->pc = context_get(context).pc;
}

/* Walks the stack; a fault on the way is an answer, too. context: NULL for a failed check. */
static const char *walk(airi_trap_thread *thread, ucontext_t *context, airi_trap *trap)
{
    sigjmp_buf back;
    const char *volatile doubt = "its stack is damaged";

    if (sigsetjmp(back, 0) == 0) {
        thread->walking = &back;
        if (context != NULL)
            back_to_caller(context, trap);
        doubt = airi_unwind(trap);
    }
    thread->walking = NULL;
    return doubt;
}

/* Its names lie where the fault may have written. */
static void postmortem(airi_trap_thread *thread, const airi_trap *trap, const char *doubt)
{
    static const airi_trap_who nobody;
    airi_trap_who volatile who = nobody;
    sigjmp_buf back;

    if (sigsetjmp(back, 0) == 0) {
        thread->walking = &back;
        thread->describe(thread, (airi_trap_who *)&who);
    }
    thread->walking = NULL;
    thread->dying = true; /* a fault in there is not described as well */
    airi_postmortem(trap, (const airi_trap_who *)&who, doubt);
    thread->dying = false;
}

static const char *walk_from(airi_trap_thread *thread, ucontext_t *context, airi_trap *trap)
{
    caller      here = context_get(context);
    const char *doubt = walk(thread, context, trap);

    trap->pc = here.pc;
    context_set(context, here);
    return doubt;
}

static void trap_begin(airi_trap *trap, int signal, const siginfo_t *info, const ucontext_t *context)
{
    memset(trap, 0, sizeof *trap);
    trap->signal = signal;
    trap->code = info->si_code;
    trap->address = was_sent(info) ? 0 : (uintptr_t)info->si_addr;
    trap->pc = context_get(context).pc;
}

static void mask_restore(ucontext_t *context, const airi_trap_thread *thread)
{
    memcpy(&context->uc_sigmask, &thread->mask, sizeof thread->mask); /* the kernel's is no longer than that */
}

/* NULL: the thread goes on elsewhere, and the trap is its own. Otherwise why not; then it may still have another, which
 * it is about to look at. */
static const char *contain(airi_trap_thread *thread, airi_trap *trap, ucontext_t *context)
{
    const char *doubt = walk_from(thread, context, trap);
    airi_stack *stack;

    if (doubt == NULL)
        doubt = thread->refuse(thread, trap);
    if (doubt != NULL)
        return doubt;
    stack = thread->admit(thread, trap);
    if (stack == NULL)
        return "too many faults";
    thread->trap = *trap;
    context_land(context, stack->sp);
    mask_restore(context, thread);
    return NULL;
}

/* A fault's own thread raised it: by what it did, or by abort. */
static bool raised_here(int signal, const siginfo_t *info)
{
    return !was_sent(info) || (signal == SIGABRT && info->si_code == SI_TKILL && info->si_pid == getpid());
}

/* airi_trap_nudge's, whichever thread it reached. */
static bool is_nudge(int signal, const siginfo_t *info)
{
    return signal == SIGXCPU && info->si_code == SI_QUEUE && info->si_pid == getpid() &&
           info->si_value.sival_ptr == (void *)&table;
}

static void on_nudge(airi_trap_thread *thread, siginfo_t *info, ucontext_t *context)
{
    airi_trap trap;

    if (thread == NULL || thread->walking != NULL)
        return;
    trap_begin(&trap, SIGXCPU, info, context);
    (void)contain(thread, &trap, context);
}

static void on_fault(airi_trap_thread *thread, int signal, siginfo_t *info, ucontext_t *context)
{
    airi_trap   trap;
    const char *doubt;

    trap_begin(&trap, signal, info, context);
    doubt = contain(thread, &trap, context);
    if (doubt == NULL)
        return;
    postmortem(thread, &trap, doubt);
    pass_on(signal, info, context);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
    int               saved = errno;
    airi_trap_thread *thread = thread_here();

    if (thread != NULL && thread->walking != NULL && !was_sent(info))
        siglongjmp(*(sigjmp_buf *)thread->walking, 1);
    if (passed_on(context))
        die_of(signal, info);
    else if (is_nudge(signal, info))
        on_nudge(thread, info, context);
    else if (thread != NULL && raised_here(signal, info) && !thread->dying)
        on_fault(thread, signal, info, context);
    else
        pass_on(signal, info, context);
    errno = saved;
}

/* A failed check, about to abort. Called by who failed it: to be cut off, the handler itself must have. */
static void on_check(const char *text, void *called_from)
{
    airi_trap_thread *thread = thread_here();
    airi_trap         trap = { .pc = (uintptr_t)called_from };
    airi_stack       *stack;

    if (thread == NULL || thread->walking != NULL)
        return;
    (void)strncpy(trap.text, text, sizeof trap.text - 1);
    trap.text[strcspn(trap.text, "\n")] = '\0';
    if (walk(thread, NULL, &trap) != NULL || thread->refuse(thread, &trap) != NULL)
        return;
    stack = thread->admit(thread, &trap);
    if (stack == NULL)
        return;
    thread->trap = trap;
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &thread->mask, NULL, sizeof thread->mask);
    airi_switch_land(stack->sp);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static void install(void)
{
    struct sigaction action = { .sa_sigaction = on_signal,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART };

    /* Others' signals wait; faults in the handler are its own to see. */
    (void)sigfillset(&action.sa_mask);
    for (unsigned i = 0; i < WATCHED; i++)
        (void)sigdelset(&action.sa_mask, watched[i]);
    (void)sigaddset(&action.sa_mask, SIGXCPU);
    for (unsigned i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &action, &table.before[i]);
    airi_store(&airi_check_hook, on_check, AIRI_SEQ_CST);
}

/* Who has put a handler over ours keeps it, and is passed on to who was before us. */
static void restore(void)
{
    struct sigaction now;

    airi_store(&airi_check_hook, NULL, AIRI_SEQ_CST);
    for (unsigned i = 0; i < WATCHED; i++)
        if (sigaction(watched[i], NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_signal)
            (void)sigaction(watched[i], &table.before[i], NULL);
}

bool airi_signals_acquire(void)
{
    bool possible;

    airi_mutex_lock(&table.lock);
    possible = POSSIBLE && airi_unwind_prepare();
    if (possible && table.uses++ == 0)
        install();
    airi_mutex_unlock(&table.lock);
    return possible;
}

void airi_signals_release(void)
{
    airi_mutex_lock(&table.lock);
    if (--table.uses == 0)
        restore();
    airi_mutex_unlock(&table.lock);
}

airt_status airi_signals_register(const void *address)
{
    airt_status status;

    airi_mutex_lock(&table.lock);
    (void)airi_unwind_prepare();
    status = airi_module_add((uintptr_t)address);
    airi_mutex_unlock(&table.lock);
    return status;
}

void airi_signals_unregister(const void *address)
{
    airi_mutex_lock(&table.lock);
    airi_module_drop((uintptr_t)address);
    airi_mutex_unlock(&table.lock);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* The kernel saves the vector registers there: what it needs differs from machine to machine. */
static size_t signal_stack_bytes(void)
{
    size_t page = page_bytes();
    size_t bytes = SIGNAL_STACK_BYTES + (size_t)getauxval(AT_MINSIGSTKSZ);
    long   usual = sysconf(_SC_SIGSTKSZ);

    if (usual > 0 && bytes < 2 * (size_t)usual)
        bytes = 2 * (size_t)usual;
    return (bytes + page - 1) / page * page;
}

char *airi_signal_stack_map(airt_world *world, size_t *out_bytes)
{
    size_t page = page_bytes();
    size_t bytes = signal_stack_bytes();
    char  *memory;

    memory = world->map(world, page + bytes);
    if (memory == NULL)
        return NULL;
    *out_bytes = bytes;
    if (mprotect(memory, page, PROT_NONE) == 0)
        return memory + page;
    world->unmap(world, memory, page + bytes);
    return NULL;
}

void airi_signal_stack_unmap(airt_world *world, char *stack, size_t bytes)
{
    if (stack != NULL)
        world->unmap(world, stack - page_bytes(), page_bytes() + bytes);
}

/* AIRI_TRAP_THREADS: there is none. */
static uint32_t slot_take(airi_trap_thread *thread)
{
    for (uint32_t i = 0; i < AIRI_TRAP_THREADS; i++) {
        airi_trap_thread *nobody = NULL;
        uint32_t          count;

        if (!airi_cas(&table.slot[i].thread, &nobody, thread, AIRI_SEQ_CST, AIRI_SEQ_CST))
            continue;
        count = airi_load(&table.slots, AIRI_SEQ_CST);
        while (count <= i && !airi_cas(&table.slots, &count, i + 1, AIRI_SEQ_CST, AIRI_SEQ_CST)) {
        }
        return i;
    }
    return AIRI_TRAP_THREADS;
}

static void stack_swap(const stack_t *to, void **before)
{
    stack_t was = { 0 };

    (void)sigaltstack(to, &was);
    before[0] = was.ss_sp;
    before[1] = (void *)(uintptr_t)was.ss_size;
    before[2] = (void *)(uintptr_t)(unsigned)was.ss_flags;
}

static uint64_t watched_mask(void)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < sizeof watched / sizeof watched[0]; i++)
        mask |= UINT64_C(1) << (watched[i] - 1);
    return mask;
}

/* A program that reads its signals from a descriptor blocks them all, and its threads inherit that: the kernel ends a
 * process in which a fault is blocked, without a word to anybody. */
static void watched_unblock(airi_trap_thread *thread)
{
    uint64_t watch = watched_mask(), before = 0;

    (void)syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &watch, &before, sizeof before);
    thread->unblocked = before & watch;
}

void airi_trap_enter(airi_trap_thread *thread)
{
    stack_t alternate = { .ss_sp = thread->stack, .ss_size = thread->stack_bytes };

    thread->walking = NULL;
    thread->dying = false;
    thread->slot = slot_take(thread);
    if (thread->slot == AIRI_TRAP_THREADS)
        return;
    if (thread->stack != NULL)
        stack_swap(&alternate, thread->before);
    watched_unblock(thread);
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &thread->mask, sizeof thread->mask);
    airi_store(&thread->tid, (int32_t)syscall(SYS_gettid), AIRI_SEQ_CST);
    airi_store(&table.slot[thread->slot].token, airi_thread_token(), AIRI_SEQ_CST);
}

void airi_trap_leave(airi_trap_thread *thread)
{
    stack_t before = { .ss_sp = thread->before[0],
                       .ss_size = (size_t)(uintptr_t)thread->before[1],
                       .ss_flags = (int)(uintptr_t)thread->before[2] };

    if (thread->slot == AIRI_TRAP_THREADS)
        return;
    airi_store(&thread->tid, 0, AIRI_SEQ_CST);
    airi_store(&table.slot[thread->slot].token, 0, AIRI_SEQ_CST);
    airi_store(&table.slot[thread->slot].thread, NULL, AIRI_SEQ_CST);
    (void)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &thread->unblocked, NULL, sizeof thread->unblocked);
    if (thread->stack != NULL)
        (void)sigaltstack(&before, NULL);
}

void airi_trap_nudge(airi_trap_thread *thread)
{
    siginfo_t info;
    pid_t     tid = airi_load(&thread->tid, AIRI_SEQ_CST);

    if (tid == 0)
        return;
    memset(&info, 0, sizeof info);
    info.si_signo = SIGXCPU;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = &table;
    (void)syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, SIGXCPU, &info);
}

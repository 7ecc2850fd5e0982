/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tests of stacks and the switch between them, and of the pool's bounds. */
#define _GNU_SOURCE
#include "port/stack.h"

#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#include <cmocka.h>

#define WARM 64u /* free stacks the pool keeps with their pages */

/* A pool, a fresh stack of it and the test's own. */
struct rig {
    airi_stacks stacks;
    airi_stack *other;
    airi_stack  own;
    uint64_t    count;
    bool        good;
    void       *data;
};

static void rig_init(struct rig *rig, void (*entry)(void *))
{
    memset(rig, 0, sizeof(*rig));
    rig->good = true;
    airi_stack_of_thread(&rig->own);
    assert_int_equal(airi_stacks_init(&rig->stacks, airt_world_linux(), 0, 0), AIRT_OK);
    assert_int_equal(airi_stacks_take(&rig->stacks, &rig->other), AIRT_OK);
    airi_stack_prepare(rig->other, entry, rig);
}

static void rig_fini(struct rig *rig)
{
    airi_stacks_give(&rig->stacks, rig->other);
    assert_int_equal(airi_stacks_in_use(&rig->stacks), 0);
    airi_stacks_fini(&rig->stacks);
}

static void go(struct rig *rig)
{
    airi_stack_switch(&rig->own, rig->other);
}

static void back(struct rig *rig)
{
    airi_stack_switch(rig->other, &rig->own);
}

/* ---- switching ---- */

static void count_forever(void *argument)
{
    struct rig *rig = argument;
    for (;;) {
        rig->count++;
        back(rig);
    }
}

static void ping_pong(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, count_forever);
    for (int i = 0; i < 100000; i++)
        go(&rig);
    assert_int_equal(rig.count, 100000);
    rig_fini(&rig);
}

struct pair {
    airi_stack *stack[2];
    airi_stack  own;
    uint64_t    turns[2];
};

struct side {
    struct pair *pair;
    int          at;
};

static void play(void *argument)
{
    struct side *side = argument;
    struct pair *pair = side->pair;
    while (pair->turns[side->at]++ < 50000)
        airi_stack_switch(pair->stack[side->at], pair->stack[!side->at]);
    airi_stack_leave(pair->stack[side->at], &pair->own);
}

static void two_stacks(void **state)
{
    airi_stacks stacks;
    struct pair pair = { .turns = { 0, 0 } };
    struct side sides[2] = { { &pair, 0 }, { &pair, 1 } };
    (void)state;
    assert_int_equal(airi_stacks_init(&stacks, airt_world_linux(), 0, 0), AIRT_OK);
    airi_stack_of_thread(&pair.own);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(airi_stacks_take(&stacks, &pair.stack[i]), AIRT_OK);
        airi_stack_prepare(pair.stack[i], play, &sides[i]);
    }
    airi_stack_switch(&pair.own, pair.stack[0]);
    assert_int_equal(pair.turns[0], 50001);
    assert_int_equal(pair.turns[1], 50000);
    airi_stacks_fini(&stacks); /* both still taken, one of them suspended */
}

static __attribute__((noinline)) uint64_t descend(struct rig *rig, uint64_t depth)
{
    volatile uint64_t mine[4] = { depth, depth * 3, depth * 5, depth * 7 };
    if (depth == 0)
        back(rig);
    else
        rig->count += descend(rig, depth - 1);
    return mine[0] + mine[1] + mine[2] + mine[3];
}

static void descend_and_leave(void *argument)
{
    struct rig *rig = argument;
    rig->count += descend(rig, 300);
    airi_stack_leave(rig->other, &rig->own);
}

static void deep_frames(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, descend_and_leave);
    go(&rig);
    assert_int_equal(rig.count, 0);
    go(&rig);
    assert_int_equal(rig.count, 16 * (300 * 301 / 2));
    rig_fini(&rig);
}

static void leave_at_once(void *argument)
{
    struct rig *rig = argument;
    rig->count++;
    airi_stack_leave(rig->other, &rig->own);
}

static void prepared_again(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, leave_at_once);
    for (int i = 0; i < 1000; i++) {
        airi_stack_prepare(rig.other, i % 2 == 0 ? leave_at_once : descend_and_leave, &rig);
        go(&rig);
    }
    assert_true(rig.count >= 500);
    rig_fini(&rig);
}

/* Some of the stack's lowest bytes, and the scheduler's record at its top. */
static void mark(airi_stack *stack)
{
    memset(stack->low, 0x5a, 8192);
    memset(stack->reserve, 0xa5, sizeof(stack->reserve));
}

static bool marked(const airi_stack *stack)
{
    const unsigned char *low = stack->low;
    const unsigned char *reserve = (const unsigned char *)stack->reserve;
    bool                 same = true;
    for (int i = 0; i < 8192; i++)
        same = same && low[i] == 0x5a;
    for (size_t i = 0; i < sizeof(stack->reserve); i++)
        same = same && reserve[i] == 0xa5;
    return same;
}

static void fill_much(void *argument)
{
    struct rig   *rig = argument;
    volatile char much[200 * 1024];
    for (size_t i = 0; i < sizeof(much); i++)
        much[i] = (char)i;
    rig->good = (char *)&much[0] > (char *)rig->other->low && (char *)&much[sizeof(much) - 1] < (char *)rig->other;
    back(rig);
    for (size_t i = 0; i < sizeof(much); i++)
        rig->good = rig->good && much[i] == (char)i;
    airi_stack_leave(rig->other, &rig->own);
}

static void large_frame(void **state)
{
    struct rig  rig;
    airi_stack *neighbour[2];
    (void)state;
    rig_init(&rig, fill_much);
    airi_stack *below = rig.other;
    for (int i = 0; i < 2; i++)
        assert_int_equal(airi_stacks_take(&rig.stacks, &neighbour[i]), AIRT_OK);
    rig.other = neighbour[0]; /* the middle one */
    neighbour[0] = below;
    airi_stack_prepare(rig.other, fill_much, &rig);
    for (int i = 0; i < 2; i++)
        mark(neighbour[i]);
    go(&rig);
    assert_true(rig.good);
    go(&rig);
    assert_true(rig.good);
    for (int i = 0; i < 2; i++) {
        assert_true(marked(neighbour[i]));
        airi_stacks_give(&rig.stacks, neighbour[i]);
    }
    rig_fini(&rig);
}

/* ---- registers ---- */

/* Loads every callee-saved register from values, switches, and stores the registers back to values. */
void switch_loaded(airi_stack *from, airi_stack *to, uint64_t *values);

#if defined(__x86_64__)
enum {
    VALUES = 6
};
__asm__(".text\n.globl switch_loaded\n.type switch_loaded, @function\nswitch_loaded:\n"
        "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\npushq %rdx\n"
        "movq (%rdx), %rbp\nmovq 8(%rdx), %rbx\nmovq 16(%rdx), %r12\n"
        "movq 24(%rdx), %r13\nmovq 32(%rdx), %r14\nmovq 40(%rdx), %r15\n"
        "call airi_stack_switch\n"
        "popq %rdx\n"
        "movq %rbp, (%rdx)\nmovq %rbx, 8(%rdx)\nmovq %r12, 16(%rdx)\n"
        "movq %r13, 24(%rdx)\nmovq %r14, 32(%rdx)\nmovq %r15, 40(%rdx)\n"
        "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n"
        ".size switch_loaded, . - switch_loaded\n");
#else
enum {
    VALUES = 19
};
#define LOAD_ALL                                                                                                       \
    "ldp x19, x20, [x2]\nldp x21, x22, [x2, #16]\nldp x23, x24, [x2, #32]\nldp x25, x26, [x2, #48]\n"                  \
    "ldp x27, x28, [x2, #64]\nldr x29, [x2, #80]\nldp d8, d9, [x2, #88]\nldp d10, d11, [x2, #104]\n"                   \
    "ldp d12, d13, [x2, #120]\nldp d14, d15, [x2, #136]\n"
#define STORE_ALL                                                                                                      \
    "stp x19, x20, [x2]\nstp x21, x22, [x2, #16]\nstp x23, x24, [x2, #32]\nstp x25, x26, [x2, #48]\n"                  \
    "stp x27, x28, [x2, #64]\nstr x29, [x2, #80]\nstp d8, d9, [x2, #88]\nstp d10, d11, [x2, #104]\n"                   \
    "stp d12, d13, [x2, #120]\nstp d14, d15, [x2, #136]\n"
__asm__(".text\n.globl switch_loaded\n.type switch_loaded, %function\nswitch_loaded:\n"
        "sub sp, sp, #176\nstr x30, [sp, #160]\nstr x2, [sp, #168]\n"
        "mov x9, x2\nmov x2, sp\n" STORE_ALL "mov x2, x9\n" LOAD_ALL "bl airi_stack_switch\n"
        "ldr x2, [sp, #168]\n" STORE_ALL "mov x2, sp\n" LOAD_ALL "ldr x30, [sp, #160]\nadd sp, sp, #176\nret\n"
        ".size switch_loaded, . - switch_loaded\n");
#endif

static void values_set(uint64_t *values, uint64_t base)
{
    for (uint64_t i = 0; i < VALUES; i++)
        values[i] = base + i;
}

static bool values_are(const uint64_t *values, uint64_t base)
{
    bool same = true;
    for (uint64_t i = 0; i < VALUES; i++)
        same = same && values[i] == base + i;
    return same;
}

static void loaded_forever(void *argument)
{
    struct rig *rig = argument;
    for (uint64_t base = 0x4000000000000000;; base += VALUES) {
        uint64_t values[VALUES];
        values_set(values, base);
        switch_loaded(rig->other, &rig->own, values);
        rig->good = rig->good && values_are(values, base);
    }
}

static void registers_survive(void **state)
{
    struct rig rig;
    uint64_t   values[VALUES];
    (void)state;
    rig_init(&rig, loaded_forever);
    for (uint64_t base = 0x3000000000000000; base < 0x3000000000000000 + 100; base++) {
        values_set(values, base);
        switch_loaded(&rig.own, rig.other, values);
        assert_true(values_are(values, base));
    }
    assert_true(rig.good);
    rig_fini(&rig);
}

#if defined(__x86_64__)
static bool vector_rounding_is(int rounding)
{
    return ((int)__builtin_ia32_stmxcsr() >> 13 & 3) == rounding >> 10;
}
#else
static bool vector_rounding_is(int rounding)
{
    return fegetround() == rounding; /* one control word for both */
}
#endif

static bool rounding_is(int rounding)
{
    return fegetround() == rounding && vector_rounding_is(rounding);
}

static void round_down(void *argument)
{
    struct rig *rig = argument;
    rig->good = rounding_is(FE_TONEAREST);
    (void)fesetround(FE_DOWNWARD);
    back(rig);
    rig->good = rig->good && rounding_is(FE_DOWNWARD);
    airi_stack_leave(rig->other, &rig->own);
}

static void control_words(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, round_down);
    (void)fesetround(FE_UPWARD);
    for (int i = 0; i < 2; i++) {
        go(&rig);
        assert_true(rig.good);
        assert_true(rounding_is(FE_UPWARD));
    }
    (void)fesetround(FE_TONEAREST);
    rig_fini(&rig);
}

static jmp_buf jump;

static __attribute__((noinline)) void jump_from(volatile char *above, int depth)
{
    volatile char frame[64] = { 0 };
    if (depth < 0)
        return;
    frame[depth] = above[0];
    if (depth == 0)
        longjmp(jump, 1);
    jump_from(frame, depth - 1);
    above[0] = frame[1];
}

static __attribute__((noinline)) void clear_frame(void)
{
    char frame[8192];
    memset(frame, 0, sizeof(frame));
    __asm__ volatile("" ::"r"(frame) : "memory");
}

/* A jump within a context leaves frames behind; the address sanitizer must know on which stack, or reports the next. */
static void jump_within(void *argument)
{
    struct rig   *rig = argument;
    volatile char start[1] = { 0 };
    if (setjmp(jump) == 0)
        jump_from(start, 40);
    clear_frame();
    airi_stack_leave(rig->other, &rig->own);
}

static void jumps_stay_within(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, jump_within);
    go(&rig);
    rig_fini(&rig);
}

static _Unwind_Reason_Code count_frame(struct _Unwind_Context *context, void *argument)
{
    int *frames = argument;
    (void)context;
    return ++*frames < 100 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

static void unwind(void *argument)
{
    struct rig         *rig = argument;
    int                 frames = 0;
    _Unwind_Reason_Code code = _Unwind_Backtrace(count_frame, &frames);
    rig->good = code == _URC_END_OF_STACK && frames >= 3 && frames < 10;
    airi_stack_leave(rig->other, &rig->own);
}

static void unwinders_stop(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, unwind);
    go(&rig);
    assert_true(rig.good);
    rig_fini(&rig);
}

/* ---- threads ---- */

static __attribute__((noinline)) pthread_t thread_now(void)
{
    __asm__ volatile("" ::: "memory");
    return pthread_self();
}

static void note_threads(void *argument)
{
    struct rig *rig = argument;
    char        text[64] = "kept across threads";
    pthread_t   first = thread_now();
    back(rig);
    rig->good = !pthread_equal(first, thread_now()) && strcmp(text, "kept across threads") == 0;
    back(rig);
    rig->good = rig->good && pthread_equal(first, thread_now());
    airi_stack_leave(rig->other, &rig->own);
}

static void *continue_here(void *argument)
{
    struct rig *rig = argument;
    airi_stack_of_thread(&rig->own);
    go(rig);
    return NULL;
}

static void migrates(void **state)
{
    struct rig rig;
    pthread_t  thread;
    (void)state;
    rig_init(&rig, note_threads);
    for (int i = 0; i < 3; i++) {
        if (i == 1) {
            assert_int_equal(pthread_create(&thread, NULL, continue_here, &rig), 0);
            assert_int_equal(pthread_join(thread, NULL), 0);
        } else {
            (void)continue_here(&rig);
        }
        assert_true(rig.good);
    }
    rig_fini(&rig);
}

static void *take_use_give(void *argument)
{
    airi_stacks *stacks = argument;
    struct rig   rig = { .good = true };
    airi_stack  *extra[3];
    airi_stack_of_thread(&rig.own);
    for (int i = 0; i < 500; i++) {
        if (airi_stacks_take(stacks, &rig.other) != AIRT_OK)
            return stacks;
        airi_stack_prepare(rig.other, leave_at_once, &rig);
        go(&rig);
        for (int j = 0; j < 3; j++)
            if (airi_stacks_take(stacks, &extra[j]) != AIRT_OK)
                return stacks;
        airi_stacks_give(stacks, rig.other);
        for (int j = 0; j < 3; j++)
            airi_stacks_give(stacks, extra[j]);
    }
    return rig.count == 500 ? NULL : stacks;
}

static void pool_is_shared(void **state)
{
    airi_stacks stacks;
    pthread_t   threads[3];
    void       *result = NULL;
    (void)state;
    assert_int_equal(airi_stacks_init(&stacks, airt_world_linux(), 0, 0), AIRT_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_use_give, &stacks), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    assert_int_equal(airi_stacks_in_use(&stacks), 0);
    airi_stacks_fini(&stacks);
}

/* ---- overflow ---- */

/* What the dying child saw, in memory shared with the parent. */
struct seen {
    airi_stack *stack;
    airi_stack *below;
    bool        in_guard;
    bool        below_marked;
};
static struct seen *seen;

static void on_fault(int number, siginfo_t *info, void *context)
{
    char *address = info->si_addr;
    char *low = seen->stack->low;
    (void)context;
    seen->in_guard = address < low && address >= low - AIRI_STACK_GUARD_BYTES;
    seen->below_marked = marked(seen->below);
    (void)signal(number, SIG_DFL); /* the same instruction faults again, and now it ends the process */
}

static __attribute__((noinline)) uint64_t overflow(volatile uint64_t *above, uint64_t depth)
{
    volatile uint64_t frame[64];
    frame[0] = above[0] + depth;
    if (depth == 0)
        return frame[0];
    return overflow(frame, depth - 1) + frame[0];
}

static void overflow_now(void *argument)
{
    volatile uint64_t start[1] = { 1 };
    (void)argument;
    (void)overflow(start, 1000000);
    abort();
}

static void touch_guard_end(void *argument)
{
    struct rig    *rig = argument;
    volatile char *low = rig->other->low;
    *(low - AIRI_STACK_GUARD_BYTES) = 1;
    abort();
}

static void touch_guard_top(void *argument)
{
    struct rig    *rig = argument;
    volatile char *low = rig->other->low;
    *(low - 1) = 1;
    abort();
}

static void child_dies(struct rig *rig, void (*entry)(void *))
{
    static char      signal_stack[256 * 1024];
    stack_t          alternate = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
    action.sa_sigaction = on_fault;
    if (sigaltstack(&alternate, NULL) != 0 || sigaction(SIGSEGV, &action, NULL) != 0)
        _exit(1);
    airi_stack_prepare(rig->other, entry, rig);
    go(rig);
    _exit(2);
}

/* With guard_advice false the guard is a separate mapping, as on kernels before 6.13. */
static void expect_guard_hit(bool guard_advice, void (*entry)(void *))
{
    struct rig rig = { .good = true };
    int        status = 0;
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(seen, MAP_FAILED);
    airi_stack_of_thread(&rig.own);
    assert_int_equal(airi_stacks_init(&rig.stacks, airt_world_linux(), 64 * 1024, 0), AIRT_OK);
    rig.stacks.guard_advice = rig.stacks.guard_advice && guard_advice;
    assert_int_equal(airi_stacks_take(&rig.stacks, &seen->below), AIRT_OK);
    assert_int_equal(airi_stacks_take(&rig.stacks, &rig.other), AIRT_OK);
    assert_ptr_equal(rig.other->low, (char *)seen->below->low + rig.stacks.slot_bytes);
    seen->stack = rig.other;
    mark(seen->below);
    pid_t child = fork();
    if (child == 0)
        child_dies(&rig, entry);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    assert_true(seen->in_guard);
    assert_true(seen->below_marked);
    airi_stacks_fini(&rig.stacks);
    assert_int_equal(munmap(seen, sizeof(*seen)), 0);
}

static void overflow_hits_guard(void **state)
{
    (void)state;
    for (int advice = 0; advice < 2; advice++) {
        expect_guard_hit(advice == 1, overflow_now);
        expect_guard_hit(advice == 1, touch_guard_end);
        expect_guard_hit(advice == 1, touch_guard_top);
    }
}

/* ---- bounds ---- */

static void options(void **state)
{
    airi_stacks stacks;
    airi_stack *stack = NULL;
    (void)state;
    assert_int_equal(airi_stacks_init(&stacks, airt_world_linux(), AIRI_STACK_BYTES_MIN - 1, 0), AIRT_EINVAL);
    assert_int_equal(airi_stacks_init(&stacks, airt_world_linux(), 0, 0), AIRT_OK);
    assert_true(airi_stacks_max(&stacks) >= 64);
    assert_int_equal(airi_stacks_take(&stacks, &stack), AIRT_OK);
    assert_true((char *)(stack + 1) <= (char *)stack->low + AIRI_STACK_BYTES_DEFAULT);
    assert_true(stack->size > AIRI_STACK_BYTES_DEFAULT - 2048);
    assert_int_equal((uintptr_t)stack->reserve % 64, 0);
    assert_int_equal(sizeof(stack->reserve), AIRI_STACK_RESERVE);
    assert_true((char *)stack->low + stack->size <= (char *)stack);
    airi_stacks_give(&stacks, stack);
    airi_stacks_fini(&stacks);
    airi_stacks_fini(&stacks);
    memset(&stacks, 0, sizeof(stacks));
    airi_stacks_fini(&stacks);
}

static void cap(void **state)
{
    airi_stacks stacks;
    airi_stack *taken[3], *refused = NULL;
    (void)state;
    assert_int_equal(airi_stacks_init(&stacks, airt_world_linux(), 0, 3), AIRT_OK);
    assert_int_equal(airi_stacks_max(&stacks), 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(airi_stacks_take(&stacks, &taken[i]), AIRT_OK);
    assert_int_equal(airi_stacks_take(&stacks, &refused), AIRT_ELIMIT);
    assert_null(refused);
    assert_int_equal(airi_stacks_in_use(&stacks), 3);
    airi_stacks_give(&stacks, taken[1]);
    assert_int_equal(airi_stacks_take(&stacks, &refused), AIRT_OK);
    assert_ptr_equal(refused, taken[1]);
    assert_int_equal(airi_stacks_take(&stacks, &refused), AIRT_ELIMIT);
    airi_stacks_fini(&stacks);
}

static void refused_by_fault_world(void **state)
{
    airi_stacks stacks;
    airi_stack *first = NULL, *second = NULL;
    airt_world *world = NULL;
    (void)state;
    assert_int_equal(airt_fault_create(airt_world_linux(), &(airt_fault_options){ .nth = 2 }, &world), AIRT_OK);
    assert_int_equal(airi_stacks_init(&stacks, world, 0, 0), AIRT_OK);
    assert_int_equal(airi_stacks_take(&stacks, &first), AIRT_OK);
    assert_int_equal(airi_stacks_take(&stacks, &second), AIRT_ENOMEM);
    assert_null(second);
    assert_int_equal(airi_stacks_in_use(&stacks), 1);
    assert_int_equal(airi_stacks_take(&stacks, &second), AIRT_OK);
    assert_int_equal(airt_fault_count(world, AIRT_ALLOCATION_STACK), 3);
    assert_int_equal(airt_fault_refused(world), 1);
    airi_stacks_fini(&stacks);
    airt_world_destroy(&world);
}

static size_t map_limit;

static void *map_at_most(airt_world *world, size_t bytes)
{
    return bytes <= map_limit ? airt_world_linux()->map(world, bytes) : NULL;
}

/* A short address space gives smaller regions, and none is ENOMEM; nothing stays counted. */
static void no_memory_for_region(void **state)
{
    airt_world  world = *airt_world_linux();
    airi_stacks stacks;
    airi_stack *stack = NULL;
    (void)state;
    world.map = map_at_most;
    map_limit = 1 << 20;
    assert_int_equal(airi_stacks_init(&stacks, &world, 0, 0), AIRT_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(airi_stacks_take(&stacks, &stack), AIRT_OK);
    map_limit = 0;
    assert_int_equal(airi_stacks_take(&stacks, &stack), AIRT_ENOMEM);
    assert_int_equal(airi_stacks_in_use(&stacks), 3);
    map_limit = 1 << 20;
    assert_int_equal(airi_stacks_take(&stacks, &stack), AIRT_OK);
    airi_stacks_fini(&stacks);
}

static size_t resident_pages(const airi_stack *stack, size_t page_bytes)
{
    unsigned char pages[256];
    size_t        bytes = AIRI_STACK_BYTES_DEFAULT, count = 0;
    uintptr_t     low = ((uintptr_t)(stack + 1) + page_bytes - 1) / page_bytes * page_bytes - bytes;
    assert_int_equal(mincore((void *)low, bytes, pages), 0);
    for (size_t i = 0; i < bytes / page_bytes; i++)
        count += pages[i] & 1;
    return count;
}

enum {
    BURST = 1000
};

/* A burst's pages go back to the kernel, all but those of the warm ones; and the stacks work again afterwards. */
static void burst_is_released(void **state)
{
    static airi_stack *taken[BURST];
    struct rig         rig;
    size_t             page_bytes = (size_t)sysconf(_SC_PAGESIZE), resident = 0, released = 0;
    (void)state;
    rig_init(&rig, leave_at_once);
    for (int i = 0; i < BURST; i++) {
        assert_int_equal(airi_stacks_take(&rig.stacks, &taken[i]), AIRT_OK);
        memset((char *)taken[i]->low + taken[i]->size - 20000, 1, 20000);
        resident += resident_pages(taken[i], page_bytes);
    }
    assert_true(resident >= BURST);
    for (int i = 0; i < BURST; i++)
        airi_stacks_give(&rig.stacks, taken[i]);
    for (int i = 0; i < BURST; i++)
        released += resident_pages(taken[i], page_bytes) == 0;
    assert_true(released >= BURST - WARM - 1);
    assert_true(rig.stacks.warm_count >= WARM);
    for (int i = 0; i < BURST; i++) {
        airi_stack *old = rig.other;
        assert_int_equal(airi_stacks_take(&rig.stacks, &rig.other), AIRT_OK);
        airi_stack_prepare(rig.other, leave_at_once, &rig);
        go(&rig);
        airi_stacks_give(&rig.stacks, old);
    }
    assert_int_equal(rig.count, BURST);
    rig_fini(&rig);
}

static void *map_locked(airt_world *world, size_t bytes)
{
    void *memory = airt_world_linux()->map(world, bytes);
    if (memory != NULL && bytes == (size_t)sysconf(_SC_PAGESIZE))
        (void)mlock(memory, bytes); /* the pool's probe: no guard can be installed by advice in locked memory */
    return memory;
}

static unsigned long map_count_max(void)
{
    unsigned long count = 0;
    FILE         *file = fopen("/proc/sys/vm/max_map_count", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &count), 1);
    (void)fclose(file);
    return count;
}

/* Where guards are mappings of their own, two a stack must fit below the kernel's limit with room to spare, even if more
 * are asked for. Elsewhere address space and memory bound the number. */
static void derived_cap(void **state)
{
    airt_world  locked = *airt_world_linux();
    airi_stacks stacks;
    (void)state;
    locked.map = map_locked;
    assert_int_equal(airi_stacks_init(&stacks, &locked, 0, UINT32_MAX), AIRT_OK);
    if (!stacks.guard_advice)
        assert_true(airi_stacks_max(&stacks) < map_count_max() / 2);
    airi_stacks_fini(&stacks);
    assert_int_equal(airi_stacks_init(&stacks, airt_world_linux(), 1u << 30, UINT32_MAX), AIRT_OK);
    assert_true(airi_stacks_max(&stacks) <= (1u << 17));
    airi_stacks_fini(&stacks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ping_pong),
        cmocka_unit_test(two_stacks),
        cmocka_unit_test(deep_frames),
        cmocka_unit_test(prepared_again),
        cmocka_unit_test(large_frame),
        cmocka_unit_test(registers_survive),
        cmocka_unit_test(control_words),
        cmocka_unit_test(jumps_stay_within),
        cmocka_unit_test(unwinders_stop),
        cmocka_unit_test(migrates),
        cmocka_unit_test(pool_is_shared),
        cmocka_unit_test(overflow_hits_guard),
        cmocka_unit_test(options),
        cmocka_unit_test(cap),
        cmocka_unit_test(derived_cap),
        cmocka_unit_test(refused_by_fault_world),
        cmocka_unit_test(no_memory_for_region),
        cmocka_unit_test(burst_is_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults that must not be contained: in libc, below a callback, in a marked region, in the runtime, over budget, on other
 * threads. The process then dies by that very signal, with a post-mortem, and never hangs; or whoever had a handler before
 * gets the fault. Each in a child. */
#include "faulty.h"
#include "port/signals.h"
#include "threads.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum {
    CHILD_SECONDS = 60,
    SAID_BY_OLD = 41, /* exit codes of children */
    CONTAINED = 42,
    POSSIBLE_NOT = 43,
};

static char path[64];

/* --- actors that fault where it must not be cut off --------------------------------------------------------------- */

typedef airt_status (*deed)(airt_ctx *ctx);
struct culprit_do {
    uint64_t deed;
};
AIRT_KIND(culprit_do, deed)
#define culprit_ACCEPTS(KIND) KIND(culprit_do)
AIRT_PROTOCOL(culprit)
struct culprit {
    char nothing;
};
AIRT_ON(culprit, culprit_do)
{
    return ((deed)(uintptr_t)msg->deed)(ctx);
}
#define culprit_HANDLES(ON, A) ON(A, culprit_do)
AIRT_BEHAVIOR(culprit)

static airt_status plain(airt_ctx *ctx)
{
    (void)ctx;
    faulty_do(FAULTY_NULL);
    return AIRT_OK;
}

static int compare(const void *a, const void *b)
{
    faulty_do(FAULTY_NULL);
    return *(const int *)a - *(const int *)b;
}
static airt_status in_callback(airt_ctx *ctx)
{
    int some[3] = { 3, 1, 2 };

    (void)ctx;
    qsort(some, 3, sizeof some[0], compare);
    return AIRT_OK;
}
/* What the allocator keeps beside a block is overwritten: it finds that, inside, with its locks. */
static airt_status in_malloc(airt_ctx *ctx)
{
    char *volatile block[64];

    (void)ctx;
    for (int i = 0; i < 64; i++)
        block[i] = malloc(2000);
    for (int i = 0; i < 64; i++)
        memset(block[i] - 16, 0x5a, 16);
    for (int i = 0; i < 64; i++)
        free(block[i]);
    return AIRT_OK;
}
static airt_status in_printf(airt_ctx *ctx)
{
    char text[64];
    const char *volatile bad = (const char *)16;

    (void)ctx;
    (void)snprintf(text, sizeof text, "%s", bad);
    return AIRT_OK;
}
static airt_status in_foreign(airt_ctx *ctx)
{
    airt_foreign_begin(ctx);
    airt_foreign_begin(ctx);
    airt_foreign_end(ctx);
    faulty_do(FAULTY_NULL);
    return AIRT_OK;
}
static airt_status with_lock(airt_ctx *ctx)
{
    static int lock;

    (void)ctx;
    airt_lock_taken(&lock, "lock", NULL);
    faulty_do(FAULTY_NULL);
    return AIRT_OK;
}
static airt_status in_blocking(airt_ctx *ctx)
{
    (void)airt_blocking_begin(ctx);
    faulty_do(FAULTY_NULL);
    return AIRT_OK;
}
/* The runtime reads a body that is not there. */
static airt_status in_runtime(airt_ctx *ctx)
{
    (void)airt_tell_body(ctx, airt_self(ctx), &culprit_do_kind, (const void *)16, NULL);
    return AIRT_OK;
}
static airt_status misuse(airt_ctx *ctx)
{
    airt_foreign_end(ctx); /* a failed check of the runtime's own */
    return AIRT_OK;
}
static airt_status by_kill(airt_ctx *ctx)
{
    (void)ctx;
    (void)kill(getpid(), SIGSEGV);
    return AIRT_STOP;
}
static void *fault_alone(void *argument)
{
    faulty_do(*(faulty *)argument);
    return NULL;
}
static airt_status on_other_thread(airt_ctx *ctx)
{
    faulty    how = FAULTY_NULL;
    pthread_t thread;

    (void)ctx;
    (void)pthread_create(&thread, NULL, fault_alone, &how);
    (void)pthread_join(thread, NULL);
    return AIRT_OK;
}
/* The runtime calls what is the program's, and is not done yet. */
struct parcel {
    void *what;
};
AIRT_LOCAL_KIND(parcel, parcel_drop)
void parcel_drop(struct parcel *parcel)
{
    (void)parcel;
    faulty_do(FAULTY_NULL);
}
static airt_status in_drop(airt_ctx *ctx)
{
    struct parcel parcel = { ctx };

    (void)airt_tell_body(ctx, AIRT_NONE, &parcel_kind, &parcel, NULL);
    return AIRT_OK;
}
/* A frame that cannot be followed to its caller. */
static __attribute__((noinline)) void smash(void)
{
    uintptr_t *volatile frame = __builtin_frame_address(0);

    for (int i = 0; i < 64; i++)
        frame[i] = 0x10;
    faulty_do(FAULTY_NULL);
}
static airt_status in_ruins(airt_ctx *ctx)
{
    (void)ctx;
    smash();
    return AIRT_OK;
}

/* A jump to nowhere, and no stack on which its caller could be looked for. */
static airt_status without_stack(airt_ctx *ctx)
{
    (void)ctx;
#if defined(__x86_64__)
    __asm__ volatile("mov $16, %%rsp\n\tjmp *%0" : : "r"((uintptr_t)0));
    __builtin_unreachable();
#else
    smash();
    return AIRT_OK;
#endif
}

/* --- children ----------------------------------------------------------------------------------------------------- */

typedef struct child {
    deed deed;
    void (*before)(void);
    airt_system_options options;
    unsigned            faults; /* contained ones first */
} child;

static void as_a_program(void)
{
    const struct rlimit none = { 0, 0 };

    for (unsigned how = FAULTY_NULL; how < FAULTY_COUNT; how++) /* the test runner has handlers of its own */
        if (faulty_signal((faulty)how) != 0)
            (void)signal(faulty_signal((faulty)how), SIG_DFL);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)alarm(CHILD_SECONDS);
}

static bool wait_gone(airt_system *system, culprit_ref who)
{
    uint32_t incarnation;

    for (int i = 0; i < 5000; i++) {
        if (airt_incarnation(system, who.ref, &incarnation) == AIRT_EDEAD)
            return true;
        pause_us(1000);
    }
    return false;
}

static void one_fault(airt_system *system, deed what)
{
    culprit_ref who = { 0 };

    if (airt_spawn(system, culprit, &who, NULL) != AIRT_OK)
        _exit(1);
    (void)airt_tell(system, who, culprit_do, .deed = (uintptr_t)what);
    (void)wait_gone(system, who);
}

static void run(const child *c)
{
    airt_system_options options = c->options;
    airt_system        *system = NULL;

    as_a_program();
    if (c->before != NULL)
        c->before();
    if (options.workers == 0)
        options.workers = 2;
    options.faults = AIRT_FAULTS_CONTAIN;
    options.postmortem_path = path;
    if (airt_system_create(&options, &system) != AIRT_OK)
        _exit(1);
    if (!airt_faults_contained(system))
        _exit(POSSIBLE_NOT);
    for (unsigned i = 0; i < c->faults; i++)
        one_fault(system, plain);
    one_fault(system, c->deed);
    _exit(CONTAINED);
}

static int status_of(const child *c)
{
    int   status = 0;
    pid_t pid;

    (void)unlink(path);
    (void)fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run(c);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static size_t read_postmortem(char *text, size_t size)
{
    FILE  *file = fopen(path, "r");
    size_t n = file != NULL ? fread(text, 1, size - 1, file) : 0;

    text[n] = '\0';
    if (file != NULL)
        (void)fclose(file);
    return n;
}

static void check_postmortem(const char *signal, const char *why)
{
    static char text[1 << 17];

    assert_true(read_postmortem(text, sizeof text) > 0);
    assert_non_null(strstr(text, signal));
    assert_non_null(strstr(text, why));
    if (strcmp(why, "its stack") != 0)
        assert_non_null(strstr(text, "\nbehaviour culprit\nmessage culprit_do\n"));
    assert_non_null(strstr(text, "r-xp"));
}

static bool possible(void)
{
    const child c = { .deed = plain };
    int         status = status_of(&c);

    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == CONTAINED;
}

static void dies(const char *title, deed what, int signal, const char *why)
{
    const child c = { .deed = what };
    int         status = status_of(&c);

    print_message("%s: %s %d\n", title, WIFSIGNALED(status) ? "signal" : "exit",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal);
    if (why != NULL)
        check_postmortem(signal == SIGABRT ? "SIGABRT" : "SIGSEGV", why);
    else
        assert_int_not_equal(access(path, F_OK), 0);
}

static void test_deaths(void **state)
{
    (void)state;
    if (!possible())
        skip();
    dies("in_callback", in_callback, SIGSEGV, "a module that is not registered");
    dies("in_malloc", in_malloc, SIGABRT, "libc");
    dies("in_printf", in_printf, SIGSEGV, "inside libc");
    dies("in_foreign", in_foreign, SIGSEGV, "region");
    dies("with_lock", with_lock, SIGSEGV, "holding a lock");
    dies("in_blocking", in_blocking, SIGSEGV, "region");
    dies("in_runtime", in_runtime, SIGSEGV, "libc"); /* memcpy, called by the runtime */
    dies("in_drop", in_drop, SIGSEGV, "called back by the runtime");
    dies("misuse", misuse, SIGABRT, "");
    dies("in_ruins", in_ruins, SIGSEGV, "its stack");
    dies("without_stack", without_stack, SIGSEGV, "its stack");
    dies("by_kill", by_kill, SIGSEGV, NULL);
    dies("on_other_thread", on_other_thread, SIGSEGV, NULL);
}

static void test_budget(void **state)
{
    child c = { .deed = plain, .options = { .faults_max = 3, .faults_window_ms = 60000 }, .faults = 2 };
    int   status;

    (void)state;
    if (!possible())
        skip();
    status = status_of(&c);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CONTAINED);
    c.faults = 3;
    status = status_of(&c);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    check_postmortem("SIGSEGV", "too many faults");
    c.options.faults_window_ms = 1; /* a fault takes less, an actor's end and the next one's birth more */
    c.faults = 20;
    c.options.faults_max = 20;
    status = status_of(&c);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CONTAINED);
}

static void test_no_stack(void **state)
{
    const child c = { .deed = plain, .options = { .workers = 1, .stacks_max = 1 } };
    int         status;

    (void)state;
    if (!possible())
        skip();
    status = status_of(&c);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    check_postmortem("SIGSEGV", "no stack to go on with");
}

/* --- who was there before ----------------------------------------------------------------------------------------- */

static void say_info(int signal, siginfo_t *info, void *context)
{
    _exit(signal == SIGSEGV && info->si_signo == SIGSEGV && context != NULL ? SAID_BY_OLD : 1);
}
static void say_plain(int signal)
{
    _exit(signal == SIGSEGV ? SAID_BY_OLD : 1);
}
static void with_info(void)
{
    struct sigaction action = { .sa_sigaction = say_info, .sa_flags = SA_SIGINFO };

    (void)sigaction(SIGSEGV, &action, NULL);
}
static void with_plain(void)
{
    struct sigaction action = { .sa_handler = say_plain };

    (void)sigaction(SIGSEGV, &action, NULL);
}
static void with_ignore(void)
{
    (void)signal(SIGSEGV, SIG_IGN);
}

/* Over ours, and passes on to ours; then ours are installed over it, once more. */
static struct sigaction over;
static void             pass_to_ours(int signal, siginfo_t *info, void *context)
{
    static int passed;

    if (++passed > 1)
        _exit(1);
    over.sa_sigaction(signal, info, context);
}
static void with_chain(void)
{
    struct sigaction action = { .sa_sigaction = pass_to_ours, .sa_flags = SA_SIGINFO };
    airt_system     *system = NULL;

    if (airt_system_create(&(airt_system_options){ .workers = 1, .faults = AIRT_FAULTS_CONTAIN }, &system) != AIRT_OK ||
        sigaction(SIGSEGV, &action, &over) != 0 || airt_system_stop(&system, AIRT_SECONDS(60)) != AIRT_OK)
        _exit(2);
}

/* As RLIMIT_CPU sends it, once a second. */
static airt_status over_its_cpu(airt_ctx *ctx)
{
    siginfo_t info = { .si_signo = SIGXCPU, .si_code = SI_KERNEL };

    (void)ctx;
    for (int i = 0; i < 2; i++)
        if (syscall(SYS_rt_tgsigqueueinfo, getpid(), (pid_t)thread_id(), SIGXCPU, &info) != 0)
            _exit(1);
    return AIRT_STOP;
}
static void with_cpu_ignored(void)
{
    (void)signal(SIGXCPU, SIG_IGN);
}

static void old_gets(void (*before)(void), deed what, int code)
{
    const child c = { .deed = what, .before = before };
    int         status = status_of(&c);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void test_chained(void **state)
{
    const child ignored = { .deed = in_callback, .before = with_ignore };
    const child chained = { .deed = in_callback, .before = with_chain };
    int         status;

    (void)state;
    if (!possible())
        skip();
    old_gets(with_info, plain, CONTAINED);
    old_gets(with_info, in_callback, SAID_BY_OLD);
    old_gets(with_plain, in_callback, SAID_BY_OLD);
    old_gets(with_info, on_other_thread, SAID_BY_OLD);
    old_gets(with_plain, by_kill, SAID_BY_OLD);
    old_gets(with_ignore, by_kill, CONTAINED); /* as ever: it is ignored, and the actor goes on */
    status = status_of(&ignored);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    old_gets(with_chain, plain, CONTAINED);
    status = status_of(&chained);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void test_cpu_limit(void **state)
{
    const child c = { .deed = over_its_cpu };
    int         status;

    (void)state;
    if (!possible())
        skip();
    status = status_of(&c);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
    old_gets(with_cpu_ignored, over_its_cpu, CONTAINED);
}

/* --- a nudge that comes too late ---------------------------------------------------------------------------------- */

static const char *refuse_all(airi_trap_thread *self, const airi_trap *trap)
{
    (void)self;
    (void)trap;
    return "no";
}

/* The thread has faulted, and has not written that down yet. */
static void test_record(void **state)
{
    airi_trap_thread self = { .refuse = refuse_all };
    airt_system     *system = NULL;

    (void)state;
    OK(airt_system_create(&(airt_system_options){ .workers = 1, .faults = AIRT_FAULTS_CONTAIN }, &system));
    if (airt_faults_contained(system)) {
        airi_trap_enter(&self);
        self.trap = (airi_trap){ .signal = SIGSEGV, .address = 16, .frames = 2 };
        airi_trap_nudge(&self);
        assert_int_equal(self.trap.signal, SIGSEGV);
        assert_int_equal(self.trap.address, 16);
        assert_int_equal(self.trap.frames, 2);
        airi_trap_leave(&self);
    }
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

/* --- several systems ---------------------------------------------------------------------------------------------- */

static void (*handler_of(int signal))(int)
{
    struct sigaction now;

    assert_int_equal(sigaction(signal, NULL, &now), 0);
    return now.sa_handler;
}

static void test_restored(void **state)
{
    airt_system_options options = { .workers = 1, .faults = AIRT_FAULTS_CONTAIN };
    airt_system        *one = NULL, *two = NULL, *none = NULL;
    void (*before)(int) = handler_of(SIGSEGV);

    (void)state;
    OK(airt_system_create(&(airt_system_options){ .workers = 1 }, &none));
    assert_true(handler_of(SIGSEGV) == before);
    assert_false(airt_faults_contained(none));
    OK(airt_system_create(&options, &one));
    OK(airt_system_create(&options, &two));
    if (airt_faults_contained(one)) {
        assert_true(handler_of(SIGSEGV) != before);
        one_fault(one, plain);
        one_fault(two, plain);
        one_fault(one, plain);
    }
    OK(airt_system_stop(&one, AIRT_SECONDS(60)));
    if (airt_faults_contained(two))
        one_fault(two, plain);
    OK(airt_system_stop(&two, AIRT_SECONDS(60)));
    OK(airt_system_stop(&none, AIRT_SECONDS(60)));
    assert_true(handler_of(SIGSEGV) == before);
    assert_true(handler_of(SIGABRT) == SIG_DFL);
}

static void test_modules(void **state)
{
    (void)state;
    IS(airt_faults_register((const void *)(uintptr_t)16), AIRT_ENOENT);
    IS(airt_faults_register((const void *)(uintptr_t)&qsort), AIRT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deaths),   cmocka_unit_test(test_budget),    cmocka_unit_test(test_no_stack),
        cmocka_unit_test(test_chained),  cmocka_unit_test(test_cpu_limit), cmocka_unit_test(test_record),
        cmocka_unit_test(test_restored), cmocka_unit_test(test_modules),
    };
    int failed;

    (void)snprintf(path, sizeof path, "/tmp/airt_postmortem_%d", (int)getpid());
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed;
}

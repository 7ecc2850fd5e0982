/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file mapped shared, so that it outlives the process, by SIGKILL too. The descriptor stays open for its lock, which
 * tells a second system that the file is in use and which the kernel releases with the process. Any thread. */
#include "port/linux_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MAGIC_BYTES = 8
};

struct mapped {
    airi_file file; /* first, so that the handle's pointer is ours */
    int       descriptor;
};

static struct mapped *mapped_of(airi_file *file)
{
    return (struct mapped *)(void *)file;
}

/* Never waits: a pipe of that name opens at once, and is then seen to be no file. */
static int open_or_make(const char *path, bool *out_made)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    *out_made = descriptor >= 0;
    if (descriptor < 0 && errno == EEXIST)
        descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return descriptor;
}

/* Whether it may be overwritten: an empty file or one of ours, and nobody's. */
static airt_status may_overwrite(int descriptor, const char *magic)
{
    char        head[MAGIC_BYTES];
    struct stat facts;
    if (fstat(descriptor, &facts) != 0)
        return AIRT_ESYSTEM;
    if (!S_ISREG(facts.st_mode))
        return AIRT_EEXIST;
    if (facts.st_size != 0 &&
        (pread(descriptor, head, MAGIC_BYTES, 0) != MAGIC_BYTES || memcmp(head, magic, MAGIC_BYTES) != 0))
        return AIRT_EEXIST;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        return AIRT_OK;
    return errno == EWOULDBLOCK ? AIRT_EEXIST : AIRT_ESYSTEM;
}

/* Asked first: the kernel answers a file that grows beyond it by a signal that ends the process. */
static bool within_limit(size_t bytes)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || bytes <= limit.rlim_cur;
}

static bool reserve(int descriptor, size_t at, size_t bytes)
{
    int error;
    do
        error = posix_fallocate(descriptor, (off_t)at, (off_t)bytes);
    while (error == EINTR);
    return error == 0;
}

/* Cut to nothing first: what grows again is zero. The magic comes before the size, so that what a kill or a full disk
 * leaves behind here may be overwritten again. */
static airt_status map(struct mapped *mapped, const char *magic, size_t bytes, size_t reserved)
{
    struct timespec now;
    void           *memory;
    if (!within_limit(bytes) || ftruncate(mapped->descriptor, 0) != 0 ||
        pwrite(mapped->descriptor, magic, MAGIC_BYTES, 0) != MAGIC_BYTES ||
        ftruncate(mapped->descriptor, (off_t)bytes) != 0 || !reserve(mapped->descriptor, 0, reserved))
        return AIRT_ESYSTEM;
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, mapped->descriptor, 0);
    if (memory == MAP_FAILED)
        return errno == ENOMEM ? AIRT_ENOMEM : AIRT_ESYSTEM;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    mapped->file = (airi_file){ memory, bytes, (uint32_t)getpid(), (int64_t)now.tv_sec * 1000000000 + now.tv_nsec };
    return AIRT_OK;
}

static void close_all(struct mapped *mapped)
{
    if (mapped->file.memory != NULL)
        AIRT_CHECK(munmap(mapped->file.memory, mapped->file.bytes) == 0);
    if (mapped->descriptor >= 0)
        (void)close(mapped->descriptor);
    free(mapped);
}

airt_status airi_linux_file_map(airt_world *world, const char *path, const char *magic, size_t bytes, size_t reserved,
                                airi_file **out_file)
{
    struct mapped *mapped = calloc(1, sizeof(*mapped));
    airt_status    status = AIRT_ESYSTEM;
    bool           made = false;
    (void)world;
    if (mapped == NULL)
        return AIRT_ENOMEM;
    mapped->descriptor = open_or_make(path, &made);
    if (mapped->descriptor >= 0)
        status = may_overwrite(mapped->descriptor, magic);
    if (status == AIRT_OK)
        status = map(mapped, magic, bytes, reserved);
    if (status == AIRT_OK) {
        *out_file = &mapped->file;
        return AIRT_OK;
    }
    if (made)
        (void)unlink(path);
    close_all(mapped);
    return status;
}

bool airi_linux_file_reserve(airt_world *world, airi_file *file, size_t at, size_t bytes)
{
    (void)world;
    return reserve(mapped_of(file)->descriptor, at, bytes);
}

void airi_linux_file_unmap(airt_world *world, airi_file **file)
{
    (void)world;
    if (*file != NULL)
        close_all(mapped_of(*file));
    *file = NULL;
}

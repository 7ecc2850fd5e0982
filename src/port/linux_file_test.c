/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Mapped files: what is written is there afterwards; what is somebody else's is left alone; no room is a status. */
#include "port/port.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MAGIC "airttest"
enum {
    BYTES = 1 << 20,
    RESERVED = 8192
};

static char folder[64];
static char path[128];

static airt_status map(const char *where, airi_file **out_file)
{
    airt_world *world = airt_world_linux();

    return world->file_map(world, where, MAGIC, BYTES, RESERVED, out_file);
}

static void unmap(airi_file **file)
{
    airt_world *world = airt_world_linux();

    world->file_unmap(world, file);
    assert_null(*file);
}

static void write_file(const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static long size_of_file(void)
{
    struct stat facts;

    return stat(path, &facts) == 0 ? (long)facts.st_size : -1;
}

static void what_is_written_is_in_the_file(void **state)
{
    airi_file *file = NULL;
    char       text[16];
    int        descriptor;

    (void)state;
    assert_int_equal(map(path, &file), AIRT_OK);
    assert_int_equal(file->bytes, BYTES);
    assert_int_equal(file->pid, getpid());
    assert_true(file->wall_ns > INT64_C(1000000000) * 1000000000);
    assert_memory_equal(file->memory, MAGIC, 8);
    memcpy((char *)file->memory + RESERVED - 8, "the text", 8);
    assert_true(airt_world_linux()->file_reserve(airt_world_linux(), file, BYTES - 4096, 4096));
    memcpy((char *)file->memory + BYTES - 8, "the end.", 8);
    unmap(&file);
    descriptor = open(path, O_RDONLY);
    assert_int_equal(pread(descriptor, text, 8, RESERVED - 8), 8);
    assert_memory_equal(text, "the text", 8);
    assert_int_equal(pread(descriptor, text, 8, BYTES - 8), 8);
    assert_memory_equal(text, "the end.", 8);
    (void)close(descriptor);
    unmap(&file); /* harmless */
}

static void our_own_and_empty_files_are_overwritten(void **state)
{
    airi_file *file = NULL;

    (void)state;
    write_file(MAGIC "and more", 16);
    assert_int_equal(map(path, &file), AIRT_OK);
    assert_int_equal(((char *)file->memory)[8], 0);
    unmap(&file);
    write_file("", 0);
    assert_int_equal(map(path, &file), AIRT_OK);
    unmap(&file);
}

static void what_is_not_ours_is_left_alone(void **state)
{
    airi_file *file = NULL;

    (void)state;
    write_file("my thesis", 9);
    assert_int_equal(map(path, &file), AIRT_EEXIST);
    assert_int_equal(size_of_file(), 9);
    write_file("short", 5);
    assert_int_equal(map(path, &file), AIRT_EEXIST);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(map(path, &file), AIRT_EEXIST);
    assert_int_equal(map("/dev/null", &file), AIRT_EEXIST);
    assert_null(file);
}

static void one_in_use_is_refused(void **state)
{
    airi_file *file = NULL;
    airi_file *other = NULL;

    (void)state;
    (void)unlink(path);
    assert_int_equal(map(path, &file), AIRT_OK);
    assert_int_equal(map(path, &other), AIRT_EEXIST);
    assert_memory_equal(file->memory, MAGIC, 8);
    unmap(&file);
    assert_int_equal(map(path, &other), AIRT_OK);
    unmap(&other);
}

static void a_path_that_cannot_be_is_a_status(void **state)
{
    airi_file *file = NULL;
    char       missing[160];

    (void)state;
    (void)snprintf(missing, sizeof missing, "%s/missing/file", folder);
    assert_int_equal(map(missing, &file), AIRT_ESYSTEM);
    assert_int_equal(map(folder, &file), AIRT_ESYSTEM);
    assert_int_equal(map("", &file), AIRT_ESYSTEM);
}

/* In a child whose files may not grow so far. */
static void no_room_is_a_status_and_leaves_nothing(void **state)
{
    airi_file    *file = NULL;
    struct rlimit little = { 4096, 4096 };
    pid_t         child;
    int           status;

    (void)state;
    (void)unlink(path);
    child = fork();
    if (child == 0) {
        (void)setrlimit(RLIMIT_FSIZE, &little);
        _exit(map(path, &file) == AIRT_ESYSTEM ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(size_of_file(), -1);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "linux_file_test.%ld", (long)getpid());
    (void)snprintf(path, sizeof path, "%s/file", folder);
    return mkdir(folder, 0700);
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_in_the_file),    cmocka_unit_test(our_own_and_empty_files_are_overwritten),
        cmocka_unit_test(what_is_not_ours_is_left_alone),    cmocka_unit_test(one_in_use_is_refused),
        cmocka_unit_test(a_path_that_cannot_be_is_a_status), cmocka_unit_test(no_room_is_a_status_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs a libFuzzer entry point without libFuzzer: on the files named on the command line, or on random inputs made
 * from seeds (SEEDS, default 2000), so that every compiler runs the same inputs in `make check`. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 4096

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int run_file(const char *path)
{
    static uint8_t input[1 << 20];
    FILE          *file = fopen(path, "rb");
    size_t         size;

    if (file == NULL) {
        perror(path);
        return 1;
    }
    size = fread(input, 1, sizeof(input), file);
    fclose(file);
    return LLVMFuzzerTestOneInput(input, size) < 0;
}

static void run_seed(uint64_t seed)
{
    static uint8_t input[INPUT_MAX];
    uint64_t       state = seed;
    size_t         size = (size_t)(next_random(&state) % (seed % 4 == 0 ? INPUT_MAX : 64));

    for (size_t i = 0; i < size; i++)
        input[i] = (uint8_t)next_random(&state);
    LLVMFuzzerTestOneInput(input, size);
}

int main(int argc, char **argv)
{
    const char *text = getenv("SEEDS");
    uint64_t    seeds = text != NULL ? strtoull(text, NULL, 10) : 2000;

    for (int i = 1; i < argc; i++)
        if (run_file(argv[i]) != 0)
            return 1;
    if (argc > 1)
        return 0;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run_seed(seed);
    printf("%llu inputs\n", (unsigned long long)seeds);
    return 0;
}

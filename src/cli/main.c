/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command `airt`: finds the command that its first word names. Messages go to standard error and say what to do. */
#include "cli/cmd.h"

#include <airt/base.h>
#include <stdio.h>
#include <string.h>

typedef struct command {
    const char *name;
    const char *what;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    { "postmortem", "show what a system did last, from its flight recorder's file", cmd_postmortem },
};
enum {
    COMMANDS = sizeof commands / sizeof commands[0]
};

static int help(void)
{
    printf("usage: airt COMMAND [ARGUMENT...]\n\ncommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-12s %s\n", commands[i].name, commands[i].what);
    printf("\n  airt COMMAND --help   what a command takes\n"
           "  airt --version        the version\n"
           "  airt --help           this\n");
    return CMD_DONE;
}

static int misused(const char *what, const char *which)
{
    fprintf(stderr, "airt: %s%s; `airt --help` lists the commands\n", what, which);
    return CMD_MISUSED;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2)
        return misused("no command given", "");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help();
    if (strcmp(argv[1], "--version") == 0) {
        printf("airt %s\n", airt_version_string());
        return CMD_DONE;
    }
    if (argv[1][0] == '-')
        return misused("unknown option ", argv[1]);
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    return misused("unknown command ", argv[1]);
}

int main(int argc, char **argv)
{
    int status = dispatch(argc, argv);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("airt: writing the output");
        return CMD_BAD_INPUT;
    }
    return status;
}

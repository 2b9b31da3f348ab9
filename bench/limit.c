/* The limit: starts actions and waits for them, and no more. `limit SLOTS WIDTH,WIDTH,... PROGRAM [ARGUMENT...]`
 * At most SLOTS at a time, each layer after the last. An argument that ends in "%" gets the action's name there.
 * It keeps no state, no logs and no order but that of the layers. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define MOST 64 /* arguments */
#define LONGEST 4096

extern char **environ;

static char named[MOST][LONGEST];

static void start(char **argv, long layer, long number)
{
    char *own[MOST + 1] = {0};
    pid_t pid;
    for (int at = 0; argv[at] && at < MOST; at++) {
        size_t length = strlen(argv[at]);
        own[at] = argv[at];
        if (length && length < LONGEST - 50 && argv[at][length - 1] == '%') {
            snprintf(named[at], LONGEST, "%.*sa%ld.%ld", (int)length - 1, argv[at], layer, number);
            own[at] = named[at];
        }
    }
    if ((errno = posix_spawn(&pid, own[0], NULL, NULL, own, environ)) != 0) {
        perror(own[0]);
        exit(1);
    }
}

static void end(void)
{
    int status;
    if (wait(&status) < 0 || status != 0)
        exit(1);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: limit SLOTS WIDTH,WIDTH,... PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    long slots = atol(argv[1]), layer = 0;
    for (char *width = strtok(argv[2], ","); width; width = strtok(NULL, ","), layer++) {
        long all = atol(width), alive = 0;
        for (long number = 0; number < all; number++, alive++) {
            if (alive == slots) {
                end();
                alive--;
            }
            start(argv + 3, layer, number);
        }
        for (; alive > 0; alive--)
            end();
    }
    return 0;
}

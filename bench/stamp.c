/* The one action of W6: notes when it was started, in the folder it is started in; fails where a file "fails" is. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (access("fails", F_OK) == 0)
        return 1;
    FILE *file = fopen("stamp.out", "w");
    if (!file)
        return 1;
    fprintf(file, "%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
    return fclose(file) != 0;
}

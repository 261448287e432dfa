/* Preloaded into a server: once the file named by FAILING_SYNC_TRIGGER exists, syncs of files whose path holds
   FAILING_SYNC_PATH fail as a dying disk makes them fail. FAILING_SYNC_ERROR is the error's number (default EIO). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int file) {
    const char *trigger = getenv("FAILING_SYNC_TRIGGER"), *part = getenv("FAILING_SYNC_PATH");
    const char *number = getenv("FAILING_SYNC_ERROR");
    char name[64], path[PATH_MAX];
    if (!trigger || !part || access(trigger, F_OK) != 0) return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, part)) return 0;
    errno = number ? atoi(number) : EIO;
    return 1;
}

typedef int (*sync_function)(int);

int fsync(int file) {
    if (fails(file)) return -1;
    return ((sync_function)dlsym(RTLD_NEXT, "fsync"))(file);
}

int fdatasync(int file) {
    if (fails(file)) return -1;
    return ((sync_function)dlsym(RTLD_NEXT, "fdatasync"))(file);
}

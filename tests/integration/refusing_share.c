/* Refuses locks or shared memory below $SHARE, as some network shares do: $REFUSES is fcntl, flock or mmap. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

static int refuses(int fd, const char *what) {
    const char *share = getenv("SHARE"), *refused = getenv("REFUSES");
    char link[64], path[4096];
    if (!share || !refused || strcmp(refused, what) || fd < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return strncmp(path, share, strlen(share)) == 0;
}

static int call_fcntl(const char *name, int fd, int command, void *argument) {
    int (*real)(int, int, ...) = dlsym(RTLD_NEXT, name);
    int is_lock = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK;
    if (is_lock && refuses(fd, "fcntl")) { errno = ENOLCK; return -1; }
    return real(fd, command, argument);
}

int fcntl(int fd, int command, ...) {
    va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list);
    return call_fcntl("fcntl", fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list);
    return call_fcntl("fcntl64", fd, command, argument);
}

int flock(int fd, int operation) {
    int (*real)(int, int) = dlsym(RTLD_NEXT, "flock");
    if (refuses(fd, "flock")) { errno = getenv("AS_EACCES") ? EACCES : ENOLCK; return -1; }
    return real(fd, operation);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    void *(*real)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, "mmap");
    if ((flags & MAP_SHARED) && refuses(fd, "mmap")) { errno = ENODEV; return MAP_FAILED; }
    return real(at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    return mmap(at, size, protection, flags, fd, offset);
}

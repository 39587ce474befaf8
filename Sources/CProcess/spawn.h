#ifndef CPROCESS_SPAWN_H
#define CPROCESS_SPAWN_H
#include <sys/types.h>

/* A process to start. Everything it points to must stay until rs_spawn returns. */
struct rs_spawn_plan {
    const char *path;           /* executed as it is, without a look at PATH */
    char *const *arguments;     /* ends with NULL */
    char *const *environment;   /* ends with NULL */
    const char *directory;      /* its working directory */
    int input, output, error;   /* become 0, 1 and 2; above 2, with FD_CLOEXEC */
    unsigned long long files;   /* soft limit of open files; 0: as ours */
};

/*
 * Starts a process in a session and group of its own, without a terminal, with the caller's signal actions (a keeper's are the default
 * ones), no signal blocked, and no descriptor but 0, 1 and 2. Returns 0, or errno with the call that failed.
 *
 * vfork and not posix_spawn: that has no attribute for resource limits; prlimit on the child would come after its first
 * instructions, and a shell's `ulimit` before it would cost a shell a run. A failed exec is told at once.
 */
int rs_spawn(const struct rs_spawn_plan *plan, pid_t *pid, const char **failed_call);

#endif

#ifndef CPROCESS_H
#define CPROCESS_H
#include <features.h>
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
 * Starts a process in a session and group of its own, without a terminal, with default signal actions, no signal blocked, and no descriptor but 0, 1 and 2.
 * Returns 0, or errno with the call that failed.
 *
 * vfork and not posix_spawn: that has no attribute for resource limits; prlimit on the child would come after its first
 * instructions, and a shell's `ulimit` before it would cost a shell a run. Like posix_spawn it shares the parent's memory until the
 * exec, so its cost does not grow with the server's size, and a failed exec is told at once.
 */
int rs_spawn(const struct rs_spawn_plan *plan, pid_t *pid, const char **failed_call);

/* A pipe with FD_CLOEXEC and both ends above 2; `ours` (0: the reading end, 1: the writing one) does not block. Returns 0 or errno. */
int rs_pipe(int ends[2], int ours);

/* The process adopts the orphans among its descendants. Returns 0 or errno. (prctl is variadic) */
int rs_become_subreaper(void);

/*
 * How a child ended, without reaping it: 1 and the exit status or the signal that killed it, 0 while it runs, -1 if it is no child.
 * (siginfo_t hides its members in macros)
 */
int rs_exit_status(pid_t pid, int *status, int *signal);

/* Signals a process unless its start time (field 22 of /proc/PID/stat) is another one: then the number has been given to somebody else. */
int rs_signal_process(pid_t pid, unsigned long long start_time, int signal);

/* The start time of a process, 0 if there is none. */
unsigned long long rs_start_time(pid_t pid);

/*
 * Splits a command into words as a shell would, without running commands; 0, or a code for rs_split_error. The words are to be given
 * back with rs_free_words. (wordexp.h's WRDE_* are no plain ints in Swift)
 */
int rs_split_words(const char *text, char ***words, size_t *count);
void rs_free_words(char **words, size_t count);

/* Why rs_split_words failed, in words. */
const char *rs_split_error(int code);

/* Removes a directory and all that is in it, without following links, made writable where it is not. What cannot be removed stays. */
void rs_remove_tree(const char *path);

/* The process's environment. (`environ` is not concurrency-safe in Swift) Ends with NULL; read at start, while nobody sets variables. */
char **rs_environment(void);

#endif

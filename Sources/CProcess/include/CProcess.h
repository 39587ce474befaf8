#ifndef CPROCESS_H
#define CPROCESS_H
#include <features.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The guardian: a small process, child of the server, that starts the runs' processes and outlives nobody.
 *
 *     server --+-- guardian --+-- keeper of run 1 -- its program -- what that starts
 *                             +-- keeper of run 2 -- ...
 *
 * Guardian and keepers are subreapers: an orphan comes to its run's keeper, whatever session it made and whatever it cleared or renamed.
 * So a run's processes are what is below its keeper. If the server dies, its end of the socket closes, and the guardian kills all that is
 * below it. If the guardian dies, its ends of the keepers' sockets close, and each keeper kills its run.
 *
 * Both are forks without an exec: they need no file of their own. They use system calls alone. A keeper is kept for the next run of its slot.
 */

enum { RS_GUARD_DESCRIPTORS = 4 };

/* What the server asks for: one message (SOCK_SEQPACKET) each. */
enum rs_guard_order_kind {
    RS_GUARD_START = 1,         /* with four descriptors: the plan, and the run's 0, 1 and 2 */
    RS_GUARD_TERMINATE = 2,     /* SIGTERM to all of the run's processes; answered by RS_GUARD_ASKED */
    RS_GUARD_KILL = 3,          /* SIGKILL to all, until none is left; answered by RS_GUARD_ASKED if it is the first order to end */
};

struct rs_guard_order {
    uint32_t kind;
    uint32_t slot;              /* below the capacity; free from RS_GUARD_GONE on */
    uint32_t serial;            /* another one for each start in a slot; orders and reports of another start are ignored */
};

/* What guardian and keepers tell. That a program runs isn't told. */
enum rs_guard_event {
    RS_GUARD_FAILED = 1,        /* the program could not be started: call, code (errno) */
    RS_GUARD_EXITED = 2,        /* the program has ended: code (exit status) or signal */
    RS_GUARD_EXITED_GONE = 3,   /* the same, and none of the run's processes is left */
    RS_GUARD_ASKED = 4,         /* the run's processes were signalled; an exit told before happened before */
    RS_GUARD_REFUSED = 5,       /* a process that may not be signalled: pid, code (errno) */
    RS_GUARD_GONE = 6,          /* none of the run's processes is left */
};

struct rs_guard_report {
    uint32_t kind;
    uint32_t slot;
    uint32_t serial;
    int32_t pid;
    int32_t code;
    int32_t signal;
    char call[20];              /* ends with 0 */
};

/*
 * Starts a guardian. `*socket` becomes the server's end, which does not block; close it to end the guardian and all that is below it.
 * `capacity` is the number of slots. `notes` is an open file that says which programs run, for a server that finds it after a crash: slot
 * N's program is noted at RS_NOTE_BYTES * N as "PID START_TIME", filled up with zeros. Returns 0 or errno.
 */
int rs_start_guardian(unsigned capacity, int notes, pid_t *pid, int *socket);
enum { RS_NOTE_BYTES = 32 };

/* Sends an order; `descriptors` (four) for RS_GUARD_START, else NULL. Returns 0, or errno: EAGAIN while there is no room. */
int rs_send_order(int socket, const struct rs_guard_order *order, const int *descriptors);

/* Takes one report. Returns 1, 0 if there is none now, -1 at the end (guardian and keepers are gone). */
int rs_take_report(int socket, struct rs_guard_report *report);

/*
 * The head of a plan, which says what to start. The plan is a file, since an environment may be larger than a message. Behind the head
 * come strings, each with its 0: the program's path, the working directory, the keeper's title, the arguments, the environment.
 */
struct rs_plan {
    uint32_t arguments, variables;      /* how many */
    uint64_t files;                     /* soft limit of open files; 0: as ours */
};

/* A file in memory with these bytes, with FD_CLOEXEC; -1 with errno. */
int rs_memory_file(const void *bytes, size_t length);

/* A pipe with FD_CLOEXEC and both ends above 2; `ours` (0: the reading end, 1: the writing one) does not block. Returns 0 or errno. */
int rs_pipe(int ends[2], int ours);

/* The process adopts the orphans among its descendants. Returns 0 or errno. (prctl is variadic) */
int rs_become_subreaper(void);

/* Signals a process unless its start time (field 22 of /proc/PID/stat) is another one: then the number has been given to somebody else. */
int rs_signal_process(pid_t pid, unsigned long long start_time, int signal);

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

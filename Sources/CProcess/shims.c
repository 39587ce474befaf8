#define _GNU_SOURCE
#include "CProcess.h"
#include <dirent.h>
#include <linux/close_range.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

extern char **environ;

struct failure {
    const char *call;
    int code;
};

/*
 * In the child, which still has the parent's memory: system calls alone, no allocation, no lock, no change of anything. What failed is
 * written to `report`, not left in memory: the thread sanitizer makes a fork of every vfork.
 */
__attribute__((noinline, noreturn)) static void become(const struct rs_spawn_plan *plan, int report) {
#define STEP(name, condition) do { \
        if (!(condition)) { \
            const struct failure failure = { name, errno }; \
            ssize_t written = write(report, &failure, sizeof failure); \
            _exit(written == (ssize_t)sizeof failure ? 127 : 126); \
        } \
    } while (0)
    /*
     * The kernel's own call, since libc keeps two signals to itself; zeros are its SIG_DFL without flags. KILL and STOP are refused,
     * and need nothing.
     */
    static const unsigned long standard[4] = { 0 };
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, standard, NULL, (size_t)8);
    /*
     * A session of its own has no terminal: a program that reads /dev/tty gets an error there, where it would otherwise be stopped and
     * hold its slot. It is a group of its own too.
     */
    STEP("setsid", setsid() > 0);
    STEP("dup2", dup2(plan->input, 0) == 0 && dup2(plan->output, 1) == 1 && dup2(plan->error, 2) == 2);
    /* Ours are close-on-exec; this makes so what a library opened without. Kernels before 5.11 lack it. */
    syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
    STEP("chdir", chdir(plan->directory) == 0);
    if (plan->files > 0) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
            limit.rlim_cur = plan->files < limit.rlim_max ? plan->files : limit.rlim_max;
            setrlimit(RLIMIT_NOFILE, &limit);
        }
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(plan->path, plan->arguments, plan->environment);
    STEP("execve", 0);
    _exit(127);
#undef STEP
}

/* Away from 0, 1 and 2, which a child's own streams will be. */
static int lift(int fd) {
    if (fd > 2) return fd;
    int lifted = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return lifted;
}

int rs_spawn(const struct rs_spawn_plan *plan, pid_t *pid, const char **failed_call) {
    struct failure failure = { NULL, 0 };
    int report[2];
    int code = rs_pipe(report, 1);
    if (code != 0) {
        *failed_call = "pipe2";
        return code;
    }
    sigset_t all, before;
    /* No handler of the parent's may run in the child while they share memory. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = vfork();
    if (child == 0) become(plan, report[1]);
    code = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (child > 0) {
        /* Nothing but its end comes once the program has taken over. */
        ssize_t length;
        while ((length = read(report[0], &failure, sizeof failure)) < 0 && errno == EINTR) {}
        if (length == (ssize_t)sizeof failure) code = failure.code;
    }
    close(report[0]);
    if (child < 0) {
        *failed_call = "vfork";
    } else if (code != 0) {
        *failed_call = failure.call;
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    *pid = child;
    return code;
}

int rs_pipe(int ends[2], int ours) {
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    ends[0] = lift(ends[0]);
    ends[1] = lift(ends[1]);
    if (ends[0] >= 0 && ends[1] >= 0 && fcntl(ends[ours], F_SETFL, O_NONBLOCK) == 0) return 0;
    int code = errno;
    if (ends[0] >= 0) close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
    return code;
}

int rs_become_subreaper(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno;
}

int rs_exit_status(pid_t pid, int *status, int *signal) {
    siginfo_t info = { 0 };
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return -1;
    if (info.si_pid == 0) return 0;
    *status = info.si_code == CLD_EXITED ? info.si_status : 0;
    *signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
    return 1;
}

unsigned long long rs_start_time(pid_t pid) {
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) return 0;
    text[length] = 0;
    /* The name in parentheses may hold anything; field 3 follows the last one. */
    char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

int rs_signal_process(pid_t pid, unsigned long long start_time, int signal) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return errno;
    /* Looked at after the descriptor was made: if it is still the one that was meant, the descriptor is its. */
    int code = rs_start_time(pid) != start_time ? ESRCH
        : syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0 ? 0 : errno;
    close(fd);
    return code;
}

int rs_split_words(const char *text, char ***words, size_t *count) {
    wordexp_t split = { 0 };
    int code = wordexp(text, &split, WRDE_NOCMD | WRDE_UNDEF);
    if (code != 0) {
        if (code == WRDE_NOSPACE) wordfree(&split);
        return code;
    }
    *words = split.we_wordv;
    *count = split.we_wordc;
    return 0;
}

void rs_free_words(char **words, size_t count) {
    wordexp_t split = { .we_wordv = words, .we_wordc = count };
    wordfree(&split);
}

const char *rs_split_error(int code) {
    switch (code) {
    case WRDE_BADCHAR: return "it holds one of | & ; < > ( ) { } or a line break outside quotes; it is run without a shell";
    case WRDE_BADVAL: return "it names a variable that is not set";
    case WRDE_CMDSUB: return "command substitution is not allowed";
    case WRDE_NOSPACE: return "not enough memory";
    case WRDE_SYNTAX: return "a quote or brace is not closed";
    default: return "it cannot be split into words";
    }
}

/*
 * How many directories are open at once. A run may nest its own deeper than there are descriptors or stack: what lies deeper is moved
 * up to the top.
 */
enum { REMOVE_DEPTH = 32 };

struct removal {
    int top;
    unsigned moved;
};

static int move_up(struct removal *removal, int directory, const char *name) {
    for (int attempt = 0; attempt < 1000; attempt++) {
        char fresh[32];
        snprintf(fresh, sizeof fresh, "moved-%u", removal->moved++);
        if (renameat(directory, name, removal->top, fresh) == 0) return 1;
        if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) return 0;
    }
    return 0;
}

/* By descriptors, so that a directory that is replaced by a link meanwhile is not followed. Returns whether anything was moved up. */
static int remove_entries(struct removal *removal, int directory, int depth) {
    fchmod(directory, 0700);
    DIR *stream = fdopendir(directory);
    if (!stream) {
        close(directory);
        return 0;
    }
    int has_moved = 0;
    for (struct dirent *entry; (entry = readdir(stream));) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        if (unlinkat(dirfd(stream), name, 0) == 0 || (errno != EISDIR && errno != EPERM)) continue;
        fchmodat(dirfd(stream), name, 0700, 0);
        if (unlinkat(dirfd(stream), name, AT_REMOVEDIR) == 0) continue;
        if (depth == REMOVE_DEPTH) {
            has_moved |= move_up(removal, dirfd(stream), name);
            continue;
        }
        int inner = openat(dirfd(stream), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0) continue;
        has_moved |= remove_entries(removal, inner, depth + 1);
        unlinkat(dirfd(stream), name, AT_REMOVEDIR);
    }
    closedir(stream);
    return has_moved;
}

void rs_remove_tree(const char *path) {
    struct removal removal = { -1, 0 };
    for (int is_left = 1; is_left;) {
        int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (directory < 0 && errno == EACCES && chmod(path, 0700) == 0) {
            directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        if (directory < 0) break;
        removal.top = fcntl(directory, F_DUPFD_CLOEXEC, 0);
        is_left = remove_entries(&removal, directory, 1);
        if (removal.top >= 0) close(removal.top);
    }
    rmdir(path);
}

char **rs_environment(void) { return environ; }

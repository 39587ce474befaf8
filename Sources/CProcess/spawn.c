#define _GNU_SOURCE
#include "internal.h"
#include "spawn.h"
#include <linux/close_range.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

int rs_memory_file(const void *bytes, size_t length) {
    int fd = memfd_create("plan", MFD_CLOEXEC);
    if (fd < 0) return -1;
    for (size_t done = 0; done < length;) {
        ssize_t wrote = write(fd, (const char *)bytes + done, length - done);
        if (wrote <= 0) {
            int code = errno;
            close(fd);
            errno = code;
            return -1;
        }
        done += (size_t)wrote;
    }
    return fd;
}

int rs_become_subreaper(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno;
}

char **rs_environment(void) { return environ; }

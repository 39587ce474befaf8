#define _GNU_SOURCE
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    /* Descriptors of the guardian; those of its keepers' sockets come behind. A keeper has its own socket in their place. */
    SERVER = 3, NOTES = 4, FIRST_FREE = 5,
    INTERVAL_MS = 20,           /* how often SIGKILL is repeated */
    KEEPERS_MS = 500,           /* how long keepers get to end by themselves */
    PATIENCE_MS = 2000,         /* how long killed processes are waited for when the server is gone */
};

struct slot {
    pid_t keeper;               /* 0: none */
    int socket;                 /* its orders */
    uint32_t serial;            /* of the last start */
    int is_lost;                /* its keeper was killed, and its processes came to us */
};

/* The guardian is a process with one thread. */
static struct slot *slots;
static unsigned capacity, used;
static int has_lost;

static int is_keeper(pid_t pid) {
    for (unsigned each = 0; each < used; each++) if (slots[each].keeper == pid) return 1;
    return 0;
}

static void tell(enum rs_guard_event event, unsigned slot, int code, const char *call) {
    rs_report(SERVER, &(struct rs_guard_report){ .kind = event, .slot = slot, .serial = slots[slot].serial, .code = code }, call);
}

/* Reaps what has ended. Returns whether children are left. */
static int reap(void) {
    for (;;) {
        siginfo_t info = { 0 };
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) {
            if (errno == EINTR) continue;
            return 0;
        }
        if (info.si_pid == 0) return 1;
        for (unsigned each = 0; each < used; each++) {
            if (slots[each].keeper != info.si_pid) continue;
            slots[each].keeper = 0;
            close(slots[each].socket);
            if (info.si_code == CLD_EXITED && info.si_status == 0) {
                tell(RS_GUARD_GONE, each, 0, NULL);
            } else {
                slots[each].is_lost = has_lost = 1;
            }
            break;
        }
    }
}

/* Ends what killed keepers have left: all our children that are no keepers, and what is below those. */
static void end_lost(void) {
    struct rs_sweep sweep = { .root = getpid(), .signal = SIGKILL, .spares = is_keeper, .spares_below = 1 };
    rs_sweep(&sweep);
    reap();
    if (sweep.living > 0) return;
    has_lost = 0;
    for (unsigned each = 0; each < used; each++) {
        if (!slots[each].is_lost) continue;
        slots[each].is_lost = 0;
        tell(RS_GUARD_GONE, each, 0, NULL);
    }
}

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The server is gone: nothing that it started may live on. */
__attribute__((noreturn)) static void end_all(void) {
    const long long began = now_ms();
    for (unsigned each = 0; each < used; each++) if (slots[each].keeper != 0) shutdown(slots[each].socket, SHUT_RDWR);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    while (reap() && now_ms() - began < PATIENCE_MS) {
        struct rs_sweep sweep = { .root = getpid(), .signal = SIGKILL };
        if (now_ms() - began < KEEPERS_MS) sweep.spares = is_keeper;
        rs_sweep(&sweep);
        const struct timespec interval = { 0, INTERVAL_MS * 1000 * 1000 };
        sigtimedwait(&child, NULL, &interval);
    }
    _exit(0);
}

/* Moves a descriptor to a number, and closes all above it. */
static void keep_up_to(int number, int fd) {
    if (fd != number) dup2(fd, number);
    fcntl(number, F_SETFD, FD_CLOEXEC);
    if (syscall(SYS_close_range, (unsigned)number + 1, ~0u, 0u) == 0) return;
    /* Kernels before 5.9 */
    const long limit = sysconf(_SC_OPEN_MAX);
    for (int each = number + 1; each < limit; each++) close(each);
}

/* Returns 0 or errno. */
static int start_keeper(unsigned slot) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    const pid_t pid = fork();
    if (pid == 0) {
        keep_up_to(FIRST_FREE, ends[1]);
        rs_keep(SERVER, FIRST_FREE, NOTES, slot);
    }
    const int code = pid < 0 ? errno : 0;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
    } else {
        slots[slot].keeper = pid;
        slots[slot].socket = ends[0];
    }
    return code;
}

static void obey(const struct rs_guard_order *order, const int *descriptors) {
    struct slot *slot = &slots[order->slot];
    if (order->kind != RS_GUARD_START) {
        if (slot->keeper != 0 && slot->serial == order->serial) rs_send_order(slot->socket, order, NULL);
        return;
    }
    if (used <= order->slot) used = order->slot + 1;
    /* The last one of this slot may be ending. */
    if (slot->keeper != 0) reap();
    slot->serial = order->serial;
    const char *call = "fork";
    int code = slot->keeper != 0 ? 0 : start_keeper(order->slot);
    if (code == 0) {
        call = "sendmsg";
        /* Without descriptors: the kernel had no room for them here. */
        code = descriptors ? rs_send_order(slot->socket, order, descriptors) : EMFILE;
        /* It has just been killed: it is reaped soon, and the run counts as lost. */
        if (code == EPIPE || code == ECONNRESET) return;
    }
    if (code == 0) return;
    tell(RS_GUARD_FAILED, order->slot, code, call);
    tell(RS_GUARD_GONE, order->slot, 0, NULL);
}

__attribute__((noreturn)) static void guard(void) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    struct pollfd watched[2] = {
        { .fd = SERVER, .events = POLLIN }, { .fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN },
    };
    for (;;) {
        poll(watched, 2, has_lost ? INTERVAL_MS : -1);
        struct signalfd_siginfo ended[16];
        while (read(watched[1].fd, ended, sizeof ended) > 0) {}
        reap();
        if (has_lost) end_lost();
        struct rs_guard_order order;
        int descriptors[RS_GUARD_DESCRIPTORS], count;
        for (int taken; (taken = rs_take_order(SERVER, MSG_DONTWAIT, &order, descriptors, &count)) != 0;) {
            if (taken < 0) end_all();
            if (order.slot < capacity) obey(&order, count == RS_GUARD_DESCRIPTORS ? descriptors : NULL);
            for (int each = 0; each < count; each++) close(descriptors[each]);
        }
    }
}

/* Those of the runs' programs too. The kernel's own call, since libc keeps two signals to itself; zeros are its SIG_DFL without flags. */
static void default_actions(void) {
    static const unsigned long standard[4] = { 0 };
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, standard, NULL, (size_t)8);
}

int rs_start_guardian(unsigned how_many, int notes, pid_t *pid, int *socket) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    const size_t size = sizeof *slots * (how_many + 1);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int code = memory == MAP_FAILED ? errno : fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 ? errno : 0;
    /* From the fork on, no handler of the server's may run in the guardian. All signals stay blocked in it. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    *pid = code == 0 ? fork() : -1;
    if (*pid == 0) {
        sigprocmask(SIG_SETMASK, &all, NULL);
        default_actions();
        slots = memory;
        capacity = how_many;
        /* The server's files and clients are not ours to hold. The socket may have the notes' number, and the other way round. */
        const int lifted = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FREE), kept = fcntl(notes, F_DUPFD_CLOEXEC, FIRST_FREE);
        if (lifted < 0 || kept < 0) _exit(1);
        dup2(lifted, SERVER);
        fcntl(SERVER, F_SETFD, FD_CLOEXEC);
        keep_up_to(NOTES, kept);
        const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = 0; fd < 3; fd++) dup2(nowhere, fd);
        if (nowhere > 2) close(nowhere);
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        prctl(PR_SET_NAME, "rs-guardian", 0, 0, 0);
        rs_set_title("runstream: guardian");
        guard();
    }
    if (*pid < 0 && code == 0) code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (memory != MAP_FAILED) munmap(memory, size);
    close(ends[1]);
    if (code != 0) close(ends[0]);
    else *socket = ends[0];
    return code;
}

#define _GNU_SOURCE
#include "internal.h"
#include "spawn.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    KEPT = 32,                  /* keepers of slots below this wait for another run; the others end with theirs */
    INTERVAL_MS = 50,           /* how often SIGKILL is repeated */
};

enum { RUNNING, TERMINATING, KILLING };

/* One run's processes are all below this process. */
struct keeper {
    int server, orders, notes, signals;
    unsigned slot;
    uint32_t serial;
    pid_t leader;               /* the program; 0 once it is reaped */
    pid_t group;                /* the number of its group, for good */
    int phase;
    unsigned long long asked;   /* the tick of the last look for whom to ask */
    int has_refused;
    int is_alone;               /* the guardian is dead */
    int is_told;                /* the server knows that nothing is left */
};

static void tell(const struct keeper *keeper, enum rs_guard_event event, pid_t pid, int code, int signal, const char *call) {
    const struct rs_guard_report report = {
        .kind = event, .slot = keeper->slot, .serial = keeper->serial, .pid = pid, .code = code, .signal = signal,
    };
    rs_report(keeper->server, &report, call);
}

/* The plan as rs_spawn wants it, and the memory that it lies in if the usual one is too small. */
struct plan_text {
    struct rs_spawn_plan plan;
    const char *title;
    void *memory;
    size_t size;
};

static _Alignas(16) char usual[64 << 10];

static const char *next(const char **at, const char *end) {
    const char *text = *at;
    const char *zero = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;
    if (!zero) return NULL;
    *at = zero + 1;
    return text;
}

/* Returns 0 or errno. */
static int read_plan(int file, struct plan_text *text) {
    struct stat status;
    if (fstat(file, &status) != 0) return errno;
    /* The pointers come first, then the plan's bytes. */
    struct rs_plan head;
    const size_t length = (size_t)status.st_size;
    if (pread(file, &head, sizeof head, 0) != sizeof head || head.arguments > length || head.variables > length) return EINVAL;
    const size_t list = ((size_t)head.arguments + head.variables + 2) * sizeof(char *);
    char *memory = usual;
    if (list + length > sizeof usual) {
        memory = mmap(NULL, list + length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return errno;
        text->memory = memory;
        text->size = list + length;
    }
    const char **string = (const char **)memory;
    const char *at = memory + list + sizeof head, *end = memory + list + length;
    if (pread(file, memory + list, length, 0) != (ssize_t)length) return EINVAL;
    const char *path = next(&at, end), *directory = next(&at, end);
    text->title = next(&at, end);
    text->plan = (struct rs_spawn_plan){
        .path = path, .directory = directory, .files = head.files,
        .arguments = (char *const *)string, .environment = (char *const *)(string + head.arguments + 1),
    };
    for (uint32_t each = 0; each < head.arguments; each++) *string++ = next(&at, end);
    *string++ = NULL;
    for (uint32_t each = 0; each < head.variables; each++) *string++ = next(&at, end);
    *string = NULL;
    return at == end && path && directory && text->title ? 0 : EINVAL;
}

static void drop(const int *descriptors, int count) {
    for (int each = 0; each < count; each++) close(descriptors[each]);
}

/* Starts the program, or tells why it can't be. Returns whether it runs. */
static int start(struct keeper *keeper, const int descriptors[RS_GUARD_DESCRIPTORS]) {
    struct plan_text text = { 0 };
    const char *call = "mmap";
    int code = read_plan(descriptors[0], &text);
    if (code == 0) {
        rs_set_title(text.title);
        text.plan.input = descriptors[1];
        text.plan.output = descriptors[2];
        text.plan.error = descriptors[3];
        code = rs_spawn(&text.plan, &keeper->leader, &call);
    }
    if (text.memory) munmap(text.memory, text.size);
    drop(descriptors, RS_GUARD_DESCRIPTORS);
    if (code != 0) {
        keeper->leader = 0;
        tell(keeper, RS_GUARD_FAILED, 0, code, 0, call);
        return 0;
    }
    keeper->group = keeper->leader;
    rs_note_process(keeper->notes, keeper->slot, keeper->leader);
    return 1;
}

/* Reaps what has ended. Returns whether children are left. */
static int reap(struct keeper *keeper) {
    siginfo_t info, leader = { 0 };
    int is_left;
    do {
        info = (siginfo_t){ 0 };
        is_left = waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 || errno == EINTR;
        if (info.si_pid != 0 && info.si_pid == keeper->leader) leader = info;
    } while (is_left && info.si_pid != 0);
    if (leader.si_pid == 0) return is_left;
    keeper->leader = 0;
    keeper->is_told = !is_left && keeper->slot < KEPT;
    const int has_exited = leader.si_code == CLD_EXITED;
    tell(keeper, keeper->is_told ? RS_GUARD_EXITED_GONE : RS_GUARD_EXITED, leader.si_pid, has_exited ? leader.si_status : 0,
        has_exited ? 0 : leader.si_status, NULL);
    return is_left;
}

/* `is_first`: those too that run for a while already. */
static void sweep(struct keeper *keeper, int signal, int is_first) {
    struct rs_sweep sweep = { .root = getpid(), .signal = signal, .is_leader_ours = keeper->leader != 0 };
    if (is_first) sweep.group = keeper->group; else sweep.since = keeper->asked;
    keeper->asked = rs_boot_ticks();
    rs_sweep(&sweep);
    if (sweep.refused == 0 || keeper->has_refused) return;
    keeper->has_refused = 1;
    tell(keeper, RS_GUARD_REFUSED, sweep.refused, EPERM, 0, NULL);
}

static void end_run(struct keeper *keeper, int phase) {
    if (keeper->phase >= phase) return;
    if (keeper->phase == RUNNING) tell(keeper, RS_GUARD_ASKED, 0, 0, 0, NULL);
    keeper->phase = phase;
    if (phase == TERMINATING) sweep(keeper, SIGTERM, 1);
}

/* Takes the guardian's orders. Returns whether children are left. */
static int obey(struct keeper *keeper) {
    struct rs_guard_order order;
    int descriptors[RS_GUARD_DESCRIPTORS], count, taken;
    while ((taken = rs_take_order(keeper->orders, MSG_DONTWAIT, &order, descriptors, &count)) > 0) {
        drop(descriptors, count);
        if (order.serial != keeper->serial) continue;
        /* First an exit that has happened. */
        if (!reap(keeper)) return 0;
        end_run(keeper, order.kind == RS_GUARD_KILL ? KILLING : TERMINATING);
    }
    if (taken < 0) {
        keeper->is_alone = 1;
        end_run(keeper, KILLING);
    }
    return 1;
}

/* Keeps the run's processes until none is left. */
static void keep_run(struct keeper *keeper) {
    struct pollfd watched[2] = { { .fd = keeper->signals, .events = POLLIN }, { .fd = keeper->orders, .events = POLLIN } };
    for (;;) {
        /* Negative: not watched. */
        if (keeper->is_alone) watched[1].fd = -1;
        poll(watched, 2, keeper->phase == KILLING ? INTERVAL_MS : -1);
        struct signalfd_siginfo ended[8];
        const int has_died = watched[0].revents != 0 && read(keeper->signals, ended, sizeof ended) > 0;
        if ((has_died || keeper->phase == KILLING) && !reap(keeper)) return;
        if (!keeper->is_alone && watched[1].revents != 0 && !obey(keeper)) return;
        /* What somebody who has ended had started after it was asked is asked now. */
        if (keeper->phase == TERMINATING && has_died) sweep(keeper, SIGTERM, 0);
        if (keeper->phase == KILLING) sweep(keeper, SIGKILL, 1);
    }
}

void rs_keep(int server, int orders, int notes, unsigned slot) {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "rs-keeper", 0, 0, 0);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    const int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    struct rs_guard_order order;
    int descriptors[RS_GUARD_DESCRIPTORS], count;
    while (rs_take_order(orders, 0, &order, descriptors, &count) > 0) {
        if (order.kind != RS_GUARD_START || count != RS_GUARD_DESCRIPTORS) {
            /* For a run that has ended meanwhile. */
            drop(descriptors, count);
            continue;
        }
        struct keeper keeper = {
            .server = server, .orders = orders, .notes = notes, .signals = signals, .slot = slot, .serial = order.serial,
        };
        if (start(&keeper, descriptors)) keep_run(&keeper);
        /* The guardian tells that the run is gone. */
        if (slot >= KEPT || keeper.is_alone) break;
        rs_set_title("runstream: keeper");
        if (!keeper.is_told) tell(&keeper, RS_GUARD_GONE, 0, 0, 0, NULL);
    }
    _exit(0);
}

#define _GNU_SOURCE
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Appends text, and a number; there is room for any path below /proc. */
static char *put(char *at, const char *text) {
    while (*text) *at++ = *text++;
    *at = 0;
    return at;
}

static char *put_number(char *at, unsigned long long number) {
    char digits[24];
    int count = 0;
    do digits[count++] = (char)('0' + number % 10); while ((number /= 10) > 0);
    while (count > 0) *at++ = digits[--count];
    *at = 0;
    return at;
}

static int open_at(pid_t pid, const char *name, int flags) {
    char path[64];
    put(put_number(put(path, "/proc/"), (unsigned long long)pid), name);
    return open(path, O_RDONLY | O_CLOEXEC | flags);
}

int rs_read_process(pid_t pid, struct rs_process *process) {
    char text[1024];
    int fd = open_at(pid, "/stat", 0);
    if (fd < 0) return 0;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) return 0;
    text[length] = 0;
    /* The name in parentheses may hold anything; field 3 follows the last one. */
    char *at = strrchr(text, ')');
    unsigned long long field[23] = { 0 };
    char state = at && at[1] ? at[2] : 0;
    for (int number = 3; at && number < 23; number++) {
        at = strchr(at + 1, ' ');
        if (at && number > 3) field[number] = strtoull(at + 1, NULL, 10);
    }
    if (!at) return 0;
    process->parent = (pid_t)field[4];
    process->group = (pid_t)field[5];
    process->start = field[22];
    /* One whose main thread has ended while others go on is a zombie by its state, but not by its number of threads. */
    process->is_zombie = (state == 'Z' || state == 'X') && field[20] <= 1;
    return 1;
}

/* The numbers in a file of numbers and spaces. */
static void each_number(int fd, void (*visit)(pid_t, void *), void *context) {
    char text[4096];
    pid_t number = 0;
    for (ssize_t length; (length = read(fd, text, sizeof text)) > 0;) {
        for (ssize_t at = 0; at < length; at++) {
            if (text[at] >= '0' && text[at] <= '9') {
                number = number * 10 + (text[at] - '0');
            } else {
                if (number > 0) visit(number, context);
                number = 0;
            }
        }
    }
    if (number > 0) visit(number, context);
}

struct entry {
    unsigned long long inode;
    long long offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

void rs_each_child(pid_t pid, void (*visit)(pid_t child, void *context), void *context) {
    int tasks = open_at(pid, "/task", O_DIRECTORY);
    if (tasks < 0) return;
    _Alignas(struct entry) char entries[2048];
    for (long length; (length = syscall(SYS_getdents64, tasks, entries, sizeof entries)) > 0;) {
        for (long at = 0; at < length;) {
            const struct entry *entry = (const struct entry *)(entries + at);
            at += entry->length;
            if (entry->name[0] == '.') continue;
            char path[64];
            put(put(path, entry->name), "/children");
            int children = openat(tasks, path, O_RDONLY | O_CLOEXEC);
            if (children < 0) continue;
            each_number(children, visit, context);
            close(children);
        }
    }
    close(tasks);
}

/* Those that are still to be looked at. What finds no room is found once its parent has ended. */
static pid_t open_list[1 << 16];
static int open_count;

static void remember(pid_t pid, void *context) {
    (void)context;
    if (open_count < (int)(sizeof open_list / sizeof *open_list)) open_list[open_count++] = pid;
}

void rs_sweep(struct rs_sweep *sweep) {
    int is_group_there = 0;
    sweep->living = 0;
    sweep->refused = 0;
    open_count = 0;
    rs_each_child(sweep->root, remember, NULL);
    while (open_count > 0) {
        pid_t pid = open_list[--open_count];
        struct rs_process process;
        if (!rs_read_process(pid, &process)) continue;
        int is_spared = sweep->spares && sweep->spares(pid);
        if (!is_spared || !sweep->spares_below) rs_each_child(pid, remember, NULL);
        if (is_spared || process.is_zombie) continue;
        sweep->living++;
        const int is_in_group = sweep->group != 0 && process.group == sweep->group;
        if (is_in_group) is_group_there = 1;
        if (!is_in_group && process.start < sweep->since) continue;
        /* 0 asks only whether it may be signalled: the call for the group is content with one member. */
        if (rs_signal_process(pid, process.start, is_in_group ? 0 : sweep->signal) == EPERM) sweep->refused = pid;
    }
    if (sweep->group != 0 && (is_group_there || sweep->is_leader_ours)) kill(-sweep->group, sweep->signal);
}

void rs_note_process(int notes, unsigned slot, pid_t pid) {
    struct rs_process process;
    char note[RS_NOTE_BYTES + 24] = { 0 };
    if (!rs_read_process(pid, &process)) return;
    put_number(put(put_number(note, (unsigned long long)pid), " "), process.start);
    ssize_t written = pwrite(notes, note, RS_NOTE_BYTES, (off_t)slot * RS_NOTE_BYTES);
    (void)written;      /* on a full disk the other proofs have to do */
}

int rs_signal_process(pid_t pid, unsigned long long start_time, int signal) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return errno;
    struct rs_process process;
    /* Looked at after the descriptor was made: if it is still the one that was meant, the descriptor is its. */
    int code = !rs_read_process(pid, &process) || process.start != start_time ? ESRCH
        : syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0 ? 0 : errno;
    close(fd);
    return code;
}

unsigned long long rs_boot_ticks(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    unsigned long long a_second = (unsigned long long)sysconf(_SC_CLK_TCK);
    return (unsigned long long)now.tv_sec * a_second + (unsigned long long)now.tv_nsec * a_second / 1000000000u;
}

/* Where the command line lies in memory; found once, by the guardian. */
static char *line;
static size_t room;

static void find_line(void) {
    char text[2048];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) return;
    text[length] = 0;
    /* Fields 48 and 49: where it begins and ends. */
    unsigned long bounds[2] = { 0, 0 };
    const char *at = strrchr(text, ')');
    for (int number = 3; at && number < 50; number++) {
        at = strchr(at + 1, ' ');
        if (at && number >= 48) bounds[number - 48] = strtoul(at + 1, NULL, 10);
    }
    if (bounds[0] == 0 || bounds[1] <= bounds[0]) return;
    line = (char *)bounds[0];
    room = bounds[1] - bounds[0] - 1;
}

void rs_set_title(const char *title) {
    if (!line) find_line();
    if (!line) return;
    size_t used = 0;
    for (; used < room && title[used]; used++) line[used] = title[used];
    memset(line + used, 0, room + 1 - used);
}

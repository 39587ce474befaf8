/* What the files of this module share. Nothing here allocates, locks or uses stdio: a guardian is a fork of a process with threads. */
#ifndef CPROCESS_INTERNAL_H
#define CPROCESS_INTERNAL_H
#include "CProcess.h"
#include <signal.h>
#include <stddef.h>

/* What /proc/PID/stat says of a process. */
struct rs_process {
    pid_t parent, group;
    unsigned long long start;   /* clock ticks since boot */
    int is_zombie;
};

/* Returns 0 if there is no such process. */
int rs_read_process(pid_t pid, struct rs_process *process);

/* Calls `visit` with each child of all threads of a process, zombies included. */
void rs_each_child(pid_t pid, void (*visit)(pid_t child, void *context), void *context);

/* Which processes below `root` get which signal. */
struct rs_sweep {
    pid_t root;                 /* a subreaper; not signalled itself */
    int signal;
    pid_t group;                /* its members are signalled by one call, which no fork outruns; 0: none */
    int is_leader_ours;         /* the group's leader isn't reaped: nobody else can have its number, with or without a /proc to look at */
    unsigned long long since;   /* only those that were started at this tick or later */
    int (*spares)(pid_t pid);   /* these are left alone; NULL: none */
    int spares_below;           /* and so is what is below them */
    /* Set by rs_sweep: */
    int living;                 /* how many there are, spared ones not counted */
    pid_t refused;              /* one that may not be signalled (setuid), 0 if there is none */
};

/*
 * Signals what is below `root` once. A process may fork while it is looked for, so SIGKILL is to be repeated until no child is left: each
 * orphan becomes a child of `root`.
 */
void rs_sweep(struct rs_sweep *sweep);

/* Writes down which process a slot's program is. */
void rs_note_process(int notes, unsigned slot, pid_t pid);

/* Now, in the unit of `start`. */
unsigned long long rs_boot_ticks(void);

/* Takes one order. Returns 1, 0 if there is none now (with MSG_DONTWAIT), -1 if the other side is gone. `descriptors` are the caller's. */
int rs_take_order(int socket, int flags, struct rs_guard_order *order, int descriptors[RS_GUARD_DESCRIPTORS], int *count);

/* Tells the server something; waits until there is room. */
void rs_report(int socket, const struct rs_guard_report *report, const char *call);

/* The life of a keeper: it reports to `server`, takes the guardian's orders from `orders`, and notes its programs in `notes`. */
__attribute__((noreturn)) void rs_keep(int server, int orders, int notes, unsigned slot);

/* What `ps` shows, cut where the command line was shorter. */
void rs_set_title(const char *title);

#endif

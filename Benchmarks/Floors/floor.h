/* What the kernel's own cost is: the same wire bytes as the server's, without runs, checks or a store. Lines come on stdin, streams over TCP. */
#ifndef FLOOR_H
#define FLOOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The log: frames behind one another, and where each begins. */
struct frames {
    char *bytes;
    size_t count, room;   /* bytes */
    size_t *starts;       /* of frame i; starts[ends] is the end */
    size_t ends, starts_room;
};

void frames_init(struct frames *frames);
void frames_append(struct frames *frames, const char *data, size_t length);
void frames_close(struct frames *frames);

struct viewer {
    int fd;
    size_t position;      /* in the log */
    size_t frame;         /* of the position */
    bool blocked, opened;
};

struct floor {
    struct frames frames;
    struct viewer *viewers;
    uint32_t count, room, walk, unvisited; /* walk: where the fan-out is; unvisited: how many may lack something */
    int epoll, listener;
    bool one_send_per_event, input_ended;
    char *input;
    size_t input_used;
};

void floor_accept(struct floor *floor);
void floor_request(struct floor *floor, uint32_t index);
/* Sends what the viewer lacks: all of it with one call, or one frame a call. */
void floor_send(struct floor *floor, uint32_t index);
/* Takes lines off stdin; the usual design sends each at once to all. */
void floor_input(struct floor *floor);

int fixed_get(uint16_t port); /* get.c: evhttp that answers every GET alike */
#endif

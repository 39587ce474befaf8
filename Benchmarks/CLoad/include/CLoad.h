/* The receiving end of the load benchmark: one epoll loop that opens streams, reads them as fast as it can and checks every event. In C, so that
 * the generator costs as little as a receiver can. */
#ifndef CLOAD_H
#define CLOAD_H
#include <features.h>
#include <stdbool.h>
#include <stdint.h>

enum cload_wire {
    CLOAD_CHUNKED, /* runstream and the floors: chunked, ids from 1, `complete`, `[DONE]`, last chunk, close. Checked to the byte. */
    CLOAD_RAW,     /* nchan: bare SSE, ids of its own; the stream counts as ended at `[DONE]` */
};

struct cload_options {
    const char *host; /* an IPv4 address */
    int port;
    enum cload_wire wire;
    const char *const *paths; /* stream i opens paths[i % path_count] */
    int path_count;
    int streams;
    int connect_batch;     /* connects under way at once */
    int sources;           /* source addresses 127.0.0.2 and up to deal streams out over; 0: the kernel's choice */
    int64_t events;        /* numbered events ("n": 0, 1, ...) that every stream must get */
    double rate;           /* of those, of one path; a reconnect storm needs it to know what is due */
    int slow_percent;      /* of the streams: 1 KB a second, from a 4 KB receive buffer, until the others have ended */
    double churn_rate;     /* streams a second that are dropped and come back with Last-Event-ID */
    double storm_seconds;  /* after the go: all streams are dropped at once and come back; 0: none */
    int64_t last_event_id; /* every stream's first cursor; -1: none */
    double hold_seconds;   /* after the go: stop without waiting for an end; 0: read to the end */
    double deadline_seconds; /* from the start: what has not ended then is lost */
    int go_fd;             /* when all streams are open, `opened` is called, then bytes on this descriptor call `go` */
    void *context;
    void (*opened)(void *context);
    void (*go)(void *context);
    /* Nanoseconds from when an event was due to its receipt on one stream, and on the last of its path's streams. Slow readers' are left out,
     * and so is what was due before its stream was opened (again). */
    void (*delivered)(void *context, uint64_t latency);
    void (*fanned_out)(void *context, uint64_t latency);
};

struct cload_result {
    uint64_t deliveries, caught_up; /* numbered events received; of those, due before their stream was open */
    uint64_t blocks, bytes, receives; /* events of any kind; from the go on: bytes; calls of recv that returned some */
    uint64_t connected, refused, dropped;
    uint64_t finished;              /* streams that got [DONE], the last chunk and the close */
    uint64_t lost, doubled, misordered, malformed, unfinished;
    char first_problem[256];
    double connect_seconds;         /* first connect to the last response head */
    double first_byte_seconds;      /* of the first stream: request sent to the first body byte */
    double stream_seconds;          /* go to the end of the last stream */
    uint64_t all_bytes;
    double all_seconds;             /* first connect to the end of the last stream */
    double cpu_seconds;             /* this process, go to end */
    double storm_connect_seconds;   /* the drop to the last response head */
    double storm_catch_up_seconds;  /* from then until no stream lacks anything that was due at that moment */
};

/* Runs to the end. 0, or an errno of a call that must not fail. */
int cload_run(const struct cload_options *options, struct cload_result *result);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t cload_now(void);
#endif

/* One stream as the client sees it, and the accounts of all. */
#ifndef STREAM_H
#define STREAM_H
#include "CLoad.h"
#include <stddef.h>

enum stream_state { STREAM_HEAD, STREAM_BODY, STREAM_LAST, STREAM_CLOSED };

struct stream {
    int fd, path;
    enum stream_state state;
    bool slow, done, connecting, has_data;
    uint64_t opened_at;      /* the response head's arrival */
    uint64_t requested_at;
    int64_t last_id;         /* of the last whole event; 0: none, -1: no cursor and none */
    int64_t pending_id;      /* of the event being read; 0: none seen */
    int64_t next_n, pending_n;
    uint64_t pending_due;
    bool pending_done;
    char *carry;             /* an unfinished head, chunk or line */
    size_t carried;
};

struct ledger {
    const struct cload_options *options;
    struct cload_result *result;
    uint64_t *latest;        /* [path x events + n]: the latest receipt's latency */
    uint32_t *receipts;      /* the same: how many streams got it */
    uint32_t *viewers;       /* [path]: streams whose receipts count */
    uint64_t go_at;
};

/* wire.c: takes whole units off the bytes (a head, a chunk, a line) and returns how many bytes they were. `now` is the receipt. */
size_t wire_feed(struct ledger *ledger, struct stream *stream, char *bytes, size_t count, uint64_t now);

/* check.c */
void check_block(struct ledger *ledger, struct stream *stream, uint64_t now); /* a blank line has ended an event */
void check_end(struct ledger *ledger, struct stream *stream);                 /* the stream has ended, or its time has */
void check_problem(struct ledger *ledger, struct stream *stream, uint64_t *counter, uint64_t count, const char *what);
void check_fan_out(struct ledger *ledger);
#endif

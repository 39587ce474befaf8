#ifndef CLOAD_H
#define CLOAD_H
#include <features.h>
#include <stddef.h>
#include <stdint.h>

/* Latencies in nanoseconds, in buckets of at most 1.6% width (64 steps for each power of two). */
enum { CLOAD_STEPS = 64, CLOAD_BUCKETS = 64 * 58 };

struct cload_histogram {
    uint64_t counts[CLOAD_BUCKETS];
    uint64_t total;
    uint64_t max;
};

void cload_record(struct cload_histogram *histogram, uint64_t value);
/* The value below which `share` (0...1) of the recorded ones lie. */
uint64_t cload_quantile(const struct cload_histogram *histogram, double share);

struct cload_options {
    const char *host;        /* an IPv4 address */
    int port;
    const char *const *requests; /* the request of stream i is requests[i % request_count], whole, with its blank line */
    int request_count;
    int streams;
    int connect_batch;       /* connects under way at once */
    int64_t expected_ticks;  /* events with a "due" that every stream must get */
    int slow_share_percent;  /* of the streams: read 1 KB a second from a 4 KB buffer */
    uint64_t deadline_ns;    /* CLOCK_MONOTONIC; what is not finished by then counts as unfinished */
};

struct cload_result {
    struct cload_histogram delivery; /* of each event on each stream: received - due */
    struct cload_histogram fan_out;  /* of each event: last stream's receipt - due */
    uint64_t deliveries, bytes;
    uint64_t connected, refused;
    uint64_t finished;               /* got [DONE], then the last chunk, then the close */
    uint64_t missing, doubled, misordered, unfinished, malformed;
    double connect_seconds, stream_seconds, cpu_seconds;
};

/* Opens all streams, calls `all_open(context)` once each has its response head, reads until all have ended. 0, or an errno. */
int cload_run(const struct cload_options *options, struct cload_result *result, void (*all_open)(void *), void *context);

uint64_t cload_now(void);
#endif

/* The client's state, shared by its connections (connection.c) and its loop (client.c). */
#ifndef CLIENT_H
#define CLIENT_H
#include "stream.h"

enum { READ_BYTES = 256 << 10, CARRY_LIMIT = 1 << 20, SLOW_BYTES = 1024, SLOW_BUFFER = 4096 };
struct client {
    struct ledger ledger;
    const struct cload_options *options;
    struct cload_result *result;
    struct stream *streams;
    int epoll, next, connecting, open, ended, fast_ended, fast;
    int *waiting, waiting_count; /* dropped streams that are to be opened again */
    int churn_next, slow_next;
    uint64_t churned;
    uint64_t started, ended_at, go_at, storm_at, storm_over, storm_reached, slow_at;
    double cpu_at_go;
    bool told, went, slow_released;
    char *buffer;
};

static inline double seconds(uint64_t from, uint64_t to) { return (double)(to - from) / 1e9; }

/* 0, or an errno of a call that must not fail. */
int open_stream(struct client *client, int index);
/* The viewer's connection breaks; it will be back with the last id it has seen whole. */
void drop_stream(struct client *client, int index);
/* The stream has ended, and what it lacks is lost. */
void end_stream(struct client *client, struct stream *stream);
void send_request(struct client *client, int index);
/* Takes at most `limit` bytes off the socket and checks what they say. */
void read_stream(struct client *client, int index, size_t limit);
#endif

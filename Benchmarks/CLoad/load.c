#define _GNU_SOURCE
#include "CLoad.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 256 << 10, CARRY_LIMIT = 4 << 20 };

struct stream {
    int fd;
    bool has_head, done, last_chunk, closed, slow;
    uint64_t last_id;
    int64_t ticks;
    char *carry; /* an unfinished line */
    size_t carried;
};

struct load {
    const struct cload_options *options;
    struct cload_result *result;
    struct stream *streams;
    uint64_t *last_receipt; /* of each tick: the latest latency */
    uint32_t *receipts;
    int epoll, open_heads, ended, next, connecting;
    char *buffer;
};

uint64_t cload_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int bucket(uint64_t value) {
    if (value < CLOAD_STEPS) return (int)value;
    int shift = 63 - __builtin_clzll(value) - 6;
    int index = (shift + 1) * CLOAD_STEPS + (int)((value >> shift) - CLOAD_STEPS);
    return index < CLOAD_BUCKETS ? index : CLOAD_BUCKETS - 1;
}

void cload_record(struct cload_histogram *histogram, uint64_t value) {
    histogram->counts[bucket(value)]++;
    histogram->total++;
    if (value > histogram->max) histogram->max = value;
}

uint64_t cload_quantile(const struct cload_histogram *histogram, double share) {
    if (histogram->total == 0) return 0;
    uint64_t rank = (uint64_t)(share * (double)histogram->total + 0.5), seen = 0;
    for (int index = 0; index < CLOAD_BUCKETS; index++) {
        seen += histogram->counts[index];
        if (seen < rank || seen == 0) continue;
        if (index < CLOAD_STEPS) return (uint64_t)index;
        int shift = index / CLOAD_STEPS - 1;
        uint64_t upper = ((uint64_t)(index % CLOAD_STEPS + CLOAD_STEPS + 1) << shift) - 1;
        return upper < histogram->max ? upper : histogram->max;
    }
    return histogram->max;
}

static void tick(struct load *load, struct stream *stream, const char *line, size_t length, uint64_t now) {
    const char *at = memmem(line, length < 96 ? length : 96, "\"due\": ", 7);
    if (!at) return;
    uint64_t due = strtoull(at + 7, NULL, 10);
    uint64_t latency = now > due ? now - due : 0;
    load->result->deliveries++;
    if (!stream->slow) cload_record(&load->result->delivery, latency);
    if (stream->ticks < load->options->expected_ticks && !stream->slow) {
        load->receipts[stream->ticks]++;
        if (latency > load->last_receipt[stream->ticks]) load->last_receipt[stream->ticks] = latency;
    }
    stream->ticks++;
}

/* One line without its LF. Chunk sizes are lines that end in CR; everything else is SSE. */
static void line(struct load *load, struct stream *stream, const char *text, size_t length, uint64_t now) {
    if (!stream->has_head) {
        if (length == 1 && text[0] == '\r') {
            stream->has_head = true;
            load->open_heads++;
        } else if (length > 12 && memcmp(text, "HTTP/1.1 ", 9) == 0 && memcmp(text + 9, "200", 3) != 0) {
            load->result->refused++;
        }
    } else if (length > 4 && memcmp(text, "id: ", 4) == 0) {
        uint64_t id = strtoull(text + 4, NULL, 10);
        if (id == stream->last_id) load->result->doubled++;
        else if (id < stream->last_id) load->result->misordered++;
        else if (id > stream->last_id + 1) load->result->missing += id - stream->last_id - 1;
        stream->last_id = id;
    } else if (length > 6 && memcmp(text, "data: ", 6) == 0) {
        if (length == 12 && memcmp(text + 6, "[DONE]", 6) == 0) stream->done = true;
        else tick(load, stream, text, length, now);
    } else if (length == 2 && text[0] == '0' && text[1] == '\r') {
        stream->last_chunk = true;
    }
}

static void feed(struct load *load, struct stream *stream, const char *bytes, size_t count, uint64_t now) {
    load->result->bytes += count;
    while (count > 0) {
        const char *end = memchr(bytes, '\n', count);
        size_t piece = end ? (size_t)(end - bytes) : count;
        if (stream->carried > 0 || !end) {
            if (stream->carried + piece > CARRY_LIMIT) {
                load->result->malformed++;
                return;
            }
            stream->carry = realloc(stream->carry, stream->carried + piece + 1);
            memcpy(stream->carry + stream->carried, bytes, piece);
            stream->carried += piece;
            if (!end) return;
            stream->carry[stream->carried] = 0;
            line(load, stream, stream->carry, stream->carried, now);
            stream->carried = 0;
            free(stream->carry);
            stream->carry = NULL;
        } else {
            line(load, stream, bytes, piece, now);
        }
        bytes += piece + 1;
        count -= piece + 1;
    }
}

static void close_stream(struct load *load, struct stream *stream) {
    if (stream->closed) return;
    if (!stream->has_head) load->connecting--;
    stream->closed = true;
    close(stream->fd);
    free(stream->carry);
    stream->carry = NULL;
    load->ended++;
    if (stream->done && stream->last_chunk) load->result->finished++;
    else load->result->unfinished++;
    if (stream->ticks < load->options->expected_ticks) load->result->missing += (uint64_t)(load->options->expected_ticks - stream->ticks);
    if (stream->ticks > load->options->expected_ticks) load->result->doubled += (uint64_t)(stream->ticks - load->options->expected_ticks);
}

static int open_one(struct load *load) {
    struct stream *stream = &load->streams[load->next];
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream->fd < 0) return errno;
    stream->slow = load->next % 100 < load->options->slow_share_percent;
    int small = 4096;
    if (stream->slow) setsockopt(stream->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load->options->port)};
    inet_pton(AF_INET, load->options->host, &address.sin_addr);
    if (connect(stream->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) return errno;
    struct epoll_event event = {.events = EPOLLOUT | EPOLLIN | EPOLLRDHUP, .data.u32 = (uint32_t)load->next};
    epoll_ctl(load->epoll, EPOLL_CTL_ADD, stream->fd, &event);
    load->next++;
    load->connecting++;
    return 0;
}

static void writable(struct load *load, uint32_t index) {
    struct stream *stream = &load->streams[index];
    const char *request = load->options->requests[index % (uint32_t)load->options->request_count];
    if (send(stream->fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request)) {
        close_stream(load, stream);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    epoll_ctl(load->epoll, EPOLL_CTL_MOD, stream->fd, &event);
    load->result->connected++;
}

static void readable(struct load *load, uint32_t index) {
    struct stream *stream = &load->streams[index];
    bool had_head = stream->has_head;
    ssize_t count = recv(stream->fd, load->buffer, stream->slow ? 1024 : READ_SIZE, 0);
    if (count > 0) feed(load, stream, load->buffer, (size_t)count, cload_now());
    else if (count == 0 || (errno != EAGAIN && errno != EINTR)) close_stream(load, stream);
    if (!had_head && stream->has_head) load->connecting--;
}

int cload_run(const struct cload_options *options, struct cload_result *result, void (*all_open)(void *), void *context) {
    memset(result, 0, sizeof *result);
    struct load load = {.options = options, .result = result};
    load.streams = calloc((size_t)options->streams, sizeof *load.streams);
    load.last_receipt = calloc((size_t)options->expected_ticks + 1, sizeof *load.last_receipt);
    load.receipts = calloc((size_t)options->expected_ticks + 1, sizeof *load.receipts);
    load.buffer = malloc(READ_SIZE + 1);
    load.buffer[READ_SIZE] = 0;
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    uint64_t start = cload_now(), opened = 0;
    bool told = false;
    struct epoll_event events[512];
    int failure = 0;
    while (load.ended < options->streams && cload_now() < options->deadline_ns) {
        while (!failure && load.next < options->streams && load.connecting < options->connect_batch) failure = open_one(&load);
        if (failure) break;
        if (!told && load.next == options->streams && load.open_heads == options->streams) {
            told = true;
            opened = cload_now();
            result->connect_seconds = (double)(opened - start) / 1e9;
            all_open(context);
        }
        int ready = epoll_wait(load.epoll, events, 512, 100);
        for (int index = 0; index < ready; index++) {
            uint32_t which = events[index].data.u32;
            if (load.streams[which].closed) continue;
            if (events[index].events & EPOLLOUT) writable(&load, which);
            else readable(&load, which);
        }
    }
    for (int index = 0; index < load.next; index++) {
        if (!load.streams[index].closed) close_stream(&load, &load.streams[index]);
    }
    for (int64_t index = 0; index < options->expected_ticks; index++) {
        if (load.receipts[index] > 0) cload_record(&result->fan_out, load.last_receipt[index]);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    result->cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    result->stream_seconds = opened ? (double)(cload_now() - opened) / 1e9 : 0;
    close(load.epoll);
    free(load.streams);
    free(load.last_receipt);
    free(load.receipts);
    free(load.buffer);
    return failure;
}

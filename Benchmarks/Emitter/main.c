/* The runner of the benchmarks: `count` events at `rate` a second, each numbered and stamped with the moment when it was *due* (CLOCK_MONOTONIC,
 * ns), not with the moment when it was written: a late event counts as late (no coordinated omission).
 *
 * Reads the job's line from stdin; of it the recipe_config: {"rate": 10, "count": 100, "payload": 100, "phase": 0.5, "core": 1, "gate": "/a/fifo"}.
 * It starts when somebody opens the gate for writing, `phase` seconds later; rate 0 is as fast as it can. It ends a second after its last event, so
 * that the closing of streams is not measured with that event. Lines go to stdout; with the arguments
 * HOST PORT PATH they are posted there instead, one request each on one connection (for nginx with nchan). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH_BYTES = 32 << 10, JOB_BYTES = 1 << 20 };

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}

static double number(const char *json, const char *key, double fallback) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(json, quoted);
    return at ? strtod(at + strlen(quoted), NULL) : fallback;
}

static void await_gate(const char *json) {
    const char *at = strstr(json, "\"gate\":");
    if (!at || !(at = strchr(at + 7, '"'))) return;
    char path[4096];
    const size_t length = strcspn(at + 1, "\"");
    if (length >= sizeof path) exit(2);
    memcpy(path, at + 1, length);
    path[length] = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail(path);
    close(fd);
}

static void write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("write");
        bytes += written;
        count -= (size_t)written;
    }
}

static int connect_to(const char *host, const char *port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET, host, &address.sin_addr);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static void post(int fd, const char *host, const char *path, const char *body, size_t length) {
    char request[4096], answer[4096];
    const int head = snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", path,
                              host, length);
    write_all(fd, request, (size_t)head);
    write_all(fd, body, length);
    if (recv(fd, answer, sizeof answer, 0) <= 0) fail("answer");
}

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t due) {
    const struct timespec until = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {}
}

static void pin(int core) {
    if (core < 0) return;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)core, &cores);
    sched_setaffinity(0, sizeof cores, &cores);
}

int main(int argc, char **argv) {
    static char job[JOB_BYTES];
    size_t used = 0;
    for (ssize_t n; used < sizeof job - 1 && (n = read(0, job + used, sizeof job - 1 - used)) > 0;) used += (size_t)n;
    const double rate = number(job, "rate", 10);
    const long count = (long)number(job, "count", 100);
    const size_t payload = (size_t)number(job, "payload", 100);
    const int out = argc == 4 ? connect_to(argv[1], argv[2]) : 1;
    pin((int)number(job, "core", -1));
    char *buffer = malloc(BATCH_BYTES + payload + 256);
    char *padding = malloc(payload + 1);
    if (!buffer || !padding) fail("malloc");
    memset(padding, 'x', payload);
    padding[payload] = 0;
    await_gate(job);

    const uint64_t zero = nanoseconds() + (uint64_t)(number(job, "phase", 0) * 1e9);
    size_t length = 0;
    for (long index = 0; index < count; index++) {
        const uint64_t due = rate > 0 ? zero + (uint64_t)((double)index * 1e9 / rate) : nanoseconds();
        if (rate > 0) sleep_until(due);
        length += (size_t)sprintf(buffer + length, "{\"event\": \"tick\", \"data\": {\"n\": %ld, \"due\": %llu, \"pad\": \"%s\"}}", index,
                                  (unsigned long long)due, padding);
        if (argc == 4) {
            post(out, argv[1], argv[3], buffer, length);
            length = 0;
            continue;
        }
        buffer[length++] = '\n';
        if (rate == 0 && length < BATCH_BYTES) continue;
        write_all(out, buffer, length);
        length = 0;
    }
    write_all(out, buffer, length);
    if (rate > 0 && count > 0) sleep_until(zero + (uint64_t)((double)count * 1e9 / rate) + 1000000000u);
    if (argc == 4) post(out, argv[1], argv[3], "[DONE]", 6);
    return 0;
}

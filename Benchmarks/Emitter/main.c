/* The runner of the benchmarks: `count` events at `rate` a second, each stamped with the moment when it was *due* (CLOCK_MONOTONIC, ns), not
 * with the moment when it was written: a late event counts as late (no coordinated omission).
 *
 * Reads the job's line from stdin; recipe_config: {"rate": 10, "count": 100, "payload": 100, "gate": "/path/of/fifo"}. It starts when somebody
 * opens the gate for writing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
    size_t length = strcspn(at + 1, "\"");
    if (length >= sizeof path) exit(2);
    memcpy(path, at + 1, length);
    path[length] = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "open %s: %s\n", path, strerror(errno));
        exit(2);
    }
    close(fd);
}

static void write_all(const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(1, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) exit(3);
        bytes += written;
        count -= (size_t)written;
    }
}

int main(void) {
    static char job[1 << 20];
    size_t used = 0;
    for (ssize_t n; used < sizeof job - 1 && (n = read(0, job + used, sizeof job - 1 - used)) > 0;) used += (size_t)n;
    const double rate = number(job, "rate", 10);
    const long count = (long)number(job, "count", 100);
    const int payload = (int)number(job, "payload", 100);
    char *padding = malloc((size_t)payload + 1);
    memset(padding, 'x', (size_t)payload);
    padding[payload] = 0;
    await_gate(job);

    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const uint64_t zero = (uint64_t)start.tv_sec * 1000000000u + (uint64_t)start.tv_nsec;
    char *line = malloc((size_t)payload + 256);
    for (long index = 0; index < count; index++) {
        const uint64_t due = rate > 0 ? zero + (uint64_t)((double)index * 1e9 / rate) : zero;
        struct timespec until = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)};
        while (rate > 0 && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {}
        int length = sprintf(line, "{\"event\": \"tick\", \"data\": {\"due\": %llu, \"n\": %ld, \"pad\": \"%s\"}}\n", (unsigned long long)due,
                             index, padding);
        write_all(line, (size_t)length);
    }
    return 0;
}

/* evhttp and nothing else: the cost of a request before anything of ours. */
#include "floor.h"

#include <features.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* As long as the status of a running run. */
static const char body[] =
    "{\"job_id\": \"run_000000000000\", \"status\": \"running\", \"progress\": {\"percentage\": 0, \"current_step\": \"Initializing\", "
    "\"steps_completed\": 0, \"steps_total\": null}, \"created_at\": \"2026-01-01T00:00:00.000000Z\", \"started_at\": "
    "\"2026-01-01T00:00:00.000000Z\", \"completed_at\": null, \"agent_id\": null, \"run_id\": null, \"session_id\": null, \"error\": null, "
    "\"retry_after\": 5, \"attempt\": 1, \"max_attempts\": 1}";

static void answer(struct evhttp_request *request, void *unused) {
    (void)unused;
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "application/json");
    evbuffer_add(evhttp_request_get_output_buffer(request), body, sizeof body - 1);
    evhttp_send_reply(request, 200, "OK", NULL);
}

int fixed_get(uint16_t port) {
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", port);
    if (!bound) return 1;
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &length);
    printf("listening on %d\n", ntohs(address.sin_port));
    fflush(stdout);
    evhttp_set_gencb(http, answer, NULL);
    event_base_dispatch(base);
    return 0;
}

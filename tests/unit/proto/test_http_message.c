/* Where HTTP answers end, whatever the pieces they come in. */
#include <string.h>

#include "proto/http_message.h"

/* Feeds the answer in pieces of `step` bytes; gives how many bytes had come when it was complete
 * first, or -1. */
static gssize complete_at(const char *request, const char *answer, size_t step)
{
    g_autoptr(HttpMessage) m = http_message_new();
    g_auto(GStrv) lines = g_strsplit(request, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        http_message_request_line(m, bytes_of(lines[i]));
    }
    size_t len = strlen(answer);
    for (size_t at = 0; at < len; at += step) {
        http_message_receive(m, bytes_sub(bytes_of(answer), at, step));
        if (http_message_complete(m)) {
            return (gssize)MIN(at + step, len);
        }
    }
    return -1;
}

static void check(const char *request, const char *answer, gssize expected)
{
    g_assert_cmpint(complete_at(request, answer, 1), ==, expected);
    if (expected == (gssize)strlen(answer) || expected == -1) {
        g_assert_cmpint(complete_at(request, answer, strlen(answer)), ==, expected);
    }
}

#define GET "GET / HTTP/1.1\nHost: x\n\n"

static void test_length(void)
{
    check(GET, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 43);
    check(GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
    check(GET, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", -1);
}

static void test_chunks(void)
{
    check(GET,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
          "chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
          87);
    check(GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", -1);
    check(GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n", -1);
}

static void test_no_body(void)
{
    check("HEAD / HTTP/1.1\n\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 38);
    check(GET, "HTTP/1.1 304 Not Modified\r\n\r\n", 29);
    check(GET, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 52);
}

static void test_close_only(void)
{
    check(GET, "HTTP/1.0 200 OK\r\n\r\nwhatever\r\n\r\n", -1);
    check(GET, "", -1);
}

static void test_two_requests(void)
{
    check(GET GET,
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: "
          "1\r\n\r\nb",
          78);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http_message/ends_by_length", test_length);
    g_test_add_func("/http_message/ends_by_chunks", test_chunks);
    g_test_add_func("/http_message/without_a_body", test_no_body);
    g_test_add_func("/http_message/only_the_close_ends_it", test_close_only);
    g_test_add_func("/http_message/one_answer_a_request", test_two_requests);
    return g_test_run();
}

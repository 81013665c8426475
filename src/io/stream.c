/* stream.c: the waiting around the operations that never wait. */
#include "io/stream.h"

#include "io/task.h"

/* Waits for what an operation asked for. s->fd is looked at each time: a kind may change it. */
static bool wait_for(const Stream *s, StreamStatus status, Deadline deadline, GError **error)
{
    IoWait w = {
        .fd = s->fd,
        .want_read = status == STREAM_WANT_READ,
        .want_write = status == STREAM_WANT_WRITE,
    };
    return io_wait_any(&w, 1, deadline, error);
}

static bool wants(StreamStatus status)
{
    return status == STREAM_WANT_READ || status == STREAM_WANT_WRITE;
}

bool stream_read(Stream *s, void *buffer, size_t len, size_t *got, Deadline deadline,
                 GError **error)
{
    *got = 0;
    if (!task_breathe(error)) {
        return false;
    }
    while (true) {
        StreamStatus status = s->kind->try_read(s, buffer, len, got, error);
        if (!wants(status)) {
            return status != STREAM_FAILED;
        }
        if (!wait_for(s, status, deadline, error)) {
            return false;
        }
    }
}

bool stream_read_now(Stream *s, void *buffer, size_t len, size_t *got, bool *eof, GError **error)
{
    *got = 0;
    StreamStatus status = s->kind->try_read(s, buffer, len, got, error);
    *eof = status == STREAM_EOF;
    return status != STREAM_FAILED;
}

bool stream_write(Stream *s, Bytes data, Deadline deadline, GError **error)
{
    while (data.len > 0) {
        if (!task_breathe(error)) {
            return false;
        }
        size_t moved = 0;
        StreamStatus status = s->kind->try_write(s, data.data, data.len, &moved, error);
        if (status == STREAM_FAILED || (wants(status) && !wait_for(s, status, deadline, error))) {
            return false;
        }
        data = bytes_sub(data, moved, data.len - moved);
    }
    return true;
}

bool stream_shutdown(Stream *s, Deadline deadline, GError **error)
{
    if (!s->kind->try_shutdown) {
        return true;
    }
    while (true) {
        StreamStatus status = s->kind->try_shutdown(s, error);
        if (!wants(status)) {
            return status != STREAM_FAILED;
        }
        if (!wait_for(s, status, deadline, error)) {
            return false;
        }
    }
}

bool stream_has_pending(const Stream *s)
{
    return s->kind->has_pending && s->kind->has_pending(s);
}

void stream_free(Stream *s)
{
    if (!s) {
        return;
    }
    s->kind->destroy(s);
    g_free(s);
}

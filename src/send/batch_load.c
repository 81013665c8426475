#include "send/batch_load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE_MAX ((int64_t)1 << 30)

static bool read_exactly(int fd, GByteArray *into, int64_t offset, GError **error)
{
    size_t done = 0;
    while (done < into->len) {
        ssize_t got = pread(fd, into->data + done, into->len - done, offset + (int64_t)done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return error_fail(error, POSTERN_ERROR_NO_INPUT, "%s",
                              got ? g_strerror(errno) : "it became shorter while it was read");
        }
        done += (size_t)got;
    }
    return true;
}

static GByteArray *read_item(int fd, const BatchItem *item, int64_t most, GError **error)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        error_fail(error, POSTERN_ERROR_NO_INPUT, "it is no file");
        return NULL;
    }
    int64_t len = item->length < 0 ? st.st_size - item->offset : item->length;
    most = MIN(most, MESSAGE_MAX);
    if (len < 0 || len > most) {
        error_fail(error, POSTERN_ERROR_DATA, "it has more than %" G_GINT64_FORMAT " MB",
                   most >> 20);
        return NULL;
    }
    g_autoptr(GByteArray) raw = g_byte_array_new();
    g_byte_array_set_size(raw, (guint)len);
    return read_exactly(fd, raw, item->offset, error) ? g_steal_pointer(&raw) : NULL;
}

/* A message of an mbox: without the separator in front, which is no part of it. A line that would
 * look like one was quoted: ">From " (mboxrd: any number of them). */
static GByteArray *unquoted(GByteArray *raw)
{
    GByteArray *out = g_byte_array_sized_new(raw->len);
    const char *at = (const char *)raw->data, *end = at + raw->len;
    bool separator = raw->len >= 5 && !memcmp(at, "From ", 5);
    const char *first = separator ? memchr(at, '\n', raw->len) : NULL;
    at = first ? first + 1 : separator ? end : at;
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *next = lf ? lf + 1 : end;
        size_t arrows = 0;
        while (at + arrows < next && at[arrows] == '>') {
            arrows++;
        }
        bool quoted =
            arrows && next - at >= (ptrdiff_t)arrows + 5 && !memcmp(at + arrows, "From ", 5);
        g_byte_array_append(out, (const guint8 *)at + quoted, (guint)(next - at - quoted));
        at = next;
    }
    g_byte_array_unref(raw);
    bool empty_line = out->len > 1 && !memcmp(out->data + out->len - 2, "\n\n", 2);
    g_byte_array_set_size(out, out->len - empty_line); /* it belongs to the next separator */
    return out;
}

static GByteArray *load(const BatchItem *item, int64_t most, GError **error)
{
    int fd = open(item->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_NO_INPUT, "%s", g_strerror(errno));
        return NULL;
    }
    GByteArray *raw = read_item(fd, item, most, error);
    close(fd);
    return raw && item->length >= 0 ? unquoted(raw) : raw;
}

Outgoing *batch_load(const BatchItem *item, const OutgoingPlan *defaults, int64_t most,
                     GError **error)
{
    OutgoingPlan plan = *defaults;
    plan.sender = item->sender ? item->sender : defaults->sender;
    if (item->recipients) {
        plan.recipients = (const char *const *)item->recipients;
    }
    plan.take_recipients = !plan.recipients || !plan.recipients[0];
    g_autoptr(GByteArray) raw = load(item, most, error);
    g_autoptr(Outgoing) o = raw ? outgoing_new(bytes_of_array(raw), &plan, error) : NULL;
    if (o && !o->sender && !outgoing_set_sender(o, plan.from ? plan.from : "", error)) {
        g_clear_pointer(&o, outgoing_free);
    }
    if (o && !o->recipients->len) {
        error_fail(error, POSTERN_ERROR_DATA, "nobody is named to send it to");
        g_clear_pointer(&o, outgoing_free);
    }
    if (!o) {
        error_prefix(error, "%s", item->name);
    }
    return g_steal_pointer(&o);
}

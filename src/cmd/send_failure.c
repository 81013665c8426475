/* send_failure.c: a notice into a Maildir, or by mail the way the message was to go. */
#include "cmd/send_failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "send/header.h"
#include "store/durable.h"
#include "store/maildir.h"

#define NOTICE_EXPIRES (5 * 86400)
#define HEADER_MAX (64 * 1024)

void send_failure_add(SendFailure *f, const char *address, const char *status, const char *said,
                      bool by_server)
{
    f->list = g_renew(NoticeRecipient, f->list, f->n + 1);
    f->list[f->n++] = (NoticeRecipient){.address = g_strdup(address),
                                        .status = g_strdup(status),
                                        .said = g_strdup(said),
                                        .by_server = by_server};
}

static void clear(SendFailure *f)
{
    for (size_t i = 0; i < f->n; i++) {
        g_free((char *)f->list[i].address);
        g_free((char *)f->list[i].status);
        g_free((char *)f->list[i].said);
    }
    g_clear_pointer(&f->list, g_free);
    f->n = 0;
}

/* --- the notice --- */

static const char *option_value(const SpoolJob *job, const char *prefix)
{
    for (char **word = job->options; *word; word++) {
        if (g_str_has_prefix(*word, prefix)) {
            return *word + strlen(prefix);
        }
    }
    return NULL;
}

/* Of a large header what fits, in whole fields. */
static Bytes header_of(const SpoolJob *job, char *into, size_t size)
{
    ssize_t got = pread(job->fd, into, size, 0);
    Bytes rest = {into, got > 0 ? (size_t)got : 0};
    const char *begin = rest.data;
    HeaderField field;
    while (header_next(&rest, &field) && rest.len) {
    }
    return (Bytes){begin, (size_t)(rest.data - begin)};
}

static Outgoing *make_notice(const SendFailure *f, GError **error)
{
    const SpoolJob *job = f->job;
    g_autofree char *header = g_malloc(HEADER_MAX);
    NoticePlan plan = {
        .id = job->id,
        .envid = option_value(job, "--envid="),
        .sender = job->sender,
        .server = f->server,
        .queued = job->queued,
        .recipients = f->list,
        .n = f->n,
        .expired = f->expired,
        .header = header_of(job, header, HEADER_MAX),
    };
    return notice_new(&plan, error);
}

/* --- where it goes --- */

static bool write_file(Maildir *m, const char *tmp, const Outgoing *notice, GError **error)
{
    int fd = openat(m->tmp_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good =
        fd >= 0 && durable_write_all(fd, notice->text->data, notice->text->len) && fsync(fd) == 0;
    int failure = errno;
    if (fd >= 0) {
        close(fd);
    }
    return good || error_fail(error, POSTERN_ERROR_IO, "cannot write a notice into %s: %s", m->path,
                              g_strerror(failure));
}

static bool into_maildir(const char *path, const Outgoing *notice, GError **error)
{
    unsigned char random[MAILDIR_MARKER_LENGTH / 2];
    digest_random(random, sizeof random);
    g_autofree char *marker = bytes_hex((Bytes){(const char *)random, sizeof random});
    g_autoptr(Maildir) m = maildir_open(path, true, error);
    if (!m) {
        return false;
    }
    g_autofree char *tmp = maildir_tmp_name(marker);
    g_autofree char *name = maildir_name(marker, g_get_real_time() / G_USEC_PER_SEC);
    if (!write_file(m, tmp, notice, error)) {
        unlinkat(m->tmp_fd, tmp, 0);
        return false;
    }
    return renameat(m->tmp_fd, tmp, m->new_fd, name) == 0
               ? durable_directory(m->new_fd, path, error)
               : error_fail(error, POSTERN_ERROR_IO, "cannot put a notice into %s: %s", path,
                            g_strerror(errno));
}

/* The way the message was to go, but for what was asked for with it. */
static char **way_of(const SpoolJob *job)
{
    static const char *const its_own[] = {"--notify=",    "--ret=",       "--envid=",
                                          "--orcpt=",     "--submitter=", "--require-tls",
                                          "--all-or-none"};
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    for (char **word = job->options; *word; word++) {
        bool leave = false;
        for (size_t i = 0; i < G_N_ELEMENTS(its_own); i++) {
            leave |= g_str_has_prefix(*word, its_own[i]);
        }
        if (!leave) {
            g_strv_builder_add(words, *word);
        }
    }
    return g_strv_builder_end(words);
}

static bool by_mail(const SendFailure *f, const Outgoing *notice, GError **error)
{
    g_autoptr(SpoolJob) job = spool_job_new();
    job->url = g_strdup(f->job->url);
    job->options = way_of(f->job);
    job->next = g_get_real_time() / G_USEC_PER_SEC;
    job->expires = job->next + NOTICE_EXPIRES;
    return spool_add(f->spool, notice, job, error);
}

static bool tell(const SendFailure *f, GError **error)
{
    const char *notify = option_value(f->job, "--notify=");
    if (notify && !strstr(notify, "FAILURE")) {
        return true; /* who asked for no word of it gets none (RFC 3461 4.1) */
    }
    g_autoptr(Outgoing) notice = make_notice(f, error);
    const char *maildir = f->notices ? f->notices : f->job->notices;
    return notice && (maildir ? into_maildir(maildir, notice, error) : by_mail(f, notice, error));
}

bool send_failure_tell(SendFailure *f, GError **error)
{
    bool good = true;
    if (f->n && !*f->job->sender) {
        f->job->held = true;
        g_free(f->job->why);
        f->job->why = g_strdup(f->list[0].said);
    } else if (f->n) {
        good = tell(f, error);
        for (size_t i = 0; i < f->n && good; i++) {
            spool_job_decided(f->job, f->list[i].address);
        }
    }
    clear(f);
    return good;
}
